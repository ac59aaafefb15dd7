import { z } from "zod";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";

interface GuardScope {
  readonly workspaceId: string;
  readonly connectionId: string;
}

/** Nothing is written to leads from `stoppedAt` on, because writes of ours moved owners. */
export interface LeadStop {
  /** The CRM's clock, UTC. */
  readonly stoppedAt: Date;
  readonly movedLeads: number;
  /** The first few of them. */
  readonly leadIds: readonly string[];
}

/** Ids kept of the leads that moved: enough to look some up. */
const KEPT_IDS = 10;

const StopRow = z.object({
  stopped_at: z.date(),
  moved_count: z.number(),
  moved_lead_ids: z.array(z.string()),
});

/** The stop in force, or null. */
export async function readLeadStop(db: Database, scope: GuardScope): Promise<LeadStop | null> {
  const row = await db.maybeOne(
    StopRow,
    sql`select stopped_at, moved_count, moved_lead_ids from writeback.lead_guard
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
          and stopped_at is not null`,
  );
  if (row === undefined) return null;
  return { stoppedAt: row.stopped_at, movedLeads: row.moved_count, leadIds: row.moved_lead_ids };
}

/** Stops writes to leads until `resumeLeadWrites`; a stop in force keeps its first instant. */
export async function stopLeadWrites(
  db: Database,
  scope: GuardScope & { readonly asOf: Date },
  leadIds: readonly string[],
): Promise<LeadStop> {
  const row = await db.one(
    StopRow,
    sql`insert into writeback.lead_guard (
            workspace_id, connection_id, checked_at, stopped_at, moved_count, moved_lead_ids
        )
        values (
            ${scope.workspaceId}, ${scope.connectionId}, ${scope.asOf}, ${scope.asOf}, ${leadIds.length},
            ${leadIds.slice(0, KEPT_IDS)}::text[]
        )
        on conflict (workspace_id, connection_id) do update set
            stopped_at = coalesce(lead_guard.stopped_at, excluded.stopped_at),
            moved_count = excluded.moved_count,
            moved_lead_ids = excluded.moved_lead_ids
        returning stopped_at, moved_count, moved_lead_ids`,
  );
  return { stoppedAt: row.stopped_at, movedLeads: row.moved_count, leadIds: row.moved_lead_ids };
}

/**
 * An operator says that the cause is mended: leads are written again, and owner changes up to `at` count no more.
 * @returns the stop that was lifted, or null where none was in force
 */
export async function resumeLeadWrites(db: Database, scope: GuardScope, at: Date): Promise<LeadStop | null> {
  return db.transaction(async (tx) => {
    const row = await tx.maybeOne(
      StopRow,
      sql`select stopped_at, moved_count, moved_lead_ids from writeback.lead_guard
          where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
            and stopped_at is not null
          for update`,
    );
    if (row === undefined) return null;
    await tx.execute(sql`
      update writeback.lead_guard
      set stopped_at = null, moved_count = 0, moved_lead_ids = '{}', resumed_at = ${at}, checked_at = ${at}
      where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}`);
    return { stoppedAt: row.stopped_at, movedLeads: row.moved_count, leadIds: row.moved_lead_ids };
  });
}

const Moved = z.object({ lead_id: z.string() });

/**
 * Whether writes of ours moved owners: leads whose owner our own user changed, by the pulled history, between the run
 * that wrote to them and a quarter of an hour after the CRM had taken the write. Such a write runs an assignment rule or a
 * flow in our name: lead writes stop, and stay stopped, or we would cause the reassignments that we measure.
 *
 * Looks at owner changes since the last look and a day before it, since history may be pulled late.
 * @returns the stop in force, or null
 */
export async function checkLeadOwners(
  db: Database,
  scope: GuardScope & { readonly asOf: Date },
  ourUserId: string,
): Promise<LeadStop | null> {
  const { workspaceId, connectionId, asOf } = scope;
  const stop = await readLeadStop(db, scope);
  if (stop !== null) return stop;
  const moved = await db.any(
    Moved,
    sql`
with guard as (
    select
        coalesce(max(lead_guard.checked_at) - interval '1 day', '-infinity') as looked_until,
        coalesce(max(lead_guard.resumed_at), '-infinity') as resumed_at
    from writeback.lead_guard as lead_guard
    where lead_guard.workspace_id = ${workspaceId} and lead_guard.connection_id = ${connectionId}
)
select distinct history.leadid as lead_id
from mirror.salesforce_lead_history as history
cross join guard
inner join writeback.audit as audit
    on audit.workspace_id = history.workspace_id
    and audit.connection_id = history.connection_id
    and audit.object = 'Lead'
    and audit.key = history.leadid
    and history.createddate between audit.written_at - interval '1 minute'
        and greatest(audit.answered_at, audit.written_at) + interval '15 minutes'
where history.workspace_id = ${workspaceId}
    and history.connection_id = ${connectionId}
    and history.valid_to is null
    and history.field in ('Owner', 'ownerAssignment')
    and history.createdbyid = ${ourUserId}
    and history.createddate > greatest(guard.looked_until, guard.resumed_at)
order by history.leadid`,
  );
  if (moved.length > 0) {
    return stopLeadWrites(
      db,
      scope,
      moved.map((row) => row.lead_id),
    );
  }
  await db.execute(sql`
    insert into writeback.lead_guard (workspace_id, connection_id, checked_at)
    values (${workspaceId}, ${connectionId}, ${asOf})
    on conflict (workspace_id, connection_id) do update
    set checked_at = greatest(lead_guard.checked_at, excluded.checked_at)`);
  return null;
}

const Written = z.object({ key: z.string() });

/** Of these leads, those that a run has written to. */
export async function leadsWrittenBy(
  db: Database,
  scope: GuardScope,
  runId: string,
  leadIds: readonly string[],
): Promise<readonly string[]> {
  const rows = await db.any(
    Written,
    sql`select key from writeback.audit
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
          and run_id = ${runId} and object = 'Lead' and key = any(${leadIds}::text[])
        order by key`,
  );
  return rows.map((row) => row.key);
}

/** Why leads are not written, and what to do. */
export function describeLeadStop(stop: LeadStop): string {
  return (
    `lead writes have stopped since ${stop.stoppedAt.toISOString()}: ${stop.movedLeads} lead(s) changed owner by our own ` +
    `user when we wrote to them (${stop.leadIds.slice(0, 3).join(", ")}). Find the assignment rule, flow or trigger that ` +
    "runs on our writes (docs: $Permission.Ripeline_Bypass), then run `ripeline sync --resume-lead-writes`"
  );
}
