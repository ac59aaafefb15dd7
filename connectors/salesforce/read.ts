import { z } from "zod";
import { WireShapeError } from "../../src/core/errors.ts";
import type { ReadReport, ReadRequest, WireValue } from "../../src/core/ports.ts";
import type { Session } from "./session.ts";
import { harmlessWriteHeaders } from "./write-guard.ts";

/** Ids that one call may name. */
const MAX_IDS = 2_000;

const Value = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const Records = z.array(z.record(z.string(), z.unknown()).nullable());

/**
 * Reads records by their ids, 2,000 a metered call, in input order. An id that names no record, or a deleted one, brings
 * null among its neighbours. Fields are asked for in the body, so that no address grows too long.
 * @throws RequestRefusedError for an object or field that the org does not know; WireShapeError for another number of
 *   records than ids, or a record that lacks a field asked for
 * @see https://developer.salesforce.com/docs/platform/api-rest/guide/resources-composite-sobjects-collections-retrieve.html
 */
export async function readRows(session: Session, request: ReadRequest): Promise<ReadReport> {
  const step = `The read of ${request.object} by ids`;
  const records: (Readonly<Record<string, WireValue>> | null)[] = [];
  let calls = 0;
  for (let start = 0; start < request.ids.length; start += MAX_IDS) {
    const ids = request.ids.slice(start, start + MAX_IDS);
    const answer = await session.call({
      method: "POST",
      path: `/composite/sobjects/${request.object}`,
      json: { ids, fields: request.fields },
      // Nothing is written; the gate in front of the network asks every POST to records for them.
      headers: harmlessWriteHeaders,
      step,
      // It stands before a write of ours, and may use what is kept for writes.
      purpose: "write",
      effect: "repeatable",
    });
    calls += answer.calls;
    const parsed = Records.safeParse(answer.body);
    if (!parsed.success || parsed.data.length !== ids.length) {
      throw new WireShapeError(
        "salesforce",
        `${step}: ${ids.length} ids were sent, but the answer holds another number of records. Nothing was changed; try again.`,
      );
    }
    for (const record of parsed.data) records.push(record === null ? null : fieldsOf(record, request, step));
  }
  return { records, calls };
}

function fieldsOf(
  record: Readonly<Record<string, unknown>>,
  { fields }: ReadRequest,
  step: string,
): Readonly<Record<string, WireValue>> {
  return Object.fromEntries(
    fields.map((name) => {
      const value = Value.safeParse(record[name]);
      if (value.success) return [name, value.data];
      throw new WireShapeError(
        "salesforce",
        `${step}: field ${name} was asked for and did not come as a value. Nothing was changed; try again.`,
      );
    }),
  );
}
