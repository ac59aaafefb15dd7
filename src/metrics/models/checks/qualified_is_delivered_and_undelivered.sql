-- Must return no rows. Every qualified lead is delivered (an open handoff) or undelivered, never both, and the report's
-- count is that of the leads. $1 workspace.
with counts as (
    select
        count(*) filter (where is_qualified) as qualified,
        count(*) filter (where is_qualified and open_handoff_id is not null) as delivered,
        count(*) filter (where is_undelivered) as undelivered,
        count(*) filter (where is_undelivered and undelivered_since is null) as ageless
    from metrics.int_lead
    where workspace_id = $1
),
reported as (
    select sum(value) as undelivered
    from metrics.metric_value
    where workspace_id = $1
        and metric = 'undelivered_count'
        and row_type = 'source'
)
select
    format(
        '%s qualified leads, but %s delivered and %s undelivered (%s without age, %s in the report by source)',
        counts.qualified,
        counts.delivered,
        counts.undelivered,
        counts.ageless,
        coalesce(reported.undelivered, 0)
    ) as problem
from counts
cross join reported
where counts.qualified <> counts.delivered + counts.undelivered
    or counts.ageless > 0
    or coalesce(reported.undelivered, counts.undelivered) <> counts.undelivered
