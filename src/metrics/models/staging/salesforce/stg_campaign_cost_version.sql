-- Grain: one row per version of a campaign that we saw up to as_of.
-- $1 workspace, $2 connection, $3 as_of.
select
    $1::text as workspace_id,
    $2::text as connection_id,
    id as campaign_id,
    valid_from,
    changed_at,
    actualcost as cost
from mirror.salesforce_campaign
where workspace_id = $1
    and connection_id = $2
    and valid_from <= $3::timestamptz
