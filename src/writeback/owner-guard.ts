import { z } from "zod";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";

const Moved = z.object({ leads: z.number() });

/**
 * How many leads changed their owner by our user within a quarter of an hour after we wrote to them, over the last day.
 * More than none means that a write of ours runs an assignment rule or a flow in our name: lead writes must stop, or we
 * would cause the reassignments that we measure.
 */
export async function ownersMovedByUs(
  db: Database,
  scope: { readonly workspaceId: string; readonly connectionId: string; readonly asOf: Date },
  ourUserId: string,
): Promise<number> {
  const { workspaceId, connectionId, asOf } = scope;
  const { leads } = await db.one(
    Moved,
    sql`
select count(distinct history.leadid) as leads
from mirror.salesforce_lead_history as history
inner join writeback.audit as audit
    on audit.workspace_id = history.workspace_id
    and audit.connection_id = history.connection_id
    and audit.object = 'Lead'
    and audit.key = history.leadid
    and history.createddate between audit.written_at - interval '1 minute' and audit.written_at + interval '15 minutes'
where history.workspace_id = ${workspaceId}
    and history.connection_id = ${connectionId}
    and history.valid_to is null
    and history.field in ('Owner', 'ownerAssignment')
    and history.createdbyid = ${ourUserId}
    and history.createddate > ${asOf}::timestamptz - interval '1 day'`,
  );
  return leads;
}
