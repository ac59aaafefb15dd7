-- Grain: one row per contact or lead that was merged away, and the record that it was merged into; that one may have been
-- merged away too. HubSpot names on a survivor all that were merged into it. Deals are left out: what hung on a merged deal
-- hangs on its survivor, and ids of different types may be equal. Source: definitions 2.
-- $1 workspace, $2 connection, $3 as_of.
with merges as (
    select
        merged.id as record_id,
        survivor.id as survivor_id,
        1 as rank,
        survivor.valid_from
    from mirror.hubspot_contact as survivor
    cross join lateral unnest(string_to_array(survivor.hs_merged_object_ids, ';')) as merged (id)
    where survivor.workspace_id = $1
        and survivor.connection_id = $2
        and survivor.valid_from <= $3::timestamptz
        and (survivor.valid_to is null or survivor.valid_to > $3::timestamptz)
    union all
    select
        merged.id,
        survivor.id,
        2,
        survivor.valid_from
    from mirror.hubspot_lead as survivor
    cross join lateral unnest(string_to_array(survivor.hs_merged_object_ids, ';')) as merged (id)
    where survivor.workspace_id = $1
        and survivor.connection_id = $2
        and survivor.valid_from <= $3::timestamptz
        and (survivor.valid_to is null or survivor.valid_to > $3::timestamptz)
),
-- Where a survivor was merged away, both it and its own survivor name the record: the one that is still there counts.
final as (
    select distinct on (merges.record_id)
        merges.record_id,
        merges.survivor_id
    from merges
    left join merges as further
        on further.record_id = merges.survivor_id
        and further.rank = merges.rank
    where merges.record_id <> ''
        and merges.record_id <> merges.survivor_id
    order by merges.record_id, merges.rank, (further.record_id is null) desc, merges.valid_from desc, merges.survivor_id
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    record_id,
    survivor_id
from final
