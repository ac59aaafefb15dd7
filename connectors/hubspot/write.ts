import { RequestRefusedError } from "../../src/core/errors.ts";
import type { WireValue, WriteOutcome, WriteReport, WriteRequest, WriteRow } from "../../src/core/ports.ts";
import type { ApiRequest } from "./api-requests.ts";
import { chunked } from "./batch-read.ts";
import { addressOf, batchSizeOf, CAMPAIGNS, writePurpose } from "./object-address.ts";
import { readRows } from "./read-records.ts";
import type { CallAnswer, Session } from "./session.ts";
import {
  PROPERTY_IS_MISSING,
  type RowProblem,
  type RowResult,
  readRefusal,
  readWritten,
} from "./write-answer.ts";

/** `WriteRequest.keyField` of records that exist: their own id. */
const RECORD_ID = "hs_object_id";

/** A row and its place in the request. */
interface Item {
  readonly position: number;
  readonly row: WriteRow;
}

interface Writing {
  readonly session: Session;
  readonly request: WriteRequest;
  /** As addresses name the object. */
  readonly type: string;
  readonly portalId: string;
  readonly outcomes: (WriteOutcome | undefined)[];
  calls: number;
  answeredAt: Date;
  hasWritten: boolean;
}

/** Batches that are under way at one time; the session bounds it over all pieces of work. */
const AT_ONCE = 4;

/** Said of an id that HubSpot leaves out of its answer without a word, and does not know when asked for it. */
const MERGED = "MERGED";

/** Categories of a row's refusal that pass by themselves: a race for a unique value, a limit, a fault of theirs. */
const RETRYABLE: ReadonlySet<string> = new Set([
  "CONFLICT",
  "RATE_LIMITS",
  "INTERNAL_ERROR",
  "NOT_CONFIRMED",
]);

/**
 * Updates records by id, or upserts records of our own objects by a unique property, 100 a metered call (campaigns: 50).
 *
 * One outcome a row, in input order. A batch that HubSpot refuses whole is halved until the row that spoils it stands
 * alone; of a 207 each row gets what is said of it. Updates and upserts may be repeated, so what broke on the way is sent
 * again. An id that is missing from the answer was merged away when a read does not find it either. When the connection
 * fails after some calls went through, the rows not sent say so (`isUnsent`) and `interrupted` says why; when the first
 * fails, its error is thrown.
 * @throws RequestRefusedError code WRITE_GUARD for anybody else's object or property; the connection's errors
 * @see https://developers.hubspot.com/docs/guides/crm/using-object-apis
 */
export async function writeRows(
  session: Session,
  portalId: string,
  request: WriteRequest,
): Promise<WriteReport> {
  const writing: Writing = {
    session,
    request,
    type: addressOf(request.object, portalId),
    portalId,
    outcomes: request.rows.map(() => undefined),
    calls: 0,
    answeredAt: new Date(0),
    hasWritten: false,
  };
  let interrupted: Error | null = null;
  for (const batches of rounds(request)) {
    const done = await Promise.allSettled(batches.map((batch) => sendBatch(writing, batch)));
    const failure = done.find((each) => each.status === "rejected");
    if (failure === undefined) continue;
    const reason: unknown = failure.reason;
    if (!writing.hasWritten || !(reason instanceof Error)) throw reason;
    interrupted = reason;
    markUnsent(writing, reason);
    break;
  }
  return {
    calls: writing.calls,
    answeredAt: writing.answeredAt,
    outcomes: writing.outcomes.map(
      (outcome, index) => outcome ?? unconfirmed(request.rows[index]?.key ?? ""),
    ),
    ...(interrupted === null ? {} : { interrupted }),
  };
}

/** Batches to send at one time, in turn. HubSpot refuses a batch that names a record twice: the second waits for the first. */
function* rounds(request: WriteRequest): Generator<readonly (readonly Item[])[]> {
  const seen = new Map<string, number>();
  const waves: Item[][] = [];
  for (const [position, row] of request.rows.entries()) {
    const wave = seen.get(row.key) ?? 0;
    seen.set(row.key, wave + 1);
    waves[wave] ??= [];
    waves[wave].push({ position, row });
  }
  for (const wave of waves) yield* chunked(chunked(wave, batchSizeOf(request.object)), AT_ONCE);
}

async function sendBatch(writing: Writing, items: readonly Item[]): Promise<void> {
  const { session, request } = writing;
  const step = `The write to ${request.object}`;
  const answer = await session.call({
    request: await requestOf(writing, items),
    step,
    bucket: "plain",
    purpose: writePurpose(request.object),
    mayBePartial: true,
    mayBeRefused: true,
  });
  noteCall(writing, answer);
  if (answer.status >= 400) return takeRefusal(writing, items, readRefusal(answer.body, answer.status));
  const { results, problems } = readWritten(answer.body, step);
  const open = takeResults(writing, items, results);
  const named = takeProblems(writing, open, problems);
  const unnamed = problems.find(({ names }) => names.size === 0);
  if (named.length === 0) return;
  if (unnamed !== undefined) return takeRefusal(writing, named, unnamed);
  await takeSilent(writing, named);
}

function noteCall(writing: Writing, answer: CallAnswer): void {
  writing.calls += answer.calls;
  if (answer.date > writing.answeredAt) writing.answeredAt = answer.date;
}

