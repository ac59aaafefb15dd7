-- Grain: one row per version of a campaign that we saw, up to as_of, with the sum of its spend items then, in the
-- campaign's currency. Versions are dated by the read that brought them: nothing says when an item was entered as spent.
-- Source: definitions 6, `observed`. $1 workspace, $2 connection, $3 as_of.
select
    $1::text as workspace_id,
    $2::text as connection_id,
    id as campaign_id,
    valid_from,
    changed_at,
    hs_spend_items_sum_amount as cost
from mirror.hubspot_campaign
where workspace_id = $1
    and connection_id = $2
    and valid_from <= $3::timestamptz
