-- Grain: one row per version of a lead (as stg_lead has them) that we saw, up to as_of. status_class as in stg_lead, with the
-- deals that there were at the save. Source: definitions 2. $1 workspace, $2 connection, $3 as_of.
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
leads as (
    select
        lead_id,
        created_at
    from metrics.stg_lead
    where workspace_id = $1
        and connection_id = $2
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
        contact.id as lead_id,
        contact.valid_from,
        contact.changed_at,
        -- A save and what history and deals say of it are stamped within the same second.
        contact.changed_at + interval '1 second' as known_until,
        nullif(contact.hubspot_owner_id, '') as owner_id,
        mirror.hubspot_contact_status(lower(contact.lifecyclestage), contact.hs_lead_status) as status,
        nullif(btrim(contact.hs_analytics_source), '') as source,
        leads.created_at
    from mirror.hubspot_contact as contact
    join portal on portal.unit = 'contacts'
    join leads on leads.lead_id = contact.id
    where contact.workspace_id = $1
        and contact.connection_id = $2
        and contact.valid_from <= $3::timestamptz
),
-- Deals older than the contact are somebody else's, as in stg_lead.
deal_contacts as (
    select
        associated.contact_id,
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
    where association.workspace_id = $1
        and association.connection_id = $2
        and association.toobjecttype = 'contacts'
        and association.valid_from <= $3::timestamptz
        and (association.valid_to is null or association.valid_to > $3::timestamptz)
),
deals as (
    select
        version.lead_id,
        version.valid_from,
        max(deal_contacts.created_at) as last_deal_at
    from contact_versions as version
    join deal_contacts
        on deal_contacts.contact_id = version.lead_id
        and deal_contacts.created_at between version.created_at and version.known_until
    group by version.lead_id, version.valid_from
),
moves as (
    select
        version.lead_id,
        version.valid_from,
        max(entry.timestamp) as moved_at
    from contact_versions as version
    join mirror.hubspot_contact_history as entry
        on entry.workspace_id = $1
        and entry.connection_id = $2
        and entry.recordid = version.lead_id
        and entry.property = 'lifecyclestage'
        and entry.valid_from <= $3::timestamptz
        and (entry.valid_to is null or entry.valid_to > $3::timestamptz)
        and entry.timestamp <= version.known_until
    group by version.lead_id, version.valid_from
),
final as (
    select
        lead.id as lead_id,
        lead.valid_from,
        lead.changed_at,
        nullif(lead.hubspot_owner_id, '') as owner_id,
        coalesce(stages.label, lead.hs_pipeline_stage) as status,
        case
            when lower(stages.label) = any(run.recycled_statuses) then 'recycled'
            when stages.class is not null then stages.class
            when lower(stages.label) = any(run.disqualified_statuses) then 'disqualified'
            else 'open'
        end as status_class,
        null as source
    from mirror.hubspot_lead as lead
    cross join run
    join portal on portal.unit = 'leads'
    join leads on leads.lead_id = lead.id
    left join stages on stages.stage_id = lead.hs_pipeline_stage
    where lead.workspace_id = $1
        and lead.connection_id = $2
        and lead.valid_from <= $3::timestamptz
    union all
    select
        version.lead_id,
        version.valid_from,
        version.changed_at,
        version.owner_id,
        version.status,
        case
            when deals.last_deal_at >= coalesce(moves.moved_at, '-infinity'::timestamptz) then 'converted'
            when lower(version.status) = any(portal.converted_statuses) then 'converted'
            when lower(version.status) = any(run.disqualified_statuses) then 'disqualified'
            when lower(version.status) = 'bad timing' or lower(version.status) = any(run.recycled_statuses) then 'recycled'
            else 'open'
        end,
        version.source
    from contact_versions as version
    cross join run
    cross join portal
    left join deals
        on deals.lead_id = version.lead_id
        and deals.valid_from = version.valid_from
    left join moves
        on moves.lead_id = version.lead_id
        and moves.valid_from = version.valid_from
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    lead_id,
    valid_from,
    changed_at,
    owner_id,
    status,
    status_class,
    source,
    null::date as converted_on,
    null as opportunity_id
from final
