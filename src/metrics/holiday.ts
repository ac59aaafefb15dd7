import { DateTime } from "luxon";

/** How a holiday comes back, in the vendor's words (Holiday.RecurrenceType). */
export const recurrenceTypes = [
  "RecursDaily",
  "RecursEveryWeekday",
  "RecursWeekly",
  "RecursMonthly",
  "RecursMonthlyNth",
  "RecursYearly",
  "RecursYearlyNth",
] as const;

export interface Recurrence {
  readonly type: (typeof recurrenceTypes)[number];
  /** Every so many days, weeks, months; 1 where the CRM leaves it blank. */
  readonly interval: number;
  /** Sum of 1 Sunday, 2 Monday, 4 Tuesday ... 64 Saturday. */
  readonly dayOfWeekMask: number;
  readonly dayOfMonth: number | null;
  readonly instance: "First" | "Second" | "Third" | "Fourth" | "Last" | null;
  /** 1..12 */
  readonly month: number | null;
  /** ISO date of the last possible occurrence; null: for ever. */
  readonly endsOn: string | null;
}

/** A day, or part of one, on which a calendar is closed. Dates are dates in the calendar's zone. */
export interface Holiday {
  /** ISO date: the day itself, or the first day from which it recurs. */
  readonly startsOn: string;
  /** Minutes of the day, [from, to); a whole day is 0 to 1440. */
  readonly fromMinute: number;
  readonly toMinute: number;
  readonly recurrence: Recurrence | null;
}

/** Whether the holiday falls on `date` (a date of the calendar's zone, time ignored). */
export function fallsOn(holiday: Holiday, date: DateTime): boolean {
  const day = date.toISODate();
  if (day === null) return false;
  const rule = holiday.recurrence;
  if (rule === null) return day === holiday.startsOn;
  if (day < holiday.startsOn || (rule.endsOn !== null && day > rule.endsOn)) return false;
  const start = DateTime.fromISO(holiday.startsOn, { zone: "UTC" });
  const here = DateTime.fromISO(day, { zone: "UTC" });
  const months = (here.year - start.year) * 12 + here.month - start.month;
  switch (rule.type) {
    case "RecursDaily":
      return here.diff(start, "days").days % rule.interval === 0;
    case "RecursEveryWeekday":
      return here.weekday <= 5;
    case "RecursWeekly": {
      const weeks = sundayOf(here).diff(sundayOf(start), "weeks").weeks;
      return isInMask(rule.dayOfWeekMask, here) && Math.round(weeks) % rule.interval === 0;
    }
    case "RecursMonthly":
      return here.day === rule.dayOfMonth && months % rule.interval === 0;
    case "RecursMonthlyNth":
      return isNth(rule, here) && months % rule.interval === 0;
    case "RecursYearly":
      return here.month === rule.month && here.day === rule.dayOfMonth;
    case "RecursYearlyNth":
      return here.month === rule.month && isNth(rule, here);
  }
}

function isInMask(mask: number, date: DateTime): boolean {
  return (mask & (1 << (date.weekday % 7))) !== 0;
}

function sundayOf(date: DateTime): DateTime {
  return date.minus({ days: date.weekday % 7 });
}

/** Whether the date is the first, second, ... or last day of its month that the mask names. */
function isNth(rule: Recurrence, date: DateTime): boolean {
  const matching = Array.from({ length: date.daysInMonth ?? 0 }, (_, index) => date.set({ day: index + 1 }))
    .filter((day) => isInMask(rule.dayOfWeekMask, day))
    .map((day) => day.day);
  const positions = { First: 0, Second: 1, Third: 2, Fourth: 3, Last: matching.length - 1 };
  return rule.instance !== null && matching[positions[rule.instance]] === date.day;
}
