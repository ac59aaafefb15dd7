import { z } from "zod";
import { TransientHttpError, WireShapeError } from "../../src/core/errors.ts";
import { redact } from "../shared/redact.ts";
import { HubspotRecord, issue } from "./record-page.ts";
import type { RecordType } from "./record-types.ts";
import type { Session } from "./session.ts";

const Errors = z
  .array(
    z.looseObject({
      category: z.string().optional(),
      subCategory: z.string().optional(),
      message: z.string().optional(),
      context: z.record(z.string(), z.unknown()).optional(),
    }),
  )
  .default([]);

const BatchAnswer = z.looseObject({ results: z.array(z.unknown()), errors: Errors });

/**
 * The results of a batch read. HubSpot answers 207 when some of the ids are gone, and takes the errors for part of a
 * success; any other error makes the batch a failure.
 * @param isGone whether an error only says that there is nothing to be had
 */
export function readBatch(
  body: unknown,
  step: string,
  isGone: (error: { readonly category?: string; readonly subCategory?: string }) => boolean,
): { readonly results: readonly unknown[]; readonly errors: z.infer<typeof Errors> } {
  const parsed = BatchAnswer.safeParse(body);
  if (!parsed.success) {
    throw new WireShapeError("hubspot", `${step}: the answer is no batch (${issue(parsed.error)}).`);
  }
  const other = parsed.data.errors.find(
    ({ category, subCategory }) =>
      !isGone({
        ...(category === undefined ? {} : { category }),
        ...(subCategory === undefined ? {} : { subCategory }),
      }),
  );
  if (other === undefined) return parsed.data;
  throw new TransientHttpError(
    "hubspot",
    `${step}: part of the batch was refused (${other.category ?? "no category"}: ${redact(other.message ?? "")}). Nothing of it was used; it is tried again.`,
    207,
  );
}

const MAX_IDS = 100;
const MAX_IDS_WITH_HISTORY = 50;

interface Found {
  readonly records: readonly HubspotRecord[];
  readonly date: Date;
  readonly calls: number;
}

/**
 * Records by their ids, in the order given. Ids that are deleted come as errors; an id that was merged away can be missing
 * without a word, so what is missing is asked for once more, in case the batch was cut, and then taken for gone.
 */
export async function batchRead(
  session: Session,
  type: RecordType,
  ids: readonly string[],
  wanted: { readonly properties: readonly string[]; readonly history: readonly string[] },
): Promise<Found> {
  const size = wanted.history.length > 0 ? MAX_IDS_WITH_HISTORY : MAX_IDS;
  const found = await readChunks(session, type, chunked(ids, size), wanted);
  const missing = ids.filter((id) => !found.records.has(id) && !found.gone.has(id));
  const again = missing.length === 0 ? null : await readChunks(session, type, chunked(missing, size), wanted);
  const lost = missing.filter((id) => again?.records.has(id) !== true);
  if (lost.length > 0) session.log.info({ type, records: lost.length }, "hubspot records are gone or merged");
  return {
    records: ids.flatMap((id) => {
      const record = found.records.get(id) ?? again?.records.get(id);
      return record === undefined ? [] : [record];
    }),
    date: found.date,
    calls: found.calls + (again?.calls ?? 0),
  };
}

async function readChunks(
  session: Session,
  type: RecordType,
  chunks: readonly (readonly string[])[],
  wanted: { readonly properties: readonly string[]; readonly history: readonly string[] },
) {
  const step = `The read of ${type} by ids`;
  const answers = await Promise.all(
    chunks.map(async (ids) => {
      const request = await session.requests.batchRead(type, ids, wanted);
      return session.call({ request, step, bucket: "plain", mayBePartial: true });
    }),
  );
  const records = new Map<string, HubspotRecord>();
  const gone = new Set<string>();
  for (const { body } of answers) {
    const answer = readBatch(body, step, ({ category }) => category === "OBJECT_NOT_FOUND");
    const results = z.array(HubspotRecord).safeParse(answer.results);
    if (!results.success) {
      throw new WireShapeError("hubspot", `${step}: a result is no record (${issue(results.error)}).`);
    }
    for (const record of results.data) records.set(record.id, record);
    for (const id of goneIds(answer.errors)) gone.add(id);
  }
  const dates = answers.map(({ date }) => date.getTime());
  return {
    records,
    gone,
    date: new Date(dates.length === 0 ? 0 : Math.min(...dates)),
    calls: answers.reduce((sum, { calls }) => sum + calls, 0),
  };
}

function goneIds(errors: z.infer<typeof Errors>): readonly string[] {
  return errors.flatMap(({ context }) => {
    const ids = z.array(z.union([z.string(), z.number().transform(String)])).safeParse(context?.["ids"]);
    return ids.success ? ids.data : [];
  });
}

export function chunked<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
