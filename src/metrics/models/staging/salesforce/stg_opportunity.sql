-- Grain: one row per opportunity that is not deleted at as_of.
-- $1 workspace, $2 connection, $3 as_of.
with final as (
    select
        id as opportunity_id,
        ownerid as owner_id,
        accountid as account_id,
        campaignid as campaign_id,
        type as type_name,
        stagename as stage,
        amount,
        currencyisocode as currency_code,
        closedate as close_date,
        coalesce(isclosed, false) as is_closed,
        coalesce(iswon, false) as is_won,
        nullif(btrim(leadsource), '') as source,
        createddate as created_at
    from mirror.salesforce_opportunity
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
    opportunity_id,
    owner_id,
    account_id,
    campaign_id,
    type_name,
    stage,
    null::text as pipeline,
    amount,
    currency_code,
    null::numeric as home_amount,
    close_date,
    is_closed,
    is_won,
    source,
    null::text as salesforce_opportunity_id,
    created_at
from final
