-- Grain: workspace, source, rep, team at as_of. Open handoffs in scope: R rotting, U untouched, W touched within
-- cold_after, C touched longer ago; unknown evidence is in no rate. Source: definitions 4, 9.
-- $1 workspace, $2 connection.
with today as (
    select
        today
    from metrics.run
    where workspace_id = $1
),
open_handoffs as (
    select
        handoff.source,
        handoff.owner_id,
        handoff.team,
        handoff.state
    from metrics.int_handoff as handoff
    where handoff.workspace_id = $1
        and handoff.connection_id = $2
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
        today.today as period_start,
        'point_in_time' as basis,
        null::integer as age_days,
        metric.name as metric,
        metric.value::numeric as value,
        null as text_value,
        metric.numerator::numeric as numerator,
        metric.denominator::numeric as denominator,
        null as reason
    from counted
    cross join today
    cross join lateral (
        values
            ('rotting_lead_rate', null, rotting, untouched + worked),
            ('rotting_share_of_untouched', null, rotting, untouched),
            ('gone_cold_rate', null, cold, worked + cold),
            ('rotting_leads', rotting, null, null),
            ('at_risk_leads', at_risk, null, null),
            ('gone_cold_leads', cold, null, null),
            ('handoff_unknown', unknown, null, null),
            ('open_leads', open_count, null, null)
    ) as metric (name, value, numerator, denominator)
)
select
    $1::text as workspace_id,
    'rpt_rot_now' as model_name,
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
