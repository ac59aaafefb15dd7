-- Grain: one row per deal and contact of it. A deal of HubSpot's has no primary contact of its own (labels are each
-- portal's): the contact that was made first stands in. created_at: HubSpot does not date associations; the later of
-- the two records. Source: definitions 8. $1 workspace, $2 connection, $3 as_of.
with links as (
    select
        association.recordid as deal_id,
        record.id as contact_id
    from mirror.hubspot_deal_association as association
    cross join lateral unnest(string_to_array(association.toobjectids, ';')) as record (id)
    where association.workspace_id = $1
        and association.connection_id = $2
        and association.valid_from <= $3::timestamptz
        and (association.valid_to is null or association.valid_to > $3::timestamptz)
        and association.toobjecttype = 'contacts'
        and record.id <> ''
),
dated as (
    select
        links.deal_id,
        links.contact_id,
        contact.createdat as contact_created_at,
        greatest(deal.createdat, contact.createdat) as created_at
    from links
    left join mirror.hubspot_deal as deal
        on deal.workspace_id = $1
        and deal.connection_id = $2
        and deal.id = links.deal_id
        and deal.valid_from <= $3::timestamptz
        and (deal.valid_to is null or deal.valid_to > $3::timestamptz)
    left join mirror.hubspot_contact as contact
        on contact.workspace_id = $1
        and contact.connection_id = $2
        and contact.id = links.contact_id
        and contact.valid_from <= $3::timestamptz
        and (contact.valid_to is null or contact.valid_to > $3::timestamptz)
),
final as (
    select
        deal_id as opportunity_id,
        deal_id || ':' || contact_id as role_id,
        contact_id,
        row_number() over (
            partition by deal_id
            order by contact_created_at nulls last, contact_id
        ) = 1 as is_primary,
        created_at
    from dated
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
