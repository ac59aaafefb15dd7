-- What of the metrics may be read. A compute replaces its models one by one, each in a transaction of its own: from its
-- first to its last the tables belong to two computes, and only metric_value is whole.
create table metrics.publication (
    workspace_id text not null primary key,
    -- The compute whose numbers are published; null before the first.
    as_of timestamptz,
    -- The compute that has begun and not ended; null where the tables are whole.
    computing_as_of timestamptz,
    -- The store's clock.
    begun_at timestamptz
);

insert into metrics.publication (workspace_id, as_of)
select
    workspace_id,
    as_of
from metrics.run;
