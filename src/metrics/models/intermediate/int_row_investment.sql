-- Grain: one row per campaign (family), source or workspace and period that money falls in.
-- By source: a campaign's money in the period is split evenly over its people who first responded in the period, else
-- over all its people up to as_of; a campaign with nobody, and money that no campaign bears, goes to "investment without
-- leads". Member null: no source. loaded_amount: own money, operations and labour.
-- Money in the workspace's currency. Source: definitions 6, 7. $1 workspace.
with investment as (
    select *
    from metrics.int_investment
    where workspace_id = $1
        -- Operations alone do not make it known what the programs cost.
        and exists (
            select 1
            from metrics.int_investment as known
            where known.workspace_id = $1
                and (known.campaign_id is not null or known.amount <> 0)
        )
),
first_responses as (
    select
        response.family_connection_id as connection_id,
        response.family_root as campaign_id,
        response.person_id,
        person.source,
        date_trunc('month', min(response.responded_on))::date as month
    from metrics.int_response as response
    join metrics.int_person as person
        on person.workspace_id = $1
        and person.person_id = response.person_id
    where response.workspace_id = $1
    group by response.family_connection_id, response.family_root, response.person_id, person.source
),
people_by_month as (
    select
        connection_id,
        campaign_id,
        month,
        source,
        count(*) as people
    from first_responses
    group by connection_id, campaign_id, month, source
),
people_ever as (
    select
        connection_id,
        campaign_id,
        source,
        sum(people) as people
    from people_by_month
    group by connection_id, campaign_id, source
),
in_period as (
    select
        investment.connection_id,
        investment.campaign_id,
        investment.period_start,
        people_by_month.source,
        people_by_month.people
    from investment
    join people_by_month
        on people_by_month.connection_id = investment.connection_id
        and people_by_month.campaign_id = investment.campaign_id
        and people_by_month.month = investment.period_start
    where investment.period_type = 'month'
),
weights as (
    select
        connection_id,
        campaign_id,
        period_start,
        source,
        people
    from in_period
    union all
    select
        investment.connection_id,
        investment.campaign_id,
        investment.period_start,
        people_ever.source,
        people_ever.people
    from investment
    join people_ever
        on people_ever.connection_id = investment.connection_id
        and people_ever.campaign_id = investment.campaign_id
    where not exists (
        select 1
        from in_period
        where in_period.connection_id = investment.connection_id
            and in_period.campaign_id = investment.campaign_id
            and in_period.period_start = investment.period_start
    )
),
shares as (
    select
        connection_id,
        campaign_id,
        period_start,
        source,
        people / sum(people) over (partition by connection_id, campaign_id, period_start) as share
    from weights
),
by_source as (
    select
        case when shares.campaign_id is null then 'investment without leads' else shares.source end as member,
        investment.period_type,
        investment.period_start,
        investment.amount * coalesce(shares.share, 1) as amount,
        investment.observed_amount * coalesce(shares.share, 1) as observed_amount,
        investment.spread_amount * coalesce(shares.share, 1) as spread_amount,
        investment.assumed_amount * coalesce(shares.share, 1) as assumed_amount,
        investment.ledger_amount * coalesce(shares.share, 1) as ledger_amount,
        investment.loaded_amount * coalesce(shares.share, 1) as loaded_amount
    from investment
    left join shares
        on shares.connection_id = investment.connection_id
        and shares.campaign_id = investment.campaign_id
        and coalesce(shares.period_start, '-infinity'::date) = coalesce(investment.period_start, '-infinity'::date)
),
final as (
    select
        'campaign' as row_type,
        campaign_id as member,
        period_type,
        period_start,
        sum(amount) as amount,
        sum(observed_amount) as observed_amount,
        sum(spread_amount) as spread_amount,
        sum(assumed_amount) as assumed_amount,
        sum(ledger_amount) as ledger_amount,
        sum(loaded_amount) as loaded_amount
    from investment
    where campaign_id is not null
    -- Two connections may each have a campaign of one id.
    group by campaign_id, period_type, period_start
    union all
    select
        'workspace',
        null,
        period_type,
        period_start,
        sum(amount),
        sum(observed_amount),
        sum(spread_amount),
        sum(assumed_amount),
        sum(ledger_amount),
        sum(loaded_amount)
    from investment
    group by period_type, period_start
    union all
    select
        'source',
        member,
        period_type,
        period_start,
        sum(amount),
        sum(observed_amount),
        sum(spread_amount),
        sum(assumed_amount),
        sum(ledger_amount),
        sum(loaded_amount)
    from by_source
    group by member, period_type, period_start
)
select
    $1::text as workspace_id,
    row_type,
    member,
    period_type,
    period_start,
    amount,
    observed_amount,
    spread_amount,
    assumed_amount,
    ledger_amount,
    loaded_amount
from final
