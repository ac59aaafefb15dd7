-- Grain: one row per version of a deal that we saw, up to as_of, archived ones too. $1 workspace, $2 connection, $3 as_of.
select
    $1::text as workspace_id,
    $2::text as connection_id,
    id as opportunity_id,
    valid_from,
    changed_at,
    dealstage as stage,
    createdat as created_at
from mirror.hubspot_deal
where workspace_id = $1
    and connection_id = $2
    and valid_from <= $3::timestamptz
