-- Grain: one row per campaign member that is not deleted at as_of, those who did not respond too. The CRM keeps the date
-- of the first response and no time. Where a member names lead and contact, the lead was converted into the contact.
-- is_hidden: neither is in the mirror, nor ever was. Source: definitions 8. $1 workspace, $2 connection, $3 as_of.
with seen as (
    select id
    from mirror.salesforce_lead
    where workspace_id = $1
        and connection_id = $2
    union
    select id
    from mirror.salesforce_contact
    where workspace_id = $1
        and connection_id = $2
),
final as (
    select
        member.id as member_id,
        member.campaignid as campaign_id,
        member.leadid as lead_id,
        member.contactid as contact_id,
        coalesce(member.hasresponded, false) as has_responded,
        member.firstrespondeddate as responded_on,
        member.createddate as created_at,
        coalesce(member.contactid, member.leadid) is not null
            and by_lead.id is null
            and by_contact.id is null as is_hidden
    from mirror.salesforce_campaign_member as member
    left join seen as by_lead on by_lead.id = member.leadid
    left join seen as by_contact on by_contact.id = member.contactid
    where member.workspace_id = $1
        and member.connection_id = $2
        and member.valid_from <= $3::timestamptz
        and (member.valid_to is null or member.valid_to > $3::timestamptz)
        and member.isdeleted is not true
        and member.campaignid is not null
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    member_id,
    campaign_id,
    lead_id,
    contact_id,
    has_responded,
    responded_on,
    null::timestamptz as responded_at,
    created_at,
    'member' as evidence,
    is_hidden
from final
