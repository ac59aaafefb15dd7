-- Grain: one row per version of a lead that we saw up to as_of. status_class as in stg_lead.
-- $1 workspace, $2 connection, $3 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
final as (
    select
        lead.id as lead_id,
        lead.valid_from,
        lead.changed_at,
        lead.ownerid as owner_id,
        lead.status,
        case
            when lead.isconverted then 'converted'
            when lower(lead.status) = any(run.disqualified_statuses) then 'disqualified'
            when lower(lead.status) = any(run.recycled_statuses) then 'recycled'
            else 'open'
        end as status_class,
        nullif(btrim(lead.leadsource), '') as source,
        lead.converteddate as converted_on,
        lead.convertedopportunityid as opportunity_id
    from mirror.salesforce_lead as lead
    cross join run
    where lead.workspace_id = $1
        and lead.connection_id = $2
        and lead.valid_from <= $3::timestamptz
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    lead_id,
    valid_from,
    changed_at,
    owner_id,
    status,
    status_class,
    source,
    converted_on,
    opportunity_id
from final
