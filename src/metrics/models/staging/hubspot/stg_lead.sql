-- Grain: one row per record of the unit of work in the version valid at as_of, archived and merged ones too.
-- unit leads: the lead object; its status is the label of its stage. unit contacts: a contact that was ever in lifecycle
-- stage lead, marketing or sales qualified lead, or that had an owner and did not begin as an opportunity or customer;
-- its status is mirror.hubspot_contact_status. Others (a newsletter's subscribers) are no leads of the process.
-- status_class: converted by HubSpot's mark of the stage, or, of a contact, by its lifecycle stage or a deal made since it
-- last changed; disqualified and recycled by the words of the configuration, or HubSpot's mark,
-- and recycled a contact of lead status Bad Timing; else open.
-- source, email: the contact's. contact_id: of a lead its primary contact, else the first; of a contact itself.
-- excluded_by: the scope rule that leaves the record out. Source: definitions 1, 2, 8.
-- $1 workspace, $2 connection, $3 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
portal as (
    select *
    from metrics.run_connection
    where workspace_id = $1
        and connection_id = $2
),
users as (
    select distinct on (user_id)
        user_id,
        id as owner_id
    from mirror.hubspot_owner
    cross join lateral (values (userid), (useridincludinginactive)) as known (user_id)
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and user_id <> ''
    order by user_id, (archived is not true) desc, id
),
stages as (
    select distinct on (stage_id)
        stage_id,
        label,
        class
    from mirror.hubspot_lead_stage
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
    order by stage_id, label
),
contact_versions as (
    select
        id as contact_id,
        valid_from,
        valid_to,
        changed_at,
        createdat,
        archived,
        archivedat,
        nullif(hubspot_owner_id, '') as owner_id,
        mirror.hubspot_contact_status(lower(lifecyclestage), hs_lead_status) as status,
        lower(lifecyclestage) as lifecycle,
        nullif(btrim(hs_analytics_source), '') as source,
        email_hash,
        email_domain,
        ripeline_exclude,
        hs_merged_object_ids,
        hs_created_by_user_id
    from mirror.hubspot_contact
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
),
contact_sources as (
    select
        contact_id,
        (array_agg(source order by valid_from) filter (where source is not null))[1] as source,
        count(*) > 1 and count(distinct coalesce(source, '')) > 1 as has_changes
    from contact_versions
    group by contact_id
),
contacts as (
    select
        contact_versions.*,
        contact_sources.source as first_source,
        contact_sources.has_changes
    from contact_versions
    join contact_sources on contact_sources.contact_id = contact_versions.contact_id
    where contact_versions.valid_to is null
        or contact_versions.valid_to > $3::timestamptz
),
contact_history as (
    select
        recordid as contact_id,
        property,
        lower("value") as "value",
        "timestamp" as happened_at,
        id
    from mirror.hubspot_contact_history
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and property in ('lifecyclestage', 'hubspot_owner_id')
        and "timestamp" <= $3::timestamptz
),
lifecycles as (
    select
        contact_id,
        "value" as lifecycle,
        happened_at
    from contact_history
    where property = 'lifecyclestage'
    union all
    select
        contact_id,
        lifecycle,
        coalesce(createdat, changed_at)
    from contact_versions
),
first_lifecycles as (
    select distinct on (contact_id)
        contact_id,
        lifecycle
    from lifecycles
    where lifecycle <> ''
    order by contact_id, happened_at
),
process_contacts as (
    select contact_id
    from lifecycles
    where lifecycle in ('lead', 'marketingqualifiedlead', 'salesqualifiedlead')
    union
    select owned.contact_id
    from (
        select contact_id
        from contact_versions
        where owner_id is not null
        union
        select contact_id
        from contact_history
        where property = 'hubspot_owner_id'
            and "value" <> ''
    ) as owned
    left join first_lifecycles on first_lifecycles.contact_id = owned.contact_id
    where coalesce(first_lifecycles.lifecycle, '') not in ('opportunity', 'customer', 'evangelist')
),
lifecycle_moves as (
    select
        contact_id,
        max(happened_at) as moved_at
    from contact_history
    where property = 'lifecyclestage'
    group by contact_id
),
deals as (
    select
        associated.contact_id,
        deal.id as deal_id,
        deal.createdat as created_at
    from mirror.hubspot_deal_association as association
    cross join lateral unnest(string_to_array(association.toobjectids, ';')) as associated (contact_id)
    join mirror.hubspot_deal as deal
        on deal.workspace_id = $1
        and deal.connection_id = $2
        and deal.id = association.recordid
        and deal.valid_from <= $3::timestamptz
        and (deal.valid_to is null or deal.valid_to > $3::timestamptz)
        and deal.archived is not true
        and deal.createdat <= $3::timestamptz
    where association.workspace_id = $1
        and association.connection_id = $2
        and association.toobjecttype = 'contacts'
        and association.valid_from <= $3::timestamptz
        and (association.valid_to is null or association.valid_to > $3::timestamptz)
),
lead_contacts as (
    select
        association.recordid as lead_id,
        coalesce(
            -- 578 is the association type of a lead's primary contact.
            substring(';' || association.associationtypes || ';' from ';([0-9]+):578;'),
            nullif(split_part(association.toobjectids, ';', 1), '')
        ) as contact_id
    from mirror.hubspot_lead_association as association
    where association.workspace_id = $1
        and association.connection_id = $2
        and association.toobjecttype = 'contacts'
        and association.valid_from <= $3::timestamptz
        and (association.valid_to is null or association.valid_to > $3::timestamptz)
),
lead_stage_moves as (
    select
        recordid as lead_id,
        max("timestamp") as moved_at
    from mirror.hubspot_lead_history
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and property = 'hs_pipeline_stage'
        and "timestamp" <= $3::timestamptz
    group by recordid
),
units as (
    select
        lead.id as lead_id,
        lead_contacts.contact_id,
        lead.valid_from,
        lead.valid_to,
        lead.changed_at,
        lead.createdat,
        lead.archived,
        lead.archivedat,
        nullif(lead.hubspot_owner_id, '') as owner_id,
        coalesce(stages.label, lead.hs_pipeline_stage) as status,
        case
            when lower(stages.label) = any(run.recycled_statuses) then 'recycled'
            when stages.class is not null then stages.class
            when lower(stages.label) = any(run.disqualified_statuses) then 'disqualified'
            else 'open'
        end as status_class,
        lead.ripeline_exclude,
        lead.hs_merged_object_ids,
        lead.hs_created_by_user_id,
        lead_stage_moves.moved_at
    from mirror.hubspot_lead as lead
    cross join run
    join portal on portal.unit = 'leads'
    left join stages on stages.stage_id = lead.hs_pipeline_stage
    left join lead_contacts on lead_contacts.lead_id = lead.id
    left join lead_stage_moves on lead_stage_moves.lead_id = lead.id
    where lead.workspace_id = $1
        and lead.connection_id = $2
        and lead.valid_from <= $3::timestamptz
    union all
    select
        contact_versions.contact_id,
        contact_versions.contact_id,
        contact_versions.valid_from,
        contact_versions.valid_to,
        contact_versions.changed_at,
        contact_versions.createdat,
        contact_versions.archived,
        contact_versions.archivedat,
        contact_versions.owner_id,
        contact_versions.status,
        case
            when lower(contact_versions.status) = any(portal.converted_statuses) then 'converted'
            when lower(contact_versions.status) = any(run.disqualified_statuses) then 'disqualified'
            when lower(contact_versions.status) = 'bad timing' or lower(contact_versions.status) = any(run.recycled_statuses) then 'recycled'
            else 'open'
        end,
        contact_versions.ripeline_exclude,
        contact_versions.hs_merged_object_ids,
        contact_versions.hs_created_by_user_id,
        lifecycle_moves.moved_at
    from contact_versions
    cross join run
    join portal on portal.unit = 'contacts'
    join process_contacts on process_contacts.contact_id = contact_versions.contact_id
    left join lifecycle_moves on lifecycle_moves.contact_id = contact_versions.contact_id
),
first_seen as (
    select distinct on (lead_id)
        lead_id,
        valid_from as first_seen_at,
        changed_at as first_changed_at,
        owner_id as first_owner_id,
        status_class as first_status_class
    from units
    order by lead_id, valid_from
),
-- Survivors of the same type name them; dated by the save that named them first.
merged as (
    select
        merged_id as lead_id,
        min(changed_at) as merged_at
    from (
        select
            lead.changed_at,
            unnest(string_to_array(lead.hs_merged_object_ids, ';')) as merged_id
        from mirror.hubspot_lead as lead
        join portal on portal.unit = 'leads'
        where lead.workspace_id = $1
            and lead.connection_id = $2
            and lead.valid_from <= $3::timestamptz
        union all
        select
            contact_versions.changed_at,
            unnest(string_to_array(contact_versions.hs_merged_object_ids, ';'))
        from contact_versions
        join portal on portal.unit = 'contacts'
    ) as named
    group by merged_id
),
current as (
    select
        units.*,
        coalesce(units.createdat, first_seen.first_changed_at) as created_at,
        first_seen.first_seen_at,
        first_seen.first_changed_at,
        first_seen.first_owner_id,
        first_seen.first_status_class
    from units
    join first_seen on first_seen.lead_id = units.lead_id
    where units.valid_to is null
        or units.valid_to > $3::timestamptz
),
-- A contact may have been added to somebody else's deal later: a deal older than the record is not made of it.
own_deals as (
    select
        current.lead_id,
        min(deals.created_at) as first_deal_at,
        max(deals.created_at) as last_deal_at,
        (array_agg(deals.deal_id order by deals.created_at, deals.deal_id))[1] as first_deal_id
    from current
    join deals
        on deals.contact_id = current.contact_id
        and deals.created_at >= current.created_at
    group by current.lead_id
),
judged as (
    select
        current.*,
        case
            when portal.unit = 'contacts'
                and own_deals.last_deal_at >= coalesce(current.moved_at, '-infinity'::timestamptz) then 'converted'
            else current.status_class
        end as class_now,
        own_deals.last_deal_at,
        own_deals.first_deal_id,
        portal.unit
    from current
    cross join portal
    left join own_deals on own_deals.lead_id = current.lead_id
),
final as (
    select
        judged.lead_id,
        judged.contact_id,
        judged.owner_id,
        judged.status,
        judged.class_now as status_class,
        contacts.first_source as source,
        coalesce(contacts.has_changes, false) as has_source_changes,
        contacts.email_hash,
        judged.class_now = 'converted' as is_converted,
        case
            when judged.class_now = 'converted' then
                (coalesce(
                    case when judged.unit = 'contacts' and judged.status_class <> 'converted' then judged.last_deal_at end,
                    judged.moved_at,
                    judged.changed_at
                ) at time zone run.time_zone)::date
        end as converted_on,
        case
            when judged.class_now = 'converted' and judged.unit = 'leads' then judged.contact_id
        end as converted_contact_id,
        case when judged.class_now = 'converted' then judged.first_deal_id end as converted_opportunity_id,
        coalesce(judged.archived, false) or merged.lead_id is not null as is_deleted,
        merged.lead_id is not null as is_merged,
        case
            when merged.lead_id is not null then merged.merged_at
            when judged.archived then coalesce(judged.archivedat, judged.changed_at)
        end as deleted_at,
        judged.created_at,
        coalesce(users.owner_id, judged.hs_created_by_user_id) as created_by_id,
        judged.first_seen_at,
        judged.first_changed_at,
        judged.first_owner_id,
        judged.first_status_class,
        case
            when judged.ripeline_exclude or contacts.ripeline_exclude then 'record'
            when lower(contacts.email_domain) = any(run.excluded_email_domains) then 'email_domain'
            when coalesce(users.owner_id, judged.hs_created_by_user_id) = any(run.excluded_creators) then 'creator'
        end as excluded_by
    from judged
    cross join run
    left join contacts on contacts.contact_id = judged.contact_id
    left join merged on merged.lead_id = judged.lead_id
    left join users on users.user_id = judged.hs_created_by_user_id
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
    -- HubSpot's own "first outreach" and "first engagement" follow the present owner: no evidence of a first touch.
    null::timestamptz as first_call_at,
    null::timestamptz as first_email_at,
    excluded_by,
    contact_id
from final
where created_at <= $3::timestamptz
