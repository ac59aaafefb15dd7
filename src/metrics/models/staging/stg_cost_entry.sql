-- Grain: one row per entry of the cost ledger, whatever its date. Money in the workspace's currency, by the static rate as
-- campaigns; null where a rate is missing. An entry of a campaign that is gone keeps its money and loses its campaign.
-- The ledger has no history: it counts as it stands now, up to the date of as_of. Source: definitions 6.
-- $1 workspace, $2 connection, $3 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
currencies as (
    select
        isocode,
        conversionrate
    from mirror.salesforce_currency_type
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
campaigns as (
    select id
    from mirror.salesforce_campaign
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and isdeleted is not true
        and createddate <= $3::timestamptz
),
final as (
    select
        entry.entry_id,
        entry.entry_on,
        entry.kind,
        campaigns.id as campaign_id,
        entry.program,
        case
            when entry.currency_code is null or entry.currency_code = run.currency_code then entry.amount
            else entry.amount / nullif(own.conversionrate, 0) * target.conversionrate
        end as amount,
        coalesce(entry.currency_code, run.currency_code) as currency_code
    from ripeline.cost_ledger as entry
    cross join run
    left join campaigns on campaigns.id = entry.campaign_id
    left join currencies as own on own.isocode = entry.currency_code
    left join currencies as target on target.isocode = run.currency_code
    where entry.workspace_id = $1
        and entry.connection_id = $2
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    entry_id,
    entry_on,
    kind,
    campaign_id,
    program,
    amount,
    currency_code
from final
