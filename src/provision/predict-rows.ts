import { z } from "zod";
import type { OrgSize } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import { DAY_MS } from "../core/time.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";

/** Rows one object will hold or see written. */
export interface RowPrediction {
  readonly object: string;
  /** Rows touched by the first push. */
  readonly rowsFirst: number;
  /** Rows written a day from then on, at most. */
  readonly rowsPerDay: number;
  /** Records that stay in the org once every retention is full; 0 on standard objects, whose records exist already. */
  readonly rowsSteady: number;
  /** Data storage of `rowsSteady`. */
  readonly megabytes: number;
}

/** Counts behind the prediction, from the store or from the org. */
export interface Volumes {
  readonly leadsFirst: number;
  readonly openOpportunities: number;
  readonly campaigns: number;
  readonly handoffsFirst: number;
  readonly handoffsPerDay: number;
  readonly handoffsSteady: number;
  readonly metricRowsFirst: number;
  /** Rows that a push in working hours may rewrite: today's, lifetime's and the current month's. */
  readonly metricRowsLive: number;
  readonly metricRowsSteady: number;
}

/** Months and days that rows are kept: see `src/writeback/models/expired_*.sql`. */
export const HANDOFF_MONTHS = 13;
const DAILY_ROWS_DAYS = 35;
const HANDOFF_DAYS = 396;
/** Days that the rate of handoffs is taken from. */
const RATE_DAYS = 30;

/** Metric rows: hourly in working hours, and once to close the day. */
export const METRIC_PUSHES_PER_DAY = 13;

/** The vendor charges every record 2 KB, whatever it holds. */
const KILOBYTES_PER_RECORD = 2;

/** Megabytes of data storage, rounded up to a tenth. */
export function megabytesOf(records: number): number {
  return Math.ceil((records * KILOBYTES_PER_RECORD * 10) / 1024) / 10;
}

/** What the volumes mean for each object. @param writesOnLeads false: nothing is written on standard objects */
export function predictRows(volumes: Volumes, writesOnLeads: boolean): readonly RowPrediction[] {
  // A handoff is written when it is opened, first touched and ended.
  const handoffWrites = volumes.handoffsPerDay * 3;
  const standard = (object: string, rowsFirst: number, rowsPerDay: number): RowPrediction => ({
    object,
    rowsFirst: writesOnLeads ? rowsFirst : 0,
    rowsPerDay: writesOnLeads ? rowsPerDay : 0,
    rowsSteady: 0,
    megabytes: 0,
  });
  const own = (object: string, rowsFirst: number, rowsPerDay: number, rowsSteady: number): RowPrediction => ({
    object,
    rowsFirst,
    rowsPerDay,
    rowsSteady,
    megabytes: megabytesOf(rowsSteady),
  });
  return [
    standard("Lead", volumes.leadsFirst, handoffWrites),
    // Each touch moves the date on, and the date is renewed once a day at most.
    standard("Opportunity", volumes.openOpportunities, volumes.openOpportunities),
    own("Ripeline_Handoff__c", volumes.handoffsFirst, handoffWrites, volumes.handoffsSteady),
    standard("Campaign", volumes.campaigns, volumes.campaigns),
    own(
      "Ripeline_Metric__c",
      volumes.metricRowsFirst,
      volumes.metricRowsLive * METRIC_PUSHES_PER_DAY,
      volumes.metricRowsSteady,
    ),
    own("Ripeline_Status__c", 1, 24, 1),
  ];
}

/** HubSpot's names of the objects; a portal has no status record, and its contacts carry what its leads do. */
const PORTAL_OBJECTS: Readonly<Record<string, readonly string[]>> = {
  Lead: ["leads", "contacts"],
  Opportunity: ["deals"],
  Ripeline_Handoff__c: ["ripeline_handoff"],
  Campaign: ["0-35"],
  Ripeline_Metric__c: ["ripeline_metric"],
};

