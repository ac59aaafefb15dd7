-- Grain: one row per lead of HubSpot whose person has a lead in a Salesforce org: that one is the unit of work, this one is
-- in no count of leads. So is what was merged into such a lead. Source: definitions 1, "Unit of work". $1 workspace.
with leads as (
    select
        record.connection_id,
        record.record_id,
        record.person_id,
        connection.crm
    from metrics.int_person_record as record
    join metrics.run_connection as connection
        on connection.workspace_id = $1
        and connection.connection_id = record.connection_id
    where record.workspace_id = $1
        and record.kind = 'lead'
),
second as (
    select
        leads.connection_id,
        leads.record_id as lead_id,
        leads.person_id
    from leads
    where leads.crm = 'hubspot'
        and exists (
            select 1
            from leads as other
            where other.crm = 'salesforce'
                and other.person_id = leads.person_id
        )
),
final as (
    select
        connection_id,
        lead_id,
        person_id
    from second
    union
    select
        lead.connection_id,
        lead.lead_id,
        second.person_id
    from metrics.stg_lead as lead
    join metrics.int_survivor as survivor
        on survivor.workspace_id = $1
        and survivor.connection_id = lead.connection_id
        and survivor.record_id = lead.lead_id
    join second
        on second.connection_id = survivor.connection_id
        and second.lead_id = survivor.survivor_id
    where lead.workspace_id = $1
)
select
    $1::text as workspace_id,
    connection_id,
    lead_id,
    person_id
from final
