-- Grain: one row per lead and contact that is not deleted and in scope, with the person it belongs to.
-- One person: records of one e-mail address, and a lead with the contact it was converted into, followed transitively.
-- source: LeadSource as first seen. Source: design 3 "Identity", definitions 1.
-- $1 workspace, $2 connection, $3 as_of.
with recursive leads as (
    select
        lead_id as record_id,
        coalesce('email:' || email_hash, 'record:' || lead_id) as record_key,
        converted_contact_id,
        created_at,
        source
    from metrics.stg_lead
    where workspace_id = $1
        and connection_id = $2
        and not is_deleted
        and excluded_by is null
),
contact_sources as (
    select distinct on (id)
        id,
        btrim(leadsource) as source
    from mirror.salesforce_contact
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and btrim(leadsource) <> ''
    order by id, valid_from
),
contacts as (
    select
        contact.id as record_id,
        coalesce('email:' || contact.email_hash, 'record:' || contact.id) as record_key,
        coalesce(contact.createddate, contact.changed_at) as created_at,
        contact_sources.source
    from mirror.salesforce_contact as contact
    left join contact_sources on contact_sources.id = contact.id
    where contact.workspace_id = $1
        and contact.connection_id = $2
        and contact.valid_from <= $3::timestamptz
        and (contact.valid_to is null or contact.valid_to > $3::timestamptz)
        and contact.isdeleted is not true
),
edges as (
    select distinct
        leads.record_key as from_key,
        contacts.record_key as to_key
    from leads
    join contacts on contacts.record_id = leads.converted_contact_id
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
    select record_id, record_key, created_at, source from leads
    union all
    select record_id, record_key, created_at, source from contacts
),
final as (
    select
        records.record_id,
        coalesce(roots.person_id, records.record_key) as person_id,
        records.created_at,
        records.source
    from records
    left join roots on roots.record_key = records.record_key
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    record_id,
    person_id,
    created_at,
    source
from final
