import { readFileSync } from "node:fs";
import { z } from "zod";

/** One row to load: the type of `control/load/hubspot/TYPE` and the row as that call takes it, ids written out. */
export interface PortalRow {
  readonly type: string;
  readonly row: Readonly<Record<string, unknown>>;
}

/** A call that somebody else makes, with the portal's token. */
export interface ApiCall {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** What stands in the page for one step of a case. */
export interface CaseStep {
  readonly rows: readonly PortalRow[];
  /** Bodies for control paths, in order. */
  readonly control: readonly { readonly path: string; readonly body: unknown }[];
  readonly api: readonly ApiCall[];
  /** Sent when the pull of the step is done and nothing has been written yet. */
  readonly beforePush: readonly ApiCall[];
}

const KINDS: Readonly<Record<string, string>> = {
  contact: "10",
  company: "11",
  deal: "12",
  lead: "13",
  call: "20",
  email: "21",
  meeting: "22",
  task: "23",
  communication: "24",
  campaign: "30",
  owner: "70",
  user: "71",
};

const SYMBOL = /\b([a-z]+):HS(\d\d)-(\d{1,6})\b/g;
const HEADING = /^## (HS\d\d)\b/;
const FENCE = /^```(?:ndjson (.+))?$/;
/** `userId` and `userIdIncludingInactive` are numbers on the wire. */
const NUMBERED = /"(userId|userIdIncludingInactive)":"(\d+)"/g;

/** `contact:HS01-7` is 1001000007. @throws RangeError for anything else */
export function recordId(symbol: string): string {
  const id = resolved(symbol);
  if (/^\d+$/.test(id)) return id;
  throw new RangeError(`${symbol} is no id of hostile-hubspot.md; write kind:HSnn-N`);
}

/** A text with its symbols written out. @throws RangeError for a kind that the page does not name */
export function resolved(text: string): string {
  return text.replaceAll(SYMBOL, (symbol, kind: string, nn: string, number: string) => {
    const digits = KINDS[kind];
    if (digits === undefined) throw new RangeError(`${symbol}: the page names no kind ${kind}`);
    return digits + nn + number.padStart(6, "0");
  });
}

interface Block {
  /** "base", "step=1", "control=faults step=2", "api step=1 when=before-push" */
  readonly title: string;
  readonly lines: readonly string[];
}

/** Blocks by case; the base stands under "HS00". */
function readBlocks(): ReadonlyMap<string, readonly Block[]> {
  const text = readFileSync(new URL("../hostile-hubspot.md", import.meta.url), "utf8");
  const blocks = new Map<string, Block[]>();
  let heading = "HS00";
  let open: { title: string; lines: string[] } | undefined;
  for (const line of text.split("\n")) {
    heading = HEADING.exec(line)?.[1] ?? heading;
    const fence = FENCE.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (fence[1] === undefined) open = undefined;
    else {
      open = { title: fence[1], lines: [] };
      blocks.set(heading, [...(blocks.get(heading) ?? []), open]);
    }
  }
  return blocks;
}

const blocks = readBlocks();

const Row = z.record(z.string(), z.unknown());
type Row = z.infer<typeof Row>;
const Ranged = z.looseObject({ n: z.string().optional() });
const Api = z.object({ method: z.string(), path: z.string(), body: z.unknown().optional() });

/**
 * Everything of one step, in the page's order; with step 1 comes the base. `known` holds the ids of earlier steps, whose
 * rows are not filled in again, and is added to. `repeats` are ranges to load in place of the page's.
 */
export function stepOf(
  name: string,
  step: number,
  { known, repeats = {} }: { known: Set<string>; repeats?: Readonly<Record<string, string>> },
): CaseStep {
  const own = blocks.get(name) ?? [];
  const lines = (title: string): readonly string[] =>
    own.filter((block) => block.title === title).flatMap((block) => block.lines);
  const calls = (title: string): readonly ApiCall[] =>
    lines(title).map((line) => Api.parse(JSON.parse(resolved(line))));
  const base = step === 1 ? (blocks.get("HS00") ?? []).flatMap((block) => block.lines) : [];
  const control = own.flatMap(({ title, lines: bodies }) => {
    const path = /^control=(\S+) step=(\d+)$/.exec(title);
    if (path === null || Number(path[2]) !== step) return [];
    return bodies.map((line) => ({ path: path[1] ?? "", body: JSON.parse(resolved(line)) as unknown }));
  });
  return {
    rows: [...base, ...lines(`step=${step}`)]
      .flatMap((line) => repeated(line, repeats))
      .map((line) => filledIn(line, known)),
    control,
    api: calls(`api step=${step}`),
    beforePush: calls(`api step=${step} when=before-push`),
  };
}

/** `"n":"1..93"` gives 93 rows; `{n}` is the number, ` +60s*i` adds to an instant. */
function repeated(line: string, shorter: Readonly<Record<string, string>>): readonly Row[] {
  const { n } = Ranged.parse(JSON.parse(line));
  const [from = 1, to = 1] = (n === undefined ? "1..1" : (shorter[n] ?? n)).split("..").map(Number);
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const text = resolved(line.replaceAll("{n}", String(from + index)))
      .replaceAll(NUMBERED, '"$1":$2')
      .replaceAll(/"(\d{4}-[^" ]+) \+(\d+)s\*i"/g, (_all, instant: string, seconds: string) =>
        JSON.stringify(new Date(Date.parse(instant) + Number(seconds) * 1000 * index).toISOString()),
      );
    const { n: _range, ...row } = Row.parse(JSON.parse(text));
    return row;
  });
}

function filledIn(line: Row, known: Set<string>): PortalRow {
  const { "@": kind, ...given } = line;
  const type = String(kind);
  const id = String(given["id"]);
  if (known.has(id) || type === "owners" || type === "properties") return { type, row: given };
  known.add(id);
  const properties = Row.parse(given["properties"] ?? {});
  const createdAt = given["createdAt"] ?? properties["hs_timestamp"];
  return {
    type,
    row: {
      createdAt,
      updatedAt: createdAt,
      ...given,
      properties: { ...silent(type, id), ...properties },
    },
  };
}

/** What a row says that is silent about it, as the page has it. */
function silent(type: string, id: string): Row {
  const number = Number(id.slice(4));
  const owned = { hubspot_owner_id: recordId("owner:HS00-1") };
  switch (type) {
    case "contacts":
      return {
        email: `c${number}@hs${id.slice(2, 4)}.example`,
        hs_analytics_source: "PAID_SEARCH",
        lifecyclestage: "lead",
        ...owned,
      };
    case "leads":
      return {
        hs_lead_name: `Lead ${number}`,
        hs_pipeline: "lead-pipeline-id",
        hs_pipeline_stage: "new-stage-id",
        ...owned,
      };
    case "deals":
      return {
        dealname: `Deal ${number}`,
        pipeline: "default",
        dealstage: "appointmentscheduled",
        closedate: "2026-09-30T00:00:00Z",
        ...owned,
      };
    case "calls":
      return { hs_call_direction: "OUTBOUND", hs_call_status: "COMPLETED", ...owned };
    case "emails":
    case "meetings":
    case "tasks":
    case "communications":
      return owned;
    default:
      return {};
  }
}
