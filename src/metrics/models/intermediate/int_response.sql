-- Grain: one row per campaign member that responded, or other marketing touch. Where a date is all that is known,
-- responded_at is its start in the workspace's zone: such a touch precedes every event of its date.
-- Where the CRM keeps no date of the response, the member's creation stands in. Source: definitions 8.
-- A member whose lead or contact we have never seen (hidden by sharing) is a person known by id only; one whose record is
-- deleted or out of scope is nobody's response.
-- $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
members as (
    select
        member.connection_id,
        member.member_id,
        member.campaign_id,
        coalesce(lead_survivor.survivor_id, member.lead_id) as lead_id,
        coalesce(contact_survivor.survivor_id, member.contact_id) as contact_id,
        coalesce(
            member.responded_on,
            (coalesce(member.responded_at, member.created_at) at time zone run.time_zone)::date
        ) as responded_on,
        member.responded_at,
        member.created_at,
        case
            when member.is_hidden then
                'record:' || member.connection_id || ':' || coalesce(member.contact_id, member.lead_id)
        end as hidden_person_id
    from metrics.stg_response as member
    cross join run
    left join metrics.int_survivor as lead_survivor
        on lead_survivor.workspace_id = $1
        and lead_survivor.connection_id = member.connection_id
        and lead_survivor.record_id = member.lead_id
    left join metrics.int_survivor as contact_survivor
        on contact_survivor.workspace_id = $1
        and contact_survivor.connection_id = member.connection_id
        and contact_survivor.record_id = member.contact_id
    where member.workspace_id = $1
        and member.has_responded
),
final as (
    select
        members.connection_id,
        members.member_id,
        members.campaign_id,
        campaign.family_connection_id,
        campaign.family_root,
        -- Where a member names both, the lead was converted into the contact.
        coalesce(by_contact.person_id, by_lead.person_id, members.hidden_person_id) as person_id,
        members.responded_on,
        coalesce(members.responded_at, members.responded_on::timestamp at time zone run.time_zone) as responded_at,
        members.created_at
    from members
    cross join run
    join metrics.int_campaign as campaign
        on campaign.workspace_id = $1
        and campaign.connection_id = members.connection_id
        and campaign.campaign_id = members.campaign_id
    left join metrics.int_person_record as by_contact
        on by_contact.workspace_id = $1
        and by_contact.connection_id = members.connection_id
        and by_contact.record_id = members.contact_id
    left join metrics.int_person_record as by_lead
        on by_lead.workspace_id = $1
        and by_lead.connection_id = members.connection_id
        and by_lead.record_id = members.lead_id
    where members.responded_on <= run.today
)
select
    $1::text as workspace_id,
    connection_id,
    member_id,
    campaign_id,
    family_connection_id,
    family_root,
    person_id,
    responded_on,
    responded_at,
    coalesce(created_at, responded_at) as created_at
from final
where person_id is not null
