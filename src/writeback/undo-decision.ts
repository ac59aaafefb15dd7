import type { WireValue } from "../core/ports.ts";
import type { TargetObject, TargetType } from "./targets/target.ts";

type Fields = Readonly<Record<string, WireValue>>;

/** One audited write, and what is known of the record now. */
export interface WrittenRow {
  readonly key: string;
  readonly recordId: string;
  readonly isCreated: boolean;
  readonly isRemoved: boolean;
  readonly previous: Fields;
  readonly written: Fields;
  /** What the CRM confirmed last; null where we no longer write to the record. */
  readonly acknowledged: Fields | null;
  /** The record as it stands in the CRM; null where it is not there. */
  readonly present: Fields | null;
}

/**
 * Why something is left as it is. `changed`: somebody changed it since. `later_run`: a later run of ours wrote it.
 * `gone`: the record is deleted, converted or closed. `restored`: somebody took it out of the recycle bin. `unknown`:
 * the object or field is none of ours any more, or nothing is known of what stood there.
 */
export type SkipReason = "changed" | "later_run" | "gone" | "restored" | "unknown";

export interface Skip {
  /** API name; null where the whole record is left. */
  readonly field: string | null;
  readonly reason: SkipReason;
}

export type Decision =
  /** Fields to write; on a deleted row, all of it. Empty where nothing is to be done. */
  | { readonly action: "restore" | "recreate"; readonly changes: Fields; readonly skips: readonly Skip[] }
  | { readonly action: "remove"; readonly skips: readonly Skip[] }
  /** Done before, by an earlier undo of the run. */
  | { readonly action: "none"; readonly skips: readonly Skip[] };

/** What an undo does with one row: only what still is as the run wrote it is taken back. */
export function decide(target: TargetObject, row: WrittenRow): Decision {
  if (row.isRemoved) return decideRemoved(target, row);
  return row.isCreated && target.isOurs ? decideCreated(target, row) : decideUpdated(target, row);
}

/** API names that may be written, with their types; standard fields of our own objects are ids or codes. */
function typesOf(target: TargetObject): ReadonlyMap<string, TargetType> {
  const own = target.fields
    .filter((field) => field.source.from === "column" || field.source.from === "metric")
    .map((field) => [field.name, field.type] as const);
  const standard = target.standardFields.map(({ name }) => [name, STANDARD] as const);
  return new Map([...own, ...standard].filter(([name]) => name !== target.keyField));
}

const STANDARD: TargetType = { kind: "text", length: 18 };

/** API names that an undo reads and writes. */
export function undoableFields(target: TargetObject): readonly string[] {
  return [...typesOf(target).keys()];
}

function skipAll(reason: SkipReason): Decision {
  return { action: "none", skips: [{ field: null, reason }] };
}

function decideRemoved(target: TargetObject, { previous, acknowledged, present }: WrittenRow): Decision {
  const types = typesOf(target);
  const names = Object.keys(previous).filter((name) => types.has(name));
  // With the key, as a push sends the row: what is confirmed is then what the next push wants.
  const changes = Object.fromEntries(
    [...names, target.keyField].flatMap((name) => {
      const value = previous[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  if (acknowledged !== null) {
    const isBack = names.every((name) => isSame(types.get(name), acknowledged[name], changes[name]));
    return isBack ? { action: "none", skips: [] } : skipAll("later_run");
  }
  if (present !== null) return skipAll("restored");
  return names.length === 0 ? skipAll("unknown") : { action: "recreate", changes, skips: [] };
}

function decideCreated(target: TargetObject, { written, acknowledged, present }: WrittenRow): Decision {
  if (acknowledged === null) return present === null ? { action: "none", skips: [] } : skipAll("later_run");
  // Gone from the CRM, and we do not know: the deletion is asked for again, so that its answer is kept.
  if (present === null) return { action: "remove", skips: [] };
  const skips: Skip[] = [];
  for (const [name, type] of typesOf(target)) {
    const isStandard = type === STANDARD;
    // An owner that the CRM refused was never written, and a row has one whether we wrote it or not.
    if (isStandard && !(name in written)) continue;
    if (isSame(type, present[name], written[name] ?? blank(type))) continue;
    const isOurs = isSame(type, present[name], acknowledged[name]);
    skips.push({ field: name, reason: isOurs ? "later_run" : "changed" });
  }
  return skips.length === 0 ? { action: "remove", skips } : { action: "none", skips };
}

function decideUpdated(
  target: TargetObject,
  { previous, written, acknowledged, present }: WrittenRow,
): Decision {
  if (acknowledged === null || present === null) return skipAll("gone");
  const types = typesOf(target);
  const changes: Record<string, WireValue> = {};
  const skips: Skip[] = [];
  for (const [name, value] of Object.entries(written)) {
    if (name === target.keyField) continue;
    const type = types.get(name);
    const before = previous[name] ?? blank(type);
    // Every record has an owner: one that we do not know cannot be put back.
    if (type === undefined || (type === STANDARD && before === null)) {
      skips.push({ field: name, reason: "unknown" });
    } else if (isSame(type, present[name], before)) {
      // Put back by an undo that died before it could note it: once more, so that it is noted.
      if (!isSame(type, acknowledged[name], before)) changes[name] = before;
    } else if (isSame(type, present[name], value)) {
      changes[name] = before;
    } else {
      const isOurs = isSame(type, present[name], acknowledged[name]);
      skips.push({ field: name, reason: isOurs ? "later_run" : "changed" });
    }
  }
  return Object.keys(changes).length === 0
    ? { action: "none", skips }
    : { action: "restore", changes, skips };
}

/** What stood in a field that we had never written. */
function blank(type: TargetType | undefined): WireValue {
  return type?.kind === "checkbox" ? false : null;
}

/** Equal as the CRM keeps them: it writes instants and numbers in another form than we send them. */
function isSame(
  type: TargetType | undefined,
  left: WireValue | undefined,
  right: WireValue | undefined,
): boolean {
  const [a, b] = [kept(type, left), kept(type, right)];
  return a === b;
}

function kept(type: TargetType | undefined, value: WireValue | undefined): WireValue {
  if (value === undefined || value === null || value === "") return type?.kind === "checkbox" ? false : null;
  switch (type?.kind) {
    case "datetime":
      return new Date(String(value)).getTime();
    case "number":
    case "currency":
      return Number(value);
    case "long_text":
    case "text":
    case "external_id":
      // The CRM cuts blanks off both ends and keeps line ends in its own way.
      return String(value).replaceAll("\r\n", "\n").trim();
    case "checkbox":
      // HubSpot's values are texts.
      return value === true || value === "true";
    case "date":
    case "choice":
    case "lookup":
    case "formula":
    case undefined:
      return value;
  }
}
