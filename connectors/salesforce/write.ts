import { z } from "zod";
import { RateLimitedError, TransientHttpError, WireShapeError } from "../../src/core/errors.ts";
import type { WriteOutcome, WriteReport, WriteRequest, WriteRow } from "../../src/core/ports.ts";
import { redact } from "../shared/redact.ts";
import type { BatchSizer } from "./batch-sizer.ts";
import { COMPOSITE_QUERIES, type Part, type PartAnswer, sendComposite } from "./composite.ts";
import type { Session } from "./session.ts";
import { isRetryableRowCode, refusal, vendorProblem } from "./vendor-error.ts";
import { harmlessWriteHeaders } from "./write-guard.ts";
import { writePurpose } from "./write-purpose.ts";

const Results = z.array(
  z.looseObject({
    id: z.string().nullish(),
    success: z.boolean(),
    created: z.boolean().optional(),
    errors: z.array(z.looseObject({ statusCode: z.string(), message: z.string().default("") })).default([]),
  }),
);

/** A row and its place in the request. */
interface Item {
  readonly position: number;
  readonly row: WriteRow;
}

/** Rows sent together: one transaction in the org. */
interface Batch {
  readonly items: readonly Item[];
  /** Times this batch failed in a way that may pass. */
  readonly failures: number;
  /** The batch that failed on the org's automation and of which this is a piece. */
  readonly family: Family | null;
}

/** What became of the pieces of a batch that failed whole on the org's automation. */
interface Family {
  /** The size in force when it failed. */
  readonly size: number;
  hasClean: boolean;
  /** A piece of one row failed too. */
  hasCulprit: boolean;
}

/** Refusals that mean the object or the user, not a row: halving the batch would find nothing. */
const objectCodes: ReadonlySet<string> = new Set([
  "INVALID_TYPE",
  "NOT_FOUND",
  "INSUFFICIENT_ACCESS",
  "INSUFFICIENT_ACCESS_OR_READONLY",
  "API_DISABLED_FOR_ORG",
  "REQUEST_LIMIT_EXCEEDED",
]);

const BATCH_TRIES = 3;

/** Codes of a row that say: the org's automation did not bear the whole transaction. */
const strainCodes: ReadonlySet<string> = new Set([
  "LIMIT_EXCEEDED",
  "APEX_CPU_LIMIT_EXCEEDED",
  "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
  // The same in a flow's words.
  "CANNOT_EXECUTE_FLOW_TRIGGER",
]);

export interface WriteContext {
  readonly session: Session;
  readonly sizer: BatchSizer;
}

/** One request under way. */
interface Writing extends WriteContext {
  readonly request: WriteRequest;
  readonly outcomes: (WriteOutcome | undefined)[];
  readonly families: Family[];
}

/**
 * Updates records by Id, or upserts them by an external id, five batches a metered call, each as large as the org's
 * automation bears (`BatchSizer`).
 *
 * One outcome a row, in input order. A batch that the org refuses whole is sent again in parts until the row that spoils
 * it stands alone. When the connection fails after some calls went through, the rows not sent say so (`isUnsent`) and
 * `interrupted` says why, so that what was written is never forgotten; when the first call fails, its error is thrown.
 * @throws RequestRefusedError when the object or the external id is unknown; the connection's errors
 * @see https://developer.salesforce.com/docs/platform/api-rest/guide/resources-composite-sobjects-collections-update.html
 */
