import type { StreamSpec } from "../core/ports.ts";
import { type CadenceMinutes, predictApiCalls, type WritePrediction } from "./predict-calls.ts";

/** Minutes between reads that ripeline.yaml names; null: chosen by the org's quota. */
export type WantedCadence = Readonly<Record<keyof CadenceMinutes, number | null>>;

export interface ChosenCadence {
  readonly minutes: CadenceMinutes;
  /** Share of the org's calls that the choice had to stay under, 0..1. */
  readonly share: number;
  /** False where even the slowest would take more, or nothing was left to choose. */
  readonly isWithinShare: boolean;
}

/** The part of the org's calls that ripeline takes unless told otherwise. */
const DEFAULT_SHARE = 0.05;

/** While nobody knows the quota. */
const UNKNOWN_QUOTA: CadenceMinutes = { fast: 1, money: 15, slow: 60 };

/** Minutes between reads of the fast streams, fastest first. */
const CANDIDATES = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 45, 60, 120, 240] as const;

/**
 * The fastest cadence at which reading, writing and looking stay under 5% of the org's daily calls (or under the API
 * ceiling, where that is lower). Money and people are read every quarter of an hour and the rest hourly, unless the
 * fast streams are slower than that. What ripeline.yaml names stays as it is.
 */
export function chooseCadence(input: {
  readonly wanted: WantedCadence;
  readonly streams: readonly StreamSpec[];
  readonly writes: readonly WritePrediction[];
  readonly hourlyChecks: number;
  readonly dailyLimit: number | null;
  /** `api.ceiling`, 0..1. */
  readonly ceiling: number;
}): ChosenCadence {
  const { wanted, streams, writes, hourlyChecks, dailyLimit } = input;
  const share = Math.min(DEFAULT_SHARE, input.ceiling);
  const at = (fast: number): CadenceMinutes => ({
    fast: wanted.fast ?? fast,
    money: wanted.money ?? Math.max(UNKNOWN_QUOTA.money, fast),
    slow: wanted.slow ?? Math.max(UNKNOWN_QUOTA.slow, fast),
  });
  if (dailyLimit === null) return { minutes: at(UNKNOWN_QUOTA.fast), share, isWithinShare: true };
  const callsOf = (cadenceMinutes: CadenceMinutes): number =>
    predictApiCalls({ streams, cadenceMinutes, writes, hourlyChecks, dailyLimit }).callsPerDay;
  const fitting = CANDIDATES.map(at).find((minutes) => callsOf(minutes) <= dailyLimit * share);
  if (fitting !== undefined) return { minutes: fitting, share, isWithinShare: true };
  return { minutes: at(CANDIDATES.at(-1) ?? UNKNOWN_QUOTA.slow), share, isWithinShare: false };
}
