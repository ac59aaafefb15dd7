-- Grain: one row per contact of which a lead's clock runs, or a lead is undelivered, or that we wrote before. Where a portal
-- works with leads the contact carries the state of its worst open lead: rotting before at risk before waiting, then gone
-- cold, worked late, worked; among equals the earliest deadline. Without a running clock all of it is blank. Time: UTC.
-- Source of the definition: HubSpot of the write-back contract.
-- $1 workspace_id, $2 connection_id, $3 as_of, $4 how long a new last touch may wait to be written, $5 object in the CRM,
-- $6 json: column to API name, of the fields that are there.
with lead as (
    select
        lead.lead_id,
        stg_lead.contact_id,
        lead.open_handoff_id,
        (lead.is_undelivered and not lead.is_excluded) as is_undelivered
    from metrics.int_lead as lead
    inner join metrics.stg_lead as stg_lead
        on stg_lead.workspace_id = lead.workspace_id
        and stg_lead.connection_id = lead.connection_id
        and stg_lead.lead_id = lead.lead_id
        and stg_lead.contact_id is not null
    where lead.workspace_id = $1
        and lead.connection_id = $2
        and not lead.is_converted
),
running as (
    select
        lead.contact_id,
        lead.lead_id,
        handoff.owner_id,
        handoff.clock_started_at,
        handoff.at_risk_at,
        handoff.rots_at,
        handoff.first_touch_at,
        handoff.first_touch_kind,
        handoff.first_touch_by,
        handoff.cold_at,
        handoff.handoff_number,
        case
            when handoff.first_touch_at is null and handoff.rots_at <= $3::timestamptz then 'rotting'
            when handoff.first_touch_at is null and handoff.at_risk_at <= $3::timestamptz then 'at_risk'
            when handoff.first_touch_at is null then 'waiting'
            when handoff.cold_at < $3::timestamptz then 'gone_cold'
            when handoff.first_touch_at > handoff.rots_at then 'worked_late'
            else 'worked'
        end as rot_status
    from lead
    inner join metrics.int_handoff as handoff
        on handoff.workspace_id = $1
        and handoff.connection_id = $2
        and handoff.handoff_id = lead.open_handoff_id
        and handoff.is_flagged
        and handoff.is_in_scope
        and handoff.ended_at is null
),
worst as (
    select distinct on (running.contact_id) running.*
    from running
    order by
        running.contact_id,
        array_position(
            array['rotting', 'at_risk', 'waiting', 'gone_cold', 'worked_late', 'worked'], running.rot_status
        ),
        running.rots_at,
        running.lead_id
),
undelivered as (
    select distinct lead.contact_id
    from lead
    where lead.is_undelivered
),
contact as (
    select worst.contact_id from worst
    union
    select undelivered.contact_id from undelivered
    union
    select acknowledged.key
    from writeback.acknowledged as acknowledged
    where acknowledged.workspace_id = $1
        and acknowledged.connection_id = $2
        and acknowledged.object = $5
),
final as (
    select
        contact.contact_id as key,
        contact.contact_id as parent,
        false as is_due,
        case when worst.contact_id is not null then 'open' end as clock,
        worst.clock_started_at as handed_off_at,
        worst.owner_id as handed_off_to,
        worst.at_risk_at,
        worst.rots_at,
        worst.first_touch_at,
        case
            when worst.first_touch_at is not null
                then concat(
                    case worst.first_touch_kind
                        when 'linkedin' then 'LinkedIn'
                        when 'email' then 'E-mail'
                        else initcap(coalesce(worst.first_touch_kind, 'touch'))
                    end,
                    ' by ' || left(coalesce(toucher.name, worst.first_touch_by), 80)
                )
        end as first_touch,
        -- Renewed at most once a day ($4), unless the one in the CRM runs out before the next day's.
        case
            when (acknowledged.fields ->> ($6::jsonb ->> 'cold_at'))::timestamptz <= worst.cold_at
                and (acknowledged.fields ->> ($6::jsonb ->> 'handed_off_at'))::timestamptz
                = date_trunc('milliseconds', worst.clock_started_at)
                and worst.cold_at - (acknowledged.fields ->> ($6::jsonb ->> 'cold_at'))::timestamptz < $4::interval
                and (acknowledged.fields ->> ($6::jsonb ->> 'cold_at'))::timestamptz > $3::timestamptz + $4::interval
                then (acknowledged.fields ->> ($6::jsonb ->> 'cold_at'))::timestamptz
            else worst.cold_at
        end as cold_at,
        -- An open handoff has not ended, and those that have are no state of a contact.
        null::text as outcome,
        worst.handoff_number as handoff_count,
        undelivered.contact_id is not null as undelivered,
        worst.rot_status,
        coalesce(worst.rot_status = 'rotting', false) as rotting,
        -- What we never showed needs no clearing.
        case
            when worst.contact_id is not null or coalesce(acknowledged.fields ? ($6::jsonb ->> 'rots_at'), false)
                then '{}'::text[]
            else array(
                select named.field
                from jsonb_each_text($6::jsonb) as named (source, field)
                where named.source <> 'undelivered'
            )
        end as omitted
    from contact
    left join worst on worst.contact_id = contact.contact_id
    left join undelivered on undelivered.contact_id = contact.contact_id
    left join writeback.acknowledged as acknowledged
        on acknowledged.workspace_id = $1
        and acknowledged.connection_id = $2
        and acknowledged.object = $5
        and acknowledged.key = contact.contact_id
    left join metrics.stg_owner as toucher
        on toucher.workspace_id = $1
        and toucher.connection_id = $2
        and toucher.owner_id = worst.first_touch_by
)
select
    key,
    parent,
    is_due,
    omitted,
    clock,
    handed_off_at,
    handed_off_to,
    at_risk_at,
    rots_at,
    first_touch_at,
    first_touch,
    cold_at,
    outcome,
    handoff_count,
    undelivered,
    rot_status,
    rotting
from final
