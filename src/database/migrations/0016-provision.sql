-- What `apply` found to be there, in a CRM whose plans differ: only these objects and fields are written.

-- One row per object that has fields of ours.
create table writeback.provision (
    workspace_id text not null,
    connection_id text not null,
    object text not null,
    -- API names.
    fields text[] not null,
    -- The CRM's clock, UTC.
    applied_at timestamptz not null,
    primary key (workspace_id, connection_id, object)
);
