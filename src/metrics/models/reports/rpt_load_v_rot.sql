-- Grain: quartile of the rep's load when a chain of handoffs began (member 1, the lightest, to 4), by the month of its
-- first handoff and lifetime: does overload cause waste? rot_cohort_rate as in rpt_rot_cohort; touches of the chain per
-- chain; of the leads converted from it, won over won and lost opportunities.
-- Source: definitions 4, 5. $1 workspace, $2 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
last_handoffs as (
    select distinct on (connection_id, chain_id)
        connection_id,
        chain_id,
        lead_id,
        clock_started_at,
        rots_at,
        first_touch_at,
        touch_count,
        ended_at,
        ended_by
    from metrics.int_handoff
    where workspace_id = $1
        and is_in_scope
        and evidence <> 'unknown'
        and rots_at is not null
    order by connection_id, chain_id, chain_position desc
),
chains as (
    select
        load.quartile,
        date_trunc('month', last_handoffs.clock_started_at at time zone run.time_zone)::date as month,
        count(*) as chains,
        sum(load.carried) as carried,
        sum(last_handoffs.touch_count) as touches,
        count(*) filter (where opportunity.is_won) as won,
        count(*) filter (where opportunity.is_lost) as lost,
        count(*) filter (where due.is_due) as due,
        coalesce(bool_or(due.is_due and last_handoffs.clock_started_at < connection.start_from), false) as is_partly_before,
        count(*) filter (
            where due.is_due
                and not coalesce(last_handoffs.first_touch_at <= last_handoffs.rots_at, false)
        ) as late
    from last_handoffs
    cross join run
    join metrics.run_connection as connection
        on connection.workspace_id = $1
        and connection.connection_id = last_handoffs.connection_id
    join metrics.int_handoff_load as load
        on load.workspace_id = $1
        and load.connection_id = last_handoffs.connection_id
        and load.chain_id = last_handoffs.chain_id
    cross join lateral (
        select
            last_handoffs.rots_at <= $2::timestamptz
            and not coalesce(
                last_handoffs.ended_at < last_handoffs.rots_at and last_handoffs.first_touch_at is null,
                false
            ) as is_due
    ) as due
    left join metrics.stg_lead as lead
        on lead.workspace_id = $1
        and lead.connection_id = last_handoffs.connection_id
        and lead.lead_id = last_handoffs.lead_id
        and last_handoffs.ended_by = 'converted'
    left join metrics.int_opportunity as opportunity
        on opportunity.workspace_id = $1
        and opportunity.connection_id = lead.connection_id
        and opportunity.opportunity_id = lead.converted_opportunity_id
    group by load.quartile, month
),
counted as (
    select
        chains.quartile,
        period.period_type,
        period.period_start,
        sum(chains) as chains,
        sum(carried) as carried,
        sum(touches) as touches,
        sum(won) as won,
        sum(lost) as lost,
        sum(due) as due,
        bool_or(is_partly_before) as is_partly_before,
        sum(late) as late
    from chains
    cross join run
    cross join lateral (
        values
            ('lifetime', null::date),
            ('month', month)
    ) as period (period_type, period_start)
    where period.period_start is null
        or period.period_start >= run.first_month
    group by chains.quartile, period.period_type, period.period_start
),
final as (
    select
        'load_quartile' as row_type,
        counted.quartile::text as member,
        counted.period_type,
        counted.period_start,
        'cohort' as basis,
        null::integer as age_days,
        metric.name as metric,
        null::numeric as value,
        null as text_value,
        metric.numerator::numeric as numerator,
        metric.denominator::numeric as denominator,
        case
            when metric.name = 'rot_cohort_rate' and is_partly_before then
                'includes handoffs before rot.start_from, which explain lists'
        end as reason
    from counted
    cross join lateral (
        values
            ('rot_cohort_rate', late, due),
            ('touches_per_lead', touches, chains),
            ('cohort_win_rate', won, won + lost),
            ('in_process_at_handoff_mean', carried, chains)
    ) as metric (name, numerator, denominator)
)
select * from final
