-- Grain: workspace and source at as_of. Qualified leads owned by nobody who sells; ages in hours since they became so.
-- Medians pass through text: a cast from double precision to numeric keeps 15 digits.
-- Source: definitions 2, "Undelivered". $1 workspace, $2 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
undelivered as (
    select
        lead.source,
        extract(epoch from $2::timestamptz - lead.undelivered_since)::numeric / 3600 as age_hours,
        $2::timestamptz - lead.undelivered_since >= run.delivery_expiry as is_past_expiry
    from metrics.int_lead as lead
    cross join run
    where lead.workspace_id = $1
        and lead.is_undelivered
),
counted as (
    select
        grain.row_type,
        grain.member,
        count(*) as undelivered,
        count(*) filter (where is_past_expiry) as past_expiry,
        percentile_cont(0.5) within group (order by age_hours::float8) as age_p50,
        percentile_cont(0.9) within group (order by age_hours::float8) as age_p90
    from undelivered
    cross join lateral (
        values
            ('workspace', null),
            ('source', source)
    ) as grain (row_type, member)
    group by grain.row_type, grain.member
),
final as (
    select
        counted.row_type,
        counted.member,
        'day' as period_type,
        run.today as period_start,
        'point_in_time' as basis,
        null::integer as age_days,
        metric.name as metric,
        metric.value::text::numeric as value,
        null as text_value,
        metric.numerator::numeric as numerator,
        metric.denominator::numeric as denominator,
        null as reason
    from counted
    cross join run
    cross join lateral (
        values
            ('undelivered_count', undelivered::float8, null, null),
            ('undelivered_past_expiry_rate', null, past_expiry, undelivered),
            ('undelivered_age_hours_median', age_p50, null, undelivered),
            ('undelivered_age_hours_p90', age_p90, null, undelivered)
    ) as metric (name, value, numerator, denominator)
)
select * from final
