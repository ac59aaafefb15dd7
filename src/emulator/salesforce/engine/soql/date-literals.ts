/** Date literals (TODAY, LAST_N_DAYS:n, THIS_FISCAL_QUARTER, ...) as half-open ranges in the running user's zone. */
import { DateTime } from "luxon";
import { DAY_MS } from "../../../../core/time.ts";

export interface CalendarOf {
  readonly now: Date;
  /** IANA zone of the running user. */
  readonly zone: string;
  /** 1 to 12. */
  readonly fiscalStartMonth: number;
}

/** [from, until): instants in UTC milliseconds, and the same range as days for date fields. */
export interface DateRange {
  readonly from: number;
  readonly until: number;
  readonly fromDay: number;
  readonly untilDay: number;
}

type Unit = "day" | "week" | "month" | "quarter" | "year" | "fiscal_quarter" | "fiscal_year";

const SIMPLE: Readonly<Record<string, readonly [Unit, number]>> = {
  YESTERDAY: ["day", -1],
  TODAY: ["day", 0],
  TOMORROW: ["day", 1],
};
const UNITS: Readonly<Record<string, Unit>> = {
  DAY: "day",
  WEEK: "week",
  MONTH: "month",
  QUARTER: "quarter",
  YEAR: "year",
  FISCAL_QUARTER: "fiscal_quarter",
  FISCAL_YEAR: "fiscal_year",
};

/** Start of the unit that holds `moment`. Weeks begin on Sunday, as in the vendor's default locale. */
function startOf(moment: DateTime, unit: Unit, fiscalStartMonth: number): DateTime {
  switch (unit) {
    case "week":
      return moment.startOf("day").minus({ days: moment.weekday % 7 });
    case "fiscal_year": {
      const months = (moment.month - fiscalStartMonth + 12) % 12;
      return moment.startOf("month").minus({ months });
    }
    case "fiscal_quarter": {
      const months = (moment.month - fiscalStartMonth + 12) % 3;
      return moment.startOf("month").minus({ months });
    }
    case "day":
    case "month":
    case "quarter":
    case "year":
      return moment.startOf(unit);
  }
}

function shift(moment: DateTime, unit: Unit, count: number): DateTime {
  switch (unit) {
    case "day":
      return moment.plus({ days: count });
    case "week":
      return moment.plus({ weeks: count });
    case "month":
      return moment.plus({ months: count });
    case "quarter":
    case "fiscal_quarter":
      return moment.plus({ months: 3 * count });
    case "year":
    case "fiscal_year":
      return moment.plus({ years: count });
  }
}

function dayOf(moment: DateTime): number {
  return Date.UTC(moment.year, moment.month - 1, moment.day) / DAY_MS;
}

/** Unit and offsets [from, until) counted in units from the present one. */
function span(name: string, count: number): readonly [Unit, number, number] | undefined {
  const simple = SIMPLE[name];
  if (simple !== undefined) return [simple[0], simple[1], simple[1] + 1];
  if (name === "LAST_90_DAYS") return ["day", -90, 1];
  if (name === "NEXT_90_DAYS") return ["day", 1, 91];
  const counted = /^(LAST_N|NEXT_N|N)_(DAY|WEEK|MONTH|QUARTER|YEAR|FISCAL_QUARTER|FISCAL_YEAR)S(_AGO)?$/.exec(
    name,
  );
  if (counted?.[2] !== undefined) {
    const unit = UNITS[counted[2]];
    if (unit === undefined) return undefined;
    if (counted[3] !== undefined) return counted[1] === "N" ? [unit, -count, -count + 1] : undefined;
    // The last n days include today; the last n weeks, months and so on end before the present one.
    if (counted[1] === "LAST_N") return [unit, -count, unit === "day" ? 1 : 0];
    return counted[1] === "NEXT_N" ? [unit, 1, count + 1] : undefined;
  }
  const relative = /^(LAST|THIS|NEXT)_(WEEK|MONTH|QUARTER|YEAR|FISCAL_QUARTER|FISCAL_YEAR)$/.exec(name);
  const unit = relative?.[2] === undefined ? undefined : UNITS[relative[2]];
  if (unit === undefined) return undefined;
  const offset = relative?.[1] === "LAST" ? -1 : relative?.[1] === "NEXT" ? 1 : 0;
  return [unit, offset, offset + 1];
}

/** Undefined for a literal that does not exist. */
export function dateRange(name: string, count: number, calendar: CalendarOf): DateRange | undefined {
  const found = span(name, count);
  if (found === undefined) return undefined;
  const [unit, fromOffset, untilOffset] = found;
  const here = DateTime.fromJSDate(calendar.now, { zone: calendar.zone });
  const start = startOf(here, unit, calendar.fiscalStartMonth);
  const from = shift(start, unit, fromOffset);
  const until = shift(start, unit, untilOffset);
  return { from: from.toMillis(), until: until.toMillis(), fromDay: dayOf(from), untilDay: dayOf(until) };
}
