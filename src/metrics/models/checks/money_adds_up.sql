-- Must return no rows. Campaigns' investment adds up to the campaigns' own cost, sources' and the workspace's to that and
-- the money of programs that are no campaign; loaded investment to that and all operations and labour; and pipeline with and without cost to that of all opportunities that count. Tolerance: a ten-thousandth, for
-- division in numeric. $1 workspace.
with investment as (
    select
        row_type,
        sum(amount) as amount,
        sum(loaded_amount) as loaded_amount
    from metrics.int_row_investment
    where workspace_id = $1
        and period_type = 'lifetime'
    group by row_type
),
own as (
    select sum(own_cost) as amount
    from metrics.int_campaign
    where workspace_id = $1
),
entered as (
    select
        coalesce(sum(entry.amount) filter (where entry.kind = 'program' and entry.campaign_id is null), 0) as without_campaign,
        coalesce(sum(entry.amount) filter (where entry.kind <> 'program'), 0) as overhead
    from metrics.stg_cost_entry as entry
    join metrics.run as run on run.workspace_id = $1
    where entry.workspace_id = $1
        and entry.entry_on <= run.today
),
opportunities as (
    select sum(pipeline_amount) as amount
    from metrics.int_opportunity
    where workspace_id = $1
        and counts_in_pipeline
),
reported as (
    select sum(value) as amount
    from metrics.rpt_fact
    where workspace_id = $1
        and row_type = 'workspace'
        and basis = 'in_period'
        and period_type = 'lifetime'
        and metric in ('pipeline', 'pipeline_without_cost')
),
campaigns as (
    select sum(fact.value) as amount
    from metrics.rpt_fact as fact
    where fact.workspace_id = $1
        and fact.row_type = 'campaign'
        and fact.basis = 'in_period'
        and fact.period_type = 'lifetime'
        and fact.metric = 'pipeline'
),
without_campaign as (
    select sum(opportunity.pipeline_amount) as amount
    from metrics.int_opportunity as opportunity
    where opportunity.workspace_id = $1
        and opportunity.counts_in_pipeline
        and not exists (
            select 1
            from metrics.int_campaign as campaign
            where campaign.workspace_id = $1
                and campaign.connection_id = opportunity.campaign_connection_id
                and campaign.campaign_id = opportunity.campaign_id
        )
),
problems as (
    select format(
        'investment of %s rows is %s, campaigns cost %s and other programs %s',
        row_type,
        investment.amount,
        own.amount,
        entered.without_campaign
    ) as problem
    from investment
    cross join own
    cross join entered
    where abs(
        coalesce(investment.amount, 0) - coalesce(own.amount, 0)
        - case when row_type = 'campaign' then 0 else entered.without_campaign end
    ) > 0.0001
    union all
    select format(
        'loaded investment of %s rows is %s, own %s, operations and labour %s',
        row_type,
        investment.loaded_amount,
        investment.amount,
        entered.overhead
    )
    from investment
    cross join entered
    where row_type <> 'campaign'
        and abs(investment.loaded_amount - investment.amount - entered.overhead) > 0.0001
    union all
    select format('pipeline in the report is %s, of opportunities %s', reported.amount, opportunities.amount)
    from reported
    cross join opportunities
    where abs(coalesce(reported.amount, 0) - coalesce(opportunities.amount, 0)) > 0.0001
    union all
    select format(
        'pipeline of campaigns is %s and without campaign %s, of opportunities %s',
        campaigns.amount,
        without_campaign.amount,
        opportunities.amount
    )
    from campaigns
    cross join without_campaign
    cross join opportunities
    where abs(
        coalesce(campaigns.amount, 0) + coalesce(without_campaign.amount, 0) - coalesce(opportunities.amount, 0)
    ) > 0.0001
)
select problem
from problems
