-- Grain: one row per lead and stretch of time in which the same rep held it open (kind rep), nobody who sells held it
-- open (undelivered), or it was closed (closed: disqualified, recycled, converted, deleted, merged).
-- ended_at is null while the stretch lasts. began_evidence: born | history | observed | unknown.
-- In one instant an owner change to a rep comes before a closing status, and a move to a queue after it: a rep who
-- recycles a lead into a queue has recycled it. Source: definitions 2. $1 workspace.
with connections as (
    select *
    from metrics.run_connection
    where workspace_id = $1
),
-- What is worked in another CRM has its life there.
leads as (
    select lead.*
    from metrics.stg_lead as lead
    left join metrics.int_second_lead as second
        on second.workspace_id = $1
        and second.connection_id = lead.connection_id
        and second.lead_id = lead.lead_id
    where lead.workspace_id = $1
        and second.lead_id is null
),
owner_events as (
    select *
    from metrics.int_owner_event
    where workspace_id = $1
),
status_events as (
    select event.*
    from metrics.int_status_event as event
    join leads
        on leads.connection_id = event.connection_id
        and leads.lead_id = event.lead_id
    where event.workspace_id = $1
),
reps as (
    select
        connection_id,
        owner_id
    from metrics.stg_owner
    where workspace_id = $1
        and is_rep
),
first_owner_event as (
    select distinct on (connection_id, lead_id)
        connection_id,
        lead_id,
        happened_at,
        owner_id,
        previous_owner_id,
        evidence
    from owner_events
    order by connection_id, lead_id, happened_at
),
first_status_event as (
    select distinct on (connection_id, lead_id)
        connection_id,
        lead_id,
        previous_class
    from status_events
    order by connection_id, lead_id, happened_at
),
last_status_event as (
    select
        connection_id,
        lead_id,
        max(happened_at) as happened_at
    from status_events
    group by connection_id, lead_id
),
events as (
    select
        leads.connection_id,
        leads.lead_id,
        leads.created_at as happened_at,
        0 as rank,
        -- Passed on in the second of its creation, as assignment rules do, the lead never was with its creator.
        case
            when first_owner_event.happened_at = leads.created_at then first_owner_event.owner_id
            else coalesce(first_owner_event.previous_owner_id, leads.first_owner_id, '')
        end as owner_id,
        coalesce(first_status_event.previous_class, 'open') as status_class,
        case
            when first_owner_event.happened_at = leads.created_at then first_owner_event.evidence
            when leads.first_seen_at <= leads.created_at + interval '24 hours' then 'born'
            when connections.tracks_owner_history and connections.oldest_owner_row_at <= leads.created_at then 'born'
            else 'unknown'
        end as evidence,
        false as is_realignment
    from leads
    join connections on connections.connection_id = leads.connection_id
    left join first_owner_event
        on first_owner_event.connection_id = leads.connection_id
        and first_owner_event.lead_id = leads.lead_id
    left join first_status_event
        on first_status_event.connection_id = leads.connection_id
        and first_status_event.lead_id = leads.lead_id
    union all
    select
        owner_events.connection_id,
        owner_events.lead_id,
        owner_events.happened_at,
        case when reps.owner_id is null then 3 else 1 end,
        owner_events.owner_id,
        null,
        owner_events.evidence,
        owner_events.is_realignment
    from owner_events
    join leads
        on leads.connection_id = owner_events.connection_id
        and leads.lead_id = owner_events.lead_id
    left join reps
        on reps.connection_id = owner_events.connection_id
        and reps.owner_id = owner_events.owner_id
    where owner_events.happened_at > leads.created_at
    union all
    select
        connection_id,
        lead_id,
        happened_at,
        case when status_class = 'open' then 4 else 2 end,
        null,
        status_class,
        evidence,
        false
    from status_events
    union all
    select
        leads.connection_id,
        leads.lead_id,
        greatest(leads.deleted_at, leads.created_at, last_status_event.happened_at),
        5,
        null,
        case when leads.is_merged then 'merged' else 'deleted' end,
        'observed',
        false
    from leads
    left join last_status_event
        on last_status_event.connection_id = leads.connection_id
        and last_status_event.lead_id = leads.lead_id
    where leads.is_deleted
),
numbered as (
    select
        *,
        row_number() over (partition by connection_id, lead_id order by happened_at, rank) as number
    from events
),
-- The running maximum of "number and value" is the last value that is not null.
carried as (
    select
        connection_id,
        lead_id,
        happened_at,
        rank,
        number,
        evidence,
        is_realignment,
        substr(
            max(case when owner_id is not null then lpad(number::text, 9, '0') || owner_id end collate "C") over so_far,
            10
        ) as owner_id,
        substr(
            max(case when status_class is not null then lpad(number::text, 9, '0') || status_class end collate "C") over so_far,
            10
        ) as status_class
    from numbered
    window so_far as (partition by connection_id, lead_id order by happened_at, rank)
),
keyed as (
    select
        carried.*,
        reps.owner_id is not null as is_held_by_rep,
        case
            when carried.status_class <> 'open' then 'closed:' || carried.status_class
            when reps.owner_id is not null then carried.owner_id
            else 'undelivered'
        end as stretch_key
    from carried
    left join reps
        on reps.connection_id = carried.connection_id
        and reps.owner_id = carried.owner_id
),
marked as (
    select
        *,
        lag(stretch_key) over (partition by connection_id, lead_id order by number) as previous_key
    from keyed
),
starts as (
    select
        *,
        row_number() over in_order as position,
        lag(is_held_by_rep and status_class = 'open') over in_order as follows_rep,
        lead(happened_at) over in_order as ended_at,
        lead(status_class) over in_order as next_class,
        lead(evidence) over in_order as next_evidence
    from marked
    where stretch_key is distinct from previous_key
    window in_order as (partition by connection_id, lead_id order by number)
),
final as (
    select
        connection_id,
        lead_id,
        position,
        case
            when status_class <> 'open' then 'closed'
            when is_held_by_rep then 'rep'
            else 'undelivered'
        end as kind,
        case when status_class = 'open' and is_held_by_rep then owner_id end as owner_id,
        happened_at as began_at,
        evidence as began_evidence,
        is_realignment as began_by_realignment,
        coalesce(follows_rep, false) and rank = 1 as follows_rep,
        ended_at,
        case
            when ended_at is null then null
            when next_class = 'open' then 'reassigned'
            else next_class
        end as ended_by,
        next_evidence as end_evidence
    from starts
)
select
    $1::text as workspace_id,
    connection_id,
    lead_id,
    position,
    kind,
    owner_id,
    began_at,
    began_evidence,
    began_by_realignment,
    follows_rep,
    ended_at,
    ended_by,
    end_evidence
from final
