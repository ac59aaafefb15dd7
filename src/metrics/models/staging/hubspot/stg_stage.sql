-- Grain: one row per stage of the pipelines of deals. An opportunity's stage is api_name; sort_order counts within its
-- pipeline. Won: closed with probability 1. Source: definitions 7. $1 workspace, $2 connection, $3 as_of.
select
    $1::text as workspace_id,
    $2::text as connection_id,
    id as stage_id,
    pipelineid as pipeline,
    stageid as api_name,
    stagelabel as label,
    coalesce(isclosed, probability in (0, 1), false) as is_closed,
    coalesce(isclosed, true) and coalesce(probability = 1, false) as is_won,
    archived is not true as is_active,
    displayorder as sort_order
from mirror.hubspot_pipeline_stage
where workspace_id = $1
    and connection_id = $2
    and valid_from <= $3::timestamptz
    and (valid_to is null or valid_to > $3::timestamptz)
    and objecttype = 'deals'
    and stageid is not null
