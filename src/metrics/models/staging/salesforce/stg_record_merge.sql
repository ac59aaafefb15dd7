-- Grain: one row per lead or contact that was merged away, with the record that it was merged into.
-- $1 workspace, $2 connection, $3 as_of.
with final as (
    select
        id as record_id,
        masterrecordid as survivor_id
    from mirror.salesforce_lead
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and masterrecordid is not null
    union all
    select
        id,
        masterrecordid
    from mirror.salesforce_contact
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and masterrecordid is not null
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    record_id,
    survivor_id
from final
