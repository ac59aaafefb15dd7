import type { AssociatedReport, AssociatedRequest } from "../../src/core/ports.ts";
import { readAssociations } from "./associations.ts";
import type { Definitions } from "./definitions.ts";
import { type RecordType, recordTypes } from "./record-types.ts";
import type { Session } from "./session.ts";

/**
 * Which records hang on these now, over several types: one call a type for a thousand ids. Nothing is known of an id
 * (null) where one type leaves open what hangs on it.
 * @throws RangeError for an object that is none of ours; the connection's errors
 */
export async function readAssociated(
  session: Session,
  definitions: Definitions,
  { object, ids, to }: AssociatedRequest,
): Promise<AssociatedReport> {
  const from = typeOf(object);
  const found = new Map<string, { readonly object: string; readonly id: string }[] | null>(
    ids.map((id) => [id, []]),
  );
  const reads = await Promise.all(
    to.map(async (name) => {
      const type = typeOf(name);
      if (!(await definitions.isVisible(session, type))) return { name, rows: null, calls: 0 };
      return { name, ...(await readAssociations(session, from, type, ids)) };
    }),
  );
  for (const { name, rows } of reads) {
    if (rows === null) continue;
    const told = new Map(rows.map((row) => [String(row["recordId"]), String(row["toObjectIds"])]));
    for (const id of ids) {
      const others = told.get(id);
      if (others === undefined) found.set(id, null);
      else found.get(id)?.push(...idsIn(others).map((other) => ({ object: name, id: other })));
    }
  }
  return {
    records: ids.map((id) => found.get(id) ?? null),
    calls: reads.reduce((sum, { calls }) => sum + calls, 0),
  };
}

function idsIn(list: string): readonly string[] {
  return list.split(";").filter((id) => id !== "");
}

function typeOf(object: string): RecordType {
  const type = recordTypes.find((each) => each.type === object)?.type;
  if (type === undefined) throw new RangeError(`${object} is no type of record that we read`);
  return type;
}
