import type { RowType } from "../../../src/metrics/catalog.ts";
import type { Period } from "./zone-dates.ts";

export type Value = number | string | null;

/** What the oracle found for one metric of one report row. */
export interface Entry {
  readonly value: Value;
  /** Parts of a ratio. */
  readonly numerator?: number;
  readonly denominator?: number;
}

export interface RowKey {
  readonly rowType: RowType;
  /** Null: no source. */
  readonly member: string | null;
  readonly periodType: "day" | "month" | "lifetime";
  readonly periodStart: string | null;
  readonly basis: "point_in_time" | "in_period" | "cohort";
  /** Age of a cohort; null or absent: to date. */
  readonly ageDays?: number | null;
}

/** A book of all values, by row and metric. */
export type Book = Map<string, Entry>;

export function keyOf(row: RowKey, metric: string): string {
  const age = row.ageDays == null ? "to date" : `${row.ageDays} days`;
  const period = row.periodStart ?? row.periodType;
  return [row.rowType, row.member ?? "(none)", period, row.basis, age, metric].join(" | ");
}

export function inPeriod(rowType: RowType, member: string | null, period: Period): RowKey {
  return { rowType, member, periodType: period.type, periodStart: period.start, basis: "in_period" };
}

export function inCohort(
  rowType: RowType,
  member: string | null,
  period: Period,
  ageDays: number | null = null,
): RowKey {
  return { ...inPeriod(rowType, member, period), basis: "cohort", ageDays };
}

/** A row of the present: period_type day, the workspace's date of as_of. */
export function today(rowType: RowType, member: string | null, date: string): RowKey {
  return { rowType, member, periodType: "day", periodStart: date, basis: "point_in_time" };
}

/** An unknown is null, and 0/0 is null. */
export function ratio(numerator: number, denominator: number): Entry {
  return { value: denominator === 0 ? null : numerator / denominator, numerator, denominator };
}

/** The workspace's one member. */
export const WORKSPACE = "workspace";

/** Items by the member of a grain they belong to; `undefined` belongs to none, null to "no source". */
export function byMember<T>(
  items: readonly T[],
  memberOf: (item: T) => string | null | undefined,
): Map<string | null, T[]> {
  const groups = new Map<string | null, T[]>();
  for (const item of items) {
    const member = memberOf(item);
    if (member === undefined) continue;
    const group = groups.get(member);
    if (group === undefined) groups.set(member, [item]);
    else group.push(item);
  }
  return groups;
}

export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) return null;
  if (sorted.length % 2 === 1) return upper;
  return ((sorted[middle - 1] ?? upper) + upper) / 2;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
