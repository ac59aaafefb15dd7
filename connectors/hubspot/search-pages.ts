import { z } from "zod";
import { TransientHttpError, WireShapeError } from "../../src/core/errors.ts";
import { MINUTE_MS } from "../../src/core/time.ts";
import type { SearchFilter } from "./api-requests.ts";
import { batchRead } from "./batch-read.ts";
import { type HubspotRecord, readSearch } from "./record-page.ts";
import { isEngagement, type RecordType } from "./record-types.ts";
import type { Session } from "./session.ts";

/** Records that were found together. */
export interface RecordPage {
  readonly records: readonly HubspotRecord[];
  /** The portal's clock at the answer. */
  readonly date: Date;
  readonly calls: number;
  /** The last record's id where there is more. */
  readonly next: string | null;
}

export interface SearchWanted {
  readonly type: RecordType;
  readonly properties: readonly string[];
  /** Groups of filters of which a record must pass one; none: every record. */
  readonly windows: readonly (readonly SearchFilter[])[];
  /** Only records with a greater id. */
  readonly after: string;
}

export const FIRST_ID = "0";
const SEARCH_LIMIT = 200;
/** A short page that says there is more is asked for again this often. */
const TRIES = 3;

/**
 * One page of at most 200 records, in the order of their ids, all of them behind `after`.
 *
 * Each page is a query of its own with the last id as its lower bound, so that none comes near the 10,000 results at
 * which a search ends, however many records share one instant. Records that change meanwhile move neither before nor
 * behind another.
 * @throws WireShapeError when the ids do not ascend, since going on behind the last would then lose records;
 *   TransientHttpError when a page is shorter than its total again and again
 */
export async function searchPage(session: Session, wanted: SearchWanted): Promise<RecordPage> {
  const { type, properties, windows, after } = wanted;
  const behind: SearchFilter = { propertyName: "hs_object_id", operator: "GT", value: after };
  const step = `The search for ${type}`;
  const request = await session.requests.search(type, {
    filterGroups: (windows.length === 0 ? [[]] : windows).map((filters) => [...filters, behind]),
    properties: properties.length === 0 ? ["hs_object_id"] : properties,
    limit: SEARCH_LIMIT,
  });
  let calls = 0;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await session.call({ request, step, bucket: "search" });
    calls += answer.calls;
    const { total, results } = readSearch(answer.body, step);
    assertAscending(results, after, step);
    if (results.length > SEARCH_LIMIT) {
      throw new WireShapeError(
        "hubspot",
        `${step}: ${results.length} records came where ${SEARCH_LIMIT} were asked for.`,
      );
    }
    const isShort = results.length < SEARCH_LIMIT && total > results.length;
    if (!isShort) {
      const last = results.at(-1);
      const goesOn = last !== undefined && results.length === SEARCH_LIMIT && total > results.length;
      return { records: results, date: answer.date, calls, next: goesOn ? last.id : null };
    }
    if (attempt >= TRIES) {
      throw new TransientHttpError(
        "hubspot",
        `${step}: the answer says ${total} records, but ${results.length} came, ${TRIES} times. Nothing of it was kept; it is tried again.`,
        answer.status,
      );
    }
  }
}

function assertAscending(records: readonly HubspotRecord[], after: string, step: string): void {
  let before = BigInt(after);
  for (const { id } of records) {
    const now = BigInt(id);
    if (now <= before) {
      throw new WireShapeError(
        "hubspot",
        `${step}: record ${id} came behind ${before}, though the order of ids was asked for. Nothing of the page was kept.`,
      );
    }
    before = now;
  }
}

/** Ages at which an engagement is read again, minutes: a later association moves none of its dates. */
const AGAIN_AT_MINUTES = [5, 15, 60, 1_440];

/**
 * What a delta searches for: records changed since then and, of engagements, those that came to an age since the last
 * pull at which they are read again. Five groups of three filters at most, which every search bears.
 * @param since null: every record
 * @param overlapMinutes what was taken off the last pull's instant to get `since`
 * @param now the portal's clock, as far as it is known
 */
export function searchWindows(
  type: RecordType,
  options: {
    readonly cursor: string;
    readonly since: Date | null;
    readonly overlapMinutes: number;
    readonly now: Date;
  },
): readonly (readonly SearchFilter[])[] {
  const { cursor, since, overlapMinutes, now } = options;
  if (since === null) return [];
  const changed: SearchFilter = {
    propertyName: cursor,
    operator: "GTE",
    value: String(since.getTime()),
  };
  if (!isEngagement(type)) return [[changed]];
  const lastPull = since.getTime() + overlapMinutes * MINUTE_MS;
  // A minute more on both sides: clocks are read before and after the request.
  return [
    [changed],
    ...AGAIN_AT_MINUTES.map((minutes): readonly SearchFilter[] => [
      {
        propertyName: "hs_createdate",
        operator: "BETWEEN",
        value: String(lastPull - (minutes + 1) * MINUTE_MS),
        highValue: String(now.getTime() - (minutes - 1) * MINUTE_MS),
      },
    ]),
  ];
}

/** Records by their ids instead of by a search, in the order given; those that are gone are left out. */
export async function idPage(
  session: Session,
  wanted: {
    readonly type: RecordType;
    readonly ids: readonly string[];
    readonly properties: readonly string[];
  },
): Promise<RecordPage> {
  const ids = z.array(z.string().regex(/^\d+$/)).parse(wanted.ids);
  const answer = await batchRead(session, wanted.type, ids, { properties: wanted.properties, history: [] });
  return { ...answer, next: null };
}
