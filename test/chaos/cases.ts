import { type Fault, faults, type Step, steps, whyNot } from "./matrix.ts";

/** A fault at a step. */
export interface Case {
  readonly name: string;
  readonly fault: Fault;
  readonly step: Step;
}

const possibleCases: readonly Case[] = steps.flatMap((step) =>
  faults
    .filter((fault) => whyNot(fault, step) === null)
    .map((fault) => ({ name: `${step.name}: ${fault.name}`, fault, step })),
);

/** Each step with a fault, and each fault at a step: which ones moves on with the index, so that no two are alike. */
function eachOnce(): readonly Case[] {
  const rows = Math.max(steps.length, faults.length);
  const chosen = Array.from({ length: rows }, (_, index) => {
    const fault = faults[index % faults.length];
    const fitting = possibleCases.filter((one) => one.fault === fault);
    const atStep = fitting.find((one) => one.step === steps[(index * 7) % steps.length]);
    return atStep ?? fitting[index % fitting.length];
  });
  const missed = steps
    .filter((step) => !chosen.some((one) => one?.step === step))
    .map((step, index) => possibleCases.filter((one) => one.step === step)[index * 3]);
  return [...chosen, ...missed].filter((one) => one !== undefined);
}

/**
 * `RIPELINE_CHAOS_MATRIX=all`: every case; else each fault and each step once. `RIPELINE_CHAOS_CASE`: those whose name has
 * the words.
 */
export function chosenCases(): readonly Case[] {
  const words = process.env["RIPELINE_CHAOS_CASE"];
  if (words !== undefined) return possibleCases.filter((one) => one.name.includes(words));
  return process.env["RIPELINE_CHAOS_MATRIX"] === "all" ? possibleCases : eachOnce();
}
