-- Grain: one row per lead and instant at which its owner changed; of several changes in one instant the last counts.
-- evidence: history (LeadHistory) | observed (two pulls saw different owners; dated by the row's SystemModstamp) |
-- unknown (the lead's history ends at another owner than the one it was first seen with).
-- is_realignment: one of more than 200 rep-to-rep changes by one user within some 10 minutes.
-- Source: definitions 2. $1 workspace, $2 connection, $3 as_of.
with history as (
    select
        entry.leadid as lead_id,
        greatest(entry.createddate, lead.created_at) as happened_at,
        entry.id,
        entry.oldvalue as previous_owner_id,
        entry.newvalue as owner_id,
        entry.createdbyid as changed_by_id,
        coalesce(before.is_rep, false) and coalesce(after.is_rep, false) as is_rep_to_rep
    from mirror.salesforce_lead_history as entry
    join metrics.stg_lead as lead
        on lead.workspace_id = $1
        and lead.connection_id = $2
        and lead.lead_id = entry.leadid
    left join metrics.stg_owner as before
        on before.workspace_id = $1
        and before.connection_id = $2
        and before.owner_id = entry.oldvalue
    left join metrics.stg_owner as after
        on after.workspace_id = $1
        and after.connection_id = $2
        and after.owner_id = entry.newvalue
    where entry.workspace_id = $1
        and entry.connection_id = $2
        and entry.valid_from <= $3::timestamptz
        and (entry.valid_to is null or entry.valid_to > $3::timestamptz)
        and entry.field in ('Owner', 'ownerAssignment', 'ownerAccepted')
        -- A change writes a row with names and a row with ids; ids alone are unambiguous.
        and entry.newvalue ~ '^(005|00G)[0-9A-Za-z]{12}([0-9A-Za-z]{3})?$'
        and entry.createddate <= $3::timestamptz
),
-- An assignment rule may write two rows for one change.
rep_changes as (
    select distinct
        lead_id,
        happened_at,
        owner_id,
        changed_by_id
    from history
    where is_rep_to_rep
        and changed_by_id is not null
),
windows as (
    select
        lead_id,
        happened_at,
        owner_id,
        changed_by_id,
        count(*) over (
            partition by changed_by_id
            order by happened_at
            range between current row and interval '10 minutes' following
        ) > 200 as opens_a_full_window
    from rep_changes
),
realigned as (
    select
        lead_id,
        happened_at,
        owner_id,
        bool_or(opens_a_full_window) over (
            partition by changed_by_id
            order by happened_at
            range between interval '10 minutes' preceding and current row
        ) as is_realignment
    from windows
),
from_history as (
    select distinct on (history.lead_id, history.happened_at)
        history.lead_id,
        history.happened_at,
        history.owner_id,
        coalesce(
            first_value(history.previous_owner_id) over (
                partition by history.lead_id, history.happened_at
                order by history.id
            ),
            ''
        ) as previous_owner_id,
        'history' as evidence,
        coalesce(realigned.is_realignment, false) as is_realignment
    from history
    left join realigned
        on realigned.lead_id = history.lead_id
        and realigned.happened_at = history.happened_at
        and realigned.owner_id = history.owner_id
    order by history.lead_id, history.happened_at, history.id desc
),
versions as (
    select
        version.id as lead_id,
        version.valid_from,
        greatest(version.changed_at, lead.created_at) as changed_at,
        coalesce(version.ownerid, '') as owner_id,
        lag(coalesce(version.ownerid, '')) over (
            partition by version.id
            order by version.valid_from
        ) as previous_owner_id
    from mirror.salesforce_lead as version
    join metrics.stg_lead as lead
        on lead.workspace_id = $1
        and lead.connection_id = $2
        and lead.lead_id = version.id
    where version.workspace_id = $1
        and version.connection_id = $2
        and version.valid_from <= $3::timestamptz
),
to_explain as (
    select *
    from versions
    where previous_owner_id is null
        or previous_owner_id <> owner_id
),
-- The owner that history leaves at the moment a version was written; a save stamps both within the same second.
explained as (
    select distinct on (to_explain.lead_id, to_explain.valid_from)
        to_explain.*,
        from_history.owner_id as owner_by_history
    from to_explain
    left join from_history
        on from_history.lead_id = to_explain.lead_id
        and from_history.happened_at <= to_explain.changed_at + interval '1 second'
    order by to_explain.lead_id, to_explain.valid_from, from_history.happened_at desc nulls last
),
from_pulls as (
    select
        lead_id,
        changed_at as happened_at,
        owner_id,
        previous_owner_id,
        'observed' as evidence,
        false as is_realignment
    from explained
    where previous_owner_id is not null
        and owner_by_history is distinct from owner_id
    union all
    select
        lead_id,
        changed_at,
        owner_id,
        owner_by_history,
        'unknown',
        false
    from explained
    where previous_owner_id is null
        and owner_by_history <> owner_id
        -- A stamp older than the history it should contain: history tells how this owner came.
        and not exists (
            select 1
            from from_history
            where from_history.lead_id = explained.lead_id
                and from_history.owner_id = explained.owner_id
                and from_history.happened_at > explained.changed_at
        )
),
final as (
    select distinct on (lead_id, happened_at)
        lead_id,
        happened_at,
        owner_id,
        previous_owner_id,
        evidence,
        is_realignment
    from (
        select * from from_history
        union all
        select * from from_pulls
    ) as events
    order by lead_id, happened_at, (evidence = 'history') desc
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    lead_id,
    happened_at,
    owner_id,
    previous_owner_id,
    evidence,
    is_realignment
from final