/** The same rows by a portal's objects, of those that it gets; HubSpot counts records, not megabytes. */
export function rowsOfPortal(
  rows: readonly RowPrediction[],
  objects: readonly string[],
): readonly RowPrediction[] {
  return rows.flatMap((row) =>
    (PORTAL_OBJECTS[row.object] ?? [])
      .filter((object) => objects.includes(object))
      .map((object) => ({ ...row, object, megabytes: 0 })),
  );
}

const Counts = z.object({
  leads_first: z.number(),
  handoffs_first: z.number(),
  handoffs_kept: z.number(),
  handoffs_recent: z.number(),
  open_opportunities: z.number(),
  campaigns: z.number(),
  metric_rows: z.number(),
  metric_rows_live: z.number(),
  day_rows: z.number(),
  month_rows: z.number(),
  rows_a_month: z.number(),
});

/**
 * Counted from the last compute; undefined where nothing has been computed yet.
 *
 * Steady state: handoffs as many as there were in 13 months, or as there would be at the rate of the last 30 days; metric
 * rows of today for 35 days and the month ends, and as many rows a month as the last three whole months had.
 */
export async function volumesOfStore(db: Database, settings: Settings): Promise<Volumes | undefined> {
  const workspaceId = settings.workspace.id;
  const { connectionId } = settings;
  const { months } = settings.report;
  const isRepNamed = settings.writeback.repMetrics === "named";
  const counts = await db.maybeOne(
    Counts,
    sql`
with run as (
    select as_of, today from metrics.run
    join metrics.run_connection using (workspace_id)
    where workspace_id = ${workspaceId} and connection_id = ${connectionId}
),
handoff as (
    select
        count(*) filter (where kept.is_flagged and kept.ended_at is null)::integer as flagged,
        count(*) filter (where kept.is_flagged)::integer as rows_first,
        count(*)::integer as rows_kept,
        count(*) filter (where kept.handed_off_at > run.as_of - make_interval(days => ${RATE_DAYS}))::integer as recent
    from run
    inner join metrics.int_handoff as kept
        on kept.workspace_id = ${workspaceId} and kept.connection_id = ${connectionId}
        and kept.is_in_scope and kept.evidence <> 'unknown'
        and coalesce(kept.ended_at, run.as_of) > run.as_of - make_interval(months => ${HANDOFF_MONTHS})
),
report as (
    select distinct row_type, member, period_type, period_start, basis, model, age_days
    from metrics.metric_value
    where workspace_id = ${workspaceId} and row_type <> 'load_quartile'
      and (row_type <> 'rep' or ${isRepNamed}::boolean)
),
whole_month as (
    select report.period_start, count(*) as row_count
    from report
    cross join run
    where report.period_type = 'month' and report.period_start < date_trunc('month', run.today)
    group by report.period_start
    order by report.period_start desc
    limit 3
)
select
    handoff.flagged + (
        select count(*)::integer from metrics.int_lead
        where workspace_id = ${workspaceId} and connection_id = ${connectionId}
            and is_undelivered and not is_excluded and not is_converted
    ) as leads_first,
    handoff.rows_first as handoffs_first,
    handoff.rows_kept as handoffs_kept,
    handoff.recent as handoffs_recent,
    (
        select count(*)::integer from metrics.int_opportunity
        where workspace_id = ${workspaceId} and connection_id = ${connectionId} and is_open
    ) as open_opportunities,
    (
        select count(*)::integer from metrics.int_campaign
        where workspace_id = ${workspaceId} and connection_id = ${connectionId}
    ) as campaigns,
    (select count(*)::integer from report) as metric_rows,
    (
        select count(*)::integer from report
        where period_type in ('day', 'lifetime')
            or period_start = (select max(latest.period_start) from report as latest where latest.period_type = 'month')
    ) as metric_rows_live,
    (select count(*)::integer from report where period_type = 'day') as day_rows,
    (select count(*)::integer from report where period_type = 'month') as month_rows,
    (select coalesce(ceil(avg(row_count)), 0)::integer from whole_month) as rows_a_month
from run
cross join handoff`,
  );
  if (counts === undefined) return undefined;
  const otherRows = counts.metric_rows - counts.day_rows - counts.month_rows;
  return {
    leadsFirst: counts.leads_first,
    openOpportunities: counts.open_opportunities,
    campaigns: counts.campaigns,
    handoffsFirst: counts.handoffs_first,
    handoffsPerDay: Math.ceil(counts.handoffs_recent / RATE_DAYS),
    handoffsSteady: Math.max(
      counts.handoffs_kept,
      Math.ceil((counts.handoffs_recent / RATE_DAYS) * HANDOFF_DAYS),
    ),
    metricRowsFirst: counts.metric_rows,
    metricRowsLive: counts.metric_rows_live,
    metricRowsSteady:
      otherRows +
      Math.max(counts.month_rows, counts.rows_a_month * months) +
      counts.day_rows * (DAILY_ROWS_DAYS + months),
  };
}

