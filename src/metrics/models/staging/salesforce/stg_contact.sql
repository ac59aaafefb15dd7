-- Grain: one row per contact that is not deleted at as_of. source: the first LeadSource seen that is not blank.
-- $1 workspace, $2 connection, $3 as_of.
with sources as (
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
final as (
    select
        contact.id as contact_id,
        contact.email_hash,
        contact.email_domain,
        sources.source,
        coalesce(contact.createddate, contact.changed_at) as created_at,
        contact.accountid as account_id
    from mirror.salesforce_contact as contact
    left join sources on sources.id = contact.id
    where contact.workspace_id = $1
        and contact.connection_id = $2
        and contact.valid_from <= $3::timestamptz
        and (contact.valid_to is null or contact.valid_to > $3::timestamptz)
        and contact.isdeleted is not true
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    contact_id,
    email_hash,
    email_domain,
    source,
    created_at,
    account_id,
    null::text as salesforce_lead_id,
    null::text as salesforce_contact_id
from final
