-- Grain: workspace, source, rep, team by the month of the lead's first handoff, and lifetime: hours from the first
-- handoff to the first touch after it, by the wall clock and in the org's business hours; whoever made the touch and
-- whoever owns the lead by then. Untouched leads have no time yet; the share that answered stands in the denominator.
-- Medians pass through text: a cast from double precision to numeric keeps 15 digits.
-- Source: definitions 4. $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
first_handoffs as (
    select
        connection_id,
        lead_id,
        source,
        owner_id,
        team,
        handed_off_at
    from metrics.int_handoff
    where workspace_id = $1
        and is_in_scope
        and evidence <> 'unknown'
        and handoff_number = 1
),
conversions as (
    select
        connection_id,
        lead_id,
        max(happened_at) as converted_at
    from metrics.int_status_event
    where workspace_id = $1
        and status_class = 'converted'
    group by connection_id, lead_id
),
answered as (
    select
        first_handoffs.connection_id,
        first_handoffs.lead_id,
        first_handoffs.source,
        first_handoffs.owner_id,
        first_handoffs.team,
        first_handoffs.handed_off_at,
        min(touch.touched_at) as touched_at
    from first_handoffs
    left join conversions
        on conversions.connection_id = first_handoffs.connection_id
        and conversions.lead_id = first_handoffs.lead_id
    join metrics.int_touch as touch
        on touch.workspace_id = $1
        and touch.connection_id = first_handoffs.connection_id
        and touch.lead_id = first_handoffs.lead_id
        and touch.touched_at >= first_handoffs.handed_off_at
        and (conversions.converted_at is null or touch.touched_at <= conversions.converted_at)
    group by
        first_handoffs.connection_id,
        first_handoffs.lead_id,
        first_handoffs.source,
        first_handoffs.owner_id,
        first_handoffs.team,
        first_handoffs.handed_off_at
),
-- Open seconds of the org's calendar up to each instant: the last opening at or before it, carried along by time.
moments as (
    select connection_id, handed_off_at as moment from answered
    union
    select connection_id, touched_at from answered
),
openings as (
    select
        opening.connection_id,
        opening.opens_at,
        opening.closes_at,
        opening.open_seconds_before
    from metrics.calendar_interval as opening
    join metrics.run_connection as connection
        on connection.workspace_id = $1
        and connection.connection_id = opening.connection_id
        and connection.response_calendar = opening.calendar
    where opening.workspace_id = $1
),
placed as (
    select
        connection_id,
        moment,
        is_opening,
        max(opens_at) over (partition by connection_id order by moment) as opens_at
    from (
        select connection_id, moment, null::timestamptz as opens_at, false as is_opening from moments
        union all
        select connection_id, opens_at, opens_at, true from openings
    ) as in_time
),
open_seconds as (
    select
        placed.connection_id,
        placed.moment,
        openings.open_seconds_before
            + extract(epoch from least(placed.moment, openings.closes_at) - openings.opens_at) as seconds
    from placed
    join openings
        on openings.connection_id = placed.connection_id
        and openings.opens_at = placed.opens_at
    where not placed.is_opening
),
clocked as materialized (
    select
        answered.*,
        date_trunc('month', answered.handed_off_at at time zone run.time_zone)::date as month,
        extract(epoch from answered.touched_at - answered.handed_off_at)::float8 / 3600 as hours,
        (until.seconds - since.seconds)::float8 / 3600 as business_hours
    from answered
    cross join run
    left join open_seconds as since
        on since.connection_id = answered.connection_id
        and since.moment = answered.handed_off_at
    left join open_seconds as until
        on until.connection_id = answered.connection_id
        and until.moment = answered.touched_at
),
-- Bits of `grain`, highest first: source, owner_id, team, month; a bit is set where the row does not divide by it.
measured as (
    select
        grouping(source, owner_id, team, month) as grain,
        source,
        owner_id,
        team,
        month,
        count(*) as answered,
        count(business_hours) as clocked,
        percentile_cont(array[0.5, 0.9]) within group (order by hours) as hours,
        percentile_cont(array[0.5, 0.9]) within group (order by business_hours) as business_hours
    from clocked
    group by grouping sets (
        (), (month), (source), (source, month), (owner_id), (owner_id, month), (team), (team, month)
    )
),
counted as (
    select
        case
            when grain & 8 = 0 then 'source'
            when grain & 4 = 0 then 'rep'
            when grain & 2 = 0 then 'team'
            else 'workspace'
        end as row_type,
        coalesce(source, owner_id, team) as member,
        case when grain & 1 = 0 then 'month' else 'lifetime' end as period_type,
        month as period_start,
        answered,
        clocked,
        hours[1] as median,
        hours[2] as p90,
        business_hours[1] as business_median,
        business_hours[2] as business_p90
    from measured
    cross join run
    where answered > 0
        and (grain & 2 = 2 or team is not null)
        and (grain & 1 = 1 or month >= run.first_month)
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
select * from final
