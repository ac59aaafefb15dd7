-- Taking back what was written, looking it up, and forgetting people. Instants are the CRM's clock, UTC.

-- One row per run that somebody undid; the last undo of it stands here.
create table writeback.undo (
    workspace_id text not null,
    connection_id text not null,
    -- The run whose writes were taken back.
    run_id text not null,
    -- The run that took them back: it has audit rows of its own and can be undone too.
    undo_run_id text not null,
    started_at timestamptz not null,
    -- Null while something of it was not done: it died, or the hourly limit or a refusal stood in the way.
    finished_at timestamptz,
    primary key (workspace_id, connection_id, run_id)
);

-- One row per connection that nothing is written to until somebody says so: the next push would undo the undo.
create table writeback.pause (
    workspace_id text not null,
    connection_id text not null,
    paused_at timestamptz not null,
    -- The run that was undone last.
    run_id text not null,
    primary key (workspace_id, connection_id)
);

-- A deletion of a row of which nothing was known is a line too, with no field.
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
    case when not audit.is_removed then change.value end as written_value,
    audit.key,
    audit.is_created,
    audit.is_removed
from writeback.audit as audit
left join lateral jsonb_each(case when audit.is_removed then audit.previous else audit.written end) as change on true;

-- `audit` asks for the latest writes, and for those of one record.
create index audit_recent on writeback.audit (workspace_id, connection_id, written_at desc);
create index audit_of_record on writeback.audit (workspace_id, connection_id, record_id);

-- Ids that may not come back into the mirror, as salted hashes: who they are cannot be read from here.
create table mirror.forgotten (
    workspace_id text not null,
    connection_id text not null,
    -- sha256 of the workspace's salt and the record id.
    id_hash bytea not null,
    forgotten_at timestamptz not null,
    primary key (workspace_id, connection_id, id_hash)
);

-- One row per workspace that has forgotten somebody.
create table mirror.forget_salt (
    workspace_id text not null,
    salt bytea not null,
    primary key (workspace_id)
);
