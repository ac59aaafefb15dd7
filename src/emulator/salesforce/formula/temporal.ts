import { DAY_MS } from "../../../core/time.ts";

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3}))?(Z|[+-]\d{2}:?\d{2})?)?$/;

function offsetMs(zone: string | undefined): number {
  if (zone === undefined || zone === "Z") {
    return 0;
  }
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000;
}

/** Milliseconds of `YYYY-MM-DD`, `YYYY-MM-DD HH:mm:ss` or the API's instant; null for anything else. Default zone UTC. */
export function parseInstant(text: string): number | null {
  const match = ISO.exec(text);
  if (match === null) {
    return null;
  }
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day));
  // Date.UTC rolls 31 February over; the vendor answers #Error!, which the API shows as null.
  if (new Date(midnight).getUTCDate() !== Number(day)) {
    return null;
  }
  const clock =
    Number(hour ?? 0) * 3_600_000 +
    Number(minute ?? 0) * 60_000 +
    Number(second ?? 0) * 1_000 +
    Number((fraction ?? "").padEnd(3, "0"));
  return midnight + clock - offsetMs(zone);
}

export function startOfDay(instant: number): number {
  return Math.floor(instant / DAY_MS) * DAY_MS;
}

/** `2026-06-01` */
export function dateText(instant: number): string {
  return new Date(instant).toISOString().slice(0, 10);
}

/** `2026-06-01T08:00:00.000+0000`, as the REST API prints an instant. */
export function instantText(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, -1)}+0000`;
}

/** `2026-06-01 08:00:00Z`, as TEXT() prints an instant. */
export function spokenInstant(instant: number): string {
  return `${new Date(instant).toISOString().slice(0, 19).replace("T", " ")}Z`;
}

/** Milliseconds since midnight of `HH:mm:ss.SSSZ`; null for anything else. */
export function parseTime(text: string): number | null {
  const instant = parseInstant(`1970-01-01T${/^\d{2}:\d{2}$/.test(text) ? `${text}:00` : text}`);
  return instant === null || instant < 0 || instant >= DAY_MS ? null : instant;
}

/** `09:00:00.000Z` */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(11);
}

/** The same day of the month `months` later, or that month's last day. */
export function addMonths(day: number, months: number): number {
  const from = new Date(day);
  const target = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + Math.trunc(months), 1));
  const lastDay = new Date(Date.UTC(target.getUTCFullYear(), target.getUTCMonth() + 1, 0)).getUTCDate();
  const date = Math.min(from.getUTCDate(), lastDay);
  return Date.UTC(target.getUTCFullYear(), target.getUTCMonth(), date) + (day - startOfDay(day));
}
