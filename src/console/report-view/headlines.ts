import type { ReportRow } from "../../core/report-data.ts";
import { type Cell, textCell, unknownCell } from "./cell.ts";
import { countOverCapacity } from "./line-section.ts";
import type { ReportReader } from "./metric-cells.ts";

/** One of the three numbers the product is about. */
export interface Headline {
  readonly id: string;
  readonly label: string;
  readonly cell: Cell;
  /** What the number says, in a sentence without terms of art. */
  readonly plain: string;
  readonly formula: string;
  /** Where the rows are, as link text. */
  readonly linkText: string;
}

export function headlines(reader: ReportReader): readonly Headline[] {
  return [rotting(reader), pipelinePerDollar(reader), inProcess(reader)];
}

function rotting(reader: ReportReader): Headline {
  const row = reader.today("workspace")[0];
  const cell = reader.cell(row, "rotting_lead_rate");
  const value = reader.value(row, "rotting_lead_rate");
  return {
    id: "headline-rotting",
    label: "Rotting lead rate",
    cell,
    plain:
      value === null
        ? "Nobody can say how many leads wait past their deadline."
        : `Of every 100 leads that reps should be working, ${reader.format.count(Math.round(value * 100))} are past their deadline with no recorded touch.`,
    formula:
      reader.formula("rotting_lead_rate") ||
      "untouched past the deadline / (untouched + touched and not cold)",
    linkText: "the handoffs behind it",
  };
}

function pipelinePerDollar(reader: ReportReader): Headline {
  const row = reader.lifetime("workspace")[0];
  const one = reader.format.oneUnit;
  const cell = reader.cell(row, "pipeline_per_dollar");
  const value = reader.value(row, "pipeline_per_dollar");
  const pipeline = reader.value(row, "pipeline");
  const investment = reader.value(row, "investment");
  const parts =
    pipeline === null || investment === null
      ? null
      : `${reader.format.money(pipeline)} from ${reader.format.money(investment)}`;
  return {
    id: "headline-pipeline",
    label: `Pipeline per ${one} invested`,
    cell: value === null || parts === null ? cell : { ...cell, detail: parts },
    plain:
      value === null
        ? `Nobody can say what an invested ${one} returns.`
        : `Each ${one} put into campaigns of known cost has brought ${reader.format.moneyRatio(value)} of pipeline so far.`,
    formula: reader.formula("pipeline_per_dollar"),
    linkText: "the campaigns behind it",
  };
}

function inProcess(reader: ReportReader): Headline {
  const target = reader.evidence.target("workspace", null, "all");
  const row = reader.today("workspace")[0];
  const total = reader.value(row, "in_process");
  const carrying = reader.today("rep").filter((rep) => reader.value(rep, "load") !== null);
  const over = countOverCapacity(reader);
  const mean = meanPerRep(reader);
  const holds = mean === null ? "" : `${reader.format.count(total ?? 0)} leads and opportunities are open. `;
  return {
    id: "headline-process",
    label: "In process per rep",
    cell:
      mean === null
        ? { ...unknownCell("no active rep is known"), target }
        : textCell(reader.format.count(mean.value), {
            target,
            detail: `average of ${mean.reps} active reps`,
          }),
    plain:
      holds +
      (carrying.length === 0
        ? "No capacity is set, so nobody can say who has too much."
        : `${reader.format.count(over)} of ${reader.format.count(carrying.length)} reps carry more than they can.`),
    formula: `${reader.formula("in_process")} Here: the average over active reps.`,
    linkText: "the reps' leads and opportunities",
  };
}

/** Rows of people who left say so beside their load; they count for the company, never in an average of reps. */
function isInactive(row: ReportRow): boolean {
  return (row.reasons["load"] ?? "").includes("inactive");
}

/** The mean over the rows of reps who are active, zeros included; null where there are none. */
function meanPerRep(reader: ReportReader): { readonly value: number; readonly reps: number } | null {
  const held = reader
    .today("rep")
    .filter((row) => !isInactive(row))
    .map((row) => reader.value(row, "in_process"))
    .filter((value) => value !== null);
  if (held.length === 0) return null;
  return {
    value: Math.round((held.reduce((sum, value) => sum + value, 0) / held.length) * 10) / 10,
    reps: held.length,
  };
}
