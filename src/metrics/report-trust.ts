import { z } from "zod";
import type { CrmName } from "../core/errors.ts";
import type { ConnectionFacts, HiddenField, TrustFacts } from "../core/report-data.ts";
import type { Queries } from "../database/database.ts";
import { type Sql, sql } from "../database/sql.ts";
import { catalog } from "./catalog.ts";
import { impossibilities } from "./report-impossible.ts";

/** Record counts of one CRM and of the mirror at one moment, ISO UTC. */
export interface ComparedCounts {
  readonly connectionId: string;
  readonly at: string;
  readonly objects: readonly Omit<TrustFacts["counts"][number], "connectionId">[];
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

const StreamRow = z.object({
  connection_id: z.string(),
  stream: z.string(),
  is_absent: z.boolean(),
  hidden_fields: z.array(z.string()),
});
const CountRow = z.object({ object: z.string(), mirror: z.number() });

/** How far the numbers of the last compute can be trusted, over all connections. */
export async function readTrust(
  db: Queries,
  workspaceId: string,
  connections: readonly ConnectionFacts[],
  compared: readonly ComparedCounts[],
): Promise<TrustFacts> {
  const at = sql`workspace_id = ${workspaceId}`;
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
    StreamRow,
    sql`
      select connection_id, stream, is_absent, hidden_fields from mirror.stream_state
      where ${at} order by connection_id, stream`,
  );
  const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
  const moments = compared.map((each) => new Date(each.at).getTime());
  return {
    leadsWithoutSource: share(facts.leads_without_source, facts.leads),
    campaignsWithoutCost: share(facts.campaigns_without_cost, facts.campaigns),
    handoffsUnknown: facts.handoffs_unknown,
    opportunitiesWithoutAmount: facts.opportunities_without_amount,
    quarantined: facts.quarantined,
    hiddenFields: streams.filter((stream) => !stream.is_absent).flatMap(hiddenFieldsOf),
    countedAt: moments.length === 0 ? null : new Date(Math.max(...moments)),
    counts: await countsOf(db, workspaceId, connections, compared),
    notes: await impossibilities(db, workspaceId, connections, streams),
  };
}

/** A portal without Salesforce's integration lacks its properties, as one without sequences does: nobody hides them. */
function hiddenFieldsOf(row: z.infer<typeof StreamRow>): readonly HiddenField[] {
  return row.hidden_fields
    .filter((field) => !/^ripeline_/i.test(field))
    .map((field) => ({
      connectionId: row.connection_id,
      object: objectOf(row.stream),
      field,
      metrics: metricsThatNeed(row.stream, field),
    }))
    .filter(({ metrics }) => metrics.length > 0 || !row.stream.startsWith("hubspot."));
}

/** The CRM's counts beside ours where it was asked, else ours alone. */
async function countsOf(
  db: Queries,
  workspaceId: string,
  connections: readonly ConnectionFacts[],
  compared: readonly ComparedCounts[],
): Promise<TrustFacts["counts"]> {
  const counts: TrustFacts["counts"][number][] = [];
  for (const { id, crm } of connections) {
    const known = compared.find(({ connectionId }) => connectionId === id)?.objects;
    const objects = known ?? (await ownCounts(db, { workspaceId, connectionId: id, crm }));
    counts.push(...objects.map((each) => ({ connectionId: id, ...each })));
  }
  return counts;
}

/** What the mirror holds of an object now: table and what is left out, by CRM. */
const COUNTED: Readonly<Record<CrmName, readonly (readonly [object: string, table: string, live: Sql])[]>> = {
  salesforce: [
    ["Lead", "salesforce_lead", sql`not isdeleted`],
    ["Opportunity", "salesforce_opportunity", sql`not isdeleted`],
    ["Task", "salesforce_task", sql`not isdeleted and not isarchived`],
    ["CampaignMember", "salesforce_campaign_member", sql`not isdeleted`],
  ],
  hubspot: [
    ["contacts", "hubspot_contact", sql`archived is not true`],
    ["leads", "hubspot_lead", sql`archived is not true`],
    ["deals", "hubspot_deal", sql`archived is not true`],
    ["calls", "hubspot_call", sql`archived is not true`],
    ["emails", "hubspot_email", sql`archived is not true`],
    ["meetings", "hubspot_meeting", sql`archived is not true`],
  ],
};

async function ownCounts(
  db: Queries,
  {
    workspaceId,
    connectionId,
    crm,
  }: { readonly workspaceId: string; readonly connectionId: string; readonly crm: CrmName },
): Promise<readonly Omit<TrustFacts["counts"][number], "connectionId">[]> {
  const counts: { object: string; crm: null; mirror: number }[] = [];
  for (const [object, table, live] of COUNTED[crm]) {
    const { mirror } = await db.one(
      CountRow,
      sql`
        select ${object}::text as object, count(*)::integer as mirror
        from mirror.${sql.identifier([table])}
        where workspace_id = ${workspaceId} and connection_id = ${connectionId} and valid_to is null and ${live}`,
    );
    counts.push({ object, crm: null, mirror });
  }
  return counts;
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
