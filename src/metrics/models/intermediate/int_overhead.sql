-- Grain: one row per campaign (family) and piece of operations or labour that it bears. What names a campaign of known
-- cost is borne by it on its date; everything else of a month is spread over the programs with own cost in that month, by
-- that cost or evenly (run.load_by), and lies on the month's days. campaign_id null: borne by a program that is no
-- campaign, or by none. Money in the workspace's currency. Source: definitions 6. $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
campaigns as (
    select
        campaign.connection_id,
        campaign.campaign_id,
        campaign.family_connection_id,
        campaign.family_root
    from metrics.int_campaign as campaign
    join metrics.int_campaign as root
        on root.workspace_id = $1
        and root.connection_id = campaign.family_connection_id
        and root.campaign_id = campaign.family_root
        and root.own_cost is not null
    where campaign.workspace_id = $1
),
entries as (
    select
        entry.kind,
        entry.entry_on,
        entry.amount,
        entry.program,
        campaigns.family_connection_id as connection_id,
        campaigns.family_root as campaign_id
    from metrics.stg_cost_entry as entry
    cross join run
    left join campaigns
        on campaigns.connection_id = entry.campaign_connection_id
        and campaigns.campaign_id = entry.campaign_id
    where entry.workspace_id = $1
        and entry.kind <> 'program'
        and entry.entry_on <= run.today
        and entry.amount is not null
),
direct as (
    select
        connection_id,
        campaign_id,
        kind,
        entry_on as from_on,
        entry_on as to_on,
        amount
    from entries
    where campaign_id is not null
        or program is not null
),
pooled as (
    select
        kind,
        date_trunc('month', entry_on)::date as month,
        sum(amount) as amount
    from entries
    where campaign_id is null
        and program is null
    group by kind, date_trunc('month', entry_on)::date
),
own_by_month as (
    select
        spend.connection_id,
        spend.campaign_id,
        months.month::date as month,
        sum(
            spend.amount
            * (
                least(spend.to_on, (months.month + interval '1 month')::date - 1)
                - greatest(spend.from_on, months.month::date) + 1
            )
            / (spend.to_on - spend.from_on + 1)
        ) as amount
    from metrics.int_campaign_spend as spend
    cross join lateral generate_series(
        date_trunc('month', spend.from_on::timestamp),
        spend.to_on::timestamp,
        interval '1 month'
    ) as months (month)
    where spend.workspace_id = $1
    group by spend.connection_id, spend.campaign_id, months.month::date
),
weights as (
    select
        own_by_month.connection_id,
        own_by_month.campaign_id,
        own_by_month.month,
        case when run.load_by = 'evenly' then 1 else own_by_month.amount end as weight
    from own_by_month
    cross join run
    where own_by_month.amount > 0
),
parts as (
    select
        connection_id,
        campaign_id,
        month,
        weight / sum(weight) over (partition by month) as part
    from weights
),
final as (
    select
        connection_id,
        campaign_id,
        kind,
        from_on,
        to_on,
        amount
    from direct
    union all
    select
        parts.connection_id,
        parts.campaign_id,
        pooled.kind,
        pooled.month,
        least((pooled.month + interval '1 month')::date - 1, run.today),
        pooled.amount * coalesce(parts.part, 1)
    from pooled
    cross join run
    left join parts on parts.month = pooled.month
)
select
    $1::text as workspace_id,
    connection_id,
    campaign_id,
    kind,
    from_on,
    to_on,
    amount
from final
