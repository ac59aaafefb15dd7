-- Rot flags that change at their instant, and what a CRM tells by webhook. Instants are UTC.

-- When the rot status that stands in the CRM changes by itself, as it is written there: ISO text of one form, whose order
-- is that of time. Null where it does not. A portal without room for all properties lacks at_risk_at and cold_at.
create function writeback.next_flip(fields jsonb) returns text
language sql immutable parallel safe
as $$
    select case fields ->> 'ripeline_rot_status'
        when 'waiting' then coalesce(fields ->> 'ripeline_at_risk_at', fields ->> 'ripeline_rots_at')
        when 'at_risk' then fields ->> 'ripeline_rots_at'
        when 'worked' then fields ->> 'ripeline_cold_at'
        when 'worked_late' then fields ->> 'ripeline_cold_at'
    end
$$;

-- The timer asks this index alone: a row that is written or cleared moves in it, and a restart has nothing to rebuild.
create index acknowledged_next_flip
    on writeback.acknowledged (workspace_id, connection_id, object, writeback.next_flip(fields))
    where writeback.next_flip(fields) is not null;

-- One row per record whose change has to wait: the CRM refused it, the hour's rows are spent, an e-mail is redacted.
create table writeback.flip_hold (
    workspace_id text not null,
    connection_id text not null,
    object text not null,
    key text not null,
    -- The CRM's clock.
    until_at timestamptz not null,
    reason text not null,
    primary key (workspace_id, connection_id, object, key)
);

-- One row per event that a CRM posted, for as long as it may post it again. Ids only: no value of a property.
create table mirror.webhook_event (
    workspace_id text not null,
    connection_id text not null,
    -- What makes it this event and no other; the vendor's event id alone is not unique.
    event_key text not null,
    -- The store's clock.
    received_at timestamptz not null default clock_timestamp(),
    primary key (workspace_id, connection_id, event_key)
);
create index webhook_event_age on mirror.webhook_event (received_at);

-- One row per record that an event named and nobody has looked at since.
create table mirror.touched_record (
    workspace_id text not null,
    connection_id text not null,
    -- The vendor's type: `0-136`, `0-48`.
    object_type text not null,
    record_id text not null,
    -- Counts events: whoever looked takes away only what it saw.
    generation bigint not null default 1,
    -- The store's clock, at the first event.
    noted_at timestamptz not null default clock_timestamp(),
    primary key (workspace_id, connection_id, object_type, record_id)
);
