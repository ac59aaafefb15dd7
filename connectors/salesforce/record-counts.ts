import type { ObjectCounts } from "../../src/core/ports.ts";
import { COMPOSITE_QUERIES, sendComposite } from "./composite.ts";
import { readQueryAnswer } from "./record-page.ts";
import type { Session } from "./session.ts";

/** One metered call. */
export async function countRecords(session: Session, object: string): Promise<number> {
  const step = `The count of ${object}`;
  const answer = await session.call({
    method: "GET",
    path: `/query?q=${encodeURIComponent(countQuery(object))}`,
    step,
    purpose: "read",
    effect: "repeatable",
  });
  return readQueryAnswer(answer.body, step).totalSize;
}

/**
 * Counts of up to five objects in one metered call. A count of millions may run into the org's time limit: then it is
 * null, and the others are not.
 * @see https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select_count.htm
 */
export async function countObjects(session: Session, objects: readonly string[]): Promise<ObjectCounts> {
  if (objects.length > COMPOSITE_QUERIES) {
    throw new RangeError(`${objects.length} objects to count; a call takes ${COMPOSITE_QUERIES}`);
  }
  const step = `The count of ${objects.join(", ")}`;
  const answer = await sendComposite(
    session,
    objects.map((object) => ({
      method: "GET",
      url: `/services/data/v${session.version}/query?q=${encodeURIComponent(countQuery(object))}`,
    })),
    { step, purpose: "read" },
  );
  if (answer.spent !== null) throw answer.spent;
  return {
    counts: answer.parts.map((part) =>
      part.status >= 300 ? null : readQueryAnswer(part.body, step).totalSize,
    ),
    at: answer.date,
  };
}

/** `query` leaves deleted and archived records out. */
function countQuery(object: string): string {
  return `SELECT COUNT() FROM ${object}`;
}
