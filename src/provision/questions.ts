import { z } from "zod";
import type { Settings } from "../core/settings.ts";
import type { Database, Queries } from "../database/database.ts";
import { type Sql, sql } from "../database/sql.ts";

/** Realignments older than this were answered, or nobody minds. */
const ASKED_DAYS = 30;

/**
 * What the org did that only its people can judge, one sentence each, as of the last compute: activity that is not
 * logged, hand-overs taken for a realignment, statuses renamed away from what ripeline.yaml calls them. Ids, no names of
 * people. Empty before the first compute.
 */
export async function readQuestions(db: Database, settings: Settings): Promise<readonly string[]> {
  const here = sql`workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}`;
  return [
    ...(await closedGate(db, settings)),
    ...(await realignments(db, here)),
    ...(await renamedStatuses(db, settings, here)),
  ];
}

const GateRow = z.object({ capture_reason: z.string().nullable() });

async function closedGate(db: Queries, settings: Settings): Promise<readonly string[]> {
  const rows = await db.any(
    GateRow,
    sql`select capture_reason from metrics.run_connection
        where workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}
          and capture_gate = 'closed'`,
  );
  return rows.map(
    ({ capture_reason: reason }) =>
      `${reason ?? "activity is not logged in the CRM"}. Until it is, nothing that needs a touch is shown and no flag is written.`,
  );
}

const RealignmentRow = z.object({
  changed_by_id: z.string(),
  began_at: z.date(),
  ended_at: z.date(),
  leads: z.number(),
});

/** Hand-overs of one user that lie no further apart than the window which makes them a realignment. */
async function realignments(db: Queries, here: Sql): Promise<readonly string[]> {
  const rows = await db.any(
    RealignmentRow,
    sql`
      with moved as (
        select distinct event.lead_id, event.happened_at, history.createdbyid as changed_by_id
        from (select * from metrics.int_owner_event where ${here} and is_realignment) as event
        join (select * from mirror.salesforce_lead_history where ${here} and valid_to is null) as history
          on history.leadid = event.lead_id
          and history.createddate = event.happened_at
          and history.newvalue = event.owner_id
        where event.happened_at > (
          select max(as_of) - make_interval(days => ${ASKED_DAYS}) from metrics.run join metrics.run_connection using (workspace_id)
          where ${here})
      ),
      spaced as (
        select *, happened_at - lag(happened_at) over (partition by changed_by_id order by happened_at)
            <= interval '10 minutes' as goes_on
        from moved
      ),
      numbered as (
        select *, sum(case when goes_on then 0 else 1 end)
            over (partition by changed_by_id order by happened_at) as number
        from spaced
      )
      select changed_by_id, min(happened_at) as began_at, max(happened_at) as ended_at,
        count(distinct lead_id)::integer as leads
      from numbered
      group by changed_by_id, number
      order by began_at desc
      limit 5`,
  );
  return rows.map(
    (row) =>
      `${row.leads} leads went from rep to rep between ${row.began_at.toISOString()} and ${row.ended_at.toISOString()}, ` +
      `all by ${row.changed_by_id}: taken for a realignment, so their clocks ran on. Was it one?`,
  );
}

const RenamedRow = z.object({ old_label: z.string(), new_label: z.string() });

async function renamedStatuses(db: Queries, settings: Settings, here: Sql): Promise<readonly string[]> {
  const rows = await db.any(
    RenamedRow,
    sql`
      select distinct earlier.masterlabel as old_label, present.masterlabel as new_label
      from (select * from mirror.salesforce_lead_status where ${here} and valid_to is null) as present
      join (select * from mirror.salesforce_lead_status where ${here} and valid_to is not null) as earlier
        on earlier.id = present.id
      where lower(earlier.masterlabel) <> lower(present.masterlabel)
      order by old_label, new_label`,
  );
  const keys = ["disqualified", "recycled", "working"] as const;
  return rows.flatMap(({ old_label: old, new_label: now }) =>
    keys
      .filter((key) => isNamed(settings.statuses[key], old) && !isNamed(settings.statuses[key], now))
      .map(
        (key) =>
          `The lead status "${old}" is called "${now}" now; ripeline.yaml counts the old name as ${key}. ` +
          `Add "${now}" to statuses.${key}, or leads in it count as open.`,
      ),
  );
}

const isNamed = (names: readonly string[] | null, label: string): boolean =>
  names?.some((name) => name.toLowerCase() === label.toLowerCase()) ?? false;