async function requestOf({ session, request, type }: Writing, items: readonly Item[]): Promise<ApiRequest> {
  const isById = request.keyField === RECORD_ID || request.object === CAMPAIGNS;
  const inputs = items.map(({ row }) => ({
    id: row.key,
    objectWriteTraceId: row.key,
    properties: {
      ...Object.fromEntries(
        Object.entries(row.fields).map(([name, value]) => [name, textOf(value)] as const),
      ),
      // By it the result is known again, wherever in the answer it stands.
      ...(isById ? {} : { [request.keyField]: row.key }),
    },
  }));
  const { requests } = session;
  if (request.object === CAMPAIGNS) {
    return requests.updateCampaigns(inputs.map(({ id, properties }) => ({ id, properties })));
  }
  return isById ? requests.batchUpdate(type, inputs) : requests.batchUpsert(type, request.keyField, inputs);
}

/** Values go out as texts; the empty one clears. */
function textOf(value: WireValue): string {
  return value === null ? "" : String(value);
}

/** Notes the rows that were written. @returns those of which the results say nothing */
function takeResults(
  writing: Writing,
  items: readonly Item[],
  results: readonly RowResult[],
): readonly Item[] {
  const { request } = writing;
  const isById = request.keyField === RECORD_ID || request.object === CAMPAIGNS;
  const byKey = new Map(
    results.map((result) => [
      isById ? result.id : (result.properties[request.keyField] ?? result.traceId ?? ""),
      result,
    ]),
  );
  return items.filter(({ position, row }) => {
    const result = byKey.get(row.key);
    if (result === undefined) return true;
    writing.hasWritten = true;
    writing.outcomes[position] = { key: row.key, ok: true, id: result.id, created: result.isNew };
    return false;
  });
}

/** Notes the rows that a problem names. @returns those that none names */
function takeProblems(
  writing: Writing,
  items: readonly Item[],
  problems: readonly RowProblem[],
): readonly Item[] {
  return items.filter((item) => {
    const problem = problems.find(({ names }) => names.has(item.row.key));
    if (problem === undefined) return true;
    refuseRow(writing, item, problem);
    return false;
  });
}

/** A batch that was refused whole, or rows of one of which nothing else is said: in halves, until one row is left. */
async function takeRefusal(writing: Writing, items: readonly Item[], problem: RowProblem): Promise<void> {
  const [first] = items;
  if (first === undefined) return;
  if (problem.code === PROPERTY_IS_MISSING && problem.missingProperties.length > 0) {
    // Every row that has it is refused alike: there is no one row to find.
    const lacks = ({ row }: Item): boolean => problem.missingProperties.some((name) => name in row.fields);
    for (const item of items.filter(lacks)) refuseRow(writing, item, problem);
    const rest = items.filter((item) => !lacks(item));
    if (rest.length === items.length) throw undivided(writing.request, problem);
    if (rest.length > 0) await sendBatch(writing, rest);
    return;
  }
  if (items.length === 1) {
    refuseRow(writing, first, problem);
    return;
  }
  for (const part of chunked(items, Math.ceil(items.length / 2))) await sendBatch(writing, part);
}

/** Rows that HubSpot passed over: sent once more alone where the record is there, else merged away. */
async function takeSilent(writing: Writing, items: readonly Item[]): Promise<void> {
  const { session, portalId, request } = writing;
  if (request.keyField !== RECORD_ID) {
    for (const item of items) await sendAlone(writing, item);
    return;
  }
  const { object } = request;
  const ids = items.map(({ row }) => row.key);
  const { records, calls } = await readRows(session, portalId, { object, ids, fields: [RECORD_ID] });
  writing.calls += calls;
  for (const [index, item] of items.entries()) {
    if (records[index] != null) await sendAlone(writing, item);
    else {
      const message =
        `HubSpot left record ${item.row.key} out of its answer and does not find it: ` +
        "it was merged into another, which the next pull brings";
      refuseRow(writing, item, { code: MERGED, message });
    }
  }
}

async function sendAlone(writing: Writing, item: Item): Promise<void> {
  const step = `The write to ${writing.request.object}`;
  const answer = await writing.session.call({
    request: await requestOf(writing, [item]),
    step,
    bucket: "plain",
    purpose: writePurpose(writing.request.object),
    mayBePartial: true,
    mayBeRefused: true,
  });
  noteCall(writing, answer);
  if (answer.status >= 400) return refuseRow(writing, item, readRefusal(answer.body, answer.status));
  const { results, problems } = readWritten(answer.body, step);
  if (takeResults(writing, [item], results).length === 0) return;
  const [problem] = problems;
  if (problem === undefined) writing.outcomes[item.position] = unconfirmed(item.row.key);
  else refuseRow(writing, item, problem);
}

function refuseRow(
  writing: Writing,
  { position, row }: Item,
  { code, message }: Pick<RowProblem, "code" | "message">,
): void {
  // The portal answered and took its decision: what is sent after it must not be lost with an error.
  writing.hasWritten = true;
  writing.outcomes[position] = { key: row.key, ok: false, code, message, retryable: RETRYABLE.has(code) };
}

function undivided(request: WriteRequest, { code, message }: RowProblem): RequestRefusedError {
  return new RequestRefusedError(
    "hubspot",
    `The write to ${request.object} was refused (${code}: ${message}). Run \`ripeline apply\`, then sync again.`,
    400,
    code,
  );
}

function markUnsent({ request, outcomes }: Writing, error: Error): void {
  const code = "code" in error && typeof error.code === "string" ? error.code : "NOT_SENT";
  for (const [index, row] of request.rows.entries()) {
    const { message } = error;
    outcomes[index] ??= { key: row.key, ok: false, code, message, retryable: true, isUnsent: true };
  }
}

function unconfirmed(key: string): WriteOutcome {
  const message = "HubSpot's answer says nothing of this row.";
  return { key, ok: false, code: "NOT_CONFIRMED", message, retryable: true };
}
