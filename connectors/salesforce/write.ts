import { z } from "zod";
import { RateLimitedError, TransientHttpError, WireShapeError } from "../../src/core/errors.ts";
import type { WriteOutcome, WriteReport, WriteRequest, WriteRow } from "../../src/core/ports.ts";
import { redact } from "../shared/redact.ts";
import { COMPOSITE_QUERIES, type Part, type PartAnswer, sendComposite } from "./composite.ts";
import type { Session } from "./session.ts";
import { isRetryableRowCode, refusal, vendorProblem } from "./vendor-error.ts";
import { harmlessWriteHeaders } from "./write-guard.ts";
import { writePurpose } from "./write-purpose.ts";

/** Rows that one collection takes. */
export const MAX_BATCH = 200;

const Results = z.array(
  z.looseObject({
    id: z.string().nullish(),
    success: z.boolean(),
    created: z.boolean().optional(),
    errors: z.array(z.looseObject({ statusCode: z.string(), message: z.string().default("") })).default([]),
  }),
);

/** Rows sent together: one transaction in the org. */
interface Batch {
  /** Position of the first row in the request. */
  readonly start: number;
  readonly rows: readonly WriteRow[];
  /** Times this batch failed in a way that may pass. */
  readonly failures: number;
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

/**
 * Updates records by Id, or upserts them by an external id, five batches a metered call.
 *
 * One outcome a row, in input order. A batch that the org refuses whole is halved until the row that spoils it stands
 * alone. When the connection fails after some calls went through, the rows not sent come back as retryable outcomes,
 * so that what was written is never forgotten; when the first call fails, its error is thrown.
 * @throws RequestRefusedError when the object or the external id is unknown; the connection's errors
 * @see https://developer.salesforce.com/docs/platform/api-rest/guide/resources-composite-sobjects-collections-update.html
 */
export async function writeRows(session: Session, request: WriteRequest): Promise<WriteReport> {
  const size = Math.max(1, Math.min(MAX_BATCH, request.batchSize));
  const outcomes: (WriteOutcome | undefined)[] = request.rows.map(() => undefined);
  let queue: Batch[] = [];
  for (let start = 0; start < request.rows.length; start += size) {
    queue.push({ start, rows: request.rows.slice(start, start + size), failures: 0 });
  }
  let calls = 0;
  let hasWritten = false;
  let answeredAt = new Date(0);
  while (queue.length > 0) {
    const batches = queue.splice(0, COMPOSITE_QUERIES);
    try {
      const answer = await sendComposite(
        session,
        batches.map((batch) => toPart(session.version, request, batch)),
        { step: `The write to ${request.object}`, purpose: writePurpose(request.object) },
      );
      calls += answer.calls;
      answeredAt = answer.date;
      const again: Batch[] = [];
      for (const [index, batch] of batches.entries()) {
        const part = answer.parts[index];
        if (part === undefined) continue;
        again.push(...(await takePart(session, request, batch, part, outcomes)));
        if (part.status < 300) hasWritten = true;
      }
      queue = [...again, ...queue];
    } catch (error) {
      if (!hasWritten || !(error instanceof Error)) throw error;
      markUnsent(request, outcomes, error);
      break;
    }
  }
  return {
    calls,
    answeredAt,
    outcomes: outcomes.map((outcome, index) => outcome ?? lost(request.rows[index]?.key ?? "")),
  };
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
      records: batch.rows.map((row) => ({
        attributes: { type: request.object },
        ...(byId ? { id: row.key } : { [request.keyField]: row.key }),
        ...row.fields,
      })),
    },
  };
}

/** Notes the batch's outcomes. @returns batches to send again, whole or in halves */
async function takePart(
  session: Session,
  request: WriteRequest,
  batch: Batch,
  part: PartAnswer,
  outcomes: (WriteOutcome | undefined)[],
): Promise<readonly Batch[]> {
  if (part.status < 300) {
    const results = Results.safeParse(part.body);
    if (!results.success || results.data.length !== batch.rows.length) {
      throw new WireShapeError(
        "salesforce",
        `The write to ${request.object}: ${batch.rows.length} rows were sent, but the answer holds another number of results.`,
      );
    }
    for (const [index, row] of batch.rows.entries()) {
      const result = results.data[index];
      if (request.keyField === "Id" && result?.success === true && !isSameId(result.id, row.key)) {
        throw new WireShapeError(
          "salesforce",
          `The write to ${request.object}: the answer for record ${row.key} names another record, so its rows are not told apart. They are sent again.`,
        );
      }
      outcomes[batch.start + index] = toOutcome(row, result);
    }
    return [];
  }
  const problem = vendorProblem(part.body);
  const error = refusal(part.status, part.body, {
    step: `The write to ${request.object}`,
    host: new URL(session.instanceUrl).host,
  });
  const mayPass = error instanceof TransientHttpError || error instanceof RateLimitedError;
  if (mayPass && batch.failures + 1 < BATCH_TRIES) {
    await session.pacing.sleep(500 * 2 ** batch.failures * (0.5 + session.pacing.random() / 2));
    return [{ ...batch, failures: batch.failures + 1 }];
  }
  if (problem !== undefined && objectCodes.has(problem.code)) throw error;
  if (batch.rows.length > 1 && !mayPass) {
    const half = Math.ceil(batch.rows.length / 2);
    return [
      { start: batch.start, rows: batch.rows.slice(0, half), failures: 0 },
      { start: batch.start + half, rows: batch.rows.slice(half), failures: 0 },
    ];
  }
  const code = problem?.code ?? `HTTP_${part.status}`;
  for (const [index, row] of batch.rows.entries()) {
    outcomes[batch.start + index] = {
      key: row.key,
      ok: false,
      code,
      message: problem?.words ?? error.message,
      retryable: mayPass || isRetryableRowCode(code),
    };
  }
  return [];
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

function markUnsent(request: WriteRequest, outcomes: (WriteOutcome | undefined)[], error: Error): void {
  const code = "code" in error && typeof error.code === "string" ? error.code : "NOT_SENT";
  for (const [index, row] of request.rows.entries()) {
    outcomes[index] ??= { key: row.key, ok: false, code, message: error.message, retryable: true };
  }
}

function lost(key: string): WriteOutcome {
  return { key, ok: false, code: "NOT_SENT", message: "No outcome came for this row.", retryable: true };
}
