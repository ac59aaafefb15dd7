-- Grain: workspace, campaign (family), source by month and lifetime; pipeline also by rep and team.
-- pipeline: of opportunities created in the period that count; campaign rows by primary campaign, or HubSpot's first touch; in source and
-- workspace rows only what is attributed to campaigns of known cost, all else is pipeline_without_cost.
-- cost_per_lead: campaign rows per person first responding in the period; source and workspace rows per distinct person
-- first responding in it to a campaign of known cost. Money in the workspace's currency. Source: definitions 6, 7.
-- $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
opportunities as (
    select
        opportunity.source,
        owner.owner_id,
        owner.role_id as team,
        campaign.family_root as campaign_id,
        coalesce(campaign.has_known_cost, false) as has_known_cost,
        date_trunc('month', opportunity.created_on)::date as month,
        count(*) as counted,
        count(opportunity.pipeline_amount) as with_amount,
        sum(opportunity.pipeline_amount) as amount
    from metrics.int_opportunity as opportunity
    left join metrics.stg_owner as owner
        on owner.workspace_id = $1
        and owner.connection_id = opportunity.connection_id
        and owner.owner_id = opportunity.owner_id
        and owner.is_rep
    left join metrics.int_campaign as campaign
        on campaign.workspace_id = $1
        and campaign.connection_id = opportunity.campaign_connection_id
        and campaign.campaign_id = opportunity.campaign_id
    where opportunity.workspace_id = $1
        and opportunity.counts_in_pipeline
    group by opportunity.source, owner.owner_id, owner.role_id, campaign.family_root, campaign.has_known_cost, month
),
pipeline as (
    select
        grain.row_type,
        grain.member,
        period.period_type,
        period.period_start,
        coalesce(sum(counted) filter (where has_known_cost or grain.is_whole), 0) as counted,
        coalesce(sum(with_amount) filter (where has_known_cost or grain.is_whole), 0) as counted_with_amount,
        sum(amount) filter (where has_known_cost or grain.is_whole) as pipeline,
        coalesce(sum(counted) filter (where not has_known_cost), 0) as other,
        coalesce(sum(with_amount) filter (where not has_known_cost), 0) as other_with_amount,
        sum(amount) filter (where not has_known_cost) as other_pipeline
    from opportunities
    cross join run
    cross join lateral (
        values
            ('workspace', null, false),
            ('source', source, false),
            ('campaign', campaign_id, true),
            ('rep', owner_id, true),
            ('team', team, true)
    ) as grain (row_type, member, is_whole)
    cross join lateral (
        values
            ('lifetime', null::date),
            ('month', month)
    ) as period (period_type, period_start)
    where (grain.row_type in ('workspace', 'source') or grain.member is not null)
        and (period.period_start is null or period.period_start >= run.first_month)
    group by grain.row_type, grain.member, period.period_type, period.period_start
),
investment as (
    select *
    from metrics.int_row_investment
    where workspace_id = $1
),
known_campaigns as (
    select
        campaign.connection_id,
        campaign.campaign_id
    from metrics.int_campaign as campaign
    where campaign.workspace_id = $1
        and campaign.own_cost is not null
),
first_responses as (
    select
        response.family_root as campaign_id,
        response.person_id,
        person.source,
        date_trunc('month', min(response.responded_on))::date as month
    from metrics.int_response as response
    join known_campaigns
        on known_campaigns.connection_id = response.family_connection_id
        and known_campaigns.campaign_id = response.family_root
    join metrics.int_person as person
        on person.workspace_id = $1
        and person.person_id = response.person_id
    where response.workspace_id = $1
    group by response.family_root, response.person_id, person.source
),
-- A person counts once in a row. Which response counts is marked before rows are multiplied by grains and periods.
marked_people as (
    select
        campaign_id,
        source,
        month,
        row_number() over (partition by person_id order by month, campaign_id) = 1 as is_first,
        row_number() over (partition by person_id, month order by campaign_id) = 1 as is_first_of_month
    from first_responses
),
grouped_people as (
    select
        campaign_id,
        source,
        month,
        count(*) as people_of_campaign,
        count(*) filter (where is_first) as people,
        count(*) filter (where is_first_of_month) as people_of_month
    from marked_people
    group by campaign_id, source, month
),
people as (
    select
        grain.row_type,
        grain.member,
        period.period_type,
        period.period_start,
        sum(
            case
                when grain.row_type = 'campaign' then people_of_campaign
                when period.period_type = 'month' then people_of_month
                else people
            end
        ) as people
    from grouped_people
    cross join run
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
    where period.period_start is null
        or period.period_start >= run.first_month
    group by grain.row_type, grain.member, period.period_type, period.period_start
),
costs as (
    select
        investment.*,
        coalesce(people.people, 0) as people,
        coalesce(pipeline.counted, 0) as counted,
        coalesce(pipeline.counted_with_amount, 0) as counted_with_amount,
        coalesce(pipeline.pipeline, 0) as pipeline
    from investment
    left join people
        on people.row_type = investment.row_type
        and coalesce(people.member, '') = coalesce(investment.member, '')
        and people.period_type = investment.period_type
        and coalesce(people.period_start, '-infinity'::date) = coalesce(investment.period_start, '-infinity'::date)
    left join pipeline
        on pipeline.row_type = investment.row_type
        and coalesce(pipeline.member, '') = coalesce(investment.member, '')
        and pipeline.period_type = investment.period_type
        and coalesce(pipeline.period_start, '-infinity'::date) = coalesce(investment.period_start, '-infinity'::date)
),
facts as (
    select
        row_type,
        member,
        period_type,
        period_start,
        'pipeline' as metric,
        case when counted = 0 then 0 else pipeline end as value,
        null as text_value,
        null::numeric as numerator,
        null::numeric as denominator,
        case when counted > 0 and counted_with_amount = 0 then 'no opportunity has an amount' end as reason
    from pipeline
    where counted > 0
    union all
    select
        row_type,
        member,
        period_type,
        period_start,
        'pipeline_without_cost',
        case when other = 0 then 0 else other_pipeline end,
        null,
        null,
        null,
        case when other > 0 and other_with_amount = 0 then 'no opportunity has an amount' end
    from pipeline
    where row_type in ('workspace', 'source')
    union all
    select
        row_type,
        member,
        period_type,
        period_start,
        'investment',
        amount,
        null,
        null,
        null,
        null
    from costs
    union all
    select
        row_type,
        member,
        period_type,
        period_start,
        'investment_basis',
        null,
        case
            when amount = 0 then null
            else nullif(concat_ws(
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
            ), '')
        end,
        null,
        null,
        case when amount = 0 then 'no investment' end
    from costs
    union all
    select
        row_type,
        member,
        period_type,
        period_start,
        'cost_per_lead',
        null,
        null,
        case when amount > 0 then amount end,
        people,
        case
            when amount <= 0 then 'no investment'
            when people = 0 then 'no leads'
        end
    from costs
    union all
    select
        row_type,
        member,
        period_type,
        period_start,
        'pipeline_per_dollar',
        null,
        null,
        case when counted = 0 or counted_with_amount > 0 then pipeline end,
        case when amount > 0 then amount end,
        case
            when amount <= 0 then 'no investment'
            when counted > 0 and counted_with_amount = 0 then 'no opportunity has an amount'
        end
    from costs
),
final as (
    select
        row_type,
        member,
        period_type,
        period_start,
        'in_period' as basis,
        null::integer as age_days,
        metric,
        value,
        text_value,
        numerator,
        denominator,
        reason
    from facts
)
select * from final
