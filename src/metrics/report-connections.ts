import { z } from "zod";
import type { ConnectionFacts } from "../core/report-data.ts";
import type { Queries } from "../database/database.ts";
import { sql } from "../database/sql.ts";

const ConnectionRow = z.object({
  connection_id: z.string(),
  crm: z.enum(["salesforce", "hubspot"]),
  org_id: z.string(),
  instance_url: z.string(),
  unit: z.enum(["Lead", "leads", "contacts"]),
  capture_gate: z.enum(["passed", "not_proven", "closed"]),
  capture_reason: z.string().nullable(),
  unlogged_share: z.string().nullable(),
});

/** The workspace's orgs and portals and what the last compute found there, in the order of the settings. */
export async function readConnections(db: Queries, workspaceId: string): Promise<readonly ConnectionFacts[]> {
  const rows = await db.any(
    ConnectionRow,
    sql`
      select connection_id, run.crm, connection.org_id, connection.instance_url, run.unit, run.capture_gate,
        run.capture_reason, run.unlogged_share
      from metrics.run_connection as run
      join mirror.connection as connection using (workspace_id, connection_id)
      where run.workspace_id = ${workspaceId}
      order by run.position`,
  );
  return rows.map((row) => ({
    id: row.connection_id,
    crm: row.crm,
    orgId: row.org_id,
    instanceUrl: row.instance_url,
    unit: row.unit,
    captureGate: row.capture_gate,
    captureReason: row.capture_reason,
    unloggedShare: row.unlogged_share === null ? null : Number(row.unlogged_share),
  }));
}
