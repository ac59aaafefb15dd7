-- Grain: one row per person. source: the LeadSource of the oldest record that has one, as first seen.
-- acquired_at: the first marketing touch, where no record of the person is older than 24 hours then; else null (known
-- before, or never touched). A person known by the id of a hidden record only has no source, and nobody can say whether we
-- knew them before: they are acquired in no period. Source: definitions 7, 8. $1 workspace.
with records as (
    select
        person_id,
        min(created_at) as first_record_at,
        (array_agg(source order by created_at, record_id) filter (where source is not null))[1] as source,
        true as is_seen
    from metrics.int_person_record
    where workspace_id = $1
    group by person_id
    union all
    select
        response.person_id,
        min(response.created_at) as first_record_at,
        null as source,
        false as is_seen
    from metrics.int_response as response
    where response.workspace_id = $1
        and not exists (
            select 1
            from metrics.int_person_record as record
            where record.workspace_id = $1
                and record.person_id = response.person_id
        )
    group by response.person_id
),
first_touch as (
    select distinct on (person_id)
        person_id,
        responded_at,
        responded_on,
        connection_id,
        campaign_id
    from metrics.int_response
    where workspace_id = $1
    order by person_id, responded_at, created_at, member_id
),
final as (
    select
        records.person_id,
        records.first_record_at,
        records.source,
        first_touch.responded_at as first_touch_at,
        first_touch.responded_on as first_touch_on,
        first_touch.connection_id as first_touch_connection_id,
        first_touch.campaign_id as first_touch_campaign_id,
        case
            when records.is_seen
                and records.first_record_at >= first_touch.responded_at - interval '24 hours' then first_touch.responded_at
        end as acquired_at
    from records
    left join first_touch on first_touch.person_id = records.person_id
)
select
    $1::text as workspace_id,
    person_id,
    first_record_at,
    source,
    first_touch_at,
    first_touch_on,
    first_touch_connection_id,
    first_touch_campaign_id,
    acquired_at
from final
