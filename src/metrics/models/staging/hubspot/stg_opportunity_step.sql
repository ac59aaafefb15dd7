-- Grain: one row per instant at which the stage or the amount of a deal was set, with both as they were after it, by
-- HubSpot's property history. currency_code: the deal's present one, HubSpot's history of amounts has none.
-- Source: definitions 7. $1 workspace, $2 connection, $3 as_of.
with portal as (
    select *
    from metrics.run_connection
    where workspace_id = $1
        and connection_id = $2
),
entries as (
    select
        recordid as deal_id,
        id,
        "timestamp" as happened_at,
        case when property = 'dealstage' then "value" end as stage,
        case
            when property = 'amount' then case when "value" ~ '^-?[0-9]+([.][0-9]+)?$' then "value" else '' end
        end as amount
    from mirror.hubspot_deal_history
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and property in ('dealstage', 'amount')
        and "timestamp" <= $3::timestamptz
),
numbered as (
    select
        *,
        row_number() over (partition by deal_id order by happened_at, id) as number
    from entries
),
-- The running maximum of "number and value" is the last value that is not null.
carried as (
    select
        deal_id,
        id,
        happened_at,
        number,
        substr(
            max(case when stage is not null then lpad(number::text, 9, '0') || stage end collate "C") over so_far,
            10
        ) as stage,
        substr(
            max(case when amount is not null then lpad(number::text, 9, '0') || amount end collate "C") over so_far,
            10
        ) as amount
    from numbered
    window so_far as (partition by deal_id order by number)
),
final as (
    select distinct on (carried.deal_id, carried.happened_at)
        carried.deal_id as opportunity_id,
        carried.id as step_id,
        carried.happened_at,
        nullif(carried.stage, '') as stage,
        nullif(carried.amount, '')::numeric as amount,
        coalesce(nullif(deal.deal_currency_code, ''), portal.home_currency) as currency_code
    from carried
    cross join portal
    join mirror.hubspot_deal as deal
        on deal.workspace_id = $1
        and deal.connection_id = $2
        and deal.id = carried.deal_id
        and deal.valid_from <= $3::timestamptz
        and (deal.valid_to is null or deal.valid_to > $3::timestamptz)
    order by carried.deal_id, carried.happened_at, carried.number desc
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
