import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/core/time.ts";

/** Dates are `YYYY-MM-DD` in the workspace's zone: months and days are cut there (definitions 10). */
export interface ZoneDates {
  /** The date of an instant. */
  dateOf(instant: number): string;
  /** The first instant of a date. */
  startOf(date: string): number;
}

export function zoneDates(timeZone: string): ZoneDates {
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  });
  const known = new Map<string, number>();
  const dateOf = (instant: number): string => format.format(instant);
  const startOf = (date: string): number => {
    const before = known.get(date);
    if (before !== undefined) return before;
    // Zones lie within 15 hours of UTC and begin their days on quarter hours of it.
    let instant = Date.parse(`${date}T00:00:00Z`) - 15 * HOUR_MS;
    while (dateOf(instant) !== date) instant += 15 * MINUTE_MS;
    known.set(date, instant);
    return instant;
  };
  return { dateOf, startOf };
}

export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Whole days from one date to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MS);
}

/** First date of the month of a date. */
function monthOf(date: string): string {
  return `${date.slice(0, 7)}-01`;
}

export function nextMonth(month: string): string {
  return monthOf(addDays(month, 31));
}

/** A month by its first date, or all time. */
export interface Period {
  readonly type: "month" | "lifetime";
  readonly start: string | null;
}

export const LIFETIME: Period = { type: "lifetime", start: null };

/** The months of report rows, the one of `today` last, and all time. */
export function periodsUntil(today: string, months: number): readonly Period[] {
  const periods: Period[] = [];
  let month = monthOf(today);
  for (let count = 0; count < months; count += 1) {
    periods.unshift({ type: "month", start: month });
    month = monthOf(addDays(month, -1));
  }
  return [...periods, LIFETIME];
}

export function isIn(period: Period, date: string): boolean {
  return period.start === null || monthOf(date) === period.start;
}
