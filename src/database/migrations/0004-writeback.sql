-- Write-back is reconciliation: desired (from metrics) minus acknowledged (what the CRM confirmed) = pending.
-- Instants are the CRM's clock (the run's as_of), UTC. Keys: record id for standard objects, sha256 in hex for ours.

-- One row per record we wrote: our fields as the CRM confirmed them. A lost row costs one write of the same values.
create table writeback.acknowledged (
    workspace_id text not null,
    connection_id text not null,
    object text not null,
    key text not null,
    record_id text not null,
    fields jsonb not null,
    -- Hash of the desired row that `fields` came from: an unchanged one is skipped without a look at its fields.
    fingerprint bigint,
    run_id text not null,
    confirmed_at timestamptz not null,
    primary key (workspace_id, connection_id, object, key)
);

-- One row per record that the push under way still has to send; made anew by each push.
create table writeback.pending (
    workspace_id text not null,
    connection_id text not null,
    object text not null,
    -- Order of sending: by parent, then key, so that neighbours share a lock.
    position bigint not null,
    key text not null,
    -- Null where the record is not known to exist.
    record_id text,
    changes jsonb not null,
    -- Desired, but refused for a reason that sending again does not mend (an owner who may not read our object).
    withheld jsonb not null default '{}',
    fingerprint bigint not null,
    is_clear boolean not null,
    attempts integer not null default 0,
    primary key (workspace_id, connection_id, object, position)
);
create index pending_key on writeback.pending (workspace_id, connection_id, object, key);

-- One row per record the CRM refused and that is still desired.
create table writeback.rejection (
    workspace_id text not null,
    connection_id text not null,
    object text not null,
    key text not null,
    -- retry: tried again soon. quarantined: once a day, or when another value is desired. vanished: the record is gone
    -- or converted; the next pull will tell.
    state text not null check (state in ('retry', 'quarantined', 'vanished')),
    -- The flag should be off in the CRM and is not.
    is_clear boolean not null,
    code text not null,
    message text not null,
    attempts integer not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    next_try_at timestamptz not null,
    run_id text not null,
    -- What was refused, without what rides along: a desired row that differs in it is tried at once.
    core jsonb not null,
    primary key (workspace_id, connection_id, object, key)
);

-- One row per record and write: what stood there and what we put there. `undo` restores previous values from it.
create table writeback.audit (
    workspace_id text not null,
    connection_id text not null,
    run_id text not null,
    object text not null,
    key text not null,
    record_id text not null,
    written_at timestamptz not null,
    is_created boolean not null,
    -- As last acknowledged; a field we had never written is null or absent.
    previous jsonb not null,
    written jsonb not null,
    primary key (workspace_id, run_id, connection_id, object, key)
);
create index audit_record on writeback.audit (workspace_id, connection_id, object, key, written_at);

-- The same, one row per field.
create view writeback.audit_field as
select
    audit.workspace_id,
    audit.connection_id,
    audit.run_id,
    audit.object,
    audit.record_id,
    audit.written_at,
    change.key as field,
    audit.previous -> change.key as previous_value,
    change.value as written_value
from writeback.audit as audit
cross join lateral jsonb_each(audit.written) as change;

-- One row per committed page: the hourly limit counts it, the publishing times are read from it.
create table writeback.page (
    workspace_id text not null,
    connection_id text not null,
    run_id text not null,
    object text not null,
    page integer not null,
    sent_at timestamptz not null,
    row_count integer not null,
    rejected_count integer not null,
    call_count integer not null,
    primary key (workspace_id, connection_id, run_id, object, page)
);
create index page_recent on writeback.page (workspace_id, connection_id, object, sent_at);

-- One row per publishing class: when it was last brought up to date completely.
create table writeback.published (
    workspace_id text not null,
    connection_id text not null,
    class text not null,
    published_at timestamptz not null,
    primary key (workspace_id, connection_id, class)
);
