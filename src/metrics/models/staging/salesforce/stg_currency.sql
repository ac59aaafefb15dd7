-- Grain: one row per currency of the org, and one per currency and stretch of time where it has dated rates.
-- rate: so many of it are one of the corporate currency. $1 workspace, $2 connection, $3 as_of.
with final as (
    select
        isocode as code,
        conversionrate as rate,
        coalesce(isactive, true) as is_active,
        coalesce(iscorporate, false) as is_corporate,
        null::date as from_on,
        null::date as until_on,
        false as is_dated
    from mirror.salesforce_currency_type
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and isocode is not null
    union all
    select
        isocode,
        conversionrate,
        true,
        false,
        startdate,
        nextstartdate,
        true
    from mirror.salesforce_dated_conversion_rate
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and isocode is not null
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    code,
    rate,
    is_active,
    is_corporate,
    from_on,
    until_on,
    is_dated
from final
