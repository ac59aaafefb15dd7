-- Grain: one row per campaign member that responded (a marketing touch). responded_at is the start of responded_on in
-- the workspace's zone: a touch known by date only precedes every event of its date.
-- Where the CRM keeps no date of the response, the member's creation stands in. Source: definitions 8.
-- A member whose lead or contact we have never seen (hidden by sharing) is a person known by id only; one whose record is
-- deleted or out of scope is nobody's response.
-- $1 workspace, $2 connection, $3 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
members as (
    select
        member.id as member_id,
        member.campaignid as campaign_id,
        member.leadid as lead_id,
        member.contactid as contact_id,
        coalesce(
            member.firstrespondeddate,
            (member.createddate at time zone run.time_zone)::date
        ) as responded_on,
        member.createddate as created_at
    from mirror.salesforce_campaign_member as member
    cross join run
    where member.workspace_id = $1
        and member.connection_id = $2
        and member.valid_from <= $3::timestamptz
        and (member.valid_to is null or member.valid_to > $3::timestamptz)
        and member.isdeleted is not true
        and member.hasresponded
),
-- Where a member names both, the lead was converted into the contact.
unseen as (
    select
        members.member_id,
        'record:' || coalesce(members.contact_id, members.lead_id) as person_id
    from members
    where coalesce(members.contact_id, members.lead_id) is not null
        and not exists (
            select 1
            from mirror.salesforce_contact as contact
            where contact.workspace_id = $1
                and contact.connection_id = $2
                and contact.id = members.contact_id
        )
        and not exists (
            select 1
            from mirror.salesforce_lead as lead
            where lead.workspace_id = $1
                and lead.connection_id = $2
                and lead.id = members.lead_id
        )
),
final as (
    select
        members.member_id,
        members.campaign_id,
        campaign.family_root,
        coalesce(by_contact.person_id, by_lead.person_id, unseen.person_id) as person_id,
        members.responded_on,
        members.responded_on::timestamp at time zone run.time_zone as responded_at,
        members.created_at
    from members
    cross join run
    join metrics.int_campaign as campaign
        on campaign.workspace_id = $1
        and campaign.connection_id = $2
        and campaign.campaign_id = members.campaign_id
    left join metrics.int_person_record as by_contact
        on by_contact.workspace_id = $1
        and by_contact.connection_id = $2
        and by_contact.record_id = members.contact_id
    left join metrics.int_person_record as by_lead
        on by_lead.workspace_id = $1
        and by_lead.connection_id = $2
        and by_lead.record_id = members.lead_id
    left join unseen on unseen.member_id = members.member_id
    where members.responded_on <= run.today
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    member_id,
    campaign_id,
    family_root,
    person_id,
    responded_on,
    responded_at,
    coalesce(created_at, responded_at) as created_at
from final
where person_id is not null
