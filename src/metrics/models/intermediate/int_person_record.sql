-- Grain: one row per lead and contact that is not deleted and in scope, with the person it belongs to: the one that its
-- address makes it, or the one of the record of another CRM that it names (int_identity_link).
-- Source: design 3 "Identity". $1 workspace.
with links as (
    select *
    from metrics.int_identity_link
    where workspace_id = $1
),
moved_records as (
    select
        connection_id,
        record_id,
        to_person_id
    from links
    where rule = 'alone'
),
-- Where all of an address go, they go to one person.
moved_persons as (
    select distinct
        from_person_id,
        to_person_id
    from links
    where rule = 'all'
),
final as (
    select
        key.connection_id,
        key.record_id,
        key.kind,
        coalesce(moved_records.to_person_id, moved_persons.to_person_id, key.base_person_id) as person_id,
        key.created_at,
        key.source
    from metrics.int_person_key as key
    -- A lead goes with the contact that it is of.
    left join metrics.stg_lead as lead
        on lead.workspace_id = $1
        and lead.connection_id = key.connection_id
        and lead.lead_id = key.record_id
        and key.kind = 'lead'
    left join moved_records
        on moved_records.connection_id = key.connection_id
        and moved_records.record_id = coalesce(lead.contact_id, key.record_id)
    left join moved_persons on moved_persons.from_person_id = key.base_person_id
    where key.workspace_id = $1
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
