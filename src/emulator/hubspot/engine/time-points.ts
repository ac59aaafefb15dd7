import { z } from "zod";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../../core/time.ts";
import { HubSpotRefusal } from "./refusal.ts";

const clockParts = {
  hour: z.int().min(0).max(23).optional(),
  minute: z.int().min(0).max(59).optional(),
  second: z.int().min(0).max(59).optional(),
  millisecond: z.int().min(0).max(999).optional(),
};

/** A moment in a list's filter: a date of a zone, or the clock as it is then, moved by an offset. */
export const timePoint = z.discriminatedUnion("timeType", [
  z.strictObject({
    timeType: z.literal("DATE"),
    zoneId: z.string(),
    timezoneSource: z.string().optional(),
    year: z.int(),
    month: z.int().min(1).max(12),
    day: z.int().min(1).max(31),
    ...clockParts,
  }),
  z.strictObject({
    timeType: z.literal("INDEXED"),
    zoneId: z.string(),
    timezoneSource: z.string().optional(),
    indexReference: z.strictObject({ referenceType: z.enum(["NOW", "TODAY"]), ...clockParts }),
    offset: z
      .strictObject({
        years: z.int().optional(),
        quarters: z.int().optional(),
        months: z.int().optional(),
        weeks: z.int().optional(),
        days: z.int().optional(),
        hours: z.int().optional(),
        minutes: z.int().optional(),
        seconds: z.int().optional(),
        milliseconds: z.int().optional(),
      })
      .optional(),
  }),
]);
export type TimePoint = z.infer<typeof timePoint>;

/** Milliseconds that the zone is ahead of UTC at an instant. @throws HubSpotRefusal list_definition for no zone */
function zoneOffset(instant: number, zoneId: string): number {
  let parts: Intl.DateTimeFormatPart[];
  try {
    parts = new Intl.DateTimeFormat("en-CA", {
      timeZone: zoneId,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    }).formatToParts(instant);
  } catch {
    throw new HubSpotRefusal("list_definition", { reason: `${zoneId} is no time zone` });
  }
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  const wall = Date.UTC(
    part("year"),
    part("month") - 1,
    part("day"),
    part("hour"),
    part("minute"),
    part("second"),
  );
  return wall - (instant - (instant % SECOND_MS));
}

/** The instant at which the zone's clocks show this; in a gap or fold the offset after it. */
function instantAt(wall: number, zoneId: string): number {
  const guess = wall - zoneOffset(wall, zoneId);
  return wall - zoneOffset(guess, zoneId);
}

const ofClock = (parts: {
  readonly hour?: number | undefined;
  readonly minute?: number | undefined;
  readonly second?: number | undefined;
  readonly millisecond?: number | undefined;
}) =>
  (parts.hour ?? 0) * HOUR_MS +
  (parts.minute ?? 0) * MINUTE_MS +
  (parts.second ?? 0) * SECOND_MS +
  (parts.millisecond ?? 0);

/** The instant that a point of time is at `now`. @throws HubSpotRefusal list_definition */
export function pointInstant(point: TimePoint, now: number): number {
  const { zoneId } = point;
  if (point.timeType === "DATE") {
    return instantAt(Date.UTC(point.year, point.month - 1, point.day) + ofClock(point), zoneId);
  }
  const { indexReference, offset = {} } = point;
  const wallNow = now + zoneOffset(now, zoneId);
  const isToday = indexReference.referenceType === "TODAY";
  const day = new Date(wallNow - (wallNow % DAY_MS));
  const { years = 0, quarters = 0, months = 0, weeks = 0, days = 0 } = offset;
  day.setUTCMonth(day.getUTCMonth() + years * 12 + quarters * 3 + months);
  day.setUTCDate(day.getUTCDate() + weeks * 7 + days);
  const time = isToday ? ofClock(indexReference) : wallNow % DAY_MS;
  const { hours = 0, minutes = 0, seconds = 0, milliseconds = 0 } = offset;
  const shift = hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS + milliseconds;
  return instantAt(day.getTime() + time, zoneId) + shift;
}
