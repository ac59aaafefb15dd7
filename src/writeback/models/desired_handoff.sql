-- Grain: one row per flagged handoff in scope that is open or ended less than 13 months ago; older ones stay in the CRM
-- as they are until they are swept. Time: UTC. Source of the definition: Ripeline_Handoff__c of the write-back contract.
-- $1 workspace_id, $2 connection_id, $3 as_of, $4 API name of the lookup to the lead; null where it is no reference
with portal_team as (
    select
        owner_role.role_id,
        max(owner_role.role_name) as name
    from metrics.stg_owner_role as owner_role
    where $4::text is null
        and owner_role.workspace_id = $1
        and owner_role.connection_id = $2
        and owner_role.role_id is not null
    group by owner_role.role_id
),
final as (
    select
        handoff.handoff_id as key,
        handoff.lead_id as parent,
        false as is_due,
        handoff.lead_id,
        handoff.lead_id as lead_lookup,
        coalesce(contact.id, portal_lead.contact_id) as contact_id,
        case when handoff.owner_id like '005%' or portal_lead.lead_id is not null then handoff.owner_id end as rep_id,
        coalesce(role.name, portal_team.name, handoff.team) as team,
        handoff.handoff_number,
        handoff.evidence,
        handoff.policy,
        handoff.calendar,
        handoff.handed_off_at,
        handoff.at_risk_at,
        handoff.rots_at,
        handoff.first_touch_at,
        handoff.first_touch_kind,
        case
            when handoff.first_touch_by like '005%' or portal_lead.lead_id is not null then handoff.first_touch_by
        end as first_touch_by,
        handoff.touch_count,
        case
            when handoff.first_touch_at <= handoff.rots_at then 'worked'
            when handoff.first_touch_at > handoff.rots_at then 'worked_late'
            when handoff.ended_at is not null then 'untouched'
        end as outcome,
        handoff.ended_at,
        handoff.ended_by,
        -- The vendor refuses a reference to a converted lead and empties one to a deleted lead by itself.
        case
            when $4::text is not null and (lead.lead_id is null or lead.is_converted) then array[$4::text]
            else '{}'::text[]
        end as omitted
    from metrics.int_handoff as handoff
    left join metrics.int_lead as lead
        on lead.workspace_id = handoff.workspace_id
        and lead.connection_id = handoff.connection_id
        and lead.lead_id = handoff.lead_id
    left join mirror.salesforce_lead as vendor_lead
        on vendor_lead.workspace_id = handoff.workspace_id
        and vendor_lead.connection_id = handoff.connection_id
        and vendor_lead.id = handoff.lead_id
        and vendor_lead.valid_to is null
        and vendor_lead.isconverted
    left join mirror.salesforce_contact as contact
        on contact.workspace_id = handoff.workspace_id
        and contact.connection_id = handoff.connection_id
        and contact.id = vendor_lead.convertedcontactid
        and contact.valid_to is null
        and contact.isdeleted is not true
    left join mirror.salesforce_user_role as role
        on role.workspace_id = handoff.workspace_id
        and role.connection_id = handoff.connection_id
        and role.id = handoff.team
        and role.valid_to is null
    -- A HubSpot connection's: no id there is a reference, so that all of them are kept.
    left join metrics.stg_lead as portal_lead
        on $4::text is null
        and portal_lead.workspace_id = handoff.workspace_id
        and portal_lead.connection_id = handoff.connection_id
        and portal_lead.lead_id = handoff.lead_id
    left join portal_team on portal_team.role_id = handoff.team
    where handoff.workspace_id = $1
        and handoff.connection_id = $2
        and handoff.is_flagged
        and handoff.is_in_scope
        and coalesce(handoff.ended_at, $3::timestamptz) > $3::timestamptz - interval '13 months'
)
select
    key,
    parent,
    is_due,
    omitted,
    lead_id,
    lead_lookup,
    contact_id,
    rep_id,
    team,
    handoff_number,
    evidence,
    policy,
    calendar,
    handed_off_at,
    at_risk_at,
    rots_at,
    first_touch_at,
    first_touch_kind,
    first_touch_by,
    touch_count,
    outcome,
    ended_at,
    ended_by
from final
