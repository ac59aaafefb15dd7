-- Grain: workspace, campaign (family), source by month of acquisition and lifetime, by age in days (null: to date).
-- An opportunity is in the cohort of the person who carries its first touch, if it was created within the age of that
-- person's acquisition; investment is that of the period. A row is mature when the end of its period + age <= as_of.
-- Lifetime rows are to date only. Money in the workspace's currency. Source: definitions 7.
-- $1 workspace, $2 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
ages as (
    select age_days
    from metrics.cohort_age
    where workspace_id = $1
),
periods as (
    select
        period_type,
        period_start,
        ends_at
    from metrics.period
    where workspace_id = $1
        and period_type <> 'day'
),
cells as (
    select
        periods.period_type,
        periods.period_start,
        ages.age_days,
        ages.age_days is null or periods.ends_at + make_interval(days => ages.age_days) <= $2::timestamptz as is_mature
    from periods
    cross join ages
    where periods.period_type = 'month'
        or ages.age_days is null
),
people as (
    select
        person.source,
        campaign.family_root as campaign_id,
        date_trunc('month', person.first_touch_on)::date as month,
        count(*) as people
    from metrics.int_person as person
    join metrics.int_campaign as campaign
        on campaign.workspace_id = $1
        and campaign.connection_id = person.first_touch_connection_id
        and campaign.campaign_id = person.first_touch_campaign_id
    where person.workspace_id = $1
        and person.acquired_at is not null
    group by person.source, campaign.family_root, month
),
acquired as (
    select
        grain.row_type,
        grain.member,
        period.period_type,
        period.period_start,
        sum(people) as people
    from people
    cross join lateral (
        values
            ('workspace', null),
            ('source', source),
            ('campaign', campaign_id)
    ) as grain (row_type, member)
    cross join lateral (
        values
            ('lifetime', null::date),
            ('month', month)
    ) as period (period_type, period_start)
    group by grain.row_type, grain.member, period.period_type, period.period_start
),
-- reached_within: the youngest age at which the opportunity existed; null where it came after all of them.
opportunities as (
    select
        person.source,
        campaign.family_root as campaign_id,
        campaign.has_known_cost,
        date_trunc('month', opportunity.acquired_at at time zone run.time_zone)::date as month,
        age.reached_within,
        count(*) as counted,
        count(opportunity.pipeline_amount) as with_amount,
        sum(opportunity.pipeline_amount) as amount
    from metrics.int_opportunity as opportunity
    cross join run
    join metrics.int_campaign as campaign
        on campaign.workspace_id = $1
        and campaign.connection_id = opportunity.first_touch_connection_id
        and campaign.campaign_id = opportunity.first_touch_campaign_id
    join metrics.int_person as person
        on person.workspace_id = $1
        and person.person_id = opportunity.person_id
    cross join lateral (
        select min(ages.age_days) as reached_within
        from ages
        where opportunity.created_at <= opportunity.acquired_at + make_interval(days => ages.age_days)
    ) as age
    where opportunity.workspace_id = $1
        and opportunity.counts_in_pipeline
        and opportunity.acquired_at is not null
    group by person.source, campaign.family_root, campaign.has_known_cost, month, age.reached_within
),
pipeline as (
    select
        grain.row_type,
        grain.member,
        cells.period_type,
        cells.period_start,
        cells.age_days,
        coalesce(sum(counted) filter (where has_known_cost or grain.is_whole), 0) as counted,
        coalesce(sum(with_amount) filter (where has_known_cost or grain.is_whole), 0) as counted_with_amount,
        sum(amount) filter (where has_known_cost or grain.is_whole) as pipeline,
        coalesce(sum(counted) filter (where not has_known_cost), 0) as other,
        coalesce(sum(with_amount) filter (where not has_known_cost), 0) as other_with_amount,
        sum(amount) filter (where not has_known_cost) as other_pipeline
    from opportunities
    cross join lateral (
        values
            ('workspace', null, false),
            ('source', source, false),
            ('campaign', campaign_id, true)
    ) as grain (row_type, member, is_whole)
    join cells
        on (cells.period_type = 'lifetime' or cells.period_start = opportunities.month)
        and (cells.age_days is null or opportunities.reached_within <= cells.age_days)
    where grain.row_type <> 'campaign'
        or grain.member is not null
    group by grain.row_type, grain.member, cells.period_type, cells.period_start, cells.age_days
),
investment as (
    select *
    from metrics.int_row_investment
    where workspace_id = $1
),
row_keys as (
    select row_type, member, period_type, period_start from acquired
    union
    select row_type, member, period_type, period_start from investment
),
cohorts as (
    select
        row_keys.row_type,
        row_keys.member,
        cells.period_type,
        cells.period_start,
        cells.age_days,
        cells.is_mature,
        investment.amount,
        investment.observed_amount,
        investment.spread_amount,
        investment.assumed_amount,
        investment.ledger_amount,
        coalesce(acquired.people, 0) as people,
        coalesce(pipeline.counted, 0) as counted,
        coalesce(pipeline.counted_with_amount, 0) as counted_with_amount,
        coalesce(pipeline.pipeline, 0) as pipeline,
        coalesce(pipeline.other, 0) as other,
        coalesce(pipeline.other_with_amount, 0) as other_with_amount,
        coalesce(pipeline.other_pipeline, 0) as other_pipeline
    from row_keys
    join cells
        on cells.period_type = row_keys.period_type
        and coalesce(cells.period_start, '-infinity'::date) = coalesce(row_keys.period_start, '-infinity'::date)
    left join investment
        on investment.row_type = row_keys.row_type
        and coalesce(investment.member, '') = coalesce(row_keys.member, '')
        and investment.period_type = row_keys.period_type
        and coalesce(investment.period_start, '-infinity'::date) = coalesce(row_keys.period_start, '-infinity'::date)
    left join acquired
        on acquired.row_type = row_keys.row_type
        and coalesce(acquired.member, '') = coalesce(row_keys.member, '')
        and acquired.period_type = row_keys.period_type
        and coalesce(acquired.period_start, '-infinity'::date) = coalesce(row_keys.period_start, '-infinity'::date)
    left join pipeline
        on pipeline.row_type = row_keys.row_type
        and coalesce(pipeline.member, '') = coalesce(row_keys.member, '')
        and pipeline.period_type = row_keys.period_type
        and coalesce(pipeline.period_start, '-infinity'::date) = coalesce(row_keys.period_start, '-infinity'::date)
        and coalesce(pipeline.age_days, -1) = coalesce(cells.age_days, -1)
),
facts as (
    select
        row_type,
        member,
        period_type,
        period_start,
        age_days,
        'people_acquired' as metric,
        people::numeric as value,
        null as text_value,
        null::numeric as numerator,
        null::numeric as denominator,
        null as reason
    from cohorts
    union all
    select
        row_type,
        member,
        period_type,
        period_start,
        age_days,
        'investment',
        amount,
        null,
        null,
        null,
        null
    from cohorts
    where amount is not null
    union all
    select
        row_type,
        member,
        period_type,
        period_start,
        age_days,
        'investment_basis',
        null,
        nullif(concat_ws(
            ', ',
            case
                    when ledger_amount = amount then 'ledger'
                    when ledger_amount <> 0 then 'ledger ' || trim_scale(round(100 * ledger_amount / amount, 1)) || '%'
                end,
            case
                    when observed_amount = amount then 'observed'
                    when observed_amount <> 0 then 'observed ' || trim_scale(round(100 * observed_amount / amount, 1)) || '%'
                end,
            case
                    when spread_amount = amount then 'spread'
                    when spread_amount <> 0 then 'spread ' || trim_scale(round(100 * spread_amount / amount, 1)) || '%'
                end,
            case
                    when assumed_amount = amount then 'assumed'
                    when assumed_amount <> 0 then 'assumed ' || trim_scale(round(100 * assumed_amount / amount, 1)) || '%'
                end
        ), ''),
        null,
        null,
        null
    from cohorts
    where amount <> 0
    union all
    select
        row_type,
        member,
        period_type,
        period_start,
        age_days,
        'pipeline',
        case when is_mature and (counted = 0 or counted_with_amount > 0) then pipeline end,
        null,
        null,
        null,
        case
            when not is_mature then 'immature'
            when counted > 0 and counted_with_amount = 0 then 'no opportunity has an amount'
        end
    from cohorts
    where amount is not null
        or counted > 0
        or row_type = 'campaign'
    union all
    select
        row_type,
        member,
        period_type,
        period_start,
        age_days,
        'pipeline_without_cost',
        case when is_mature and (other = 0 or other_with_amount > 0) then other_pipeline end,
        null,
        null,
        null,
        case
            when not is_mature then 'immature'
            when other > 0 and other_with_amount = 0 then 'no opportunity has an amount'
        end
    from cohorts
    where row_type in ('workspace', 'source')
    union all
    select
        row_type,
        member,
        period_type,
        period_start,
        age_days,
        'pipeline_per_dollar',
        null,
        null,
        case when is_mature and (counted = 0 or counted_with_amount > 0) then pipeline end,
        case when is_mature and amount > 0 then amount end,
        case
            when not is_mature then 'immature'
            when amount <= 0 then 'no investment'
            when counted > 0 and counted_with_amount = 0 then 'no opportunity has an amount'
        end
    from cohorts
    where amount is not null
),
final as (
    select
        facts.row_type,
        facts.member,
        facts.period_type,
        facts.period_start,
        'cohort' as basis,
        facts.age_days,
        facts.metric,
        facts.value,
        facts.text_value,
        facts.numerator,
        facts.denominator,
        facts.reason
    from facts
)
select * from final
