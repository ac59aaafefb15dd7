-- Grain: one row per lead and instant at which its status changed; of several changes in one instant the last counts,
-- a conversion before any other.
-- evidence: history (LeadHistory) | observed (seen by a pull; dated by the opportunity made at conversion where there
-- is one, else by the row's SystemModstamp). Source: definitions 2. $1 workspace, $2 connection, $3 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
history as (
    select
        entry.leadid as lead_id,
        greatest(entry.createddate, lead.created_at) as happened_at,
        entry.id,
        case when entry.field = 'Status' then entry.newvalue end as status,
        case
            when entry.field <> 'Status' or lower(entry.newvalue) = any(run.converted_statuses) then 'converted'
            when lower(entry.newvalue) = any(run.disqualified_statuses) then 'disqualified'
            when lower(entry.newvalue) = any(run.recycled_statuses) then 'recycled'
            else 'open'
        end as status_class,
        case
            when entry.field <> 'Status' then 'open'
            when lower(entry.oldvalue) = any(run.disqualified_statuses) then 'disqualified'
            when lower(entry.oldvalue) = any(run.recycled_statuses) then 'recycled'
            else 'open'
        end as previous_class
    from mirror.salesforce_lead_history as entry
    cross join run
    join metrics.stg_lead as lead
        on lead.workspace_id = $1
        and lead.connection_id = $2
        and lead.lead_id = entry.leadid
    where entry.workspace_id = $1
        and entry.connection_id = $2
        and entry.valid_from <= $3::timestamptz
        and (entry.valid_to is null or entry.valid_to > $3::timestamptz)
        and entry.field in ('Status', 'leadConverted')
        and entry.createddate <= $3::timestamptz
),
from_history as (
    select distinct on (lead_id, happened_at)
        lead_id,
        happened_at,
        status,
        status_class,
        -- The row that tells the old status may be another one than the row that counts.
        first_value(previous_class) over (
            partition by lead_id, happened_at
            order by (status is not null) desc, id
        ) as previous_class,
        'history' as evidence
    from history
    order by lead_id, happened_at, (status_class = 'converted') desc, id desc
),
versions as (
    select
        version.id as lead_id,
        version.valid_from,
        greatest(version.changed_at, lead.created_at) as changed_at,
        lead.created_at,
        version.status,
        case
            when version.isconverted then 'converted'
            when lower(version.status) = any(run.disqualified_statuses) then 'disqualified'
            when lower(version.status) = any(run.recycled_statuses) then 'recycled'
            else 'open'
        end as status_class,
        version.converteddate as converted_on,
        version.convertedopportunityid as opportunity_id
    from mirror.salesforce_lead as version
    cross join run
    join metrics.stg_lead as lead
        on lead.workspace_id = $1
        and lead.connection_id = $2
        and lead.lead_id = version.id
    where version.workspace_id = $1
        and version.connection_id = $2
        and version.valid_from <= $3::timestamptz
),
compared as (
    select
        *,
        lag(status_class) over (
            partition by lead_id
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
    select distinct on (to_explain.lead_id, to_explain.valid_from)
        to_explain.*,
        from_history.status_class as class_by_history
    from to_explain
    left join from_history
        on from_history.lead_id = to_explain.lead_id
        and from_history.happened_at <= to_explain.changed_at + interval '1 second'
    order by to_explain.lead_id, to_explain.valid_from, from_history.happened_at desc nulls last
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
                and from_history.lead_id = explained.lead_id
                and from_history.status_class = explained.status_class
                and from_history.happened_at > explained.changed_at
        )
),
opportunities as (
    select
        id,
        createddate
    from mirror.salesforce_opportunity
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
from_pulls as (
    select
        unexplained.lead_id,
        case
            when unexplained.status_class = 'converted' then
                greatest(unexplained.created_at, coalesce(opportunities.createddate, unexplained.changed_at))
            -- Never changed since it was made, or changes of status are kept and none was: it was made like this.
            when unexplained.previous_class is null
                and (
                    unexplained.changed_at <= unexplained.created_at + interval '1 second'
                    or (run.tracks_status_history and run.oldest_status_row_at <= unexplained.created_at)
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
                        or (run.tracks_status_history and run.oldest_status_row_at <= unexplained.created_at)
                    ) then unexplained.status_class
                else 'open'
            end
        ) as previous_class,
        'observed' as evidence
    from unexplained
    cross join run
    -- A lead may be converted into an opportunity that existed before: that one's date says nothing.
    left join opportunities
        on opportunities.id = unexplained.opportunity_id
        and opportunities.createddate between unexplained.converted_on - interval '1 day'
        and unexplained.converted_on + interval '2 days'
),
final as (
    select distinct on (lead_id, happened_at)
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
    order by lead_id, happened_at, (status_class = 'converted') desc, (evidence = 'history') desc
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    lead_id,
    happened_at,
    status,
    status_class,
    previous_class,
    evidence
from final
