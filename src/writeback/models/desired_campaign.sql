-- Grain: one row per campaign that is not deleted and has a lifetime, in-period report row, or that we wrote before
-- (its numbers are then emptied). Money in the workspace's currency. Source: Campaign of the write-back contract.
-- $1 workspace_id, $2 connection_id, $3 as_of, $4 object in the CRM
with value as (
    select
        metric_value.member as campaign_id,
        max(metric_value.value) filter (where metric_value.metric = 'investment') as investment,
        max(metric_value.text_value) filter (where metric_value.metric = 'investment_basis') as investment_basis,
        max(metric_value.value) filter (where metric_value.metric = 'inquiries') as inquiries,
        max(metric_value.value) filter (where metric_value.metric = 'leads') as leads,
        max(metric_value.value) filter (where metric_value.metric = 'cost_per_lead') as cost_per_lead,
        max(metric_value.value) filter (where metric_value.metric = 'pipeline') as pipeline,
        max(metric_value.value) filter (where metric_value.metric = 'pipeline_per_dollar') as pipeline_per_dollar,
        max(metric_value.value) filter (where metric_value.metric = 'won') as won,
        max(metric_value.value) filter (where metric_value.metric = 'won_amount') as won_amount,
        max(metric_value.text_value) filter (where metric_value.metric = 'trap') as trap,
        max(metric_value.currency_code) as currency_code,
        string_agg(distinct metric_value.metric || ': ' || metric_value.reason, '; ' order by metric_value.metric || ': ' || metric_value.reason)
            filter (where metric_value.metric in (
                'investment', 'cost_per_lead', 'pipeline', 'pipeline_per_dollar', 'won_amount', 'trap'
            )) as reasons
    from metrics.metric_value as metric_value
    where metric_value.workspace_id = $1
        and metric_value.row_type = 'campaign'
        and metric_value.period_type = 'lifetime'
        and metric_value.basis = 'in_period'
        and metric_value.member is not null
    group by metric_value.member
),
final as (
    select
        campaign.campaign_id as key,
        coalesce(campaign.parent_id, campaign.campaign_id) as parent,
        false as is_due,
        '{}'::text[] as omitted,
        value.investment,
        value.investment_basis,
        value.inquiries,
        value.leads,
        value.cost_per_lead,
        value.pipeline,
        value.pipeline_per_dollar,
        value.won,
        value.won_amount,
        value.trap,
        value.currency_code,
        value.reasons
    from metrics.int_campaign as campaign
    left join value on value.campaign_id = campaign.campaign_id
    left join writeback.acknowledged as acknowledged
        on acknowledged.workspace_id = $1
        and acknowledged.connection_id = $2
        and acknowledged.object = $4
        and acknowledged.key = campaign.campaign_id
    where campaign.workspace_id = $1
        and campaign.connection_id = $2
        and (value.campaign_id is not null or acknowledged.key is not null)
)
select
    key,
    parent,
    is_due,
    omitted,
    investment,
    investment_basis,
    inquiries,
    leads,
    cost_per_lead,
    pipeline,
    pipeline_per_dollar,
    won,
    won_amount,
    trap,
    currency_code,
    reasons
from final
