import { z } from "zod";
import type { Database } from "../../database/database.ts";
import { sql } from "../../database/sql.ts";
import type { MirrorKey } from "../../mirror/stream-state.ts";
import type { UnitObject } from "./due-flips.ts";

const Unit = z.object({ unit: z.string().nullable() });

/** Which records of a portal carry a clock, by the last compute; contacts before the first, when nothing is flagged yet. */
export async function readUnit(db: Database, key: MirrorKey): Promise<UnitObject> {
  const row = await db.maybeOne(
    Unit,
    sql`select unit from metrics.run_connection
        where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}`,
  );
  return row?.unit === "leads" ? "leads" : "contacts";
}
