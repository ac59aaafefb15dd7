/** From what callers send to what columns store, and back to what the API prints. */
import { DAY_MS } from "../../../core/time.ts";
import type { CellValue, FieldType } from "../org.ts";
import { toId18 } from "./ids.ts";
import type { Raw } from "./store/columns.ts";

/** A value that its type cannot hold. */
export const UNREADABLE = Symbol("unreadable");

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const INSTANT =
  /^(\d{4}-\d{2}-\d{2})[T ]((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})$/i;
const TIME = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?Z?$/;

/** Days since 1970 of `YYYY-MM-DD`; undefined for a date that no calendar has. */
export function parseDay(text: string): number | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const milliseconds = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  const day = milliseconds / DAY_MS;
  return formatDay(day) === text ? day : undefined;
}

const DASH = 45;
const COLON = 58;
const DOT = 46;
const LETTER_T = 84;
const LETTER_Z = 90;

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
}

/** `YYYY-MM-DDTHH:mm:ss[.f...]Z`, the form of nearly every loaded value; undefined for any other. */
function parsePlainInstant(text: string): number | undefined {
  const length = text.length;
  if (length < 20 || text.charCodeAt(length - 1) !== LETTER_Z || text.charCodeAt(10) !== LETTER_T)
    return undefined;
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH || text.charCodeAt(13) !== COLON)
    return undefined;
  if (text.charCodeAt(16) !== COLON || (length > 20 && text.charCodeAt(19) !== DOT)) return undefined;
  for (let at = 0; at < length - 1; at++) {
    if (at === 4 || at === 7 || at === 10 || at === 13 || at === 16 || at === 19) continue;
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
  }
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const [month, day] = [twoDigits(text, 5), twoDigits(text, 8)];
  const [hours, minutes, seconds] = [twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17)];
  // Days past the 28th, and years before 1000, take the careful way.
  if (year < 1000 || month < 1 || month > 12 || day < 1 || day > 28) return undefined;
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return Date.UTC(year, month - 1, day, hours, minutes, seconds);
}

/** Milliseconds of an ISO instant with a zone, cut to whole seconds as the vendor keeps them. */
export function parseInstant(text: string): number | undefined {
  const plain = parsePlainInstant(text);
  if (plain !== undefined) return plain;
  const match = INSTANT.exec(text);
  if (match === null || parseDay(match[1] ?? "") === undefined) return undefined;
  const zone = match[3] ?? "Z";
  const normalZone = /^[+-]\d{4}$/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const milliseconds = Date.parse(`${match[1]}T${match[2]}${normalZone}`);
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}

function parseTimeOfDay(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [hours, minutes, seconds] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + Number((match[4] ?? "").padEnd(3, "0"));
}

const dayTexts = new Map<number, string>();

export function formatDay(day: number): string {
  let text = dayTexts.get(day);
  if (text === undefined) {
    const instant = new Date(day * DAY_MS);
    text = Number.isNaN(instant.getTime()) ? "" : instant.toISOString().slice(0, 10);
    if (dayTexts.size < 100_000) dayTexts.set(day, text);
  }
  return text;
}

const TWO_DIGITS = Array.from({ length: 100 }, (_, index) => String(index).padStart(2, "0"));

function clockText(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const hours = TWO_DIGITS[Math.floor(seconds / 3600)] ?? "00";
  const minutes = TWO_DIGITS[Math.floor(seconds / 60) % 60] ?? "00";
  return `${hours}:${minutes}:${TWO_DIGITS[seconds % 60] ?? "00"}`;
}

function instantText(milliseconds: number, zone: string): string {
  const day = Math.floor(milliseconds / DAY_MS);
  return `${formatDay(day)}T${clockText(milliseconds - day * DAY_MS)}.000${zone}`;
}

function timeText(milliseconds: number): string {
  return `${clockText(milliseconds)}.${String(milliseconds % 1000).padStart(3, "0")}Z`;
}

