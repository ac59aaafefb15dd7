-- Grain: one row per stage of opportunities in the org's list, which is one for all processes.
-- $1 workspace, $2 connection, $3 as_of.
with final as (
    select
        id as stage_id,
        coalesce(apiname, masterlabel) as api_name,
        masterlabel as label,
        coalesce(isclosed, false) as is_closed,
        coalesce(iswon, false) as is_won,
        coalesce(isactive, true) as is_active,
        sortorder as sort_order
    from mirror.salesforce_opportunity_stage
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and coalesce(apiname, masterlabel) is not null
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    stage_id,
    null::text as pipeline,
    api_name,
    label,
    is_closed,
    is_won,
    is_active,
    sort_order
from final
