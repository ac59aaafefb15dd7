import { z } from "zod";
import { ConnectorError } from "../core/errors.ts";
import type { ReadingConnection } from "../core/ports.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import type { VisibleStream } from "./pull.ts";
import type { MirrorKey } from "./stream-state.ts";

/** One call counts five objects; these are the ones that every number hangs on. */
const COUNTED = ["Lead", "Contact", "Opportunity", "CampaignMember", "Task"];

const RecordCountsShape = z.object({
  /** The CRM's clock, ISO UTC. */
  at: z.string(),
  objects: z.array(z.object({ object: z.string(), crm: z.number().nullable(), mirror: z.number() })),
});

/**
 * The CRM's own record counts beside the mirror's, both of one moment just after a pull; deleted and archived records
 * left out. What changed in the org between its pages and its count makes a small difference that the next comparison
 * no longer shows. `crm` is null where the org did not answer.
 */
export type RecordCounts = z.infer<typeof RecordCountsShape>;

/**
 * Counts on both sides; one metered call.
 * @param streams those that were just read: the mirror of another one is as old as its cadence
 * @returns null where the CRM did not answer at all: a comparison is no reason to fail the pull before it
 */
export async function compareCounts(
  db: Database,
  connection: Pick<ReadingConnection, "counts">,
  key: MirrorKey,
  streams: readonly VisibleStream[],
): Promise<RecordCounts | null> {
  const counted = streams.filter(({ stream, fields }) => fields !== null && COUNTED.includes(stream.object));
  if (counted.length === 0) return null;
  try {
    const names = counted.map(({ stream }) => stream.object);
    const { counts, at } = await connection.counts(names);
    const objects: RecordCounts["objects"] = [];
    for (const [index, { stream, fields }] of counted.entries()) {
      const mirror = await countMirror(db, key, {
        table: stream.table,
        isArchivable: fields?.some((field) => field.name === "IsArchived") === true,
      });
      objects.push({ object: stream.object, crm: counts[index] ?? null, mirror });
    }
    return { at: at.toISOString(), objects };
  } catch (error) {
    if (error instanceof ConnectorError) return null;
    throw error;
  }
}

async function countMirror(
  db: Database,
  key: MirrorKey,
  { table, isArchivable }: { readonly table: string; readonly isArchivable: boolean },
): Promise<number> {
  const { rows } = await db.one(
    z.object({ rows: z.number() }),
    sql`
      select count(*) as rows from ${sql.identifier(["mirror", table])}
      where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}
        and valid_to is null and isdeleted is not true
        ${isArchivable ? sql`and isarchived is not true` : sql``}`,
  );
  return rows;
}

/** The newest comparison; it stands in the run ledger beside the pull that made it. Undefined before the first. */
export async function readCounts(db: Database, key: MirrorKey): Promise<RecordCounts | undefined> {
  const row = await db.maybeOne(
    z.object({ counts: RecordCountsShape }),
    sql`
      select detail -> 'counts' as counts from mirror.run
      where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}
        and step = 'pull' and outcome = 'done' and detail -> 'counts' ->> 'at' is not null
      order by started_at desc
      limit 1`,
  );
  return row?.counts;
}
