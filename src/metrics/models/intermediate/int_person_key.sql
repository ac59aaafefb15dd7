-- Grain: one row per lead and contact that is not deleted and in scope, with the person that its address makes it.
-- One person: records of one e-mail address, and a lead with the contact it was converted into, followed transitively.
-- A lead that is of a contact (HubSpot) is that contact's person.
-- base_person_id: the address's hash (email:), or of a person without an address a record's (record:connection:id).
-- source: as first seen. Source: design 3 "Identity", definitions 1. $1 workspace.
with recursive contacts as (
    select
        contact.connection_id,
        contact.contact_id as record_id,
        coalesce('email:' || contact.email_hash, 'record:' || contact.connection_id || ':' || contact.contact_id) as record_key,
        contact.created_at,
        contact.source
    from metrics.stg_contact as contact
    -- Of a contact that is worked itself the lead says whether it is in scope.
    left join metrics.stg_lead as lead
        on lead.workspace_id = $1
        and lead.connection_id = contact.connection_id
        and lead.lead_id = contact.contact_id
        and lead.contact_id = contact.contact_id
    where contact.workspace_id = $1
        and lead.excluded_by is null
),
leads as (
    select
        lead.connection_id,
        lead.lead_id as record_id,
        coalesce(
            contacts.record_key,
            'email:' || lead.email_hash,
            'record:' || lead.connection_id || ':' || lead.lead_id
        ) as record_key,
        coalesce(survivor.survivor_id, lead.converted_contact_id) as converted_contact_id,
        lead.created_at,
        lead.source
    from metrics.stg_lead as lead
    left join contacts
        on contacts.connection_id = lead.connection_id
        and contacts.record_id = lead.contact_id
    left join metrics.int_survivor as survivor
        on survivor.workspace_id = $1
        and survivor.connection_id = lead.connection_id
        and survivor.record_id = lead.converted_contact_id
    where lead.workspace_id = $1
        and not lead.is_deleted
        and lead.excluded_by is null
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
        coalesce(roots.person_id, records.record_key) as base_person_id,
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
    base_person_id,
    created_at,
    source
from final
