-- Grain: one row per lead that is not deleted at as_of. is_qualified: in scope and neither converted, disqualified nor
-- recycled; is_undelivered: qualified and owned by nobody who sells, since undelivered_since (the change that made it
-- so, else its creation). Source: definitions 2, "Undelivered". $1 workspace.
with leads as (
    select *
    from metrics.stg_lead
    where workspace_id = $1
        and not is_deleted
),
open_stretches as (
    select
        connection_id,
        lead_id,
        kind,
        began_at
    from metrics.int_stretch
    where workspace_id = $1
        and ended_at is null
),
open_handoffs as (
    select
        connection_id,
        lead_id,
        handoff_id
    from metrics.int_handoff
    where workspace_id = $1
        and ended_at is null
),
final as (
    select
        leads.connection_id,
        leads.lead_id,
        leads.owner_id,
        coalesce(owner.kind, 'nobody') as owner_kind,
        open_stretches.kind in ('rep', 'undelivered') and leads.excluded_by is null as is_qualified,
        open_stretches.kind = 'undelivered' and leads.excluded_by is null as is_undelivered,
        case
            when open_stretches.kind = 'undelivered' and leads.excluded_by is null then open_stretches.began_at
        end as undelivered_since,
        leads.source,
        leads.is_converted,
        leads.created_at,
        open_handoffs.handoff_id as open_handoff_id,
        leads.excluded_by is not null as is_excluded,
        leads.excluded_by
    from leads
    left join metrics.stg_owner as owner
        on owner.workspace_id = $1
        and owner.connection_id = leads.connection_id
        and owner.owner_id = leads.owner_id
    join open_stretches
        on open_stretches.connection_id = leads.connection_id
        and open_stretches.lead_id = leads.lead_id
    left join open_handoffs
        on open_handoffs.connection_id = leads.connection_id
        and open_handoffs.lead_id = leads.lead_id
)
select
    $1::text as workspace_id,
    connection_id,
    lead_id,
    owner_id,
    owner_kind,
    is_qualified,
    is_undelivered,
    undelivered_since,
    source,
    is_converted,
    created_at,
    open_handoff_id,
    is_excluded,
    excluded_by
from final
