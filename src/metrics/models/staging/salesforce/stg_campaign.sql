-- Grain: one row per campaign that is not deleted at as_of. Cost and budget are the campaign's own, in its currency.
-- $1 workspace, $2 connection, $3 as_of.
with final as (
    select
        id as campaign_id,
        name,
        parentid as parent_id,
        type,
        coalesce(isactive, false) as is_active,
        startdate as starts_on,
        enddate as ends_on,
        actualcost as actual_cost,
        budgetedcost as budget,
        currencyisocode as currency_code,
        createddate as created_at
    from mirror.salesforce_campaign
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and isdeleted is not true
        and createddate <= $3::timestamptz
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    campaign_id,
    name,
    parent_id,
    type,
    is_active,
    starts_on,
    ends_on,
    actual_cost,
    budget,
    currency_code,
    created_at
from final
