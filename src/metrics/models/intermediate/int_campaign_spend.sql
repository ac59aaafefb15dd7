-- Grain: one row per piece of a campaign's own money; campaign_id null: of a program that is no campaign. A campaign with
-- entries in the cost ledger has those, each on its date (basis ledger). Of the others, the cost found at the first pull is spread evenly over starts_on to
-- ends_on, both included (basis spread, or assumed where a date is); a difference between two pulls is dated on the day
-- of its save (basis observed). Money in the workspace's currency. The pieces of a campaign add up to own_cost.
-- Source: definitions 6, "Dating". $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
campaigns as (
    select *
    from metrics.int_campaign
    where workspace_id = $1
        and own_cost is not null
),
versions as (
    select
        version.connection_id,
        version.campaign_id,
        version.valid_from,
        (version.changed_at at time zone run.time_zone)::date as changed_on,
        coalesce(version.cost, 0) as cost,
        lag(coalesce(version.cost, 0)) over (
            partition by version.connection_id, version.campaign_id
            order by version.valid_from
        ) as previous_cost
    from metrics.stg_campaign_cost_version as version
    cross join run
    where version.workspace_id = $1
),
pieces as (
    select
        campaigns.connection_id,
        campaigns.campaign_id,
        case when versions.previous_cost is null then campaigns.dates_basis else 'observed' end as basis,
        case when versions.previous_cost is null then campaigns.starts_on else versions.changed_on end as from_on,
        case when versions.previous_cost is null then campaigns.ends_on else versions.changed_on end as to_on,
        case
            when campaigns.actual_cost = 0 then 0
            -- own_cost / actual_cost is the exchange rate.
            else (versions.cost - coalesce(versions.previous_cost, 0)) * campaigns.own_cost / campaigns.actual_cost
        end as amount
    from campaigns
    join versions
        on versions.connection_id = campaigns.connection_id
        and versions.campaign_id = campaigns.campaign_id
    where not campaigns.has_ledger
    union all
    select
        campaigns.connection_id,
        campaigns.campaign_id,
        'ledger',
        entry.entry_on,
        entry.entry_on,
        entry.amount
    from metrics.stg_cost_entry as entry
    cross join run
    left join campaigns
        on campaigns.connection_id = entry.campaign_connection_id
        and campaigns.campaign_id = entry.campaign_id
    where entry.workspace_id = $1
        and entry.kind = 'program'
        and entry.entry_on <= run.today
        -- Where the campaign's cost does not count (it is kept on a child, say), its entries do not either.
        and (campaigns.campaign_id is not null or entry.campaign_id is null)
),
final as (
    select *
    from pieces
    where amount <> 0
)
select
    $1::text as workspace_id,
    connection_id,
    campaign_id,
    basis,
    from_on,
    to_on,
    amount
from final
