import { readFileSync } from "node:fs";
import { z } from "zod";
import { completeId } from "../../../src/emulator/salesforce/engine/ids.ts";

/** One record to load: its object and its fields, ids written out, instants ISO UTC. */
export interface HostileRecord {
  readonly object: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Sharing keeps it from the integration user. */
  readonly isHidden: boolean;
}

const ANCHOR = ["base", "anchor"] as const;

const PREFIXES: Readonly<Record<string, string>> = {
  account: "001",
  bh: "01m",
  campaign: "701",
  contact: "003",
  duprule: "0Bm",
  email: "02s",
  emrel: "0de",
  lead: "00Q",
  license: "100",
  member: "00v",
  ocr: "00K",
  opp: "006",
  profile: "00e",
  queue: "00G",
  role: "00E",
  task: "00T",
  user: "005",
};

const SYMBOL = /^([a-z]+):(H\d\d)-([0-9A-Za-z]+)$/;
const HEADING = /^## (H\d\d)\b/;
const FENCE = /^```(?:ndjson (base|anchor|step=(\d+)).*)?$/;

/** `lead:H02-a` as the 18-character id it stands for. @throws RangeError for anything else */
export function recordId(symbol: string): string {
  const id = idOf(symbol);
  if (id === undefined) throw new RangeError(`${symbol} is no id of hostile.md; write kind:Hnn-rest`);
  return id;
}

function idOf(text: string): string | undefined {
  const [, kind = "", test = "", rest = ""] = SYMBOL.exec(text) ?? [];
  const prefix = PREFIXES[kind];
  return prefix === undefined ? undefined : completeId(prefix + test + rest.padStart(9, "0"));
}

const Line = z.record(z.string(), z.unknown());
type Line = z.infer<typeof Line>;
type Blocks = ReadonlyMap<string, readonly Line[]>;

/** The blocks of hostile.md by their names: `base`, `anchor`, `H02 step 1`. */
function readBlocks(): Blocks {
  const text = readFileSync(new URL("../hostile.md", import.meta.url), "utf8");
  const blocks = new Map<string, Line[]>();
  let heading = "";
  let block: string | undefined;
  for (const line of text.split("\n")) {
    heading = HEADING.exec(line)?.[1] ?? heading;
    const fence = FENCE.exec(line);
    if (fence !== null) {
      const [, name, step] = fence;
      block = name === undefined ? undefined : step === undefined ? name : `${heading} step ${step}`;
    } else if (block !== undefined) {
      blocks.set(block, [...(blocks.get(block) ?? []), Line.parse(JSON.parse(line))]);
    }
  }
  return blocks;
}

const blocks = readBlocks();

/**
 * The records of one step of a case, in the file's order; with step 1 come the base, the anchor and the case's own rep
 * and role. `known` holds the ids that appeared in earlier steps (their rows are not filled in again) and is added to.
 */
export function recordsOf(
  name: string,
  step: number,
  known: Set<string>,
  {
    hasAnchor = true,
    hasBase = true,
    repeats = {},
  }: { hasAnchor?: boolean; hasBase?: boolean; repeats?: Readonly<Record<string, string>> } = {},
): readonly HostileRecord[] {
  const own = (blocks.get(`${name} step ${step}`) ?? []).flatMap((line) => repeated(line, repeats));
  const first = ANCHOR.filter((block) => hasBase && (hasAnchor || block === "base")).flatMap((block) => [
    ...(blocks.get(block) ?? []),
  ]);
  // A rep whom the case describes itself is not filled in.
  const isDescribed = own.some((line) => line["Id"] === `user:${name}-rep`);
  const cast: Line[] = [
    { "@": "UserRole", Id: `role:${name}-team` },
    ...(isDescribed ? [] : [{ "@": "User", Id: `user:${name}-rep` }]),
  ];
  const records = [
    ...(step === 1 ? first.flatMap((line) => recordsOfLine(line, "H00", known)) : []),
    ...(step === 1 ? cast.flatMap((line) => recordsOfLine(line, name, known)) : []),
    ...own.flatMap((line) => recordsOfLine(line, name, known)),
  ];
  if (records.length === 0) throw new RangeError(`hostile.md has no records for step ${step} of ${name}`);
  return records;
}

/** `"n":"1..93"` gives 93 lines; `{n}` and `{n:3}` are the number, ` +60s*i` adds to an instant. */
function repeated(line: Line, shorter: Readonly<Record<string, string>>): readonly Line[] {
  const { n, ...rest } = line;
  if (n === undefined) return [rest];
  if (typeof n !== "string") throw new TypeError('"n" must be a range such as "1..93"');
  const [from = 0, to = 0] = (shorter[n] ?? n).split("..").map(Number);
  return Array.from({ length: to - from + 1 }, (_, index) =>
    Object.fromEntries(
      Object.entries(rest).map(([key, value]) => [
        key,
        typeof value === "string" ? later(numbered(value, from + index), index) : value,
      ]),
    ),
  );
}

function numbered(text: string, number: number): string {
  return text.replaceAll(/\{n(?::(\d+))?\}/g, (_, digits?: string) =>
    String(number).padStart(Number(digits ?? 0), "0"),
  );
}

function later(text: string, index: number): string {
  const [, instant, seconds] = /^(\S+) \+(\d+(?:\.\d+)?)s\*i$/.exec(text) ?? [];
  if (instant === undefined || seconds === undefined) return text;
  return secondsAfter(instant, Number(seconds) * index);
}

function secondsAfter(instant: string, seconds: number): string {
  return new Date(Date.parse(instant) + Math.round(seconds * 1000)).toISOString();
}

function recordsOfLine(line: Line, name: string, known: Set<string>): readonly HostileRecord[] {
  const { "@": kind, "@repeat": repeat, hidden, ...given } = line;
  const ids: Line = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, resolved(value)]));
  const short = { ids, at: String(ids["at"]), by: ids["by"], rep: recordId(`user:${name}-rep`) };
  const record = (object: string, values: Line): HostileRecord => ({
    object,
    values,
    isHidden: hidden === true,
  });
  switch (kind) {
    case "own":
      return ownerRows(ids, given).map((values) => record("LeadHistory", values));
    case "st":
      return [
        record(
          "LeadHistory",
          historyRow(ids, { Field: "Status", OldValue: ids["from"], NewValue: ids["to"] }),
        ),
      ];
    case "conv":
      return [
        record("LeadHistory", historyRow(ids, { Field: "leadConverted", OldValue: null, NewValue: null })),
      ];
    case "call":
      return [record("Task", call(short))];
    default: {
      const object = String(kind);
      const id = ids["Id"];
      const isKnown = typeof id === "string" && known.has(id);
      if (typeof id === "string") known.add(id);
      const rest = typeof given["Id"] === "string" ? (SYMBOL.exec(given["Id"])?.[3] ?? "") : "";
      const longTexts = repeat === undefined ? {} : spelledOut(repeat);
      const values = { ...ids, ...longTexts };
      return [
        record(
          object,
          isKnown ? values : stamped(object, { ...silent(object, values, name, rest), ...values }),
        ),
      ];
    }
  }
}

const Repeat = z.record(z.string(), z.tuple([z.string(), z.string(), z.number()]));

/** `"@repeat":{"Subject":["Call ","x",102400]}` */
function spelledOut(repeat: unknown): Line {
  const entries = Object.entries(Repeat.parse(repeat));
  return Object.fromEntries(
    entries.map(([key, [prefix, text, times]]) => [key, prefix + text.repeat(times)]),
  );
}

const resolved = (value: unknown): unknown => (typeof value === "string" ? (idOf(value) ?? value) : value);

const historyRow = (ids: Line, values: Line): Line => ({
  LeadId: ids["lead"],
  DataType: "Text",
  CreatedDate: ids["at"],
  ...(ids["by"] === undefined ? {} : { CreatedById: ids["by"] }),
  ...values,
});

/** The vendor writes an owner's change twice: by name and by id. */
function ownerRows(ids: Line, given: Line): readonly Line[] {
  const Field = ids["how"] ?? "Owner";
  return [
    historyRow(ids, { Field, OldValue: given["from"], NewValue: given["to"] }),
    historyRow(ids, { Field, DataType: "EntityId", OldValue: ids["from"], NewValue: ids["to"] }),
  ];
}

const call = ({ ids, at, by, rep }: { ids: Line; at: string; by: unknown; rep: string }): Line => ({
  Subject: "Call",
  TaskSubtype: "Call",
  Status: "Completed",
  Priority: "Normal",
  WhoId: ids["who"],
  OwnerId: by ?? rep,
  CreatedById: by ?? rep,
  CreatedDate: at,
  CompletedDateTime: at,
  LastModifiedDate: at,
  SystemModstamp: at,
  ActivityDate: at.slice(0, 10),
});

/** What a row says that is silent about it. */
function silent(object: string, values: Line, name: string, rest: string): Line {
  const owned = { OwnerId: recordId(`user:${name}-rep`) };
  const old = { CreatedDate: "2025-01-01T00:00:00Z" };
  const responded = values["FirstRespondedDate"];
  switch (object) {
    case "Lead":
      return {
        LastName: rest,
        Company: `${name} Co`,
        LeadSource: name,
        Status: "Open - Not Contacted",
        ...owned,
      };
    case "User": {
      const address = `${rest}.${name}@example.invalid`.toLowerCase();
      return {
        FirstName: name,
        LastName: rest,
        Username: address,
        Email: address,
        Alias: rest.slice(0, 8),
        IsActive: true,
        UserType: "Standard",
        ProfileId: recordId("profile:H00-sales"),
        UserRoleId: recordId(`role:${name}-team`),
        TimeZoneSidKey: "GMT",
        LocaleSidKey: "en_US",
        LanguageLocaleKey: "en_US",
        EmailEncodingKey: "UTF-8",
        ...old,
      };
    }
    case "UserRole":
      return { Name: `${name} Team`, ...old };
    case "Group":
      return { Type: "Queue", Name: `${name} Queue`, ...old };
    case "Account":
      return { Name: `${name} Account`, ...owned, ...old };
    case "Contact":
      return { LastName: rest, ...owned, ...old };
    case "Campaign":
      return { Name: `${name} ${rest}`, IsActive: true, ...owned, ...old };
    case "Opportunity":
      return { Name: rest, StageName: "Prospecting", LeadSource: name, CloseDate: "2026-09-30", ...owned };
    case "CampaignMember":
      return {
        Status: "Responded",
        HasResponded: true,
        ...(typeof responded === "string" ? { CreatedDate: `${responded}T00:00:00Z` } : {}),
      };
    case "Task": {
      const at = String(values["CreatedDate"]);
      return {
        Status: "Completed",
        Priority: "Normal",
        TaskSubtype: "Task",
        ...owned,
        CreatedById: recordId(`user:${name}-rep`),
        CompletedDateTime: at,
        ActivityDate: at.slice(0, 10),
      };
    }
    case "Profile":
    case "UserLicense":
      return old;
    default:
      return {};
  }
}

/** LastModifiedDate and SystemModstamp are CreatedDate's where the object has them and the row is silent. */
function stamped(object: string, values: Line): Line {
  const created = values["CreatedDate"];
  if (created === undefined || object === "LeadHistory") return values;
  if (object === "OpportunityHistory") return { SystemModstamp: created, ...values };
  return { LastModifiedDate: created, SystemModstamp: created, ...values };
}
