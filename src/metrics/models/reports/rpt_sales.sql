-- Grain: workspace, campaign (primary campaign's family), source, rep, team by month and lifetime.
-- opportunities: created in the period and counted in pipeline; won and lost: closed in the period by close date, any
-- type. By amount, a lost one counts with its last amount that was not 0. Cycle in whole days from created to close
-- date. Money in the workspace's currency. Source: definitions 9. $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
opportunities as (
    select
        opportunity.opportunity_id,
        opportunity.source,
        owner.owner_id,
        owner.role_id as team,
        campaign.family_root as campaign_id,
        opportunity.counts_in_pipeline,
        opportunity.pipeline_amount,
        opportunity.amount_reason,
        opportunity.is_won,
        opportunity.is_lost,
        opportunity.close_date <= run.today as is_closed_by_today,
        opportunity.sales_cycle_days,
        date_trunc('month', opportunity.created_on)::date as created_month,
        date_trunc('month', opportunity.close_date)::date as closed_month
    from metrics.int_opportunity as opportunity
    cross join run
    left join metrics.stg_owner as owner
        on owner.workspace_id = $1
        and owner.connection_id = opportunity.connection_id
        and owner.owner_id = opportunity.owner_id
        and owner.is_rep
    left join metrics.int_campaign as campaign
        on campaign.workspace_id = $1
        and campaign.connection_id = opportunity.campaign_connection_id
        and campaign.campaign_id = opportunity.campaign_id
    where opportunity.workspace_id = $1
),
created as (
    select
        grain.row_type,
        grain.member,
        period.period_type,
        period.period_start,
        count(*) as opportunities,
        count(*) filter (where amount_reason = 'no amount') as without_amount
    from opportunities
    cross join run
    cross join lateral (
        values
            ('workspace', null),
            ('source', source),
            ('campaign', campaign_id),
            ('rep', owner_id),
            ('team', team)
    ) as grain (row_type, member)
    cross join lateral (
        values
            ('lifetime', null::date),
            ('month', created_month)
    ) as period (period_type, period_start)
    where counts_in_pipeline
        and (grain.row_type in ('workspace', 'source') or grain.member is not null)
        and (period.period_start is null or period.period_start >= run.first_month)
    group by grain.row_type, grain.member, period.period_type, period.period_start
),
closed as (
    select
        grain.row_type,
        grain.member,
        period.period_type,
        period.period_start,
        count(*) filter (where is_won) as won,
        count(*) filter (where is_lost) as lost,
        count(pipeline_amount) filter (where is_won) as won_with_amount,
        sum(pipeline_amount) filter (where is_won) as won_amount,
        sum(pipeline_amount) as closed_amount,
        count(pipeline_amount) as closed_with_amount,
        count(sales_cycle_days) filter (where is_won) as cycles,
        avg(sales_cycle_days) filter (where is_won) as mean_cycle,
        percentile_cont(0.5) within group (order by sales_cycle_days::float8) filter (where is_won) as median_cycle
    from opportunities
    cross join run
    cross join lateral (
        values
            ('workspace', null),
            ('source', source),
            ('campaign', campaign_id),
            ('rep', owner_id),
            ('team', team)
    ) as grain (row_type, member)
    cross join lateral (
        values
            ('lifetime', null::date),
            ('month', closed_month)
    ) as period (period_type, period_start)
    where (is_won or is_lost)
        and (grain.row_type in ('workspace', 'source') or grain.member is not null)
        and (period.period_type = 'lifetime' or period.period_start >= run.first_month)
    group by grain.row_type, grain.member, period.period_type, period.period_start
),
facts as (
    select
        row_type,
        member,
        period_type,
        period_start,
        metric.name as metric,
        metric.value::text::numeric as value,
        null::numeric as numerator,
        null::numeric as denominator,
        null as reason
    from created
    cross join lateral (
        values
            ('opportunities', opportunities),
            ('opportunities_without_amount', without_amount)
    ) as metric (name, value)
    union all
    select
        row_type,
        member,
        period_type,
        period_start,
        metric.name,
        metric.value::text::numeric,
        metric.numerator::numeric,
        metric.denominator::numeric,
        metric.reason
    from closed
    cross join lateral (
        values
            ('won', won::float8, null::numeric, null::numeric, null),
            ('lost', lost::float8, null, null, null),
            ('win_rate', null, won, won + lost, null),
            ('sales_cycle_days_median', median_cycle, null, cycles, null),
            ('sales_cycle_days_mean', mean_cycle::float8, null, cycles, null)
    ) as metric (name, value, numerator, denominator, reason)
    union all
    select
        row_type,
        member,
        period_type,
        period_start,
        'won_amount',
        case when won = 0 then 0 else won_amount end,
        null,
        null,
        case when won > 0 and won_with_amount = 0 then 'no won opportunity has an amount' end
    from closed
    union all
    select
        row_type,
        member,
        period_type,
        period_start,
        'win_rate_by_amount',
        null,
        case when closed_with_amount > 0 then coalesce(won_amount, 0) end,
        closed_amount,
        case when closed_with_amount = 0 then 'no closed opportunity has an amount' end
    from closed
),
final as (
    select
        row_type,
        member,
        period_type,
        period_start,
        'in_period' as basis,
        null::integer as age_days,
        metric,
        value,
        null as text_value,
        numerator,
        denominator,
        reason
    from facts
)
select * from final
