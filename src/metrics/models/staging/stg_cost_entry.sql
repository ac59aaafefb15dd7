-- Grain: one row per entry of the cost ledger, whatever its date. Money in the workspace's currency, by the static rate as
-- campaigns; null where a rate is missing. An entry of a campaign that is gone keeps its money and loses its campaign.
-- The campaign may be any connection's; where two have one of that id, the entry's own connection comes first. What
-- names a campaign whose money another one holds is that one's.
-- The ledger has no history: it counts as it stands now, up to the date of as_of. Source: definitions 6. $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
currencies as (
    select
        connection_id,
        code,
        rate
    from metrics.stg_currency
    where workspace_id = $1
        and not is_dated
),
entries as (
    select *
    from ripeline.cost_ledger
    where workspace_id = $1
),
placed as (
    select distinct on (entry.connection_id, entry.entry_id)
        entry.connection_id,
        entry.entry_id,
        coalesce(twin.holder_connection_id, campaign.connection_id) as campaign_connection_id,
        coalesce(twin.holder_campaign_id, campaign.campaign_id) as campaign_id
    from entries as entry
    join metrics.stg_campaign as campaign
        on campaign.workspace_id = $1
        and campaign.campaign_id = entry.campaign_id
    left join metrics.int_campaign_twin as twin
        on twin.workspace_id = $1
        and twin.connection_id = campaign.connection_id
        and twin.campaign_id = campaign.campaign_id
    order by
        entry.connection_id,
        entry.entry_id,
        (campaign.connection_id = entry.connection_id) desc,
        campaign.connection_id
),
final as (
    select
        entry.connection_id,
        entry.entry_id,
        entry.entry_on,
        entry.kind,
        placed.campaign_connection_id,
        placed.campaign_id,
        entry.program,
        case
            when entry.currency_code is null or entry.currency_code = run.currency_code then entry.amount
            else entry.amount / nullif(own.rate, 0) * target.rate
        end as amount,
        coalesce(entry.currency_code, run.currency_code) as currency_code
    from entries as entry
    cross join run
    left join placed
        on placed.connection_id = entry.connection_id
        and placed.entry_id = entry.entry_id
    left join currencies as own
        on own.connection_id = entry.connection_id
        and own.code = entry.currency_code
    left join currencies as target
        on target.connection_id = entry.connection_id
        and target.code = run.currency_code
)
select
    $1::text as workspace_id,
    connection_id,
    entry_id,
    entry_on,
    kind,
    campaign_connection_id,
    campaign_id,
    program,
    amount,
    currency_code
from final
