import { z } from "zod";
import {
  RateLimitedError,
  RequestRefusedError,
  TransientHttpError,
  WireShapeError,
} from "../../src/core/errors.ts";
import type { RemoveOutcome, RemoveReport, RemoveRequest } from "../../src/core/ports.ts";
import { redact } from "../shared/redact.ts";
import { MAX_BATCH } from "./batch-sizer.ts";
import { COMPOSITE_QUERIES, type Part, type PartAnswer, sendComposite } from "./composite.ts";
import type { Session } from "./session.ts";
import { isRetryableRowCode, refusal } from "./vendor-error.ts";
import { harmlessWriteHeaders, isRecordOfCustomObject } from "./write-guard.ts";

const Results = z.array(
  z.looseObject({
    success: z.boolean(),
    errors: z.array(z.looseObject({ statusCode: z.string(), message: z.string().default("") })).default([]),
  }),
);

/** The record is not there any more: what we wanted. */
const GONE: ReadonlySet<string> = new Set(["ENTITY_IS_DELETED", "NOT_FOUND"]);

const BATCH_TRIES = 3;

interface Batch {
  /** Position of the first id in the request. */
  readonly start: number;
  readonly ids: readonly string[];
  readonly failures: number;
}

/**
 * Deletes records of our own objects, 200 a collection and five collections a metered call.
 *
 * One outcome an id, in input order; a record that is gone already counts as deleted. When the connection fails after
 * some calls went through, the ids not sent come back as retryable outcomes; when the first call fails, its error is
 * thrown. Deleted records lie in the org's recycle bin for 15 days.
 * @throws RequestRefusedError code REMOVE_GUARD for an object that is not ours, or an id that cannot be of one
 * @see https://developer.salesforce.com/docs/platform/api-rest/guide/resources-composite-sobjects-collections-delete.html
 */
export async function removeRows(session: Session, request: RemoveRequest): Promise<RemoveReport> {
  assertOurRecords(request);
  const outcomes: (RemoveOutcome | undefined)[] = request.ids.map(() => undefined);
  let queue: Batch[] = [];
  for (let start = 0; start < request.ids.length; start += MAX_BATCH) {
    queue.push({ start, ids: request.ids.slice(start, start + MAX_BATCH), failures: 0 });
  }
  let calls = 0;
  while (queue.length > 0) {
    const batches = queue.splice(0, COMPOSITE_QUERIES);
    try {
      const answer = await sendComposite(
        session,
        batches.map((batch) => toPart(session.version, batch)),
        { step: stepOf(request), purpose: "write" },
      );
      calls += answer.calls;
      const again: Batch[] = [];
      for (const [index, batch] of batches.entries()) {
        const part = answer.parts[index];
        if (part !== undefined) again.push(...(await takePart(session, request, batch, part, outcomes)));
      }
      queue = [...again, ...queue];
    } catch (error) {
      if (!outcomes.some((outcome) => outcome !== undefined) || !(error instanceof Error)) throw error;
      const code = "code" in error && typeof error.code === "string" ? error.code : "NOT_SENT";
      for (const [index, id] of request.ids.entries()) {
        outcomes[index] ??= { id, ok: false, code, message: error.message, retryable: true };
      }
      break;
    }
  }
  return {
    calls,
    outcomes: request.ids.map((id, index) => {
      const message = "No outcome came for this record.";
      return outcomes[index] ?? { id, ok: false, code: "NOT_SENT", message, retryable: true };
    }),
  };
}

function stepOf({ object }: RemoveRequest): string {
  return `The removal from ${object}`;
}

function assertOurRecords({ object, ids }: RemoveRequest): void {
  const prefix = ids[0]?.slice(0, 3);
  const foreign = ids.find((id) => !isRecordOfCustomObject(id) || id.slice(0, 3) !== prefix);
  if (object.startsWith("Ripeline_") && foreign === undefined) return;
  throw new RequestRefusedError(
    "salesforce",
    object.startsWith("Ripeline_")
      ? `Not sent: ${foreign} is no record of ${object}, and nothing else may be deleted. This is a fault of ripeline: report it.`
      : `Not sent: only records of Ripeline_ objects may be deleted, never of ${object}. This is a fault of ripeline: report it.`,
    0,
    "REMOVE_GUARD",
  );
}

function toPart(version: string, batch: Batch): Part {
  return {
    method: "DELETE",
    url: `/services/data/v${version}/composite/sobjects?ids=${batch.ids.join(",")}&allOrNone=false`,
    headers: harmlessWriteHeaders,
  };
}

/** Notes the batch's outcomes. @returns the batch, where it is worth sending again */
async function takePart(
  session: Session,
  request: RemoveRequest,
  batch: Batch,
  part: PartAnswer,
  outcomes: (RemoveOutcome | undefined)[],
): Promise<readonly Batch[]> {
  if (part.status < 300) {
    const results = Results.safeParse(part.body);
    if (!results.success || results.data.length !== batch.ids.length) {
      throw new WireShapeError(
        "salesforce",
        `${stepOf(request)}: ${batch.ids.length} ids were sent, but the answer holds another number of results.`,
      );
    }
    for (const [index, id] of batch.ids.entries()) {
      outcomes[batch.start + index] = toOutcome(id, results.data[index]);
    }
    return [];
  }
  const error = refusal(part.status, part.body, {
    step: stepOf(request),
    host: new URL(session.instanceUrl).host,
  });
  const mayPass = error instanceof TransientHttpError || error instanceof RateLimitedError;
  // Nothing in the request differs by record but well-formed ids: a whole batch refused for good means object or user.
  if (!mayPass) throw error;
  if (batch.failures + 1 < BATCH_TRIES) {
    await session.pacing.sleep(500 * 2 ** batch.failures * (0.5 + session.pacing.random() / 2));
    return [{ ...batch, failures: batch.failures + 1 }];
  }
  for (const [index, id] of batch.ids.entries()) {
    const { code, message } = error;
    outcomes[batch.start + index] = { id, ok: false, code, message, retryable: true };
  }
  return [];
}

function toOutcome(id: string, result: z.infer<typeof Results>[number] | undefined): RemoveOutcome {
  if (result?.success === true) return { id, ok: true, isGone: false };
  const first = result?.errors[0];
  const code = first?.statusCode ?? "NO_REASON_GIVEN";
  if (GONE.has(code)) return { id, ok: true, isGone: true };
  return {
    id,
    ok: false,
    code,
    message: redact(first?.message ?? ""),
    retryable: isRetryableRowCode(code),
  };
}
