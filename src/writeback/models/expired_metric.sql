-- Grain: one row per metric record that we wrote and that should not be in the CRM. reason: team_only (a rep's row where
-- reps are not named), retention (a day of more than 35 days ago that is not the last we have of its month, or a period
-- before the report's first month), gone (the report has not had the row since it was emptied).
-- Dates are the workspace's. Source of the definition: Ripeline_Metric__c of the write-back contract.
-- $1 workspace_id, $2 connection_id, $3 rep rows are written, $4 object in the CRM, $5 json: column to API name
with kept as (
    select
        acknowledged.key,
        acknowledged.record_id,
        acknowledged.fields ->> ($5::jsonb ->> 'row_type') as row_type,
        acknowledged.fields ->> ($5::jsonb ->> 'period_type') as period_type,
        (acknowledged.fields ->> ($5::jsonb ->> 'period_start'))::date as period_start,
        coalesce(acknowledged.fields ->> ($5::jsonb ->> 'reasons') = 'no longer reported', false) as is_withdrawn
    from writeback.acknowledged as acknowledged
    where acknowledged.workspace_id = $1
        and acknowledged.connection_id = $2
        and acknowledged.object = $4
),
-- Month by month the last day on which ripeline wrote: the month's end, or the nearest there is.
month_end as (
    select max(kept.period_start) as last_day
    from kept
    where kept.period_type = 'day'
    group by date_trunc('month', kept.period_start)
),
final as (
    select
        kept.key,
        kept.record_id,
        case
            when kept.row_type = 'rep' and not $3::boolean then 'team_only'
            when kept.period_type in ('day', 'month') and kept.period_start < run.first_month then 'retention'
            -- Longer periods may have begun before the first month and reach into it.
            when kept.period_type = 'week' and kept.period_start <= run.first_month - interval '7 days' then 'retention'
            when kept.period_type = 'quarter' and kept.period_start <= run.first_month - interval '3 months' then 'retention'
            when kept.period_type = 'year' and kept.period_start <= run.first_month - interval '1 year' then 'retention'
            when kept.period_type = 'day' and kept.period_start <= run.today - 35 and month_end.last_day is null then 'retention'
            when kept.is_withdrawn then 'gone'
        end as reason
    from kept
    cross join metrics.run as run
    left join month_end on month_end.last_day = kept.period_start
    where run.workspace_id = $1
)
select
    key,
    record_id,
    reason
from final
where reason is not null
