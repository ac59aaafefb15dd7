-- Grain: workspace, source, rep, team at as_of. Open handoffs in scope: R rotting, U untouched, W touched within
-- cold_after, C touched longer ago; unknown evidence is in no rate. A rate with handoffs before run.start_from says so.
-- Source: definitions 2, 4, 9.
-- $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
open_handoffs as (
    select
        handoff.source,
        handoff.owner_id,
        handoff.team,
        handoff.state,
        coalesce(handoff.handed_off_at < connection.start_from, false) as is_before
    from metrics.int_handoff as handoff
    join metrics.run_connection as connection
        on connection.workspace_id = $1
        and connection.connection_id = handoff.connection_id
    where handoff.workspace_id = $1
        and handoff.ended_at is null
        and handoff.is_in_scope
),
counted as (
    select
        grain.row_type,
        grain.member,
        count(*) as open_count,
        count(*) filter (where state = 'rotting') as rotting,
        count(*) filter (where state = 'at_risk') as at_risk,
        count(*) filter (where state in ('waiting', 'at_risk', 'rotting')) as untouched,
        count(*) filter (where state in ('worked', 'worked_late')) as worked,
        count(*) filter (where state = 'gone_cold') as cold,
        count(*) filter (where is_before and state in ('waiting', 'at_risk', 'rotting')) as untouched_before,
        count(*) filter (where is_before and state in ('worked', 'worked_late')) as worked_before,
        count(*) filter (where is_before and state = 'gone_cold') as cold_before,
        count(*) filter (where state = 'unknown') as unknown
    from open_handoffs
    cross join lateral (
        values
            ('workspace', null),
            ('source', source),
            ('rep', owner_id),
            ('team', team)
    ) as grain (row_type, member)
    where grain.row_type <> 'team'
        or grain.member is not null
    group by grain.row_type, grain.member
),
final as (
    select
        counted.row_type,
        counted.member,
        'day' as period_type,
        run.today as period_start,
        'point_in_time' as basis,
        null::integer as age_days,
        metric.name as metric,
        metric.value::numeric as value,
        null as text_value,
        metric.numerator::numeric as numerator,
        metric.denominator::numeric as denominator,
        case when metric.before > 0 then 'includes handoffs before rot.start_from, which explain lists' end as reason
    from counted
    cross join run
    cross join lateral (
        values
            ('rotting_lead_rate', null, rotting, untouched + worked, untouched_before + worked_before),
            ('rotting_share_of_untouched', null, rotting, untouched, untouched_before),
            ('gone_cold_rate', null, cold, worked + cold, worked_before + cold_before),
            ('rotting_leads', rotting, null, null, 0),
            ('at_risk_leads', at_risk, null, null, 0),
            ('gone_cold_leads', cold, null, null, 0),
            ('handoff_unknown', unknown, null, null, 0),
            ('open_leads', open_count, null, null, 0)
    ) as metric (name, value, numerator, denominator, before)
)
select * from final
