import { z } from "zod";
import type { EvidenceList, RowType } from "../core/report-data.ts";
import type { Queries } from "../database/database.ts";
import { type Sql, sql } from "../database/sql.ts";

/** Rows of one list; the rest are counted. */
const ROWS_PER_LIST = 200;

export interface EvidenceScope {
  readonly workspaceId: string;
  /** Rows of one list, the telling ones first. */
  readonly limit?: number;
  /** Lists of this member only. */
  readonly only?: { readonly rowType: RowType; readonly member: string | null };
}

const member = {
  row_type: z.string(),
  member: z.string().nullable(),
  total: z.number(),
  connection_id: z.string(),
};

const HandoffRow = z.object({
  ...member,
  lead_id: z.string(),
  owner_name: z.string(),
  source: z.string().nullable(),
  state: z.string(),
  evidence: z.string(),
  handed_off_at: z.date().nullable(),
  rots_at: z.date().nullable(),
  first_touch_at: z.date().nullable(),
  first_touch_kind: z.string().nullable(),
});

const UndeliveredRow = z.object({
  ...member,
  lead_id: z.string(),
  holder: z.string().nullable(),
  source: z.string().nullable(),
  since: z.date(),
});

const OpportunityRow = z.object({
  ...member,
  opportunity_id: z.string(),
  owner_name: z.string(),
  stage: z.string(),
  outcome: z.enum(["open", "won", "lost"]),
  type: z.enum(["new", "expansion", "renewal"]),
  amount: z.string().nullable(),
  pipeline_amount: z.string().nullable(),
  counts_in_pipeline: z.boolean(),
  created_at: z.date(),
  close_on: z.string().nullable(),
  stalled_since: z.date().nullable(),
});

const ResponseRow = z.object({
  ...member,
  record_id: z.string(),
  is_lead: z.boolean(),
  responded_on: z.string(),
});

const CostRow = z.object({
  ...member,
  campaign_id: z.string(),
  campaign_name: z.string(),
  cost: z.string().nullable(),
  basis: z.string().nullable(),
  start_on: z.string().nullable(),
  end_on: z.string().nullable(),
});

/**
 * The records behind the report's numbers, as of the last compute: open handoffs by rep and source, undelivered leads,
 * opportunities by campaign and rep, first responses and costs by campaign.
 *
 * Grain: one list a kind and member, `total` counting all of it.
 */
export async function readEvidence(db: Queries, scope: EvidenceScope): Promise<readonly EvidenceList[]> {
  return [
    ...(await handoffs(db, scope)),
    ...(await undelivered(db, scope)),
    ...(await opportunities(db, scope)),
    ...(await responses(db, scope)),
    ...(await costs(db, scope)),
  ];
}

const rowTypes: readonly RowType[] = ["workspace", "campaign", "source", "rep", "team", "load_quartile"];

function rowTypeOf(text: string): RowType {
  const found = rowTypes.find((type) => type === text);
  if (found === undefined) throw new RangeError(`${text} is no row type`);
  return found;
}

/** Rows in order, cut into lists wherever the member changes. */
function lists<Row extends { row_type: string; member: string | null; total: number }>(
  rows: readonly Row[],
): readonly { rowType: RowType; member: string | null; total: number; rows: readonly Row[] }[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify([row.row_type, row.member]));
  return [...groups.values()].flatMap((group) => {
    const first = group[0];
    if (first === undefined) return [];
    return [{ rowType: rowTypeOf(first.row_type), member: first.member, total: first.total, rows: group }];
  });
}

function isWanted({ only }: EvidenceScope): Sql {
  if (only === undefined) return sql`true`;
  return sql`row_type = ${only.rowType} and member is not distinct from ${only.member}`;
}

