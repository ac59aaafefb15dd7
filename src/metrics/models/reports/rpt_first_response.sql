-- Grain: workspace, source, rep, team by the month of the lead's first handoff, and lifetime: hours from the first
-- handoff to the first touch after it, by the wall clock and in the org's business hours; whoever made the touch and
-- whoever owns the lead by then. Untouched leads have no time yet; the share that answered stands in the denominator.
-- Medians pass through text: a cast from double precision to numeric keeps 15 digits.
-- Source: definitions 4. $1 workspace, $2 connection.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
first_handoffs as (
    select
        lead_id,
        source,
        owner_id,
        team,
        handed_off_at
    from metrics.int_handoff
    where workspace_id = $1
        and connection_id = $2
        and is_in_scope
        and evidence <> 'unknown'
        and handoff_number = 1
),
conversions as (
    select
        lead_id,
        max(happened_at) as converted_at
    from metrics.int_status_event
    where workspace_id = $1
        and connection_id = $2
        and status_class = 'converted'
    group by lead_id
),
answered as (
    select
        first_handoffs.lead_id,
        first_handoffs.source,
        first_handoffs.owner_id,
        first_handoffs.team,
        first_handoffs.handed_off_at,
        min(touch.touched_at) as touched_at
    from first_handoffs
    left join conversions on conversions.lead_id = first_handoffs.lead_id
    join metrics.stg_touch as touch
        on touch.workspace_id = $1
        and touch.connection_id = $2
        and touch.lead_id = first_handoffs.lead_id
        and touch.touched_at >= first_handoffs.handed_off_at
        and (conversions.converted_at is null or touch.touched_at <= conversions.converted_at)
    group by
        first_handoffs.lead_id,
        first_handoffs.source,
        first_handoffs.owner_id,
        first_handoffs.team,
        first_handoffs.handed_off_at
),
clocked as (
    select
        answered.*,
        date_trunc('month', answered.handed_off_at at time zone run.time_zone)::date as month,
        extract(epoch from answered.touched_at - answered.handed_off_at)::float8 / 3600 as hours,
        case when run.response_calendar is not null then (until.open_seconds - since.open_seconds)::float8 / 3600 end
            as business_hours
    from answered
    cross join run
    left join lateral (
        select
            opening.open_seconds_before
                + extract(epoch from least(answered.handed_off_at, opening.closes_at) - opening.opens_at) as open_seconds
        from metrics.calendar_interval as opening
        where opening.workspace_id = $1
            and opening.connection_id = $2
            and opening.calendar = run.response_calendar
            and opening.opens_at <= answered.handed_off_at
        order by opening.opens_at desc
        limit 1
    ) as since on true
    left join lateral (
        select
            opening.open_seconds_before
                + extract(epoch from least(answered.touched_at, opening.closes_at) - opening.opens_at) as open_seconds
        from metrics.calendar_interval as opening
        where opening.workspace_id = $1
            and opening.connection_id = $2
            and opening.calendar = run.response_calendar
            and opening.opens_at <= answered.touched_at
        order by opening.opens_at desc
        limit 1
    ) as until on true
),
counted as (
    select
        grain.row_type,
        grain.member,
        period.period_type,
        period.period_start,
        count(*) as answered,
        count(business_hours) as clocked,
        percentile_cont(0.5) within group (order by hours) as median,
        percentile_cont(0.9) within group (order by hours) as p90,
        percentile_cont(0.5) within group (order by business_hours) as business_median,
        percentile_cont(0.9) within group (order by business_hours) as business_p90
    from clocked
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
        'in_period' as basis,
        null::integer as age_days,
        metric.name as metric,
        metric.value::text::numeric as value,
        null as text_value,
        null::numeric as numerator,
        metric.denominator::numeric as denominator,
        case when metric.value is null then 'the org has no business hours' end as reason
    from counted
    cross join lateral (
        values
            ('lead_first_response_hours_median', median, answered),
            ('lead_first_response_hours_p90', p90, answered),
            ('lead_first_response_business_hours_median', business_median, nullif(clocked, 0)),
            ('lead_first_response_business_hours_p90', business_p90, nullif(clocked, 0))
    ) as metric (name, value, denominator)
)
select
    $1::text as workspace_id,
    'rpt_first_response' as model_name,
    row_type,
    member,
    period_type,
    period_start,
    basis,
    age_days,
    metric,
    value,
    text_value,
    numerator,
    denominator,
    reason
from final
