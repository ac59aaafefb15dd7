-- Grain: one row per handoff record that we wrote and that should not be in the CRM. reason: retention (ended 13 months
-- before the last compute), gone (the handoff does not exist any more or is out of scope: no rot number counts it). A
-- handoff that is only not flagged now stays: a closed capture gate must not take the history away.
-- Source of the definition: Ripeline_Handoff__c of the write-back contract. $1 workspace_id, $2 connection_id,
-- $3 object in the CRM, $4 API name of ended_at
with kept as (
    select
        acknowledged.key,
        acknowledged.record_id,
        coalesce(handoff.is_in_scope, false) as is_counted,
        case
            when handoff.handoff_id is not null then handoff.ended_at
            else (acknowledged.fields ->> $4::text)::timestamptz
        end as ended_at
    from writeback.acknowledged as acknowledged
    left join metrics.int_handoff as handoff
        on handoff.workspace_id = $1
        and handoff.connection_id = $2
        and handoff.handoff_id = acknowledged.key
    where acknowledged.workspace_id = $1
        and acknowledged.connection_id = $2
        and acknowledged.object = $3
),
final as (
    select
        kept.key,
        kept.record_id,
        case
            -- The complement of desired_handoff.sql.
            when kept.ended_at <= run.as_of - interval '13 months' then 'retention'
            when not kept.is_counted then 'gone'
        end as reason
    from kept
    cross join metrics.run as run
    where run.workspace_id = $1
)
select
    key,
    record_id,
    reason
from final
where reason is not null
