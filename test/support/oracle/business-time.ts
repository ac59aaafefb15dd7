import { MINUTE_MS } from "../../../src/core/time.ts";
import { type CompanyRows, flag, living, must, text } from "./vendor-rows.ts";

/** The instant at which an amount of open time has passed; walks from minute to minute. */
export type AddOpenTime = (from: number, milliseconds: number) => number;

/** The org's default business hours and its whole-day holidays, in the hours' own zone. */
export function defaultBusinessTime(rows: CompanyRows): AddOpenTime {
  const hours = living(rows, "BusinessHours").find((row) => flag(row, "IsDefault"));
  if (hours === undefined) throw new Error("the org has no default business hours");
  const holidays = new Set(living(rows, "Holiday").map((row) => text(row, "ActivityDate")));
  const format = new Intl.DateTimeFormat("en-CA", {
    timeZone: must(hours, "TimeZoneSidKey"),
    weekday: "long",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const known = new Map<number, boolean>();
  const isOpen = (minute: number): boolean => {
    const before = known.get(minute);
    if (before !== undefined) return before;
    const parts = new Map(format.formatToParts(minute).map(({ type, value }) => [type, value]));
    const part = (name: Intl.DateTimeFormatPartTypes): string => parts.get(name) ?? "";
    const opens = text(hours, `${part("weekday")}StartTime`)?.slice(0, 5);
    const closes = text(hours, `${part("weekday")}EndTime`)?.slice(0, 5);
    const clock = `${part("hour")}:${part("minute")}`;
    const date = `${part("year")}-${part("month")}-${part("day")}`;
    const open =
      opens !== undefined && closes !== undefined && opens <= clock && clock < closes && !holidays.has(date);
    known.set(minute, open);
    return open;
  };
  return (from, milliseconds) => {
    let left = milliseconds;
    let at = from;
    for (;;) {
      const minute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
      const chunk = minute + MINUTE_MS - at;
      if (isOpen(minute)) {
        if (left <= chunk) return at + left;
        left -= chunk;
      }
      at += chunk;
    }
  };
}
