-- Grain: one row per row of OpportunityHistory up to as_of; it has rows for other changes than those of the stage too.
-- $1 workspace, $2 connection, $3 as_of.
with final as (
    select
        opportunityid as opportunity_id,
        id as step_id,
        createddate as happened_at,
        stagename as stage,
        amount,
        currencyisocode as currency_code
    from mirror.salesforce_opportunity_history
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and isdeleted is not true
        and opportunityid is not null
        and createddate <= $3::timestamptz
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    opportunity_id,
    step_id,
    happened_at,
    stage,
    amount,
    currency_code
from final
