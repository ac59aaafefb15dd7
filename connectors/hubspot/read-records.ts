import { z } from "zod";
import { WireShapeError } from "../../src/core/errors.ts";
import type { ReadReport, ReadRequest, WireValue } from "../../src/core/ports.ts";
import { chunked, readBatch } from "./batch-read.ts";
import { addressOf, batchSizeOf, CAMPAIGNS } from "./object-address.ts";
import { issue } from "./record-page.ts";
import type { Session } from "./session.ts";

const Records = z.array(
  z.looseObject({
    id: z.union([z.string(), z.number().transform(String)]),
    properties: z.record(z.string(), z.string().nullable()).default({}),
  }),
);

type Values = Readonly<Record<string, WireValue>>;

/**
 * Reads records by their ids, 100 a metered call, in input order; null where the portal has none of this id: deleted,
 * archived, or merged into another. Values are texts as the portal keeps them, null where nothing stands there.
 * @throws WireShapeError for an answer that is no batch; the connection's errors
 */
export async function readRows(
  session: Session,
  portalId: string,
  { object, ids, fields }: ReadRequest,
): Promise<ReadReport> {
  const step = `The read of ${object} by ids`;
  const type = addressOf(object, portalId);
  const found = new Map<string, Values>();
  const answers = await Promise.all(
    chunked([...new Set(ids)], batchSizeOf(object)).map(async (some) => {
      const request =
        object === CAMPAIGNS
          ? session.requests.readCampaigns(some, fields)
          : await session.requests.batchRead(type, some, { properties: fields, history: [] });
      // It stands before a write of ours, and may use what is kept for flags.
      return session.call({ request, step, bucket: "plain", purpose: "flag", mayBePartial: true });
    }),
  );
  let calls = 0;
  for (const answer of answers) {
    calls += answer.calls;
    const { results } = readBatch(answer.body, step, ({ category }) => category === "OBJECT_NOT_FOUND");
    const records = Records.safeParse(results);
    if (!records.success) {
      throw new WireShapeError("hubspot", `${step}: a result is no record (${issue(records.error)}).`);
    }
    for (const { id, properties } of records.data) {
      found.set(id, Object.fromEntries(fields.map((name) => [name, blankAsNull(properties[name])])));
    }
  }
  return { records: ids.map((id) => found.get(id) ?? null), calls };
}

function blankAsNull(value: string | null | undefined): string | null {
  return value === undefined || value === "" ? null : value;
}
