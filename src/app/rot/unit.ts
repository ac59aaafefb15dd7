import { z } from "zod";
import type { Database } from "../../database/database.ts";
import { sql } from "../../database/sql.ts";
import type { MirrorKey } from "../../mirror/stream-state.ts";
import type { UnitObject } from "./due-flips.ts";

const Unit = z.object({ object: z.enum(["leads", "contacts"]) });

/** Which records of a portal carry a clock: its leads where any of them was flagged, else its contacts. */
export async function readUnit(db: Database, key: MirrorKey): Promise<UnitObject> {
  const row = await db.maybeOne(
    Unit,
    sql`select object from writeback.acknowledged
        where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId} and object = 'leads'
        limit 1`,
  );
  return row?.object ?? "contacts";
}
