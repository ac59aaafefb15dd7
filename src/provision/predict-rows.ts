import { z } from "zod";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";

/** Rows one object will hold or see written. */
export interface RowPrediction {
  readonly object: string;
  /** Rows touched by the first push. */
  readonly rowsFirst: number;
  /** Rows written a day from then on, at most. */
  readonly rowsPerDay: number;
  /** Megabytes of data storage after the first push; 0 on standard objects, whose records exist already. */
  readonly megabytes: number;
}

/** The vendor charges every record 2 KB, whatever it holds. */
const KILOBYTES_PER_RECORD = 2;

const Counts = z.object({
  leads_flagged: z.number(),
  leads_undelivered: z.number(),
  handoffs: z.number(),
  handoffs_per_day: z.number(),
  campaigns: z.number(),
  metric_rows: z.number(),
  metric_rows_per_day: z.number(),
});

/**
 * Rows and storage predicted from the last compute; undefined where nothing has been computed yet. `startFrom` null
 * means that flags begin now, so no handoff of the past gets a row.
 */
export async function predictRows(
  db: Database,
  scope: { readonly workspaceId: string; readonly connectionId: string },
  settings: { readonly isRepNamed: boolean; readonly writesOnLeads: boolean },
): Promise<readonly RowPrediction[] | undefined> {
  const counts = await db.maybeOne(
    Counts,
    sql`
with handoff as (
    select
        count(*) filter (where int_handoff.is_flagged and int_handoff.is_in_scope and int_handoff.ended_at is null)::integer as leads_flagged,
        count(*) filter (where int_handoff.is_flagged and int_handoff.is_in_scope)::integer as handoffs,
        ceil(count(*) filter (where int_handoff.handed_off_at > run.as_of - interval '30 days') / 30.0)::integer as handoffs_per_day
    from metrics.run as run
    left join metrics.int_handoff as int_handoff
        on int_handoff.workspace_id = run.workspace_id and int_handoff.connection_id = run.connection_id
    where run.workspace_id = ${scope.workspaceId} and run.connection_id = ${scope.connectionId}
    group by run.workspace_id
),
report as (
    select distinct row_type, member, period_type, period_start, basis, model, age_days
    from metrics.metric_value
    where workspace_id = ${scope.workspaceId} and (row_type <> 'rep' or ${settings.isRepNamed}::boolean)
)
select
    handoff.leads_flagged,
    handoff.handoffs,
    handoff.handoffs_per_day,
    (
        select count(*)::integer from metrics.int_lead
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
            and is_undelivered and not is_excluded and not is_converted
    ) as leads_undelivered,
    (
        select count(*)::integer from metrics.int_campaign
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
    ) as campaigns,
    (select count(*)::integer from report) as metric_rows,
    (
        select count(*)::integer from report
        where period_type in ('day', 'lifetime')
            or period_start = (select max(latest.period_start) from report as latest where latest.period_type = 'month')
    ) as metric_rows_per_day
from handoff`,
  );
  if (counts === undefined) return undefined;
  const megabytes = (rows: number): number => Math.ceil((rows * KILOBYTES_PER_RECORD * 10) / 1024) / 10;
  // A handoff is written when it is opened, first touched and ended.
  const handoffWrites = counts.handoffs_per_day * 3;
  const onLeads = settings.writesOnLeads;
  return [
    {
      object: "Lead",
      rowsFirst: onLeads ? counts.leads_flagged + counts.leads_undelivered : 0,
      rowsPerDay: onLeads ? handoffWrites : 0,
      megabytes: 0,
    },
    {
      object: "Ripeline_Handoff__c",
      rowsFirst: counts.handoffs,
      rowsPerDay: handoffWrites,
      megabytes: megabytes(counts.handoffs),
    },
    {
      object: "Campaign",
      rowsFirst: onLeads ? counts.campaigns : 0,
      rowsPerDay: onLeads ? counts.campaigns : 0,
      megabytes: 0,
    },
    {
      object: "Ripeline_Metric__c",
      rowsFirst: counts.metric_rows,
      rowsPerDay: counts.metric_rows_per_day * METRIC_PUSHES_PER_DAY,
      megabytes: megabytes(counts.metric_rows),
    },
    { object: "Ripeline_Status__c", rowsFirst: 1, rowsPerDay: 24, megabytes: megabytes(1) },
  ];
}

/** Metric rows: hourly in working hours, and once to close the day. */
export const METRIC_PUSHES_PER_DAY = 13;
