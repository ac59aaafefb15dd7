import { z } from "zod";
import type { Fraction, ReportData, TrustFacts } from "../core/report-data.ts";
import type { Settings } from "../core/settings.ts";
import type { Queries } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { catalog } from "./catalog.ts";
import { readEvidence } from "./evidence.ts";
import { readIdentityNotes } from "./identity.ts";
import { readWholeReport } from "./report.ts";

const RunRow = z.object({
  as_of: z.date(),
  time_zone: z.string(),
  currency_code: z.string().nullable(),
  capture_gate: z.enum(["passed", "not_proven", "closed"]),
  capture_reason: z.string().nullable(),
  unlogged_share: z.string().nullable(),
  org_id: z.string(),
  instance_url: z.string(),
});

const FractionRow = z.object({
  row_type: z.enum(["workspace", "campaign", "source", "rep", "team", "load_quartile"]),
  member: z.string().nullable(),
  period_type: z.enum(["day", "month", "lifetime"]),
  period_start: z.string().nullable(),
  basis: z.enum(["point_in_time", "in_period", "cohort"]),
  model: z.string(),
  age_days: z.number().nullable(),
  metric: z.string(),
  numerator: z.string(),
  denominator: z.string(),
});

/** What a store knows for a report; who ran the cycle adds what it wrote, its calls and its times. */
export type StoredReport = Omit<ReportData, "written" | "calls" | "phases">;

/** Record counts of the CRM and of the mirror at one moment, ISO UTC. */
export interface ComparedCounts {
  readonly at: string;
  readonly objects: TrustFacts["counts"];
}

/**
 * The last compute as data for the renderers: report rows of the default periods, the parts of their ratios, the records
 * behind them, and how far all of it can be trusted.
 * @param counts the last comparison with the CRM; without it our own counts stand alone
 * @returns undefined before the first compute
 */
export async function readStoredReport(
  db: Queries,
  settings: Settings,
  counts?: ComparedCounts,
): Promise<StoredReport | undefined> {
  const workspaceId = settings.workspace.id;
  const run = await db.maybeOne(
    RunRow,
    sql`
      select run.as_of, run.time_zone, run.currency_code, gate.capture_gate, gate.capture_reason,
        gate.unlogged_share, connection.org_id, connection.instance_url
      from metrics.run as run
      cross join lateral (
        select
          -- The worst of the connections'.
          case
            when bool_or(capture_gate = 'closed') then 'closed'
            when bool_or(capture_gate = 'not_proven') then 'not_proven'
            else 'passed'
          end as capture_gate,
          case
            when count(*) = 1 then max(capture_reason)
            else string_agg(connection_id || ': ' || capture_reason, '; ' order by position)
          end as capture_reason,
          case
            when count(*) = 1 then max(unlogged_share)
            else sum(unlogged_share * worked_lead_count) / nullif(sum(worked_lead_count), 0)
          end as unlogged_share
        from metrics.run_connection
        where workspace_id = run.workspace_id
      ) as gate
      join mirror.connection as connection
        on connection.workspace_id = run.workspace_id and connection.connection_id = ${settings.connectionId}
      where run.workspace_id = ${workspaceId}`,
  );
  if (run === undefined) return undefined;
  return {
    run: {
      workspaceName: settings.workspace.name,
      crmLabel: "Salesforce",
      orgId: run.org_id,
      instanceUrl: run.instance_url,
      asOf: run.as_of,
      timeZone: run.time_zone,
      currency: run.currency_code,
      captureGate: run.capture_gate,
      captureReason: run.capture_reason,
      unloggedShare: run.unlogged_share === null ? null : Number(run.unlogged_share),
    },
    metrics: catalog.map(({ name, label, unit, formula }) => ({ name, label, unit, formula })),
    rows: await readWholeReport(db, workspaceId),
    fractions: await readFractions(db, workspaceId),
    evidence: await readEvidence(db, { workspaceId }),
    trust: await readTrust(db, settings, counts),
  };
}

async function readFractions(db: Queries, workspaceId: string): Promise<readonly Fraction[]> {
  const rows = await db.any(
    FractionRow,
    sql`
      select row_type, member, period_type, period_start::text as period_start, basis, model, age_days, metric,
        numerator, denominator
      from metrics.metric_value
      where workspace_id = ${workspaceId} and numerator is not null and denominator is not null
        and (period_type <> 'month' or period_start = (
          select max(period_start) from metrics.metric_value where workspace_id = ${workspaceId} and period_type = 'month'
        ))`,
  );
  return rows.map((row) => ({
    ...row,
    numerator: Number(row.numerator),
    denominator: Number(row.denominator),
  }));
}

