-- Grain: one row per lead in the version valid at as_of, deleted ones too.
-- source: the first LeadSource we saw that is not blank, trimmed (frozen: a later edit does not move history).
-- status_class: converted, disqualified, recycled, else open. excluded_by: the scope rule that leaves the lead out.
-- Source: definitions 1 "Scope", 2, 8. $1 workspace, $2 connection, $3 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
versions as (
    select
        lead.*,
        nullif(btrim(leadsource), '') as source,
        case
            when isconverted then 'converted'
            when lower(status) = any(run.disqualified_statuses) then 'disqualified'
            when lower(status) = any(run.recycled_statuses) then 'recycled'
            else 'open'
        end as status_class
    from mirror.salesforce_lead as lead
    cross join run
    where lead.workspace_id = $1
        and lead.connection_id = $2
        and lead.valid_from <= $3::timestamptz
),
first_seen as (
    select distinct on (id)
        id,
        valid_from as first_seen_at,
        changed_at as first_changed_at,
        ownerid as first_owner_id,
        status_class as first_status_class
    from versions
    order by id, valid_from
),
first_source as (
    select distinct on (id)
        id,
        source
    from versions
    where source is not null
    order by id, valid_from
),
changed_source as (
    select id
    from versions
    group by id
    having count(*) > 1
        and count(distinct coalesce(source, '')) > 1
),
final as (
    select
        versions.id as lead_id,
        versions.ownerid as owner_id,
        versions.status,
        versions.status_class,
        first_source.source,
        changed_source.id is not null as has_source_changes,
        versions.email_hash,
        coalesce(versions.isconverted, false) as is_converted,
        versions.converteddate as converted_on,
        versions.convertedcontactid as converted_contact_id,
        versions.convertedopportunityid as converted_opportunity_id,
        coalesce(versions.isdeleted, false) as is_deleted,
        versions.masterrecordid is not null as is_merged,
        case when versions.isdeleted then versions.changed_at end as deleted_at,
        coalesce(versions.createddate, first_seen.first_changed_at) as created_at,
        versions.createdbyid as created_by_id,
        first_seen.first_seen_at,
        first_seen.first_changed_at,
        first_seen.first_owner_id,
        first_seen.first_status_class,
        versions.firstcalldatetime as first_call_at,
        versions.firstemaildatetime as first_email_at,
        case
            when versions.ripeline_exclude__c then 'record'
            when cardinality(run.record_types) > 0
                and not coalesce(versions.recordtypeid = any(run.record_types), false) then 'record_type'
            when lower(versions.email_domain) = any(run.excluded_email_domains) then 'email_domain'
            when versions.createdbyid = any(run.excluded_creators) then 'creator'
        end as excluded_by
    from versions
    cross join run
    join first_seen on first_seen.id = versions.id
    left join first_source on first_source.id = versions.id
    left join changed_source on changed_source.id = versions.id
    where versions.valid_to is null
        or versions.valid_to > $3::timestamptz
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    lead_id,
    owner_id,
    status,
    status_class,
    source,
    has_source_changes,
    email_hash,
    is_converted,
    converted_on,
    converted_contact_id,
    converted_opportunity_id,
    is_deleted,
    is_merged,
    deleted_at,
    created_at,
    created_by_id,
    first_seen_at,
    first_changed_at,
    first_owner_id,
    first_status_class,
    first_call_at,
    first_email_at,
    excluded_by,
    null::text as contact_id
from final
where created_at <= $3::timestamptz
