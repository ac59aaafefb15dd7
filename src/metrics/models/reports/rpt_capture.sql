-- Grain: workspace, source, rep, team at as_of: of the leads worked in the last 30 days, those without a recorded touch.
-- Source: definitions 3, "Capture gate". $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
worked as (
    select
        lead.source,
        lead.owner_id,
        owner.role_id as team,
        lead.has_touch
    from metrics.int_worked_lead as lead
    left join metrics.stg_owner as owner
        on owner.workspace_id = $1
        and owner.connection_id = lead.connection_id
        and owner.owner_id = lead.owner_id
    where lead.workspace_id = $1
),
counted as (
    select
        grain.row_type,
        grain.member,
        count(*) filter (where not has_touch) as unlogged,
        count(*) as worked
    from worked
    cross join lateral (
        values
            ('workspace', null),
            ('source', source),
            ('rep', owner_id),
            ('team', team)
    ) as grain (row_type, member)
    where grain.row_type in ('workspace', 'source')
        or grain.member is not null
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
        'unlogged_work_share' as metric,
        null::numeric as value,
        null as text_value,
        counted.unlogged::numeric as numerator,
        counted.worked::numeric as denominator,
        null as reason
    from counted
    cross join run
)
select * from final
