-- Grain: workspace, source, rep, team by the month in which a chain was made (its first handoff), and lifetime.
-- Each chain is exactly one of: ended untouched before its deadline; not yet due; due (D), of which late are those
-- without a touch at or before the deadline. It belongs to the rep who held it at the deadline, or at its end if
-- earlier. A rate with chains that began before run.start_from says so. Source: definitions 2, 4. $1 workspace, $2 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
handoffs as (
    select *
    from metrics.int_handoff
    where workspace_id = $1
        and is_in_scope
        and evidence <> 'unknown'
        and rots_at is not null
),
holders as (
    select distinct on (connection_id, chain_id)
        connection_id,
        chain_id,
        owner_id,
        team
    from handoffs
    where handed_off_at <= rots_at
        or chain_position = 1
    order by connection_id, chain_id, (handed_off_at <= rots_at) desc, chain_position desc
),
last_handoffs as (
    select distinct on (connection_id, chain_id)
        connection_id,
        chain_id,
        source,
        clock_started_at,
        rots_at,
        first_touch_at,
        ended_at
    from handoffs
    order by connection_id, chain_id, chain_position desc
),
chains as (
    select
        last_handoffs.source,
        holders.owner_id,
        holders.team,
        date_trunc('month', last_handoffs.clock_started_at at time zone run.time_zone)::date as month,
        case
            when last_handoffs.ended_at < last_handoffs.rots_at and last_handoffs.first_touch_at is null
                then 'ended_untouched'
            when last_handoffs.rots_at > $2::timestamptz then 'not_yet_due'
            when last_handoffs.first_touch_at <= last_handoffs.rots_at then 'in_time'
            else 'late'
        end as outcome,
        coalesce(last_handoffs.clock_started_at < connection.start_from, false) as is_before,
        count(*) as chains
    from last_handoffs
    cross join run
    join metrics.run_connection as connection
        on connection.workspace_id = $1
        and connection.connection_id = last_handoffs.connection_id
    join holders
        on holders.connection_id = last_handoffs.connection_id
        and holders.chain_id = last_handoffs.chain_id
    group by last_handoffs.source, holders.owner_id, holders.team, month, outcome, is_before
),
counted as (
    select
        grain.row_type,
        grain.member,
        period.period_type,
        period.period_start,
        coalesce(sum(chains) filter (where outcome = 'late'), 0) as late,
        coalesce(sum(chains) filter (where outcome in ('late', 'in_time')), 0) as due,
        coalesce(bool_or(is_before) filter (where outcome in ('late', 'in_time')), false) as is_partly_before,
        coalesce(sum(chains) filter (where outcome = 'ended_untouched'), 0) as ended_untouched,
        coalesce(sum(chains) filter (where outcome = 'not_yet_due'), 0) as not_yet_due
    from chains
    cross join run
    cross join lateral (
        values
            ('workspace', null),
            ('source', source),
            ('rep', owner_id),
            ('team', team)
    ) as grain (row_type, member)
    cross join lateral (
        values
            ('lifetime', null::date),
            ('month', month)
    ) as period (period_type, period_start)
    where (grain.row_type <> 'team' or grain.member is not null)
        and (period.period_start is null or period.period_start >= run.first_month)
    group by grain.row_type, grain.member, period.period_type, period.period_start
),
final as (
    select
        counted.row_type,
        counted.member,
        counted.period_type,
        counted.period_start,
        'cohort' as basis,
        null::integer as age_days,
        metric.name as metric,
        metric.value::numeric as value,
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
            ('rot_cohort_rate', null, late, due),
            ('rot_cohort_ended_untouched', ended_untouched, null, null),
            ('rot_cohort_not_yet_due', not_yet_due, null, null)
    ) as metric (name, value, numerator, denominator)
)
select * from final
