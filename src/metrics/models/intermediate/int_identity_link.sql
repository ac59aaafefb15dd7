-- Grain: one row per record that names a record of another CRM as its own person's, where both are there.
-- The named record is the contact where there is one, else the lead; merges are followed; an id may be written with 15
-- characters, which are as good as 18 in an org. from_person_id and to_person_id: what the address alone (of a lead also its
-- conversion) makes of the two, see int_person_key.
-- rule: same (the address says so too), all (every record of the naming record's address is the named one's person), alone
-- (only the naming record is: its address belongs to another record of that CRM, or names several), none (the named record
-- is taken: its address is that of a third record, or records of several addresses name it).
-- Source: design 3 "Identity": ids, else e-mail; conflicts are reported, never guessed. $1 workspace.
with keys as (
    select *
    from metrics.int_person_key
    where workspace_id = $1
),
named as (
    select
        contact.connection_id,
        contact.contact_id as record_id,
        contact.salesforce_contact_id as contact_key,
        contact.salesforce_lead_id as lead_key
    from metrics.stg_contact as contact
    where contact.workspace_id = $1
        and coalesce(contact.salesforce_contact_id, contact.salesforce_lead_id) is not null
),
present as (
    select
        keys.connection_id,
        keys.record_id,
        keys.record_id as name,
        keys.base_person_id
    from keys
    join metrics.run_connection as connection
        on connection.workspace_id = $1
        and connection.connection_id = keys.connection_id
        and connection.crm = 'salesforce'
    union
    select
        survivor.connection_id,
        survivor.survivor_id,
        survivor.record_id,
        keys.base_person_id
    from metrics.int_survivor as survivor
    join keys
        on keys.connection_id = survivor.connection_id
        and keys.record_id = survivor.survivor_id
    where survivor.workspace_id = $1
),
targets as (
    select
        connection_id,
        record_id,
        name,
        base_person_id
    from present
    union
    select
        connection_id,
        record_id,
        left(name, 15),
        base_person_id
    from present
    where length(name) = 18
),
found as (
    select distinct on (named.connection_id, named.record_id)
        named.connection_id,
        named.record_id,
        keys.base_person_id as from_person_id,
        targets.connection_id as to_connection_id,
        targets.record_id as to_record_id,
        targets.base_person_id as to_person_id
    from named
    cross join lateral (
        values
            (1, named.contact_key),
            (2, named.lead_key)
    ) as named_id (rank, name)
    join targets
        on targets.name = named_id.name
        and targets.connection_id <> named.connection_id
    join keys
        on keys.connection_id = named.connection_id
        and keys.record_id = named.record_id
    order by named.connection_id, named.record_id, named_id.rank, targets.connection_id
),
-- Addresses that lay claim to a person: of the records that name it, and of those that have its address anyway.
claims as (
    select
        to_person_id,
        from_person_id
    from found
    union
    select
        found.to_person_id,
        keys.base_person_id
    from found
    join keys
        on keys.base_person_id = found.to_person_id
        and keys.connection_id = found.connection_id
),
claimed as (
    select
        to_person_id,
        count(*) as claims
    from claims
    group by to_person_id
),
namers as (
    select
        from_person_id,
        count(distinct to_person_id) as persons
    from found
    group by from_person_id
),
addresses as (
    select distinct
        connection_id,
        base_person_id
    from keys
),
final as (
    select
        found.*,
        case
            when found.from_person_id = found.to_person_id then 'same'
            when claimed.claims > 1 then 'none'
            when namers.persons > 1 or addresses.base_person_id is not null then 'alone'
            else 'all'
        end as rule
    from found
    join claimed on claimed.to_person_id = found.to_person_id
    join namers on namers.from_person_id = found.from_person_id
    left join addresses
        on addresses.connection_id = found.to_connection_id
        and addresses.base_person_id = found.from_person_id
)
select
    $1::text as workspace_id,
    connection_id,
    record_id,
    from_person_id,
    to_connection_id,
    to_record_id,
    to_person_id,
    rule
from final
