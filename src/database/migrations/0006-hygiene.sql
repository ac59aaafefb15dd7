-- What ripeline takes back from the CRM, what the CRM withholds from it, and when it stopped writing to leads.
-- Instants are the CRM's clock, UTC.

-- One row per record of ours that is to be deleted in the CRM and is still there, as far as we know.
create table writeback.removal (
    workspace_id text not null,
    connection_id text not null,
    object text not null,
    key text not null,
    record_id text not null,
    -- retention: older than we keep rows. gone: nothing stands behind it any more. team_only: names of reps are not wanted.
    reason text not null check (reason in ('retention', 'gone', 'team_only')),
    -- What is gone waits for a day: it may come back when a reload or a mistake in the settings is over.
    due_at timestamptz not null,
    -- The last refusal, in the CRM's words; null before one.
    attempts integer not null default 0,
    code text,
    message text,
    last_at timestamptz,
    run_id text,
    primary key (workspace_id, connection_id, object, key)
);

-- One row per connection: the last look for rows to delete.
create table writeback.sweep (
    workspace_id text not null,
    connection_id text not null,
    planned_at timestamptz not null,
    -- Null while rows that were due have not all been sent.
    finished_at timestamptz,
    rep_metrics text not null,
    removed_count integer not null default 0,
    primary key (workspace_id, connection_id)
);

-- One row per record of ours whose owner the CRM refused: it was written without and is the integration user's.
create table writeback.withheld_owner (
    workspace_id text not null,
    connection_id text not null,
    object text not null,
    key text not null,
    owner_id text not null,
    code text not null,
    message text not null,
    attempts integer not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    next_try_at timestamptz not null,
    primary key (workspace_id, connection_id, object, key)
);

-- One row per connection: have writes of ours moved owners of leads?
create table writeback.lead_guard (
    workspace_id text not null,
    connection_id text not null,
    -- Owner changes up to then were looked at.
    checked_at timestamptz not null,
    -- Set: nothing is written to leads until somebody says so.
    stopped_at timestamptz,
    moved_count integer not null default 0,
    -- The first few of them.
    moved_lead_ids text[] not null default '{}',
    -- When somebody said so last; owner changes before then no longer count.
    resumed_at timestamptz,
    primary key (workspace_id, connection_id)
);

-- The record was deleted in this run; `previous` holds what we knew of it.
alter table writeback.audit add column is_removed boolean not null default false;
-- The CRM's clock when it had taken the write; `written_at` is the instant the run computed for. Null in older rows.
alter table writeback.audit add column answered_at timestamptz;

create or replace view writeback.audit_field as
select
    audit.workspace_id,
    audit.connection_id,
    audit.run_id,
    audit.object,
    audit.record_id,
    audit.written_at,
    change.key as field,
    audit.previous -> change.key as previous_value,
    case when not audit.is_removed then change.value end as written_value
from writeback.audit as audit
cross join lateral jsonb_each(case when audit.is_removed then audit.previous else audit.written end) as change;

-- Calls the org may receive in 24 hours; null where it did not say. The cadence follows from it.
alter table mirror.connection add column daily_call_limit integer;

-- The guard asks for the latest owner changes at every write to leads.
create index salesforce_lead_history_owner_changes
    on mirror.salesforce_lead_history (workspace_id, connection_id, createddate)
    where valid_to is null and field in ('Owner', 'ownerAssignment');