/** Contacts and opportunities have sources that no lead has. */
const SOURCES_BESIDE_LEADS = 2;
/** Channels, segments and goals, each with rows like a source's. */
const OTHER_MEMBERS = 20;
/** Where the org does not say in which months its campaigns were at work. */
const MONTHS_A_CAMPAIGN = 6;

/**
 * Estimated from the org's own counts, for the time before the first sync; rather too many than too few. A count that
 * the org did not give adds nothing: see `unknownIn`.
 */
export function volumesOfOrg(
  size: OrgSize,
  settings: Settings,
  instants: { readonly now: Date; readonly flaggedSince: Date },
): Volumes {
  const { months, cohortAges } = settings.report;
  const users = settings.writeback.repMetrics === "named" ? (size.users ?? 0) : 0;
  const teams = size.roles ?? 0;
  const sources = ((size.sources ?? 0) + 1) * SOURCES_BESIDE_LEADS + OTHER_MEMBERS;
  const campaigns = size.campaigns ?? 0;
  const campaignMonths = size.campaignMonths ?? campaigns * Math.min(months, MONTHS_A_CAMPAIGN);
  // What happened in the month, and the cohort to date and at each age; reps and teams have no ages.
  const aged = 2 + cohortAges.length;
  const perMonth = (sources + 1) * aged + (users + teams) * 2;
  const lifetime = (campaigns + sources + users + teams + 1) * 2;
  const perDay = sources + users + teams + 1;
  const handoffs = (size.newLeads ?? 0) + (size.ownerChanges ?? 0);
  const handoffsPerDay = Math.ceil(handoffs / HANDOFF_DAYS);
  const flaggedDays = Math.max(0, instants.now.getTime() - instants.flaggedSince.getTime()) / DAY_MS;
  const live = lifetime + perDay + perMonth + Math.ceil((campaignMonths * aged) / months);
  const monthRows = perMonth * months + campaignMonths * aged;
  return {
    leadsFirst: (size.openLeads ?? 0) + (size.queueLeads ?? 0),
    openOpportunities: size.openOpportunities ?? 0,
    campaigns,
    handoffsFirst: Math.min(handoffs, Math.ceil(handoffsPerDay * flaggedDays)),
    handoffsPerDay,
    handoffsSteady: handoffs,
    metricRowsFirst: lifetime + perDay + monthRows,
    metricRowsLive: live,
    metricRowsSteady: lifetime + monthRows + perDay * (DAILY_ROWS_DAYS + months),
  };
}

/** What the org did not count, in words. */
export function unknownIn(size: OrgSize): readonly string[] {
  const words: Readonly<Record<keyof OrgSize, string>> = {
    openLeads: "open leads",
    queueLeads: "leads in queues",
    openOpportunities: "open opportunities",
    newLeads: "new leads",
    ownerChanges: "owner changes",
    users: "users",
    roles: "roles",
    sources: "lead sources",
    campaigns: "campaigns",
    campaignMonths: "months of campaigns",
  };
  const names = Object.keys(words) as (keyof OrgSize)[];
  return names.filter((name) => size[name] === null).map((name) => words[name]);
}
