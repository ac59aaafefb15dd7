-- Grain: campaign and source rows, lifetime, in_period, and Kendall's tau for the workspace.
-- Among rows with investment > 0, 20 leads and 3 opportunities or more: cheap_but_poor = cost per lead and pipeline per
-- dollar both below the median; dear_but_rich = both above. trap_kendall_tau (tau-b) compares the campaigns ranked by
-- the cheapest lead and by the most pipeline per dollar: 1 where the two rankings agree, -1 where they are opposite.
-- Built on the other report models' facts. Source: definitions 7. $1 workspace.
with facts as (
    select
        row_type,
        member,
        metric,
        case
            when denominator is not null then numerator / nullif(denominator, 0)
            else value
        end as value
    from metrics.rpt_fact
    where workspace_id = $1
        and basis = 'in_period'
        and period_type = 'lifetime'
        and row_type in ('campaign', 'source')
        and metric in ('investment', 'leads', 'opportunities', 'cost_per_lead', 'pipeline_per_dollar')
),
measured as (
    select
        row_type,
        member,
        max(value) filter (where metric = 'investment') as investment,
        coalesce(max(value) filter (where metric = 'leads'), 0) as leads,
        coalesce(max(value) filter (where metric = 'opportunities'), 0) as opportunities,
        max(value) filter (where metric = 'cost_per_lead') as cost_per_lead,
        max(value) filter (where metric = 'pipeline_per_dollar') as pipeline_per_dollar
    from facts
    group by row_type, member
),
eligible as (
    select *
    from measured
    where investment > 0
        and leads >= 20
        and opportunities >= 3
        and cost_per_lead is not null
        and pipeline_per_dollar is not null
),
-- In double precision on both sides: a median cast to numeric is rounded, and would lie beside its own row.
-- In doubles on both sides: numeric keeps 15 digits of one, and a row on the median must not fall beside it.
medians as (
    select
        row_type,
        percentile_cont(0.5) within group (order by cost_per_lead::float8) as cost_per_lead,
        percentile_cont(0.5) within group (order by pipeline_per_dollar::float8) as pipeline_per_dollar
    from eligible
    group by row_type
),
trapped as (
    select
        measured.row_type,
        measured.member,
        case
            when measured.cost_per_lead::float8 < medians.cost_per_lead
                and measured.pipeline_per_dollar::float8 < medians.pipeline_per_dollar then 'cheap_but_poor'
            when measured.cost_per_lead::float8 > medians.cost_per_lead
                and measured.pipeline_per_dollar::float8 > medians.pipeline_per_dollar then 'dear_but_rich'
        end as trap
    from measured
    join medians on medians.row_type = measured.row_type
    join eligible
        on eligible.row_type = measured.row_type
        and coalesce(eligible.member, '') = coalesce(measured.member, '')
),
verdicts as (
    select
        measured.row_type,
        measured.member,
        trapped.trap,
        case
            when measured.investment is null or measured.investment <= 0 then 'no investment'
            when measured.leads < 20 then 'fewer than 20 leads'
            when measured.opportunities < 3 then 'fewer than 3 opportunities'
            when measured.cost_per_lead is null or measured.pipeline_per_dollar is null then
                'cost per lead or pipeline per dollar unknown'
            when trapped.trap is null then 'none'
        end as reason
    from measured
    left join trapped
        on trapped.row_type = measured.row_type
        and coalesce(trapped.member, '') = coalesce(measured.member, '')
),
pairs as (
    select
        sign(other.cost_per_lead - one.cost_per_lead) as cheaper,
        sign(one.pipeline_per_dollar - other.pipeline_per_dollar) as richer
    from eligible as one
    join eligible as other
        on other.row_type = one.row_type
        and other.member > one.member
    where one.row_type = 'campaign'
),
tau as (
    select
        count(*) as pairs,
        sum(cheaper * richer)::float8
            / nullif(sqrt((sum(abs(cheaper)) * sum(abs(richer)))::float8), 0) as tau
    from pairs
),
final as (
    select
        row_type,
        member,
        'lifetime' as period_type,
        null::date as period_start,
        'in_period' as basis,
        null::integer as age_days,
        'trap' as metric,
        null::numeric as value,
        trap as text_value,
        null::numeric as numerator,
        null::numeric as denominator,
        reason
    from verdicts
    union all
    select
        'workspace',
        null,
        'lifetime',
        null,
        'in_period',
        null,
        'trap_kendall_tau',
        tau::text::numeric,
        null,
        null,
        null,
        case when tau is null then 'fewer than two campaigns to compare' end
    from tau
)
select * from final
