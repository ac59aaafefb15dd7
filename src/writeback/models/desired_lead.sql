-- Grain: one row per lead that must carry something of ours now: its clock runs (open, flagged, in scope), or nobody
-- holds it (undelivered), or we wrote to it before and it may have to change. Converted leads are read-only, deleted
-- ones are gone: neither is here. Time: UTC. Source of the definition: lead fields of the write-back contract.
-- $1 workspace_id, $2 connection_id, $3 as_of, $4 how long a new last touch may wait to be written.
with lead as (
    select
        lead.lead_id,
        lead.open_handoff_id,
        (lead.is_undelivered and not lead.is_excluded) as is_undelivered,
        acknowledged.key is not null as is_acknowledged,
        coalesce(acknowledged.fields ? 'Ripeline_Handed_Off_At__c', false) as has_clock_fields,
        acknowledged.fields ->> 'Ripeline_Cold_At__c' as acknowledged_cold_at,
        acknowledged.fields ->> 'Ripeline_Handed_Off_At__c' as acknowledged_handed_off_at
    from metrics.int_lead as lead
    left join writeback.acknowledged as acknowledged
        on acknowledged.workspace_id = lead.workspace_id
        and acknowledged.connection_id = lead.connection_id
        and acknowledged.object = 'Lead'
        and acknowledged.key = lead.lead_id
    where lead.workspace_id = $1
        and lead.connection_id = $2
        and not lead.is_converted
),
-- The last handoff of leads that carry clock fields of ours and have no open handoff.
ended as (
    select distinct on (handoff.lead_id)
        handoff.lead_id,
        handoff.handoff_id
    from metrics.int_handoff as handoff
    inner join lead
        on lead.lead_id = handoff.lead_id
        and lead.has_clock_fields
        and lead.open_handoff_id is null
    where handoff.workspace_id = $1
        and handoff.connection_id = $2
    order by
        handoff.lead_id,
        handoff.handed_off_at desc nulls last,
        handoff.handoff_number desc
),
matched as (
    select
        lead.*,
        handoff.handoff_id,
        handoff.owner_id,
        -- A handoff that inherits its clock inherits the start too: deadline less expiry.
        handoff.clock_started_at as handed_off_at,
        handoff.at_risk_at,
        handoff.rots_at,
        handoff.first_touch_at,
        handoff.first_touch_kind,
        handoff.first_touch_by,
        handoff.first_touch_id,
        handoff.first_touch_connection_id,
        handoff.cold_at as goes_cold_at,
        handoff.ended_by,
        handoff.handoff_number,
        coalesce(handoff.is_flagged and handoff.is_in_scope, false) as is_flagged,
        coalesce(handoff.is_flagged and handoff.is_in_scope and handoff.ended_at is null, false) as is_running
    from lead
    left join ended on ended.lead_id = lead.lead_id
    left join metrics.int_handoff as handoff
        on handoff.workspace_id = $1
        and handoff.connection_id = $2
        and handoff.handoff_id = coalesce(lead.open_handoff_id, ended.handoff_id)
),
final as (
    select
        matched.lead_id as key,
        matched.lead_id as parent,
        false as is_due,
        case when matched.is_running then 'open' end as clock,
        matched.handed_off_at,
        matched.owner_id as handed_off_to,
        matched.at_risk_at,
        matched.rots_at,
        matched.first_touch_at,
        case
            when matched.first_touch_at is not null
                then concat(
                    case matched.first_touch_kind
                        when 'linkedin' then 'LinkedIn'
                        when 'email' then 'E-mail'
                        else initcap(coalesce(matched.first_touch_kind, 'touch'))
                    end,
                    ' by ' || left(coalesce(toucher.name, matched.first_touch_by), 80),
                    -- What another CRM recorded has no page here.
                    case
                        when coalesce(matched.first_touch_connection_id, $2) = $2 then
                            ', ' || connection.instance_url || '/' || matched.first_touch_id
                    end
                )
        end as first_touch,
        -- Renewed at most once a day ($4), unless the one in the CRM runs out before the next day's.
        case
            when matched.acknowledged_cold_at::timestamptz <= matched.goes_cold_at
                and matched.acknowledged_handed_off_at::timestamptz = date_trunc('milliseconds', matched.handed_off_at)
                and matched.goes_cold_at - matched.acknowledged_cold_at::timestamptz < $4::interval
                and matched.acknowledged_cold_at::timestamptz > $3::timestamptz + $4::interval
                then matched.acknowledged_cold_at::timestamptz
            else matched.goes_cold_at
        end as cold_at,
        matched.ended_by as outcome,
        matched.handoff_number as handoff_count,
        matched.is_undelivered as undelivered,
        -- What is not known of this lead is not sent: an ended clock we never showed, a clock that must only stop.
        case
            when matched.is_running or (matched.is_flagged and matched.has_clock_fields) then '{}'::text[]
            else array[
                'Ripeline_Handed_Off_At__c', 'Ripeline_Handed_Off_To__c', 'Ripeline_At_Risk_At__c',
                'Ripeline_Rots_At__c', 'Ripeline_First_Touch_At__c', 'Ripeline_First_Touch__c',
                'Ripeline_Cold_At__c', 'Ripeline_Outcome__c', 'Ripeline_Handoff_Count__c'
            ] || case when matched.has_clock_fields then '{}'::text[] else array['Ripeline_Clock__c'] end
        end as omitted
    from matched
    left join mirror.connection as connection
        on connection.workspace_id = $1
        and connection.connection_id = $2
    left join mirror.salesforce_user as toucher
        on toucher.workspace_id = $1
        and toucher.connection_id = $2
        and toucher.id = matched.first_touch_by
        and toucher.valid_to is null
    where matched.is_running
        or matched.is_undelivered
        or matched.is_acknowledged
)
select
    key,
    parent,
    is_due,
    omitted,
    clock,
    handed_off_at,
    handed_off_to,
    at_risk_at,
    rots_at,
    first_touch_at,
    first_touch,
    cold_at,
    outcome,
    handoff_count,
    undelivered
from final
