-- Grain: one row per campaign and contact that HubSpot's contact reports name, or that the contact itself names as the
-- campaign of its first touch. A first touch is dated by the contact's first conversion, else its creation, and precedes
-- other touches; an influence by the read that saw it first (evidence observed). Being sent something is no report.
-- Form submissions beside the first conversion are not read. What names a contact that was merged away is its survivor's.
-- is_hidden: the contact is not in the mirror, nor ever was.
-- Source: definitions 8. $1 workspace, $2 connection, $3 as_of.
with recursive run as (
    select *
    from metrics.run
    where workspace_id = $1
),
merges as (
    select
        merged.id as record_id,
        survivor.id as survivor_id
    from mirror.hubspot_contact as survivor
    cross join lateral unnest(string_to_array(survivor.hs_merged_object_ids, ';')) as merged (id)
    where survivor.workspace_id = $1
        and survivor.connection_id = $2
        and survivor.valid_from <= $3::timestamptz
        and (survivor.valid_to is null or survivor.valid_to > $3::timestamptz)
        and merged.id <> survivor.id
),
-- `union` ends a circle of merges.
survivors as (
    select
        record_id,
        survivor_id
    from merges
    union
    select
        survivors.record_id,
        merges.survivor_id
    from survivors
    join merges on merges.record_id = survivors.survivor_id
),
last_survivors as (
    select
        survivors.record_id,
        min(survivors.survivor_id) as survivor_id
    from survivors
    left join merges on merges.record_id = survivors.survivor_id
    where merges.record_id is null
    group by survivors.record_id
),
contacts as (
    select
        id as contact_id,
        coalesce(createdat, changed_at) as created_at,
        first_conversion_date as first_conversion_at,
        nullif(btrim(hs_analytics_first_touch_converting_campaign), '') as first_touch_campaign_id
    from mirror.hubspot_contact
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and archived is not true
        and id not in (select record_id from last_survivors)
),
campaigns as (
    select id as campaign_id
    from mirror.hubspot_campaign
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
reported as (
    select
        entry.campaignid as campaign_id,
        coalesce(last_survivors.survivor_id, entry.contactid) as contact_id,
        entry.contacttype as contact_type,
        min(entry.valid_from) as seen_at
    from mirror.hubspot_campaign_contact as entry
    left join last_survivors on last_survivors.record_id = entry.contactid
    where entry.workspace_id = $1
        and entry.connection_id = $2
        and entry.valid_from <= $3::timestamptz
    group by entry.campaignid, coalesce(last_survivors.survivor_id, entry.contactid), entry.contacttype
    having bool_or(entry.valid_to is null or entry.valid_to > $3::timestamptz)
),
seen as (
    select distinct id as contact_id
    from mirror.hubspot_contact
    where workspace_id = $1
        and connection_id = $2
),
first_touches as (
    select
        campaign_id,
        contact_id
    from reported
    where contact_type = 'contactFirstTouch'
    union
    select
        contacts.first_touch_campaign_id,
        contacts.contact_id
    from contacts
    join campaigns on campaigns.campaign_id = contacts.first_touch_campaign_id
),
touches as (
    select
        first_touches.campaign_id,
        first_touches.contact_id,
        coalesce(contacts.first_conversion_at, contacts.created_at) as responded_at,
        'history' as evidence,
        false as is_hidden
    from first_touches
    join contacts on contacts.contact_id = first_touches.contact_id
    union all
    select
        reported.campaign_id,
        reported.contact_id,
        min(reported.seen_at),
        'observed',
        bool_or(seen.contact_id is null)
    from reported
    left join contacts on contacts.contact_id = reported.contact_id
    left join seen on seen.contact_id = reported.contact_id
    left join first_touches
        on first_touches.campaign_id = reported.campaign_id
        and first_touches.contact_id = reported.contact_id
        and contacts.contact_id is not null
    -- An archived contact's touch is nobody's.
    where (contacts.contact_id is not null or seen.contact_id is null)
        and first_touches.contact_id is null
    group by reported.campaign_id, reported.contact_id
),
final as (
    select
        touches.campaign_id || ':' || touches.contact_id as member_id,
        touches.campaign_id,
        touches.contact_id,
        (touches.responded_at at time zone run.time_zone)::date as responded_on,
        touches.responded_at,
        touches.evidence,
        touches.is_hidden
    from touches
    cross join run
    where touches.responded_at <= $3::timestamptz
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    member_id,
    campaign_id,
    null as lead_id,
    contact_id,
    true as has_responded,
    responded_on,
    responded_at,
    responded_at as created_at,
    evidence,
    is_hidden
from final
