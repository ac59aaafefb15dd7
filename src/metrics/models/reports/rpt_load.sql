-- Grain: workspace, source, rep, team at as_of. in_process = open handoffs + open opportunities; load and headroom of
-- active reps; Gini over the active reps of one role, zeros included: of load where all of them have one, else of
-- in_process. Source: definitions 5. $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
items as (
    select
        source,
        owner_id,
        team,
        1 as handoffs,
        0 as opportunities
    from metrics.int_handoff
    where workspace_id = $1
        and ended_at is null
        and is_in_scope
    union all
    select
        opportunity.source,
        owner.owner_id,
        owner.role_id,
        0,
        1
    from metrics.int_opportunity as opportunity
    left join metrics.stg_owner as owner
        on owner.workspace_id = $1
        and owner.connection_id = opportunity.connection_id
        and owner.owner_id = opportunity.owner_id
        and owner.is_rep
    where opportunity.workspace_id = $1
        and opportunity.is_open
),
counted as (
    select
        grain.row_type,
        grain.member,
        sum(handoffs) + sum(opportunities) as in_process,
        sum(opportunities) as open_opportunities
    from items
    cross join lateral (
        values
            ('workspace', null),
            ('source', source),
            ('rep', owner_id),
            ('team', team)
    ) as grain (row_type, member)
    where grain.row_type in ('workspace', 'source')
        or grain.member is not null
    group by grain.row_type, grain.member
),
reps as (
    select *
    from metrics.int_rep_load
    where workspace_id = $1
),
idle_reps as (
    select owner_id
    from reps
    where is_shown
        and is_active
        and open_handoff_count + open_opportunity_count = 0
),
-- A group has a load where each of its active reps who carries something has a capacity.
groups as (
    select
        grain.row_type,
        grain.member,
        sum(reps.weighted_count) filter (where reps.is_active) as weighted_count,
        sum(reps.available_capacity) filter (where reps.is_active) as available_capacity,
        coalesce(
            bool_or(reps.is_active and reps.capacity is null and (reps.weighted_count > 0 or grain.row_type = 'rep')),
            false
        ) as lacks_capacity,
        bool_or(reps.is_active) as has_active
    from reps
    cross join lateral (
        values
            ('workspace', null),
            ('rep', reps.owner_id),
            ('team', reps.role_id)
    ) as grain (row_type, member)
    where reps.is_shown
        and (grain.row_type = 'workspace' or grain.member is not null)
    group by grain.row_type, grain.member
),
loads as (
    select
        row_type,
        member,
        case when not lacks_capacity then weighted_count end as weighted_count,
        case when not lacks_capacity then available_capacity end as available_capacity,
        case
            when not has_active then 'inactive owner'
            when lacks_capacity or available_capacity is null then 'no capacity'
            when available_capacity = 0 then 'away'
        end as reason
    from groups
),
team_reps as (
    select
        reps.role_id,
        reps.owner_id,
        case
            when bool_and(reps.load is not null) over (partition by reps.role_id) then reps.load
            else reps.open_handoff_count + reps.open_opportunity_count
        end as x
    from reps
    where reps.is_active
        and reps.role_id is not null
),
team_totals as (
    select
        role_id,
        count(*) as reps,
        avg(x) as mean,
        max(x) as largest,
        percentile_cont(0.5) within group (order by x::float8)::text::numeric as median
    from team_reps
    group by role_id
),
differences as (
    select
        one.role_id,
        sum(abs(one.x - other.x)) as total
    from team_reps as one
    join team_reps as other on other.role_id = one.role_id
    group by one.role_id
),
spread as (
    select
        team_totals.role_id,
        case
            when team_totals.reps >= 3 then
                differences.total / nullif(2 * team_totals.reps * team_totals.reps * team_totals.mean, 0)
        end as gini,
        case when team_totals.reps >= 3 then team_totals.largest / nullif(team_totals.median, 0) end as max_to_median,
        case
            when team_totals.reps < 3 then 'fewer than 3 active reps'
            when team_totals.mean = 0 then 'nobody has anything in process'
        end as reason
    from team_totals
    join differences on differences.role_id = team_totals.role_id
    where team_totals.role_id in (select member from counted where row_type = 'team')
),
facts as (
    select
        row_type,
        member,
        metric.name as metric,
        metric.value::numeric as value,
        null::numeric as numerator,
        null::numeric as denominator,
        null as reason
    from counted
    cross join lateral (
        values
            ('in_process', in_process),
            ('open_opportunities', open_opportunities)
    ) as metric (name, value)
    union all
    select 'rep', owner_id, 'in_process', 0, null, null, null
    from idle_reps
    union all
    select
        row_type,
        member,
        'load',
        null,
        weighted_count,
        available_capacity,
        reason
    from loads
    union all
    select
        row_type,
        member,
        'headroom',
        case when reason is null or reason = 'away' then available_capacity - weighted_count end,
        null,
        null,
        case when reason <> 'away' then reason end
    from loads
    union all
    select 'team', role_id, 'load_gini', gini, null, null, reason
    from spread
    union all
    select 'team', role_id, 'load_max_to_median', max_to_median, null, null, reason
    from spread
),
final as (
    select
        facts.row_type,
        facts.member,
        'day' as period_type,
        run.today as period_start,
        'point_in_time' as basis,
        null::integer as age_days,
        facts.metric,
        facts.value,
        null as text_value,
        facts.numerator,
        facts.denominator,
        facts.reason
    from facts
    cross join run
)
select * from final