/** As REST prints it: instants end in `.000+0000`. */
export function formatValue(type: FieldType, raw: Raw): CellValue {
  if (raw === null) return type === "boolean" ? false : null;
  if (typeof raw === "string") return raw;
  if (type === "datetime") return instantText(raw, "+0000");
  if (type === "date") return formatDay(raw);
  if (type === "boolean") return raw === 1;
  if (type === "time") return timeText(raw);
  return raw;
}

/** Largest whole number that prints without an exponent. */
const PLAIN_LIMIT = 1e21;

/** As REST's JSON text has it: whole numbers of types that may have decimals print one, `14.0`. For printing only. */
export function formatJsonValue(type: FieldType, raw: Raw): unknown {
  const mayHaveDecimals = type === "double" || type === "currency" || type === "percent";
  if (!mayHaveDecimals || typeof raw !== "number") return formatValue(type, raw);
  return Number.isInteger(raw) && Math.abs(raw) < PLAIN_LIMIT ? JSON.rawJSON(`${raw}.0`) : raw;
}

/** As Bulk CSV prints it: instants end in `.000Z`, and numbers that may have decimals print at least one. */
export function formatCsvValue(type: FieldType, raw: Raw): CellValue {
  if (raw === null) return type === "boolean" ? false : null;
  if (typeof raw === "string") return raw;
  if (type === "datetime") return instantText(raw, "Z");
  const mayHaveDecimals = type === "double" || type === "currency" || type === "percent";
  return mayHaveDecimals && Number.isInteger(raw) ? `${raw}.0` : formatValue(type, raw);
}

/** Back from a printed value, for formula results. */
export function rawOfCell(type: FieldType, cell: CellValue): Raw {
  if (cell === null) return null;
  const raw = parseValue(type, cell);
  return raw === UNREADABLE ? null : raw;
}

function parseNumber(input: unknown): number | typeof UNREADABLE {
  if (typeof input === "number" && Number.isFinite(input)) return input;
  if (typeof input === "string" && /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/.test(input))
    return Number(input);
  return UNREADABLE;
}

function parseBoolean(input: unknown): number | typeof UNREADABLE {
  if (typeof input === "boolean") return input ? 1 : 0;
  const text = typeof input === "string" ? input.toLowerCase() : input;
  if (text === "true" || text === "1" || text === 1) return 1;
  if (text === "false" || text === "0" || text === 0) return 0;
  return UNREADABLE;
}

/** The stored form of a sent value; text forms of numbers and booleans are taken, as CSV brings no others. */
export function parseValue(type: FieldType, input: unknown): Raw | typeof UNREADABLE {
  if (input === null || input === undefined || input === "") return null;
  switch (type) {
    case "boolean":
      return parseBoolean(input);
    case "int": {
      const value = parseNumber(input);
      return typeof value === "number" && !Number.isInteger(value) ? UNREADABLE : value;
    }
    case "double":
    case "currency":
    case "percent":
      return parseNumber(input);
    case "date":
      // A date field takes an instant too and keeps its date part.
      return typeof input === "string" ? (parseDay(input.slice(0, 10)) ?? UNREADABLE) : UNREADABLE;
    case "datetime": {
      if (typeof input !== "string") return UNREADABLE;
      const day = parseDay(input);
      return parseInstant(input) ?? (day === undefined ? UNREADABLE : day * DAY_MS);
    }
    case "time":
      return typeof input === "string" ? (parseTimeOfDay(input) ?? UNREADABLE) : UNREADABLE;
    case "id":
    case "reference":
      return typeof input === "string" ? (toId18(input.trim()) ?? UNREADABLE) : UNREADABLE;
    case "string":
    case "textarea":
    case "picklist":
    case "multipicklist":
    case "email":
    case "phone":
    case "url":
      if (typeof input === "string") return input;
      return typeof input === "number" || typeof input === "boolean" ? String(input) : UNREADABLE;
  }
}
