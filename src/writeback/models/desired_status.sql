-- Grain: one row per connection. It is due (rewritten though only riding columns changed) when the CRM's copy is an hour
-- old. Counts: rows. Source of the definition: Ripeline_Status__c of the write-back contract.
-- $1 workspace_id, $2 connection_id, $3 as_of, $4 calls used or null, $5 calls allowed or null
with rejection as (
    select
        count(*) filter (where rejection.state = 'quarantined') as quarantined,
        count(*) filter (where rejection.is_clear and rejection.state <> 'vanished') as refused_clears,
        count(*) filter (where rejection.state = 'retry') as to_retry
    from writeback.rejection as rejection
    where rejection.workspace_id = $1
        and rejection.connection_id = $2
),
watermark as (
    select string_agg(
        stream_state.stream || ' ' || coalesce(to_char(stream_state.watermark at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'not yet'),
        chr(10) order by stream_state.stream
    ) as watermarks
    from mirror.stream_state as stream_state
    where stream_state.workspace_id = $1
        and stream_state.connection_id = $2
),
final as (
    select
        encode(sha256(convert_to(run.workspace_id || '|' || connection.connection_id, 'UTF8')), 'hex') as key,
        connection.connection_id as parent,
        coalesce(acknowledged.confirmed_at <= $3::timestamptz - interval '1 hour', true) as is_due,
        '{}'::text[] as omitted,
        connection.connection_id,
        connection.start_from,
        connection.capture_gate,
        connection.capture_reason,
        connection.unlogged_share,
        run.as_of,
        watermark.watermarks,
        (
            select count(*)
            from metrics.int_lead as lead
            where lead.workspace_id = $1 and lead.connection_id = $2
        ) as leads_seen,
        (
            select count(*)
            from writeback.acknowledged as clock
            where clock.workspace_id = $1
                and clock.connection_id = $2
                and clock.object = 'Lead'
                and clock.fields ->> 'Ripeline_Clock__c' = 'open'
        ) as clocks_running,
        (
            select count(*)
            from writeback.pending as pending
            where pending.workspace_id = $1 and pending.connection_id = $2
        ) + rejection.to_retry as rows_waiting,
        rejection.quarantined,
        rejection.refused_clears,
        $4::bigint as calls_used,
        $5::bigint as calls_allowed
    from metrics.run as run
    join metrics.run_connection as connection
        on connection.workspace_id = run.workspace_id
        and connection.connection_id = $2
    cross join rejection
    cross join watermark
    left join writeback.acknowledged as acknowledged
        on acknowledged.workspace_id = $1
        and acknowledged.connection_id = $2
        and acknowledged.object = 'Ripeline_Status__c'
        and acknowledged.key = encode(sha256(convert_to(run.workspace_id || '|' || connection.connection_id, 'UTF8')), 'hex')
    where run.workspace_id = $1
)
select
    key,
    parent,
    is_due,
    omitted,
    connection_id,
    start_from,
    capture_gate,
    capture_reason,
    unlogged_share,
    as_of,
    watermarks,
    leads_seen,
    clocks_running,
    rows_waiting,
    quarantined,
    refused_clears,
    calls_used,
    calls_allowed
from final
