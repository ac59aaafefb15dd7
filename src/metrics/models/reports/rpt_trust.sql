-- Grain: the workspace at as_of: how far the numbers can be trusted. Source: definitions 6, 8, 10.
-- $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
leads as (
    select
        count(*) filter (where not is_excluded) as leads,
        count(*) filter (where not is_excluded and source is null) as without_source,
        count(*) filter (where is_excluded) as excluded
    from metrics.int_lead
    where workspace_id = $1
),
campaigns as (
    select
        count(*) as campaigns,
        -- One that has not begun, or is left out because it repeats its children's, has a cost all the same.
        count(*) filter (where own_cost_reason = 'cost missing') as without_cost,
        count(*) filter (where is_probably_entered_twice) as entered_twice,
        coalesce(sum(own_cost) filter (where is_orphan), 0) as orphan_spend
    from metrics.int_campaign
    where workspace_id = $1
),
opportunities as (
    select
        count(*) as opportunities,
        count(*) filter (where campaign_id is null) as without_campaign,
        count(*) filter (where not has_contact_role) as without_role,
        count(*) filter (where amount_reason like 'no exchange rate%') as without_rate
    from metrics.int_opportunity
    where workspace_id = $1
),
campaign_rates as (
    select count(*) as without_rate
    from metrics.int_campaign
    where workspace_id = $1
        and own_cost_reason like 'no exchange rate%'
),
-- Entries of a campaign's own cost stand in its row.
entry_rates as (
    select count(*) as without_rate
    from metrics.stg_cost_entry as entry
    join run on run.today >= entry.entry_on
    where entry.workspace_id = $1
        and entry.amount is null
        and (entry.kind <> 'program' or entry.campaign_id is null)
),
final as (
    select
        'workspace' as row_type,
        null as member,
        'day' as period_type,
        run.today as period_start,
        'point_in_time' as basis,
        null::integer as age_days,
        metric.name as metric,
        metric.value::numeric as value,
        null as text_value,
        metric.numerator::numeric as numerator,
        metric.denominator::numeric as denominator,
        null as reason
    from run
    cross join leads
    cross join campaigns
    cross join opportunities
    cross join campaign_rates
    cross join entry_rates
    cross join lateral (
        values
            ('leads_without_source_share', null::numeric, leads.without_source, leads.leads),
            ('excluded_leads', leads.excluded, null, null),
            ('campaigns_without_cost_share', null, campaigns.without_cost, campaigns.campaigns),
            ('campaigns_entered_twice', campaigns.entered_twice, null, null),
            ('orphan_spend', campaigns.orphan_spend, null, null),
            ('opportunities_without_campaign_share', null, opportunities.without_campaign, opportunities.opportunities),
            ('opportunities_without_contact_role_share', null, opportunities.without_role, opportunities.opportunities),
            ('amounts_without_rate', opportunities.without_rate + campaign_rates.without_rate + entry_rates.without_rate, null, null)
    ) as metric (name, value, numerator, denominator)
)
select * from final
