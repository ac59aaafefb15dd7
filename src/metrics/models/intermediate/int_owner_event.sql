-- Grain: one row per lead and instant at which its owner changed; of several changes in one instant the last counts.
-- evidence: history (the CRM's own) | observed (two pulls saw different owners; dated by the CRM's stamp of the save) |
-- unknown (the lead's history ends at another owner than the one it was first seen with).
-- is_realignment: one of more than 200 rep-to-rep changes by one user within some 10 minutes.
-- Source: definitions 2. $1 workspace.
with history as (
    select
        entry.connection_id,
        entry.lead_id,
        greatest(entry.happened_at, lead.created_at) as happened_at,
        entry.change_id as id,
        entry.old_value as previous_owner_id,
        entry.new_value as owner_id,
        entry.changed_by_id,
        coalesce(before.is_rep, false) and coalesce(after.is_rep, false) as is_rep_to_rep
    from metrics.stg_lead_change as entry
    join metrics.stg_lead as lead
        on lead.workspace_id = $1
        and lead.connection_id = entry.connection_id
        and lead.lead_id = entry.lead_id
    left join metrics.stg_owner as before
        on before.workspace_id = $1
        and before.connection_id = entry.connection_id
        and before.owner_id = entry.old_value
    left join metrics.stg_owner as after
        on after.workspace_id = $1
        and after.connection_id = entry.connection_id
        and after.owner_id = entry.new_value
    where entry.workspace_id = $1
        and entry.field = 'owner'
),
-- An assignment rule may write two rows for one change.
rep_changes as (
    select distinct
        connection_id,
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
        connection_id,
        lead_id,
        happened_at,
        owner_id,
        changed_by_id,
        count(*) over (
            partition by connection_id, changed_by_id
            order by happened_at
            range between current row and interval '10 minutes' following
        ) > 200 as opens_a_full_window
    from rep_changes
),
realigned as (
    select
        connection_id,
        lead_id,
        happened_at,
        owner_id,
        bool_or(opens_a_full_window) over (
            partition by connection_id, changed_by_id
            order by happened_at
            range between interval '10 minutes' preceding and current row
        ) as is_realignment
    from windows
),
from_history as (
    select distinct on (history.connection_id, history.lead_id, history.happened_at)
        history.connection_id,
        history.lead_id,
        history.happened_at,
        history.owner_id,
        coalesce(
            first_value(history.previous_owner_id) over (
                partition by history.connection_id, history.lead_id, history.happened_at
                order by history.id
            ),
            ''
        ) as previous_owner_id,
        'history' as evidence,
        coalesce(realigned.is_realignment, false) as is_realignment
    from history
    left join realigned
        on realigned.connection_id = history.connection_id
        and realigned.lead_id = history.lead_id
        and realigned.happened_at = history.happened_at
        and realigned.owner_id = history.owner_id
    order by history.connection_id, history.lead_id, history.happened_at, history.id desc
),
versions as (
    select
        version.connection_id,
        version.lead_id,
        version.valid_from,
        greatest(version.changed_at, lead.created_at) as changed_at,
        coalesce(version.owner_id, '') as owner_id,
        lag(coalesce(version.owner_id, '')) over (
            partition by version.connection_id, version.lead_id
            order by version.valid_from
        ) as previous_owner_id
    from metrics.stg_lead_version as version
    join metrics.stg_lead as lead
        on lead.workspace_id = $1
        and lead.connection_id = version.connection_id
        and lead.lead_id = version.lead_id
    where version.workspace_id = $1
),
to_explain as (
    select *
    from versions
    where previous_owner_id is null
        or previous_owner_id <> owner_id
),
-- The owner that history leaves at the moment a version was written; a save stamps both within the same second.
explained as (
    select distinct on (to_explain.connection_id, to_explain.lead_id, to_explain.valid_from)
        to_explain.*,
        from_history.owner_id as owner_by_history
    from to_explain
    left join from_history
        on from_history.connection_id = to_explain.connection_id
        and from_history.lead_id = to_explain.lead_id
        and from_history.happened_at <= to_explain.changed_at + interval '1 second'
    order by to_explain.connection_id, to_explain.lead_id, to_explain.valid_from, from_history.happened_at desc nulls last
),
from_pulls as (
    select
        connection_id,
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
        connection_id,
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
            where from_history.connection_id = explained.connection_id
                and from_history.lead_id = explained.lead_id
                and from_history.owner_id = explained.owner_id
                and from_history.happened_at > explained.changed_at
        )
),
final as (
    select distinct on (connection_id, lead_id, happened_at)
        connection_id,
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
    order by connection_id, lead_id, happened_at, (evidence = 'history') desc
)
select
    $1::text as workspace_id,
    connection_id,
    lead_id,
    happened_at,
    owner_id,
    previous_owner_id,
    evidence,
    is_realignment
from final
