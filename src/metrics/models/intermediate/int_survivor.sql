-- Grain: one row per record that was merged away, with the record that stands for it in the end: merges are followed from
-- survivor to survivor; a loop of them ends nowhere and stands for nothing. Source: design 3 "Identity". $1 workspace.
with recursive merges as (
    select
        connection_id,
        record_id,
        survivor_id
    from metrics.stg_record_merge
    where workspace_id = $1
        and record_id <> survivor_id
),
followed as (
    select
        connection_id,
        record_id,
        survivor_id
    from merges
    union
    select
        followed.connection_id,
        followed.record_id,
        merges.survivor_id
    from followed
    join merges
        on merges.connection_id = followed.connection_id
        and merges.record_id = followed.survivor_id
),
final as (
    select
        followed.connection_id,
        followed.record_id,
        min(followed.survivor_id) as survivor_id
    from followed
    left join merges
        on merges.connection_id = followed.connection_id
        and merges.record_id = followed.survivor_id
    where merges.record_id is null
    group by followed.connection_id, followed.record_id
)
select
    $1::text as workspace_id,
    connection_id,
    record_id,
    survivor_id
from final
