-- Grain: one row per campaign and period that some of its money falls in; campaigns of known cost have a lifetime row
-- even at 0. campaign_id null: money that no campaign bears. loaded_amount: own money, operations and labour. Money in the workspace's currency. Source: definitions 6.
-- $1 workspace.
with campaigns as (
    select
        connection_id,
        campaign_id
    from metrics.int_campaign
    where workspace_id = $1
        and own_cost is not null
),
periods as (
    select
        period_type,
        period_start,
        coalesce(period_start, '-infinity'::date) as from_on,
        coalesce(period_end - 1, 'infinity'::date) as to_on
    from metrics.period
    where workspace_id = $1
        and period_type <> 'day'
),
spends as (
    select
        connection_id,
        campaign_id,
        basis,
        from_on,
        to_on,
        amount
    from metrics.int_campaign_spend
    where workspace_id = $1
    union all
    select
        connection_id,
        campaign_id,
        'overhead',
        from_on,
        to_on,
        amount
    from metrics.int_overhead
    where workspace_id = $1
),
shares as (
    select
        spend.connection_id,
        spend.campaign_id,
        spend.basis,
        periods.period_type,
        periods.period_start,
        case
            when periods.period_type = 'lifetime' then spend.amount
            else spend.amount
                * (least(spend.to_on, periods.to_on) - greatest(spend.from_on, periods.from_on) + 1)
                / (spend.to_on - spend.from_on + 1)
        end as amount
    from spends as spend
    join periods
        on periods.from_on <= spend.to_on
        and periods.to_on >= spend.from_on
    union all
    select
        connection_id,
        campaign_id,
        'spread',
        'lifetime',
        null,
        0
    from campaigns
),
final as (
    select
        connection_id,
        campaign_id,
        period_type,
        period_start,
        coalesce(sum(amount) filter (where basis <> 'overhead'), 0) as amount,
        sum(amount) as loaded_amount,
        coalesce(sum(amount) filter (where basis = 'ledger'), 0) as ledger_amount,
        coalesce(sum(amount) filter (where basis = 'observed'), 0) as observed_amount,
        coalesce(sum(amount) filter (where basis = 'spread'), 0) as spread_amount,
        coalesce(sum(amount) filter (where basis = 'assumed'), 0) as assumed_amount
    from shares
    group by connection_id, campaign_id, period_type, period_start
)
select
    $1::text as workspace_id,
    connection_id,
    campaign_id,
    period_type,
    period_start,
    amount,
    observed_amount,
    spread_amount,
    assumed_amount,
    ledger_amount,
    loaded_amount
from final
