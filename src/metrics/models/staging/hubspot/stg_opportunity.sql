-- Grain: one row per deal that is neither archived nor merged away at as_of.
-- amount in currency_code (the deal's, else the portal's own); home_amount as HubSpot converts it into the portal's own
-- currency, null where it does not say. type_name: HubSpot's two types in the words that definitions 7 knows, others as
-- they are. account_id: the primary company, else the first. campaign_id: a deal has none of its own;
-- the campaign of the first touch of its contacts, of the one made first that has one, stands in for it.
-- Closed and won by the deal's own marks, else by its stage. close_date in the workspace's zone.
-- salesforce_opportunity_id: the opportunity that HubSpot's Salesforce integration keeps the deal in step with, as it writes it.
-- Source: definitions 7, 9, 10. $1 workspace, $2 connection, $3 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
portal as (
    select *
    from metrics.run_connection
    where workspace_id = $1
        and connection_id = $2
),
deals as (
    select *
    from mirror.hubspot_deal
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and archived is not true
),
merged as (
    select distinct unnest(string_to_array(hs_merged_object_ids, ';')) as id
    from deals
),
stages as (
    select distinct on (stageid)
        stageid,
        coalesce(isclosed, probability in (0, 1), false) as is_closed,
        coalesce(isclosed, true) and coalesce(probability = 1, false) as is_won
    from mirror.hubspot_pipeline_stage
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and objecttype = 'deals'
    order by stageid, id
),
companies as (
    select
        recordid as deal_id,
        coalesce(
            -- 5 is the association type of a deal's primary company.
            substring(';' || associationtypes || ';' from ';([0-9]+):5;'),
            nullif(split_part(toobjectids, ';', 1), '')
        ) as company_id
    from mirror.hubspot_deal_association
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and toobjecttype = 'companies'
),
campaigns as (
    select id
    from mirror.hubspot_campaign
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
contacts as (
    select
        id as contact_id,
        createdat,
        nullif(btrim(hs_analytics_first_touch_converting_campaign), '') as campaign_id
    from mirror.hubspot_contact
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and archived is not true
),
first_touches as (
    select
        contact_id,
        min(campaign_id) as campaign_id
    from (
        select
            contactid as contact_id,
            campaignid as campaign_id
        from mirror.hubspot_campaign_contact
        where workspace_id = $1
            and connection_id = $2
            and valid_from <= $3::timestamptz
            and (valid_to is null or valid_to > $3::timestamptz)
            and contacttype = 'contactFirstTouch'
        union
        select
            contact_id,
            campaign_id
        from contacts
    ) as named
    join campaigns on campaigns.id = named.campaign_id
    group by contact_id
),
deal_campaigns as (
    select distinct on (association.recordid)
        association.recordid as deal_id,
        first_touches.campaign_id
    from mirror.hubspot_deal_association as association
    cross join lateral unnest(string_to_array(association.toobjectids, ';')) as associated (contact_id)
    join contacts on contacts.contact_id = associated.contact_id
    join first_touches on first_touches.contact_id = associated.contact_id
    where association.workspace_id = $1
        and association.connection_id = $2
        and association.valid_from <= $3::timestamptz
        and (association.valid_to is null or association.valid_to > $3::timestamptz)
        and association.toobjecttype = 'contacts'
    order by association.recordid, contacts.createdat, contacts.contact_id
),
final as (
    select
        deals.id as opportunity_id,
        nullif(deals.hubspot_owner_id, '') as owner_id,
        companies.company_id as account_id,
        deal_campaigns.campaign_id,
        case deals.dealtype
            when 'newbusiness' then 'New Business'
            when 'existingbusiness' then 'Existing Business'
            else nullif(deals.dealtype, '')
        end as type_name,
        deals.dealstage as stage,
        deals.pipeline,
        deals.amount,
        coalesce(nullif(deals.deal_currency_code, ''), portal.home_currency) as currency_code,
        case
            when deals.amount is null then null
            when deals.amount_in_home_currency is not null then deals.amount_in_home_currency
            when nullif(deals.deal_currency_code, '') is null
                or deals.deal_currency_code = portal.home_currency then deals.amount
        end as home_amount,
        (deals.closedate at time zone run.time_zone)::date as close_date,
        coalesce(deals.hs_is_closed, stages.is_closed, false) as is_closed,
        coalesce(deals.hs_is_closed_won, stages.is_won, false) as is_won,
        nullif(btrim(deals.hs_analytics_source), '') as source,
        nullif(btrim(deals.hs_salesforceopportunityid), '') as salesforce_opportunity_id,
        coalesce(deals.createdat, deals.changed_at) as created_at
    from deals
    cross join run
    cross join portal
    left join stages on stages.stageid = deals.dealstage
    left join companies on companies.deal_id = deals.id
    left join deal_campaigns on deal_campaigns.deal_id = deals.id
    where not exists (select 1 from merged where merged.id = deals.id)
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    opportunity_id,
    owner_id,
    account_id,
    campaign_id,
    type_name,
    stage,
    pipeline,
    amount,
    currency_code,
    home_amount,
    close_date,
    is_closed,
    is_won,
    source,
    salesforce_opportunity_id,
    created_at
from final
where created_at <= $3::timestamptz
