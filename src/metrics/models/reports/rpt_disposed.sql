-- Grain: workspace, source, rep, team by month and lifetime: leads whose handoff ended as disqualified, recycled, deleted
-- or converted in the period, and those of them without any touch until then. A lead that ended twice in the period
-- counts once, by its last end. Source: definitions 4. $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
first_touches as (
    select
        connection_id,
        lead_id,
        min(touched_at) as first_touch_at
    from metrics.int_touch
    where workspace_id = $1
    group by connection_id, lead_id
),
ends as (
    select
        handoff.connection_id,
        handoff.lead_id,
        handoff.source,
        handoff.owner_id,
        handoff.team,
        handoff.ended_at,
        date_trunc('month', handoff.ended_at at time zone run.time_zone)::date as month,
        coalesce(first_touches.first_touch_at <= handoff.ended_at, false) as has_touch
    from metrics.int_handoff as handoff
    cross join run
    left join first_touches
        on first_touches.connection_id = handoff.connection_id
        and first_touches.lead_id = handoff.lead_id
    where handoff.workspace_id = $1
        and handoff.is_in_scope
        and handoff.evidence <> 'unknown'
        and handoff.ended_by in ('disqualified', 'recycled', 'deleted', 'converted')
),
-- Most leads end once: those of one kind are one row with their number before rows are multiplied by grains.
-- A lead that ended again stays a row an end.
counted as (
    select
        *,
        count(*) over (partition by connection_id, lead_id) > 1 as ended_again
    from ends
),
grouped as (
    select
        -- Which one does not matter.
        min(connection_id || ' ' || lead_id) as lead_key,
        source,
        owner_id,
        team,
        month,
        max(ended_at) as ended_at,
        has_touch,
        case when ended_again then 1 else count(*) end as leads
    from counted
    group by
        source,
        owner_id,
        team,
        month,
        has_touch,
        ended_again,
        case when ended_again then connection_id || ' ' || lead_id end,
        case when ended_again then ended_at end
),
once as (
    select distinct on (grain.row_type, grain.member, period.period_type, period.period_start, grouped.lead_key)
        grain.row_type,
        grain.member,
        period.period_type,
        period.period_start,
        grouped.has_touch,
        grouped.leads
    from grouped
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
    order by
        grain.row_type,
        grain.member,
        period.period_type,
        period.period_start,
        grouped.lead_key,
        grouped.ended_at desc
),
final as (
    select
        row_type,
        member,
        period_type,
        period_start,
        'in_period' as basis,
        null::integer as age_days,
        'disposed_untouched_rate' as metric,
        null::numeric as value,
        null as text_value,
        coalesce(sum(leads) filter (where not has_touch), 0)::numeric as numerator,
        sum(leads)::numeric as denominator,
        null as reason
    from once
    group by row_type, member, period_type, period_start
)
select * from final
