-- Grain: one row per contact that is neither archived nor merged away at as_of.
-- source: the original traffic source as first seen (HubSpot's value). account_id: the contact's primary company.
-- The Salesforce ids are those of HubSpot's own integration, newer names first. Source: definitions 8.
-- $1 workspace, $2 connection, $3 as_of.
with versions as (
    select *
    from mirror.hubspot_contact
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
),
first_source as (
    select distinct on (id)
        id,
        btrim(hs_analytics_source) as source
    from versions
    where btrim(hs_analytics_source) <> ''
    order by id, valid_from
),
merged as (
    select unnest(string_to_array(hs_merged_object_ids, ';')) as id
    from versions
    where valid_to is null
        or valid_to > $3::timestamptz
),
companies as (
    select
        recordid as contact_id,
        nullif(split_part(toobjectids, ';', 1), '') as company_id
    from mirror.hubspot_contact_association
    where workspace_id = $1
        and connection_id = $2
        and toobjecttype = 'companies'
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
final as (
    select
        versions.id as contact_id,
        versions.email_hash,
        versions.email_domain,
        first_source.source,
        coalesce(versions.createdat, versions.changed_at) as created_at,
        coalesce(nullif(versions.associatedcompanyid, ''), companies.company_id) as account_id,
        coalesce(
            nullif(btrim(versions.hs_salesforceleadid), ''),
            nullif(btrim(versions.salesforceleadid), '')
        ) as salesforce_lead_id,
        coalesce(
            nullif(btrim(versions.hs_salesforcecontactid), ''),
            nullif(btrim(versions.salesforcecontactid), '')
        ) as salesforce_contact_id
    from versions
    left join first_source on first_source.id = versions.id
    left join companies on companies.contact_id = versions.id
    where (versions.valid_to is null or versions.valid_to > $3::timestamptz)
        and versions.archived is not true
        and not exists (select 1 from merged where merged.id = versions.id)
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
    salesforce_lead_id,
    salesforce_contact_id
from final
where created_at <= $3::timestamptz
