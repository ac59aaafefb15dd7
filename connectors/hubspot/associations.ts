import { z } from "zod";
import { WireShapeError } from "../../src/core/errors.ts";
import { chunked, readBatch } from "./batch-read.ts";
import { issue, type Row } from "./record-page.ts";
import type { RecordType } from "./record-types.ts";
import type { Session } from "./session.ts";

const Id = z.union([z.string(), z.int().transform(String)]);

const Result = z.looseObject({
  from: z.looseObject({ id: Id }),
  to: z.array(
    z.looseObject({
      toObjectId: Id,
      associationTypes: z.array(z.looseObject({ typeId: z.int() })).default([]),
    }),
  ),
  paging: z.looseObject({ next: z.looseObject({ after: z.string() }).optional() }).nullish(),
});

const MAX_INPUTS = 1_000;
/** Follow-up pages of one record: one that says it goes on for ever must not hold the sync. */
const MAX_PAGES = 200;

interface BatchError {
  readonly category?: string | undefined;
  readonly subCategory?: string | undefined;
}

/** The record has no association of this kind, or is gone itself. */
function isNothing({ category, subCategory }: BatchError): boolean {
  return subCategory === "crm.associations.NO_ASSOCIATIONS_FOUND" || category === "OBJECT_NOT_FOUND";
}

/** An id that HubSpot does not take, without a word which. */
function isUnknownId({ category }: BatchError): boolean {
  return category === "VALIDATION_ERROR";
}

/**
 * Everything that each of these records is associated with among one type: one row a record, also where there is nothing.
 * Where HubSpot does not take one of the ids, records without an association bring no row: nobody knows whether it was theirs.
 * @returns rows in the order of `ids`, and the calls it took: one a thousand records, more where a record has many
 */
export async function readAssociations(
  session: Session,
  from: RecordType,
  to: RecordType,
  ids: readonly string[],
): Promise<{ readonly rows: readonly Row[]; readonly calls: number }> {
  const step = `The read of associations from ${from} to ${to}`;
  const found = new Map<string, Map<string, readonly number[]>>(ids.map((id) => [id, new Map()]));
  const unclear = new Set<string>();
  let calls = 0;
  let inputs: readonly { readonly id: string; readonly after?: string }[] = ids.map((id) => ({ id }));
  for (let page = 0; inputs.length > 0; page += 1) {
    if (page >= MAX_PAGES) {
      throw new WireShapeError("hubspot", `${step}: the pages of a record do not end after ${page}.`);
    }
    const more: { readonly id: string; readonly after: string }[] = [];
    for (const some of chunked(inputs, MAX_INPUTS)) {
      const request = await session.requests.associations(from, to, some);
      const answer = await session.call({ request, step, bucket: "associations", mayBePartial: true });
      calls += answer.calls;
      const batch = readBatch(answer.body, step, (error) => isNothing(error) || isUnknownId(error));
      if (batch.errors.some((error) => isUnknownId(error) && !isNothing(error))) {
        session.log.warn(
          { from, to },
          "hubspot does not take an id among those whose associations were asked for",
        );
        for (const { id } of some) unclear.add(id);
      }
      const results = z.array(Result).safeParse(batch.results);
      if (!results.success) {
        throw new WireShapeError("hubspot", `${step}: a result is none (${issue(results.error)}).`);
      }
      for (const { from: record, to: others, paging } of results.data) {
        const associated = found.get(record.id);
        if (associated === undefined) {
          throw new WireShapeError("hubspot", `${step}: record ${record.id} came and was not asked for.`);
        }
        for (const { toObjectId, associationTypes } of others) {
          const types = associationTypes.map(({ typeId }) => typeId);
          associated.set(toObjectId, [...(associated.get(toObjectId) ?? []), ...types]);
        }
        const after = paging?.next?.after;
        if (after !== undefined) more.push({ id: record.id, after });
      }
    }
    inputs = more;
  }
  const clear = ids.filter((id) => !unclear.has(id) || (found.get(id)?.size ?? 0) > 0);
  return { rows: clear.map((id) => associationRow(id, to, found.get(id) ?? new Map())), calls };
}

function associationRow(id: string, to: RecordType, associated: ReadonlyMap<string, readonly number[]>): Row {
  const others = [...associated.keys()].toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return {
    id: `${id}:${to}`,
    recordId: id,
    toObjectType: to,
    toObjectIds: others.join(";"),
    associationTypes: others
      .flatMap((other) =>
        [...new Set(associated.get(other))].toSorted((a, b) => a - b).map((type) => `${other}:${type}`),
      )
      .join(";"),
  };
}
