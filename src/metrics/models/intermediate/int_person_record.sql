-- Grain: one row per lead and contact that is not deleted and in scope, with the person it belongs to.
-- One person: records of one e-mail address, and a lead with the contact it was converted into, followed transitively.
-- person_id: the address's hash (email:), or of a person without an address a record's (record:connection:id).
-- source: as first seen. Source: design 3 "Identity", definitions 1. $1 workspace.
with recursive leads as (
    select
        connection_id,
        lead_id as record_id,
        coalesce('email:' || email_hash, 'record:' || connection_id || ':' || lead_id) as record_key,
        converted_contact_id,
        created_at,
        source
    from metrics.stg_lead
    where workspace_id = $1
        and not is_deleted
        and excluded_by is null
),
contacts as (
    select
        connection_id,
        contact_id as record_id,
        coalesce('email:' || email_hash, 'record:' || connection_id || ':' || contact_id) as record_key,
        created_at,
        source
    from metrics.stg_contact
    where workspace_id = $1
),
edges as (
    select distinct
        leads.record_key as from_key,
        contacts.record_key as to_key
    from leads
    join contacts
        on contacts.connection_id = leads.connection_id
        and contacts.record_id = leads.converted_contact_id
    where leads.record_key <> contacts.record_key
),
both_ways as (
    select from_key, to_key from edges
    union
    select to_key, from_key from edges
),
reached as (
    select
        from_key as record_key,
        from_key as other_key
    from both_ways
    union
    select
        reached.record_key,
        both_ways.to_key
    from reached
    join both_ways on both_ways.from_key = reached.other_key
),
roots as (
    select
        record_key,
        min(other_key) as person_id
    from reached
    group by record_key
),
records as (
    select connection_id, record_id, 'lead' as kind, record_key, created_at, source from leads
    union all
    -- A contact that is a lead (HubSpot, where contacts are what is worked) is there already.
    select contacts.connection_id, contacts.record_id, 'contact', contacts.record_key, contacts.created_at, contacts.source
    from contacts
    left join leads
        on leads.connection_id = contacts.connection_id
        and leads.record_id = contacts.record_id
    where leads.record_id is null
),
final as (
    select
        records.connection_id,
        records.record_id,
        records.kind,
        coalesce(roots.person_id, records.record_key) as person_id,
        records.created_at,
        records.source
    from records
    left join roots on roots.record_key = records.record_key
)
select
    $1::text as workspace_id,
    connection_id,
    record_id,
    kind,
    person_id,
    created_at,
    source
from final