const TrustRow = z.object({
  leads: z.number(),
  leads_without_source: z.number(),
  campaigns: z.number(),
  campaigns_without_cost: z.number(),
  handoffs_unknown: z.number(),
  opportunities: z.number(),
  opportunities_without_amount: z.number(),
  quarantined: z.number(),
});

const HiddenRow = z.object({
  stream: z.string(),
  is_absent: z.boolean(),
  hidden_fields: z.array(z.string()),
});
const CountRow = z.object({ object: z.string(), mirror: z.number() });

async function readTrust(
  db: Queries,
  settings: Settings,
  compared: ComparedCounts | undefined,
): Promise<TrustFacts> {
  const at = sql`workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}`;
  const facts = await db.one(
    TrustRow,
    sql`
      select
        (select count(*) from metrics.int_lead where ${at})::integer as leads,
        (select count(*) from metrics.int_lead where ${at} and source is null)::integer as leads_without_source,
        (select count(*) from metrics.int_campaign where ${at})::integer as campaigns,
        (select count(*) from metrics.int_campaign where ${at} and actual_cost is null and not has_ledger)::integer
          as campaigns_without_cost,
        (select count(*) from metrics.int_handoff where ${at} and evidence = 'unknown' and ended_at is null)::integer
          as handoffs_unknown,
        (select count(*) from metrics.int_opportunity where ${at})::integer as opportunities,
        (select count(*) from metrics.int_opportunity where ${at} and amount is null)::integer
          as opportunities_without_amount,
        (select count(*) from writeback.rejection where ${at} and state <> 'vanished')::integer as quarantined`,
  );
  const streams = await db.any(
    HiddenRow,
    sql`select stream, is_absent, hidden_fields from mirror.stream_state where ${at} order by stream`,
  );
  const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
  const absent = streams.filter((stream) => stream.is_absent).map((stream) => objectOf(stream.stream));
  return {
    leadsWithoutSource: share(facts.leads_without_source, facts.leads),
    campaignsWithoutCost: share(facts.campaigns_without_cost, facts.campaigns),
    handoffsUnknown: facts.handoffs_unknown,
    opportunitiesWithoutAmount: facts.opportunities_without_amount,
    quarantined: facts.quarantined,
    hiddenFields: streams
      .filter((stream) => !stream.is_absent)
      .flatMap((stream) =>
        stream.hidden_fields
          .filter((field) => !field.startsWith("Ripeline_"))
          .map((field) => ({
            object: objectOf(stream.stream),
            field,
            metrics: metricsThatNeed(stream.stream, field),
          })),
      ),
    countedAt: compared === undefined ? null : new Date(compared.at),
    counts: compared?.objects ?? (await ownCounts(db, settings)),
    notes: [
      ...(absent.length === 0 ? [] : [`The org has no ${absent.join(", no ")}.`]),
      ...(await readIdentityNotes(db, settings.workspace.id)),
    ],
  };
}

/** What the mirror holds, where the CRM was never asked. */
async function ownCounts(db: Queries, settings: Settings): Promise<TrustFacts["counts"]> {
  const at = sql`workspace_id = ${settings.workspace.id} and connection_id = ${settings.connectionId}`;
  const counts = await db.any(
    CountRow,
    sql`
      select 'Lead' as object, count(*)::integer as mirror from mirror.salesforce_lead
      where ${at} and valid_to is null and not isdeleted
      union all
      select 'Opportunity', count(*)::integer from mirror.salesforce_opportunity
      where ${at} and valid_to is null and not isdeleted
      union all
      select 'Task', count(*)::integer from mirror.salesforce_task
      where ${at} and valid_to is null and not isdeleted and not isarchived
      union all
      select 'CampaignMember', count(*)::integer from mirror.salesforce_campaign_member
      where ${at} and valid_to is null and not isdeleted`,
  );
  return counts.map((each) => ({ ...each, crm: null }));
}

function objectOf(stream: string): string {
  return stream.slice(stream.indexOf(".") + 1);
}

/** Metrics whose inputs name the field, or its whole stream. */
function metricsThatNeed(stream: string, field: string): readonly string[] {
  return catalog
    .filter((entry) => entry.inputs.some((input) => input === stream || input === `${stream}.${field}`))
    .map((entry) => entry.name);
}
