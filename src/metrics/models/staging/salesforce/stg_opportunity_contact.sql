-- Grain: one row per contact role that is not deleted at as_of.
-- $1 workspace, $2 connection, $3 as_of.
with final as (
    select
        opportunityid as opportunity_id,
        id as role_id,
        contactid as contact_id,
        coalesce(isprimary, false) as is_primary,
        createddate as created_at
    from mirror.salesforce_opportunity_contact_role
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and isdeleted is not true
        and opportunityid is not null
        and contactid is not null
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    opportunity_id,
    role_id,
    contact_id,
    is_primary,
    created_at
from final
