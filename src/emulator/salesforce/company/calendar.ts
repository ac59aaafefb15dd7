import { DateTime } from "luxon";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../core/time.ts";

/** Where the company sits: office hours, time zone of its people, its public holidays. */
export const COMPANY_ZONE = "Europe/Berlin";
export const OFFICE_OPENS = 9;
export const OFFICE_CLOSES = 17;

export interface CalendarDay {
  /** `2026-06-01` */
  readonly date: string;
  /** Local midnight in milliseconds, UTC. */
  readonly midnight: number;
  readonly isWorkday: boolean;
}

/** The days from the first to one month after `now`, by local date. */
export interface Calendar {
  readonly now: number;
  /** Index of the day that holds `now`. */
  readonly today: number;
  readonly days: readonly CalendarDay[];
  /** Index of the day an instant falls on, kept inside the calendar. */
  dayOf(instant: number): number;
  /** The same instant if the office is open, else some minutes after it next opens. `lateness` in [0, 1). */
  atWork(instant: number, lateness: number): number;
}

/** Easter Sunday of a Gregorian year, as a local date (Gauss, in Butcher's form). */
function easter(year: number): DateTime {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = Math.floor(b / 4);
  const g = Math.floor((8 * b + 13) / 25);
  const h = (19 * a + b - d - g + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const n = h + l - 7 * m + 114;
  return DateTime.utc(year, Math.floor(n / 31), (n % 31) + 1);
}

/** Public holidays of Germany by date, for every year that the calendar touches. */
export function publicHolidays(firstYear: number, lastYear: number): ReadonlyMap<string, string> {
  const holidays = new Map<string, string>();
  for (let year = firstYear; year <= lastYear; year += 1) {
    const sunday = easter(year);
    const moving: readonly (readonly [number, string])[] = [
      [-2, "Good Friday"],
      [1, "Easter Monday"],
      [39, "Ascension Day"],
      [50, "Whit Monday"],
    ];
    for (const [offset, name] of moving) {
      holidays.set(sunday.plus({ days: offset }).toFormat("yyyy-MM-dd"), `${name} ${year}`);
    }
    holidays.set(`${year}-01-01`, `New Year's Day ${year}`);
    holidays.set(`${year}-05-01`, `Labour Day ${year}`);
    holidays.set(`${year}-10-03`, `German Unity Day ${year}`);
    holidays.set(`${year}-12-25`, `Christmas Day ${year}`);
    holidays.set(`${year}-12-26`, `Second Day of Christmas ${year}`);
  }
  return holidays;
}

/** Ages at which something about a lead changes by time alone: a day, two weeks, thirty days. */
const EDGES_MS = [DAY_MS, 14 * DAY_MS, 30 * DAY_MS] as const;
const QUIET_MS = 30 * MINUTE_MS;
/** An activity is recorded up to this long after the act it stands for. */
const RECORDED_WITHIN_MS = 2 * HOUR_MS;

/**
 * Nothing comes of age in the first half hour after the story's end, so that whoever starts the org sees it at rest
 * before the clock is moved: what would, happened later.
 */
export function awayFromEdges(instant: number, now: number): number {
  const isNear = EDGES_MS.some(
    (edge) => instant + edge > now - RECORDED_WITHIN_MS && instant + edge <= now + QUIET_MS,
  );
  return isNear ? instant + RECORDED_WITHIN_MS + QUIET_MS : instant;
}

/** The company's calendar, `pastDays` days back from `now` and 31 ahead. Clock changes are those of its zone. */
export function companyCalendar(now: Date, pastDays: number): Calendar {
  const today = DateTime.fromJSDate(now, { zone: COMPANY_ZONE }).startOf("day");
  const first = today.minus({ days: pastDays });
  const holidays = publicHolidays(first.year, today.year + 1);
  const days: CalendarDay[] = [];
  for (let index = 0; index <= pastDays + 31; index += 1) {
    const day = first.plus({ days: index });
    const date = day.toFormat("yyyy-MM-dd");
    days.push({ date, midnight: day.toMillis(), isWorkday: day.weekday <= 5 && !holidays.has(date) });
  }
  const dayOf = (instant: number): number => {
    const guess = Math.floor((instant - first.toMillis()) / DAY_MS);
    let index = Math.min(Math.max(guess, 0), days.length - 1);
    // A summer day starts an hour earlier in UTC than the count of whole days says.
    if ((days[index + 1]?.midnight ?? Number.POSITIVE_INFINITY) <= instant) {
      index += 1;
    } else if (index > 0 && (days[index]?.midnight ?? 0) > instant) {
      index -= 1;
    }
    return index;
  };
  const inOffice = (instant: number, lateness: number): number => {
    let index = dayOf(instant);
    const day = days[index];
    if (day?.isWorkday === true) {
      const opens = day.midnight + OFFICE_OPENS * HOUR_MS;
      if (instant < opens) {
        return opens + lateness * 90 * MINUTE_MS;
      }
      if (instant < day.midnight + OFFICE_CLOSES * HOUR_MS) {
        return instant;
      }
    }
    do {
      index += 1;
    } while (days[index]?.isWorkday === false);
    const next = days[index]?.midnight ?? instant + DAY_MS;
    return next + OFFICE_OPENS * HOUR_MS + lateness * 90 * MINUTE_MS;
  };
  const atWork = (instant: number, lateness: number): number =>
    awayFromEdges(inOffice(instant, lateness), now.getTime());
  return { now: now.getTime(), today: pastDays, days, dayOf, atWork };
}

const TWO_DIGITS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, "0"));
const dayTexts = new Map<number, string>();

/** `2026-06-01`, the UTC date of an instant. */
export function dateText(instant: number): string {
  const day = Math.floor(instant / DAY_MS);
  const known = dayTexts.get(day);
  if (known !== undefined) return known;
  const text = new Date(day * DAY_MS).toISOString().slice(0, 10);
  dayTexts.set(day, text);
  return text;
}

/**
 * `2026-06-01T08:00:00Z`; the vendor keeps whole seconds. Put together from parts because millions are printed:
 * Date.toISOString took half of all the time of seeding.
 */
export function instantText(instant: number): string {
  const second = Math.floor(instant / 1_000) % 86_400;
  const [hours, minutes, seconds] = [
    TWO_DIGITS[Math.floor(second / 3_600)],
    TWO_DIGITS[Math.floor(second / 60) % 60],
    TWO_DIGITS[second % 60],
  ];
  return `${dateText(instant)}T${hours}:${minutes}:${seconds}Z`;
}
