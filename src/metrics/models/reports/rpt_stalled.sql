-- Grain: workspace, rep, team at as_of: opportunities open and stalled, by the rep who owns them now; the workspace's row
-- also has those of an owner who is no rep. Source: definitions 4. $1 workspace, $2 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
stalled as (
    select
        owner.owner_id,
        owner.role_id as team
    from metrics.int_opportunity as opportunity
    left join metrics.stg_owner as owner
        on owner.workspace_id = $1
        and owner.connection_id = opportunity.connection_id
        and owner.owner_id = opportunity.owner_id
        and owner.is_rep
    where opportunity.workspace_id = $1
        and opportunity.is_open
        and opportunity.stalled_since <= $2::timestamptz
),
counted as (
    select
        grain.row_type,
        grain.member,
        count(*) as stalled
    from stalled
    cross join lateral (
        values
            ('workspace', null),
            ('rep', owner_id),
            ('team', team)
    ) as grain (row_type, member)
    where grain.row_type = 'workspace'
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
        'stalled_opportunities' as metric,
        counted.stalled::numeric as value,
        null as text_value,
        null::numeric as numerator,
        null::numeric as denominator,
        null as reason
    from counted
    cross join run
)
select * from final
