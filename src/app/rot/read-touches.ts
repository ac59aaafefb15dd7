import { z } from "zod";
import type { Connection, WireValue } from "../../core/ports.ts";
import type { Settings } from "../../core/settings.ts";
import { SECOND_MS } from "../../core/time.ts";
import type { Database } from "../../database/database.ts";
import { sql } from "../../database/sql.ts";
import type { Touch } from "./decide-flag.ts";
import { type People, readPeople } from "./people.ts";
import {
  ENGAGEMENT_PROPERTIES,
  ENGAGEMENTS,
  type EngagementType,
  judgeEngagement,
  type Verdict,
} from "./touch-rules.ts";

export interface TouchContext {
  readonly store: Database;
  readonly connection: Connection;
  readonly settings: Settings;
  /** The CRM's clock. */
  readonly now: Date;
}

/** A record of the unit of work, and whose touches are its own. */
export interface Unit {
  readonly key: string;
  /** A lead's contact; a call that hangs on it is a touch of the lead. */
  readonly contactId: string | null;
  readonly handedOffAt: Date | null;
  readonly handedOffTo: string | null;
}

/** What the CRM shows of a unit's touches since its handoff. */
export interface Found {
  readonly touches: readonly Touch[];
  /** Somewhere the CRM withholds whether there is a touch. */
  readonly isUnknown: boolean;
}

/** Ids of one call for associations. */
const MOST_IDS = 1_000;
/** Ids of one `read`. */
const MOST_RECORDS = 2_000;

type Judged = ReadonlyMap<string, Verdict>;

/**
 * The touches of these units as the CRM has them now, since each one's handoff: the engagements that hang on a unit or its
 * contact, read and judged one by one. A call that was linked a minute ago is among them, though no date of anything moved.
 * @param object `leads` or `contacts`
 */
export async function readTouches(
  context: TouchContext,
  object: "leads" | "contacts",
  units: readonly Unit[],
): Promise<ReadonlyMap<string, Found>> {
  const contacts = units.flatMap(({ contactId }) => (contactId === null ? [] : [contactId]));
  const own = await engagementsOn(
    context,
    object,
    units.map(({ key }) => key),
  );
  const theirs = await engagementsOn(context, "contacts", contacts);
  const hanging = units.map((unit) => ({
    unit,
    lists: [
      own.get(unit.key) ?? null,
      ...(unit.contactId === null ? [] : [theirs.get(unit.contactId) ?? null]),
    ],
  }));
  const judged = await judgeAll(
    context,
    hanging.flatMap(({ lists }) => lists.flatMap((list) => list ?? [])),
  );
  const people = await readPeople(context.store, context.settings);
  return new Map(
    hanging.map(({ unit, lists }) => [unit.key, foundFor(unit, lists, judged, people)] as const),
  );
}

/** `calls 17`. */
type Ref = string;

const refOf = (object: string, id: string): Ref => `${object} ${id}`;

/** Engagements by the record they hang on; null where the CRM does not say. */
async function engagementsOn(
  { connection }: TouchContext,
  object: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly Ref[] | null>> {
  const found = new Map<string, readonly Ref[] | null>();
  const distinct = [...new Set(ids)];
  for (let from = 0; from < distinct.length; from += MOST_IDS) {
    const some = distinct.slice(from, from + MOST_IDS);
    const report = await connection.associated?.({ object, ids: some, to: ENGAGEMENTS });
    for (const [index, id] of some.entries()) {
      const records = report?.records[index] ?? null;
      found.set(id, records?.map((record) => refOf(record.object, record.id)) ?? null);
    }
  }
  return found;
}

async function judgeAll(context: TouchContext, refs: readonly Ref[]): Promise<Judged> {
  const judged = new Map<Ref, Verdict>();
  for (const type of ENGAGEMENTS) {
    const ids = [...new Set(refs)].flatMap((ref) => {
      const [object, id] = ref.split(" ");
      return object === type && id !== undefined ? [id] : [];
    });
    for (let from = 0; from < ids.length; from += MOST_RECORDS) {
      await judgeSome(context, type, ids.slice(from, from + MOST_RECORDS), judged);
    }
  }
  return judged;
}

async function judgeSome(
  context: TouchContext,
  type: EngagementType,
  ids: readonly string[],
  judged: Map<Ref, Verdict>,
): Promise<void> {
  const { fields, subject } = ENGAGEMENT_PROPERTIES[type];
  const { records } = await context.connection.read({
    object: type,
    ids,
    fields: subject === null ? fields : [...fields, subject],
  });
  const patterns = await matchSubjects(context, records, subject);
  const rules = {
    // HTTP dates have no fractions of a second: what was logged within this one is no future.
    now: new Date(context.now.getTime() + SECOND_MS),
    taskTypes: context.settings.touch.taskTypes.map((each) => each.toLowerCase()),
  };
  for (const [index, values] of records.entries()) {
    const id = ids[index];
    if (values === null || id === undefined) continue;
    const matched = patterns.get(index) ?? { isAutomated: false, isCancelled: false };
    judged.set(refOf(type, id), judgeEngagement({ type, values, ...matched }, rules));
  }
}

const Matched = z.object({ place: z.number(), is_automated: z.boolean(), is_cancelled: z.boolean() });

/** The patterns are the store's regular expressions: the same that mark subjects when they are pulled. Nothing is kept. */
async function matchSubjects(
  { store, settings }: TouchContext,
  records: readonly (Readonly<Record<string, WireValue>> | null)[],
  subject: string | null,
): Promise<ReadonlyMap<number, { readonly isAutomated: boolean; readonly isCancelled: boolean }>> {
  if (subject === null) return new Map();
  const texts = records.map((record) => String(record?.[subject] ?? ""));
  if (texts.every((text) => text === "")) return new Map();
  const { automatedSubjects, cancelledSubjects } = settings.touch;
  const rows = await store.any(
    Matched,
    sql`select
            (subject.place - 1)::integer as place,
            subject.text ~* any(${[...automatedSubjects]}::text[]) as is_automated,
            subject.text ~* any(${[...cancelledSubjects]}::text[]) as is_cancelled
        from unnest(${texts}::text[]) with ordinality as subject (text, place)`,
  );
  return new Map(
    rows.map((row) => [row.place, { isAutomated: row.is_automated, isCancelled: row.is_cancelled }]),
  );
}

function foundFor(
  unit: Unit,
  lists: readonly (readonly Ref[] | null)[],
  judged: Judged,
  people: People,
): Found {
  const verdicts = [...new Set(lists.flatMap((list) => list ?? []))].flatMap((ref) => judged.get(ref) ?? []);
  const touches = verdicts.flatMap((verdict) => {
    if (verdict.counts !== "yes") return [];
    if (unit.handedOffAt !== null && verdict.at < unit.handedOffAt) return [];
    return people.counts(verdict, unit.handedOffTo) ? [{ at: verdict.at }] : [];
  });
  const isUnknown =
    lists.some((list) => list === null) || verdicts.some(({ counts }) => counts === "unknown");
  return { touches, isUnknown };
}
