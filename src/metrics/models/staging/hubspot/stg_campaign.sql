-- Grain: one row per marketing campaign, named by its GUID. Money in the campaign's currency, else the portal's own.
-- actual_cost, budget: the sums of spend and budget items; null where there are no items (HubSpot's sum is then empty or
-- 0), 0 where an item of 0 was entered. Active: in progress or active. HubSpot has no parents of campaigns.
-- Source: definitions 6. $1 workspace, $2 connection, $3 as_of.
with portal as (
    select *
    from metrics.run_connection
    where workspace_id = $1
        and connection_id = $2
),
money as (
    select
        id,
        currencycode,
        spendtotal,
        budgettotal,
        coalesce(nullif(spenditems, ''), '[]') <> '[]' as has_spend_items,
        coalesce(nullif(budgetitems, ''), '[]') <> '[]' as has_budget_items
    from mirror.hubspot_campaign_money
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
final as (
    select
        campaign.id as campaign_id,
        nullif(btrim(campaign.hs_name), '') as name,
        lower(coalesce(campaign.hs_campaign_status, '')) in ('in_progress', 'active') as is_active,
        campaign.hs_start_date as starts_on,
        campaign.hs_end_date as ends_on,
        case
            when coalesce(campaign.hs_spend_items_sum_amount, money.spendtotal, 0) <> 0
                or coalesce(money.has_spend_items, false) then
                coalesce(campaign.hs_spend_items_sum_amount, money.spendtotal)
        end as actual_cost,
        case
            when coalesce(campaign.hs_budget_items_sum_amount, money.budgettotal, 0) <> 0
                or coalesce(money.has_budget_items, false) then
                coalesce(campaign.hs_budget_items_sum_amount, money.budgettotal)
        end as budget,
        coalesce(nullif(campaign.hs_currency_code, ''), nullif(money.currencycode, ''), portal.home_currency) as currency_code,
        coalesce(campaign.createdat, campaign.changed_at) as created_at
    from mirror.hubspot_campaign as campaign
    cross join portal
    left join money on money.id = campaign.id
    where campaign.workspace_id = $1
        and campaign.connection_id = $2
        and campaign.valid_from <= $3::timestamptz
        and (campaign.valid_to is null or campaign.valid_to > $3::timestamptz)
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    campaign_id,
    name,
    null as parent_id,
    null as type,
    is_active,
    starts_on,
    ends_on,
    actual_cost,
    budget,
    currency_code,
    created_at
from final
where created_at <= $3::timestamptz
