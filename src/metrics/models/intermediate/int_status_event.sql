-- Grain: one row per lead and instant at which its status changed; of several changes in one instant the last counts,
-- a conversion before any other.
-- evidence: history (the CRM's own) | observed (seen by a pull; dated by the opportunity made at conversion where there
-- is one, else by the CRM's stamp of the save). Source: definitions 2. $1 workspace.
with connections as (
    select *
    from metrics.run_connection
    where workspace_id = $1
),
history as (
    select
        entry.connection_id,
        entry.lead_id,
        greatest(entry.happened_at, lead.created_at) as happened_at,
        entry.change_id as id,
        case when entry.field = 'status' then entry.new_value end as status,
        entry.new_class as status_class,
        entry.old_class as previous_class
    from metrics.stg_lead_change as entry
    join metrics.stg_lead as lead
        on lead.workspace_id = $1
        and lead.connection_id = entry.connection_id
        and lead.lead_id = entry.lead_id
    where entry.workspace_id = $1
        and entry.field in ('status', 'converted')
),
from_history as (
    select distinct on (connection_id, lead_id, happened_at)
        connection_id,
        lead_id,
        happened_at,
        status,
        status_class,
        -- The row that tells the old status may be another one than the row that counts.
        first_value(previous_class) over (
            partition by connection_id, lead_id, happened_at
            order by (status is not null) desc, id
        ) as previous_class,
        'history' as evidence
    from history
    order by connection_id, lead_id, happened_at, (status_class = 'converted') desc, id desc
),
versions as (
    select
        version.connection_id,
        version.lead_id,
        version.valid_from,
        greatest(version.changed_at, lead.created_at) as changed_at,
        lead.created_at,
        version.status,
        version.status_class,
        version.converted_on,
        version.opportunity_id
    from metrics.stg_lead_version as version
    join metrics.stg_lead as lead
        on lead.workspace_id = $1
        and lead.connection_id = version.connection_id
        and lead.lead_id = version.lead_id
    where version.workspace_id = $1
),
compared as (
    select
        *,
        lag(status_class) over (
            partition by connection_id, lead_id
            order by valid_from
        ) as previous_class
    from versions
),
to_explain as (
    select *
    from compared
    where previous_class is null and status_class <> 'open'
        or previous_class <> status_class
),
explained as (
    select distinct on (to_explain.connection_id, to_explain.lead_id, to_explain.valid_from)
        to_explain.*,
        from_history.status_class as class_by_history
    from to_explain
    left join from_history
        on from_history.connection_id = to_explain.connection_id
        and from_history.lead_id = to_explain.lead_id
        and from_history.happened_at <= to_explain.changed_at + interval '1 second'
    order by to_explain.connection_id, to_explain.lead_id, to_explain.valid_from, from_history.happened_at desc nulls last
),
-- What history does not explain. A first version may have a stamp older than the history it should contain: then
-- history tells how its status came.
unexplained as (
    select *
    from explained
    where class_by_history is distinct from status_class
        and not exists (
            select 1
            from from_history
            where explained.previous_class is null
                and from_history.connection_id = explained.connection_id
                and from_history.lead_id = explained.lead_id
                and from_history.status_class = explained.status_class
                and from_history.happened_at > explained.changed_at
        )
),
opportunities as (
    select
        connection_id,
        opportunity_id,
        min(created_at) as created_at
    from metrics.stg_opportunity_version
    where workspace_id = $1
    group by connection_id, opportunity_id
),
from_pulls as (
    select
        unexplained.connection_id,
        unexplained.lead_id,
        case
            when unexplained.status_class = 'converted' then
                greatest(unexplained.created_at, coalesce(opportunity.created_at, unexplained.changed_at))
            -- Never changed since it was made, or changes of status are kept and none was: it was made like this.
            when unexplained.previous_class is null
                and (
                    unexplained.changed_at <= unexplained.created_at + interval '1 second'
                    or (connections.tracks_status_history and connections.oldest_status_row_at <= unexplained.created_at)
                ) then unexplained.created_at
            else unexplained.changed_at
        end as happened_at,
        unexplained.status,
        unexplained.status_class,
        coalesce(
            unexplained.previous_class,
            case
                when unexplained.status_class <> 'converted'
                    and (
                        unexplained.changed_at <= unexplained.created_at + interval '1 second'
                        or (connections.tracks_status_history and connections.oldest_status_row_at <= unexplained.created_at)
                    ) then unexplained.status_class
                else 'open'
            end
        ) as previous_class,
        'observed' as evidence
    from unexplained
    join connections on connections.connection_id = unexplained.connection_id
    -- A lead may be converted into an opportunity that existed before: that one's date says nothing.
    left join opportunities as opportunity
        on opportunity.connection_id = unexplained.connection_id
        and opportunity.opportunity_id = unexplained.opportunity_id
        and opportunity.created_at between unexplained.converted_on - interval '1 day'
        and unexplained.converted_on + interval '2 days'
),
final as (
    select distinct on (connection_id, lead_id, happened_at)
        connection_id,
        lead_id,
        happened_at,
        status,
        status_class,
        previous_class,
        evidence
    from (
        select * from from_history
        union all
        select * from from_pulls
    ) as events
    order by connection_id, lead_id, happened_at, (status_class = 'converted') desc, (evidence = 'history') desc
)
select
    $1::text as workspace_id,
    connection_id,
    lead_id,
    happened_at,
    status,
    status_class,
    previous_class,
    evidence
from final
