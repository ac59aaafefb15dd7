-- Metered calls of ours by the hour of the CRM's clock, booked before they are sent: every process of a connection keeps
-- to one ceiling, and so does the next one after a restart.
create table mirror.api_call (
    workspace_id text not null,
    connection_id text not null,
    hour_at timestamptz not null,
    calls integer not null,
    primary key (workspace_id, connection_id, hour_at)
);

-- One row per connection: calls of 24 hours by the CRM's own last answer.
create table mirror.api_usage (
    workspace_id text not null,
    connection_id text not null,
    used bigint not null,
    daily_limit bigint not null,
    -- The CRM's clock at that answer, and the store's when it was noted: their difference carries the one over to now.
    seen_at timestamptz not null,
    saved_at timestamptz not null,
    primary key (workspace_id, connection_id)
);
