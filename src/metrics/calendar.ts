import { DateTime } from "luxon";
import { ConfigError } from "../core/errors.ts";
import { fallsOn, type Holiday } from "./holiday.ts";

/** Opening times by ISO weekday, 1 Monday .. 7 Sunday, in minutes of the local day, [open, close); absent: closed. */
export interface WeeklyCalendar {
  readonly name: string;
  /** IANA zone in which the times are wall times. */
  readonly timeZone: string;
  readonly days: ReadonlyMap<number, { readonly open: number; readonly close: number }>;
  readonly holidays: readonly Holiday[];
}

/** A stretch without a break in which a calendar is open; seconds count open time since the calendar's first stretch. */
export interface OpenInterval {
  readonly opensAt: Date;
  readonly closesAt: Date;
  readonly openSecondsBefore: number;
  readonly openSecondsAfter: number;
}

/** Longest time that a calendar may need to offer a policy's expiry. */
const HORIZON_YEARS = 5;

/**
 * The calendar's open stretches in order, from the local day of `from` until `secondsAfter` open seconds have passed
 * after `asOf`, so that a deadline set at `asOf` still falls into one. Wall times become instants in the calendar's own
 * zone: a day on which clocks change is an hour shorter or longer where the change falls in open time.
 * @throws ConfigError when the calendar does not open that long within five years.
 */
export function openIntervals(
  calendar: WeeklyCalendar,
  from: Date,
  asOf: Date,
  secondsAfter: number,
): readonly OpenInterval[] {
  const intervals: OpenInterval[] = [];
  const limit = DateTime.fromJSDate(asOf).plus({ years: HORIZON_YEARS });
  let day = DateTime.fromJSDate(from, { zone: calendar.timeZone }).startOf("day");
  let openSeconds = 0;
  let target = Number.POSITIVE_INFINITY;
  while (openSeconds < target) {
    if (day > limit) {
      throw new ConfigError(
        `calendar "${calendar.name}" is open for less than ${Math.round(secondsAfter / 3600)} hours in ${HORIZON_YEARS} years; ` +
          "give it opening hours, or let the rot policies that use it run by wall_clock",
      );
    }
    for (const [open, close] of openMinutes(calendar, day)) {
      const opensAt = atMinute(day, open);
      const closesAt = atMinute(day, close);
      if (closesAt <= opensAt) continue;
      const seconds = closesAt.diff(opensAt, "seconds").seconds;
      if (target === Number.POSITIVE_INFINITY && closesAt.toJSDate() > asOf) {
        const before = Math.max(0, (asOf.getTime() - opensAt.toMillis()) / 1000);
        target = openSeconds + before + secondsAfter;
      }
      intervals.push({
        opensAt: opensAt.toJSDate(),
        closesAt: closesAt.toJSDate(),
        openSecondsBefore: openSeconds,
        openSecondsAfter: openSeconds + seconds,
      });
      openSeconds += seconds;
    }
    day = day.plus({ days: 1 });
  }
  return intervals;
}

/** The day's opening times without what its holidays take from them. */
function openMinutes(calendar: WeeklyCalendar, day: DateTime): readonly (readonly [number, number])[] {
  const hours = calendar.days.get(day.weekday);
  if (hours === undefined) return [];
  const closures = calendar.holidays.filter((holiday) => fallsOn(holiday, day));
  return closures.reduce<readonly (readonly [number, number])[]>(
    (open, closure) =>
      open.flatMap(([from, to]) =>
        [
          [from, Math.min(to, closure.fromMinute)] as const,
          [Math.max(from, closure.toMinute), to] as const,
        ].filter(([start, end]) => start < end),
      ),
    [[hours.open, hours.close]],
  );
}

/** The instant of a local minute: wall time, not minutes since midnight, so that 09:00 stays 09:00 on a short day. */
function atMinute(day: DateTime, minute: number): DateTime {
  if (minute >= 1440) return day.plus({ days: 1 }).startOf("day");
  return day.set({ hour: Math.floor(minute / 60), minute: minute % 60, second: 0, millisecond: 0 });
}