async function handoffs(db: Queries, scope: EvidenceScope): Promise<readonly EvidenceList[]> {
  const rows = await db.any(
    HandoffRow,
    sql`
      with open_handoff as (
        select handoff.*, coalesce(owner.name, handoff.owner_id) as owner_name,
          case handoff.state when 'rotting' then 1 when 'at_risk' then 2 when 'waiting' then 3
            when 'gone_cold' then 4 when 'worked_late' then 5 when 'worked' then 6 else 7 end as urgency
        from metrics.int_handoff as handoff
        left join metrics.stg_owner as owner using (workspace_id, connection_id, owner_id)
        where handoff.workspace_id = ${scope.workspaceId}
          and handoff.ended_at is null and handoff.is_in_scope
      ),
      by_member as (
        select 'rep' as row_type, owner_id as member, open_handoff.* from open_handoff
        union all
        select 'source', source, open_handoff.* from open_handoff
      ),
      ranked as (
        select by_member.*,
          count(*) over (partition by row_type, member)::integer as total,
          row_number() over (partition by row_type, member order by urgency, rots_at nulls last, lead_id) as rank
        from by_member
      )
      select row_type, member, total, connection_id, lead_id, owner_name, source, state, evidence, handed_off_at, rots_at,
        first_touch_at, first_touch_kind
      from ranked
      where rank <= ${scope.limit ?? ROWS_PER_LIST} and ${isWanted(scope)}
      order by row_type, member nulls first, rank`,
  );
  return lists(rows).map((list) => ({
    ...list,
    kind: "handoffs",
    rows: list.rows.map((row) => ({
      connectionId: row.connection_id,
      leadId: row.lead_id,
      ownerName: row.owner_name,
      source: row.source,
      state: row.state,
      evidence: row.evidence,
      handedOffAt: row.handed_off_at,
      rotsAt: row.rots_at,
      firstTouchAt: row.first_touch_at,
      firstTouchKind: row.first_touch_kind,
    })),
  }));
}

async function undelivered(db: Queries, scope: EvidenceScope): Promise<readonly EvidenceList[]> {
  const rows = await db.any(
    UndeliveredRow,
    sql`
      with waiting as (
        select lead.connection_id, lead.lead_id, lead.source, lead.undelivered_since as since, owner.name as holder
        from metrics.int_lead as lead
        left join metrics.stg_owner as owner using (workspace_id, connection_id, owner_id)
        where lead.workspace_id = ${scope.workspaceId}
          and lead.is_undelivered and not lead.is_excluded
      ),
      by_member as (
        select 'workspace' as row_type, null::text as member, waiting.* from waiting
        union all
        select 'source', source, waiting.* from waiting
      ),
      ranked as (
        select by_member.*,
          count(*) over (partition by row_type, member)::integer as total,
          row_number() over (partition by row_type, member order by since, lead_id) as rank
        from by_member
      )
      select row_type, member, total, connection_id, lead_id, source, since, holder
      from ranked
      where rank <= ${scope.limit ?? ROWS_PER_LIST} and ${isWanted(scope)}
      order by row_type desc, member nulls first, rank`,
  );
  return lists(rows).map((list) => ({
    ...list,
    kind: "undelivered",
    rows: list.rows.map((row) => ({
      connectionId: row.connection_id,
      leadId: row.lead_id,
      holder: row.holder,
      source: row.source,
      since: row.since,
    })),
  }));
}

async function opportunities(db: Queries, scope: EvidenceScope): Promise<readonly EvidenceList[]> {
  const rows = await db.any(
    OpportunityRow,
    sql`
      with opportunity as (
        select each.connection_id, each.opportunity_id, coalesce(owner.name, each.owner_id, 'nobody') as owner_name,
          coalesce(each.stage, '') as stage,
          case when each.is_open then 'open' when each.is_won then 'won' else 'lost' end as outcome,
          each.type, each.amount, each.pipeline_amount, each.counts_in_pipeline, each.created_at,
          each.close_date::text as close_on, each.stalled_since, each.owner_id,
          coalesce(campaign.family_root, each.campaign_id) as campaign_id
        from metrics.int_opportunity as each
        left join metrics.stg_owner as owner using (workspace_id, connection_id, owner_id)
        left join metrics.int_campaign as campaign
          on campaign.workspace_id = each.workspace_id and campaign.connection_id = each.campaign_connection_id
          and campaign.campaign_id = each.campaign_id
        where each.workspace_id = ${scope.workspaceId}
      ),
      by_member as (
        select 'campaign' as row_type, campaign_id as member, opportunity.* from opportunity
        where campaign_id is not null
        union all
        select 'rep', owner_id, opportunity.* from opportunity where owner_id is not null and outcome = 'open'
      ),
      ranked as (
        select by_member.*,
          count(*) over (partition by row_type, member)::integer as total,
          row_number() over (
            partition by row_type, member order by pipeline_amount desc nulls last, opportunity_id
          ) as rank
        from by_member
      )
      select row_type, member, total, connection_id, opportunity_id, owner_name, stage, outcome, type, amount, pipeline_amount,
        counts_in_pipeline, created_at, close_on, stalled_since
      from ranked
      where rank <= ${scope.limit ?? ROWS_PER_LIST} and ${isWanted(scope)}
      order by row_type, member, rank`,
  );
  return lists(rows).map((list) => ({
    ...list,
    kind: "opportunities",
    rows: list.rows.map((row) => ({
      connectionId: row.connection_id,
      opportunityId: row.opportunity_id,
      ownerName: row.owner_name,
      stage: row.stage,
      outcome: row.outcome,
      type: row.type,
      amount: row.amount === null ? null : Number(row.amount),
      pipelineAmount: row.pipeline_amount === null ? null : Number(row.pipeline_amount),
      countsInPipeline: row.counts_in_pipeline,
      createdAt: row.created_at,
      closeOn: row.close_on,
      stalledSince: row.stalled_since,
    })),
  }));
}

