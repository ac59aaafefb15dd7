-- Grain: one row per lead in scope that was converted, or moved into a working status, in the 30 days before as_of:
-- the leads on which the capture gate is decided. has_touch: any touch of the lead up to as_of.
-- owner_id: the rep who held it then; null where none did. Source: definitions 3, "Capture gate".
-- $1 workspace, $2 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
moves as (
    select
        event.connection_id,
        event.lead_id,
        event.happened_at,
        case when event.status_class = 'converted' then 'converted' else 'working' end as cause
    from metrics.int_status_event as event
    cross join run
    join metrics.run_connection as connection
        on connection.workspace_id = $1
        and connection.connection_id = event.connection_id
    where event.workspace_id = $1
        and event.happened_at > $2::timestamptz - interval '30 days'
        and event.happened_at <= $2::timestamptz
        and (
            event.status_class = 'converted'
            or (
                event.evidence = 'history'
                and event.status is not null
                and case
                    when run.working_statuses is null then
                        event.status_class = 'open' and lower(event.status) <> all(connection.default_statuses)
                    else lower(event.status) = any(run.working_statuses)
                end
            )
        )
),
worked as (
    select distinct on (moves.connection_id, moves.lead_id)
        moves.connection_id,
        moves.lead_id,
        moves.happened_at as worked_at,
        moves.cause,
        lead.source
    from moves
    join metrics.stg_lead as lead
        on lead.workspace_id = $1
        and lead.connection_id = moves.connection_id
        and lead.lead_id = moves.lead_id
        and not lead.is_deleted
        and lead.excluded_by is null
    where not exists (
        select 1
        from metrics.int_second_lead as second
        where second.workspace_id = $1
            and second.connection_id = moves.connection_id
            and second.lead_id = moves.lead_id
    )
    order by moves.connection_id, moves.lead_id, (moves.cause = 'converted') desc, moves.happened_at desc
),
held as (
    select distinct on (worked.connection_id, worked.lead_id)
        worked.connection_id,
        worked.lead_id,
        stretch.owner_id
    from worked
    join metrics.int_stretch as stretch
        on stretch.workspace_id = $1
        and stretch.connection_id = worked.connection_id
        and stretch.lead_id = worked.lead_id
        and stretch.kind = 'rep'
        and stretch.began_at <= worked.worked_at
        and (stretch.ended_at is null or stretch.ended_at >= worked.worked_at)
    order by worked.connection_id, worked.lead_id, stretch.position desc
),
final as (
    select
        worked.connection_id,
        worked.lead_id,
        worked.worked_at,
        worked.cause,
        held.owner_id,
        worked.source,
        exists (
            select 1
            from metrics.int_touch as touch
            where touch.workspace_id = $1
                and touch.connection_id = worked.connection_id
                and touch.lead_id = worked.lead_id
        ) as has_touch
    from worked
    left join held
        on held.connection_id = worked.connection_id
        and held.lead_id = worked.lead_id
)
select
    $1::text as workspace_id,
    connection_id,
    lead_id,
    worked_at,
    cause,
    owner_id,
    source,
    has_touch
from final
