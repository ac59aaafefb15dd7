-- Grain: that of investment: workspace, campaign (family), source, in period and by cohort. investment_loaded: own money,
-- operations and labour. cost_per_lead_loaded and pipeline_per_dollar_loaded: the plain metrics' people and pipeline over
-- it. investment_share_of_revenue (workspace, in period): investment over won amount. Built on the facts of the models
-- before it. Source: definitions 6, 7. $1 workspace.
with facts as (
    select
        *,
        concat_ws('|', row_type, coalesce('=' || member, '-'), period_type, coalesce(period_start::text, '-')) as place,
        concat_ws('|', basis, coalesce(age_days::text, '-')) as reading
    from metrics.rpt_fact
    where workspace_id = $1
        and row_type in ('workspace', 'campaign', 'source')
        and metric in ('investment', 'cost_per_lead', 'pipeline_per_dollar', 'won_amount')
),
loaded as (
    select
        facts.row_type,
        facts.member,
        facts.period_type,
        facts.period_start,
        facts.basis,
        facts.age_days,
        facts.place,
        facts.reading,
        investment.loaded_amount
    from facts
    join metrics.int_row_investment as investment
        on investment.workspace_id = $1
        and concat_ws(
            '|', investment.row_type, coalesce('=' || investment.member, '-'), investment.period_type,
            coalesce(investment.period_start::text, '-')
        ) = facts.place
    where facts.metric = 'investment'
),
own as (
    select
        period_type,
        period_start,
        place,
        value
    from facts
    where metric = 'investment'
        and row_type = 'workspace'
        and basis = 'in_period'
),
won as (
    select
        period_type,
        period_start,
        place,
        value,
        reason
    from facts
    where metric = 'won_amount'
        and row_type = 'workspace'
        and basis = 'in_period'
),
known_cost as (
    select exists (
        select 1
        from metrics.int_row_investment
        where workspace_id = $1
    ) as is_any
),
found as (
    select
        row_type,
        member,
        period_type,
        period_start,
        basis,
        age_days,
        'investment_loaded' as metric,
        loaded_amount as value,
        null::numeric as numerator,
        null::numeric as denominator,
        null as reason
    from loaded
    union all
    select
        loaded.row_type,
        loaded.member,
        loaded.period_type,
        loaded.period_start,
        loaded.basis,
        loaded.age_days,
        'cost_per_lead_loaded',
        null,
        case when loaded.loaded_amount > 0 then loaded.loaded_amount end,
        plain.denominator,
        case
            when loaded.loaded_amount <= 0 then 'no investment'
            when plain.denominator = 0 then 'no leads'
        end
    from loaded
    join facts as plain
        on plain.place = loaded.place
        and plain.reading = loaded.reading
        and plain.metric = 'cost_per_lead'
    union all
    select
        loaded.row_type,
        loaded.member,
        loaded.period_type,
        loaded.period_start,
        loaded.basis,
        loaded.age_days,
        'pipeline_per_dollar_loaded',
        null,
        plain.numerator,
        case when loaded.loaded_amount > 0 then loaded.loaded_amount end,
        case
            when plain.reason = 'immature' then plain.reason
            when loaded.loaded_amount <= 0 then 'no investment'
            -- Without own money the plain metric says so; here there is some.
            when plain.reason <> 'no investment' then plain.reason
        end
    from loaded
    join facts as plain
        on plain.place = loaded.place
        and plain.reading = loaded.reading
        and plain.metric = 'pipeline_per_dollar'
    union all
    select
        'workspace',
        null,
        won.period_type,
        won.period_start,
        'in_period',
        null,
        'investment_share_of_revenue',
        null,
        case when known_cost.is_any then coalesce(own.value, 0) end,
        case when won.value > 0 then won.value end,
        case
            when not known_cost.is_any then 'cost missing'
            when won.reason is not null then won.reason
        end
    from won
    cross join known_cost
    left join own on own.place = won.place
),
final as (
    select
        found.*,
        null as text_value
    from found
)
select * from final