async function responses(db: Queries, scope: EvidenceScope): Promise<readonly EvidenceList[]> {
  const rows = await db.any(
    ResponseRow,
    sql`
      with first_response as (
        select distinct on (response.family_root, response.person_id)
          response.connection_id as response_connection_id, response.family_root as campaign_id, response.person_id,
          response.responded_on::text as responded_on,
          response.responded_on as day
        from metrics.int_response as response
        where response.workspace_id = ${scope.workspaceId}
        order by response.family_root, response.person_id, response.responded_on, response.created_at,
          response.member_id
      ),
      record as (
        select distinct on (person_id) person_id, connection_id, record_id from metrics.int_person_record
        where workspace_id = ${scope.workspaceId}
        order by person_id, created_at, record_id
      ),
      ranked as (
        select 'campaign' as row_type, campaign_id as member, named.record_id, responded_on,
          coalesce(record.connection_id, response_connection_id) as connection_id,
          exists (
            select from metrics.stg_lead as lead
            where lead.workspace_id = ${scope.workspaceId}
              and lead.connection_id = coalesce(record.connection_id, response_connection_id)
              and lead.lead_id = named.record_id
          ) as is_lead,
          count(*) over (partition by campaign_id)::integer as total,
          row_number() over (partition by campaign_id order by day desc, named.record_id) as rank
        from first_response
        left join record using (person_id)
        -- A person of whom we see no record is called by its id.
        cross join lateral (
          select coalesce(record.record_id, regexp_replace(first_response.person_id, '^record:.*:', '')) as record_id
        ) as named
      )
      select row_type, member, total, connection_id, record_id, is_lead, responded_on
      from ranked
      where rank <= ${scope.limit ?? ROWS_PER_LIST} and ${isWanted(scope)}
      order by member, rank`,
  );
  return lists(rows).map((list) => ({
    ...list,
    kind: "responses",
    rows: list.rows.map((row) => ({
      connectionId: row.connection_id,
      recordId: row.record_id,
      recordType: row.is_lead ? "lead" : "contact",
      respondedOn: row.responded_on,
    })),
  }));
}

async function costs(db: Queries, scope: EvidenceScope): Promise<readonly EvidenceList[]> {
  const rows = await db.any(
    CostRow,
    sql`
      with cost as (
      select 'campaign' as row_type, campaign.family_root as member,
        count(*) over (partition by campaign.family_root)::integer as total,
        campaign.connection_id, campaign.campaign_id, coalesce(campaign.name, campaign.campaign_id) as campaign_name,
        campaign.own_cost as cost,
        (
          select string_agg(distinct spend.basis, ', ') from metrics.int_campaign_spend as spend
          where spend.workspace_id = campaign.workspace_id and spend.connection_id = campaign.connection_id
            and spend.campaign_id = campaign.campaign_id
        ) as basis,
        campaign.starts_on::text as start_on, campaign.ends_on::text as end_on
      from metrics.int_campaign as campaign
      where campaign.workspace_id = ${scope.workspaceId}
      )
      select row_type, member, total, connection_id, campaign_id, campaign_name, cost, basis, start_on, end_on
      from cost
      where ${isWanted(scope)}
      order by member, cost desc nulls last, campaign_id`,
  );
  return lists(rows).map((list) => ({
    ...list,
    kind: "costs",
    rows: list.rows.map((row) => ({
      connectionId: row.connection_id,
      campaignId: row.campaign_id,
      campaignName: row.campaign_name,
      cost: row.cost === null ? null : Number(row.cost),
      basis: row.basis,
      startOn: row.start_on,
      endOn: row.end_on,
    })),
  }));
}
