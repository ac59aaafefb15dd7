-- Grain: one row per row of LeadHistory that tells of an owner, a status or the conversion, up to as_of. A change of owner
-- writes a row with names and a row with ids; ids alone are unambiguous. Source: definitions 2.
-- $1 workspace, $2 connection, $3 as_of.
with run as (
    select
        run.disqualified_statuses,
        run.recycled_statuses,
        connection.converted_statuses
    from metrics.run as run
    join metrics.run_connection as connection
        on connection.workspace_id = run.workspace_id
        and connection.connection_id = $2
    where run.workspace_id = $1
),
history as (
    select *
    from mirror.salesforce_lead_history
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and leadid is not null
        and createddate <= $3::timestamptz
),
final as (
    select
        leadid as lead_id,
        id as change_id,
        createddate as happened_at,
        'owner' as field,
        oldvalue as old_value,
        newvalue as new_value,
        null as old_class,
        null as new_class,
        createdbyid as changed_by_id
    from history
    where field in ('Owner', 'ownerAssignment', 'ownerAccepted')
        and newvalue ~ '^(005|00G)[0-9A-Za-z]{12}([0-9A-Za-z]{3})?$'
    union all
    select
        history.leadid,
        history.id,
        history.createddate,
        case when history.field = 'Status' then 'status' else 'converted' end,
        case when history.field = 'Status' then history.oldvalue end,
        case when history.field = 'Status' then history.newvalue end,
        case
            when history.field <> 'Status' then 'open'
            when lower(history.oldvalue) = any(run.disqualified_statuses) then 'disqualified'
            when lower(history.oldvalue) = any(run.recycled_statuses) then 'recycled'
            else 'open'
        end,
        case
            when history.field <> 'Status' or lower(history.newvalue) = any(run.converted_statuses) then 'converted'
            when lower(history.newvalue) = any(run.disqualified_statuses) then 'disqualified'
            when lower(history.newvalue) = any(run.recycled_statuses) then 'recycled'
            else 'open'
        end,
        history.createdbyid
    from history
    cross join run
    where history.field in ('Status', 'leadConverted')
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    lead_id,
    change_id,
    happened_at,
    field,
    old_value,
    new_value,
    old_class,
    new_class,
    changed_by_id
from final
