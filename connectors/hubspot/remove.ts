import { RequestRefusedError } from "../../src/core/errors.ts";
import type { RemoveOutcome, RemoveReport, RemoveRequest } from "../../src/core/ports.ts";
import { chunked } from "./batch-read.ts";
import { addressOf, batchSizeOf } from "./object-address.ts";
import type { Session } from "./session.ts";
import { readRefusal } from "./write-answer.ts";
import { isOurObject } from "./write-guard.ts";

/**
 * Archives records of our own objects, 100 a metered call; they lie in the recycle bin for 90 days.
 *
 * One outcome an id, in input order; HubSpot does not tell an id that is gone from one that it archived. When the
 * connection fails after some calls went through, the ids not sent come back as retryable outcomes; when the first call
 * fails, its error is thrown.
 * @throws RequestRefusedError code REMOVE_GUARD for an object that is not ours
 */
export async function removeRows(
  session: Session,
  portalId: string,
  { object, ids }: RemoveRequest,
): Promise<RemoveReport> {
  if (!isOurObject(object)) {
    throw new RequestRefusedError(
      "hubspot",
      `Not sent: only records of ripeline_ objects may be deleted, never of ${object}. This is a fault of ripeline: report it.`,
      0,
      "REMOVE_GUARD",
    );
  }
  const outcomes: RemoveOutcome[] = [];
  let calls = 0;
  for (const some of chunked([...new Set(ids)], batchSizeOf(object))) {
    try {
      const answer = await session.call({
        request: await session.requests.batchArchive(addressOf(object, portalId), some),
        step: `The removal from ${object}`,
        bucket: "plain",
        purpose: "write",
        mayBeRefused: true,
      });
      calls += answer.calls;
      outcomes.push(...some.map((id) => toOutcome(id, answer)));
    } catch (error) {
      if (outcomes.length === 0 || !(error instanceof Error)) throw error;
      const code = "code" in error && typeof error.code === "string" ? error.code : "NOT_SENT";
      const known = new Set(outcomes.map(({ id }) => id));
      for (const id of ids.filter((each) => !known.has(each))) {
        outcomes.push({ id, ok: false, code, message: error.message, retryable: true });
      }
      break;
    }
  }
  const byId = new Map(outcomes.map((outcome) => [outcome.id, outcome]));
  return {
    calls,
    outcomes: ids.map(
      (id) =>
        byId.get(id) ?? {
          id,
          ok: false,
          code: "NOT_SENT",
          message: "No outcome came for this record.",
          retryable: true,
        },
    ),
  };
}

function toOutcome(id: string, answer: { readonly status: number; readonly body: unknown }): RemoveOutcome {
  if (answer.status < 300) return { id, ok: true, isGone: false };
  const { code, message } = readRefusal(answer.body, answer.status);
  return { id, ok: false, code, message, retryable: false };
}