export async function writeRows(context: WriteContext, request: WriteRequest): Promise<WriteReport> {
  const { session, sizer } = context;
  const writing: Writing = {
    ...context,
    request,
    outcomes: request.rows.map(() => undefined),
    families: [],
  };
  const items = request.rows.map((row, position) => ({ position, row }));
  let queue: readonly Batch[] = [{ items, failures: 0, family: null }];
  let calls = 0;
  let hasWritten = false;
  let answeredAt = new Date(0);
  let interrupted: Error | null = null;
  while (queue.some((batch) => batch.items.length > 0)) {
    const { batches, rest } = takeBatches(queue, sizer.size(request.object, request.batchSize));
    try {
      const answer = await sendComposite(
        session,
        batches.map((batch) => toPart(session.version, request, batch)),
        { step: `The write to ${request.object}`, purpose: writePurpose(request.object) },
      );
      calls += answer.calls;
      answeredAt = answer.date;
      // Every part is taken before the first refusal is thrown: what it wrote must not be forgotten.
      const taken = await Promise.all(
        batches.map(async (batch, index) => {
          const part = answer.parts[index];
          return part === undefined ? [] : takePart(writing, batch, part).catch(asError);
        }),
      );
      if (taken.some((each, index) => !(each instanceof Error) && (answer.parts[index]?.status ?? 0) < 300)) {
        hasWritten = true;
      }
      const failure = taken.find((each) => each instanceof Error);
      if (failure instanceof Error) throw failure;
      queue = [...taken.flatMap((each) => (each instanceof Error ? [] : each)), ...rest];
    } catch (error) {
      if (!hasWritten || !(error instanceof Error)) throw error;
      interrupted = error;
      markUnsent(writing, error);
      break;
    }
  }
  for (const { size, hasClean, hasCulprit } of writing.families) {
    if (hasClean && hasCulprit) sizer.restore(request.object, size);
  }
  return {
    calls,
    answeredAt,
    outcomes: writing.outcomes.map((outcome, index) => outcome ?? lost(request.rows[index]?.key ?? "")),
    ...(interrupted === null ? {} : { interrupted }),
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error("The batch was not taken", { cause: error });
}

/** The next call's worth of batches, none larger than `size`, and what is left. */
function takeBatches(
  queue: readonly Batch[],
  size: number,
): { readonly batches: readonly Batch[]; readonly rest: readonly Batch[] } {
  const batches: Batch[] = [];
  for (const [index, batch] of queue.entries()) {
    for (let start = 0; start < batch.items.length; start += size) {
      if (batches.length === COMPOSITE_QUERIES) {
        return { batches, rest: [{ ...batch, items: batch.items.slice(start) }, ...queue.slice(index + 1)] };
      }
      batches.push({ ...batch, items: batch.items.slice(start, start + size) });
    }
  }
  return { batches, rest: [] };
}

function toPart(version: string, request: WriteRequest, batch: Batch): Part {
  const byId = request.keyField === "Id";
  const path = byId ? "" : `/${request.object}/${request.keyField}`;
  return {
    method: "PATCH",
    url: `/services/data/v${version}/composite/sobjects${path}`,
    headers: harmlessWriteHeaders,
    body: {
      allOrNone: false,
      records: batch.items.map(({ row }) => ({
        attributes: { type: request.object },
        ...(byId ? { id: row.key } : { [request.keyField]: row.key }),
        ...row.fields,
      })),
    },
  };
}

/** Notes the batch's outcomes. @returns batches to send again, whole or in parts */
async function takePart(writing: Writing, batch: Batch, part: PartAnswer): Promise<readonly Batch[]> {
  if (part.status < 300) return takeResults(writing, batch, part);
  const { session, request, outcomes } = writing;
  const problem = vendorProblem(part.body);
  const error = refusal(part.status, part.body, {
    step: `The write to ${request.object}`,
    host: new URL(session.instanceUrl).host,
  });
  const isStrain = problem !== undefined && strainCodes.has(problem.code);
  const mayPass = !isStrain && (error instanceof TransientHttpError || error instanceof RateLimitedError);
  if (mayPass && batch.failures + 1 < BATCH_TRIES) {
    await session.pacing.sleep(500 * 2 ** batch.failures * (0.5 + session.pacing.random() / 2));
    return [{ ...batch, failures: batch.failures + 1 }];
  }
  if (problem !== undefined && objectCodes.has(problem.code)) throw error;
  if (isStrain) {
    const again = takeStrain(writing, batch, batch.items);
    if (again.length > 0) return again;
  } else if (batch.items.length > 1 && !mayPass) {
    return inParts({ ...batch, failures: 0 }, Math.ceil(batch.items.length / 2));
  }
  const code = problem?.code ?? `HTTP_${part.status}`;
  for (const { position, row } of batch.items) {
    outcomes[position] = {
      key: row.key,
      ok: false,
      code,
      message: problem?.words ?? error.message,
      retryable: mayPass || isRetryableRowCode(code),
    };
  }
  return [];
}

/** Notes what the org says of each row. @returns batches to send again, where its automation gave up on all of them */
function takeResults(writing: Writing, batch: Batch, part: PartAnswer): readonly Batch[] {
  const { request, sizer, outcomes } = writing;
  const rows = batch.items.length;
  const parsed = Results.safeParse(part.body);
  if (!parsed.success || parsed.data.length !== rows) {
    throw new WireShapeError(
      "salesforce",
      `The write to ${request.object}: ${rows} rows were sent, but the answer holds another number of results.`,
    );
  }
  const results = batch.items.map(({ position, row }, index) => {
    const result = parsed.data[index];
    if (request.keyField === "Id" && result?.success === true && !isSameId(result.id, row.key)) {
      throw new WireShapeError(
        "salesforce",
        `The write to ${request.object}: the answer for record ${row.key} names another record, so its rows are not told apart. They are sent again.`,
      );
    }
    return { position, row, outcome: toOutcome(row, result) };
  });
  const strained = results.filter(({ outcome }) => !outcome.ok && strainCodes.has(outcome.code));
  const isWhole = strained.length > 0 && results.every(({ outcome }) => !outcome.ok);
  const again = isWhole ? takeStrain(writing, batch, strained) : [];
  const isAgain = new Set(again.flatMap(({ items }) => items.map(({ position }) => position)));
  for (const { position, outcome } of results) if (!isAgain.has(position)) outcomes[position] = outcome;
  if (isWhole) return again;
  const isHeld = results.some(({ outcome }) => !outcome.ok && isStrainOfOneRow(outcome.code));
  if (isHeld) sizer.locked(request.object, rows);
  else sizer.clean(request.object, rows);
  if (batch.family !== null && !isHeld) batch.family.hasClean = true;
  return [];
}

function isStrainOfOneRow(code: string): boolean {
  return code === "UNABLE_TO_LOCK_ROW" || strainCodes.has(code);
}

/**
 * The org's automation failed the batch: nothing of it was saved, and it is sent again in halves or smaller. A row that
 * fails alone is at fault itself.
 */
function takeStrain(
  { request, sizer, families }: Writing,
  batch: Batch,
  items: readonly Item[],
): readonly Batch[] {
  const rows = batch.items.length;
  if (rows === 1) {
    if (batch.family !== null) batch.family.hasCulprit = true;
    return [];
  }
  let { family } = batch;
  if (family === null) {
    family = {
      size: sizer.size(request.object, request.batchSize),
      hasClean: false,
      hasCulprit: false,
    };
    families.push(family);
  }
  sizer.strained(request.object, rows);
  const again = items.map(({ position, row }) => ({ position, row }));
  return inParts({ items: again, failures: 0, family }, Math.ceil(rows / 2));
}

function inParts(batch: Batch, size: number): readonly Batch[] {
  const parts: Batch[] = [];
  for (let start = 0; start < batch.items.length; start += size) {
    parts.push({ ...batch, items: batch.items.slice(start, start + size) });
  }
  return parts;
}

/** An id of 15 characters and its form of 18 name one record. No id names none other. */
function isSameId(answered: string | null | undefined, sent: string): boolean {
  return answered == null || answered.slice(0, 15) === sent.slice(0, 15);
}

function toOutcome(row: WriteRow, result: z.infer<typeof Results>[number] | undefined): WriteOutcome {
  if (result?.success === true && typeof result.id === "string") {
    return { key: row.key, ok: true, id: result.id, created: result.created ?? false };
  }
  // An update answers with the id it was given; a success without one still names the record by its key.
  if (result?.success === true) return { key: row.key, ok: true, id: row.key, created: false };
  const first = result?.errors[0];
  const code = first?.statusCode ?? "NO_REASON_GIVEN";
  return {
    key: row.key,
    ok: false,
    code,
    message: redact(first?.message ?? ""),
    retryable: isRetryableRowCode(code),
  };
}

function markUnsent({ request, outcomes }: Writing, error: Error): void {
  const code = "code" in error && typeof error.code === "string" ? error.code : "NOT_SENT";
  for (const [index, row] of request.rows.entries()) {
    const { message } = error;
    outcomes[index] ??= { key: row.key, ok: false, code, message, retryable: true, isUnsent: true };
  }
}

function lost(key: string): WriteOutcome {
  return { key, ok: false, code: "NOT_SENT", message: "No outcome came for this row.", retryable: true };
}
