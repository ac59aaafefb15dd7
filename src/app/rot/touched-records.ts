import { z } from "zod";
import type { Connection } from "../../core/ports.ts";
import type { Database } from "../../database/database.ts";
import { sql } from "../../database/sql.ts";
import type { MirrorKey } from "../../mirror/stream-state.ts";
import type { UnitObject } from "./due-flips.ts";

/** A record that an event named. */
export interface TouchedRecord {
  readonly object_type: string;
  readonly record_id: string;
  readonly generation: number;
}

const Touched = z.object({ object_type: z.string(), record_id: z.string(), generation: z.number() });

/** Records that events named since they were last looked at, the first to be named first. */
export function readTouched(db: Database, key: MirrorKey, most: number): Promise<readonly TouchedRecord[]> {
  return db.any(
    Touched,
    sql`select object_type, record_id, generation from mirror.touched_record
        where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}
        order by noted_at, object_type, record_id
        limit ${most}`,
  );
}

/** Takes away what was looked at; a record that was named again meanwhile stays. */
export async function dropTouched(
  db: Database,
  key: MirrorKey,
  touched: readonly TouchedRecord[],
): Promise<void> {
  const rows = touched.map((row) => ({ ...row }));
  await db.execute(
    sql`delete from mirror.touched_record as touched
        using jsonb_to_recordset(${sql.json(rows)}::jsonb)
            as seen (object_type text, record_id text, generation bigint)
        where touched.workspace_id = ${key.workspaceId} and touched.connection_id = ${key.connectionId}
            and touched.object_type = seen.object_type and touched.record_id = seen.record_id
            and touched.generation = seen.generation`,
  );
}

/** HubSpot sends an event again for a day; two are kept. */
export async function forgetOldEvents(db: Database): Promise<void> {
  await db.execute(
    sql`delete from mirror.webhook_event where received_at < clock_timestamp() - interval '2 days'`,
  );
}

const CONTACTS = "0-1";
const LEADS = "0-136";
const ENGAGEMENT_TYPES: Readonly<Record<string, string>> = {
  "0-48": "calls",
  "0-49": "emails",
  "0-47": "meetings",
  "0-27": "tasks",
  "0-18": "communications",
};

/**
 * Keys of the records of work that these touch: themselves, what an engagement hangs on (as the CRM has it now), and a
 * contact's leads.
 */
export async function unitKeysOf(
  connection: Connection,
  object: UnitObject,
  touched: readonly TouchedRecord[],
): Promise<readonly string[]> {
  const contacts = new Set(idsOf(touched, CONTACTS));
  const leads = new Set(idsOf(touched, LEADS));
  for (const [type, name] of Object.entries(ENGAGEMENT_TYPES)) {
    const ids = idsOf(touched, type);
    if (ids.length === 0) continue;
    const report = await connection.associated?.({ object: name, ids, to: ["contacts", "leads"] });
    for (const record of report?.records.flatMap((list) => list ?? []) ?? []) {
      (record.object === "leads" ? leads : contacts).add(record.id);
    }
  }
  if (object === "contacts") return [...contacts];
  if (contacts.size > 0) {
    const report = await connection.associated?.({ object: "contacts", ids: [...contacts], to: ["leads"] });
    for (const { id } of report?.records.flatMap((list) => list ?? []) ?? []) leads.add(id);
  }
  return [...leads];
}

function idsOf(touched: readonly TouchedRecord[], type: string): readonly string[] {
  return touched.filter(({ object_type }) => object_type === type).map(({ record_id }) => record_id);
}
