-- One schema for each layer; the run of migrations itself has made `ripeline`.
create schema mirror;
create schema staging;
create schema metrics;
create schema writeback;

-- Grain: one row per piece of work that only one process may do at a time. Time: UTC, the store's clock.
create table ripeline.lease (
    workspace_id text not null,
    name text not null,
    holder text not null,
    expires_at timestamptz not null,
    primary key (workspace_id, name)
);
