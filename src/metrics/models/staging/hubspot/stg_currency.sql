-- Grain: one row per currency with the rate that holds at as_of (is_dated false), and one per rate and stretch of time in
-- which it held (is_dated true). rate: so many of the currency are one of the portal's own; HubSpot tells the inverse.
-- A currency whose rate is not known has no row. Source: definitions 10. $1 workspace, $2 connection, $3 as_of.
with portal as (
    select min(nullif(companycurrency, '')) as home_currency
    from mirror.hubspot_account
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
rates as (
    select
        rate.fromcurrencycode as code,
        1 / nullif(rate.conversionrate, 0) as rate,
        (coalesce(rate.effectiveat, rate.createdat, rate.changed_at) at time zone 'UTC')::date as from_on,
        coalesce(rate.effectiveat, rate.createdat, rate.changed_at) as effective_at,
        rate.tocurrencycode as home_code,
        rate.id
    from mirror.hubspot_exchange_rate as rate
    cross join portal
    where rate.workspace_id = $1
        and rate.connection_id = $2
        and rate.valid_from <= $3::timestamptz
        and (rate.valid_to is null or rate.valid_to > $3::timestamptz)
        and coalesce(rate.effectiveat, rate.createdat, rate.changed_at) <= $3::timestamptz
        and (portal.home_currency is null or rate.tocurrencycode = portal.home_currency)
        and rate.fromcurrencycode <> rate.tocurrencycode
),
-- Of two rates of one day the later one holds.
daily as (
    select distinct on (code, from_on)
        code,
        rate,
        from_on
    from rates
    order by code, from_on, effective_at desc, id desc
),
homes as (
    select home_currency as code
    from portal
    where home_currency is not null
    union
    select home_code
    from rates
),
final as (
    select
        code,
        1::numeric as rate,
        true as is_corporate,
        null::date as from_on,
        null::date as until_on,
        false as is_dated
    from homes
    union all
    (
        select distinct on (code)
            code,
            rate,
            false,
            null::date,
            null::date,
            false
        from daily
        order by code, from_on desc
    )
    union all
    select
        code,
        rate,
        false,
        from_on,
        lead(from_on) over (partition by code order by from_on),
        true
    from daily
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    code,
    rate,
    true as is_active,
    is_corporate,
    from_on,
    until_on,
    is_dated
from final
