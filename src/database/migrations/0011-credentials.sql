-- What somebody granted in a browser, and less of what people wrote.

-- One row per connection that was connected in a browser. Tokens, login address and client id are sealed together
-- (AES-256-GCM under RIPELINE_SECRET_KEY, bound to workspace and connection).
create table mirror.credential (
    workspace_id text not null,
    connection_id text not null,
    -- Which key sealed it: a wrong key is told apart from damage.
    key_id text not null,
    sealed bytea not null,
    -- Counts sign-ins and refreshes: who writes says which one it replaces.
    generation integer not null,
    -- The store's clock.
    connected_at timestamptz not null,
    refreshed_at timestamptz,
    -- A refresh was sent and its end is not known: the refresh token may be used up.
    refresh_begun_at timestamptz,
    primary key (workspace_id, connection_id)
);

-- The key that sealed key_bytes; null: they stand as they are, since there was no RIPELINE_SECRET_KEY.
alter table mirror.workspace_key add column key_id text;

-- Histories of other fields than owner and status hold old names, addresses and telephone numbers; of an owner only the
-- id is read.
update mirror.salesforce_lead_history set
    oldvalue = case when oldvalue ~ '^(005|00G)[0-9A-Za-z]{12}([0-9A-Za-z]{3})?$' then oldvalue end,
    newvalue = case when newvalue ~ '^(005|00G)[0-9A-Za-z]{12}([0-9A-Za-z]{3})?$' then newvalue end
where field is distinct from 'Status' and (oldvalue is not null or newvalue is not null);

-- Diallers let people type here; that something stands there is all that is read.
update mirror.salesforce_task set calldisposition = 'given' where calldisposition is not null;
