import { ConnectorError } from "../../src/core/errors.ts";
import type { ObjectCounts } from "../../src/core/ports.ts";
import { readSearch } from "./record-page.ts";
import type { Session } from "./session.ts";

async function count(
  session: Session,
  object: string,
): Promise<{ readonly total: number; readonly date: Date }> {
  const step = `The count of ${object}`;
  const request = await session.requests.search(object, {
    filterGroups: [],
    properties: ["hs_object_id"],
    limit: 1,
  });
  const answer = await session.call({ request, step, bucket: "search" });
  return { total: readSearch(answer.body, step).total, date: answer.date };
}

/** Records of a type that are not archived, as the search index has them; one call. */
export async function countRecords(session: Session, object: string): Promise<number> {
  return (await count(session, object)).total;
}

/** One call an object; null where the portal refuses one. */
export async function countObjects(session: Session, objects: readonly string[]): Promise<ObjectCounts> {
  const counts: (number | null)[] = [];
  let at: Date | null = null;
  let refused: unknown;
  for (const object of objects) {
    try {
      const { total, date } = await count(session, object);
      counts.push(total);
      at = date;
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      refused = error;
      counts.push(null);
    }
  }
  if (at === null) throw refused ?? new RangeError("nothing to count");
  return { counts, at };
}
