-- Grain: one row per open opportunity. A closed one is never written: its last values stay, and its flag is off because
-- the formula looks at IsClosed. Time: UTC. Source of the definition: Opportunity of the write-back contract.
-- $1 workspace_id, $2 connection_id, $3 as_of, $4 how long a later stalled_since may wait to be written.
with run as (
    select
        capture_gate
    from metrics.run_connection
    where workspace_id = $1
        and connection_id = $2
),
opportunity as (
    select
        opportunity.opportunity_id,
        opportunity.account_id,
        -- Where activity is not logged, nobody knows what is stalled.
        case when run.capture_gate <> 'closed' then opportunity.stalled_since end as stalled_since,
        opportunity.source,
        -- A first touch in another CRM is this one's campaign where the two are one.
        coalesce(
            case
                when coalesce(opportunity.first_touch_connection_id, $2) = $2 then opportunity.first_touch_campaign_id
                when first_touch.family_connection_id = $2 then first_touch.family_root
            end,
            opportunity.campaign_id
        ) as campaign_id,
        (acknowledged.fields ->> 'Ripeline_Stalled_Since__c')::timestamptz as acknowledged_since,
        acknowledged.fields ->> 'Ripeline_Original_Source__c' as acknowledged_source,
        acknowledged.fields ->> 'Ripeline_Original_Campaign__c' as acknowledged_campaign_id
    from metrics.int_opportunity as opportunity
    cross join run
    left join metrics.int_campaign as first_touch
        on first_touch.workspace_id = $1
        and first_touch.connection_id = opportunity.first_touch_connection_id
        and first_touch.campaign_id = opportunity.first_touch_campaign_id
    left join writeback.acknowledged as acknowledged
        on acknowledged.workspace_id = $1
        and acknowledged.connection_id = $2
        and acknowledged.object = 'Opportunity'
        and acknowledged.key = opportunity.opportunity_id
    where opportunity.workspace_id = $1
        and opportunity.connection_id = $2
        and opportunity.is_open
),
final as (
    select
        opportunity.opportunity_id as key,
        coalesce(opportunity.account_id, opportunity.opportunity_id) as parent,
        false as is_due,
        '{}'::text[] as omitted,
        -- Every touch moves it on: renewed at most once in $4, unless the one in the CRM runs out before that.
        case
            when opportunity.acknowledged_since <= opportunity.stalled_since
                and opportunity.stalled_since - opportunity.acknowledged_since < $4::interval
                and opportunity.acknowledged_since > $3::timestamptz + $4::interval
                then opportunity.acknowledged_since
            else opportunity.stalled_since
        end as stalled_since,
        -- Frozen when first seen.
        coalesce(opportunity.acknowledged_source, opportunity.source) as original_source,
        campaign.campaign_id as original_campaign_id
    from opportunity
    left join metrics.int_campaign as campaign
        on campaign.workspace_id = $1
        and campaign.connection_id = $2
        and campaign.campaign_id = coalesce(opportunity.acknowledged_campaign_id, opportunity.campaign_id)
)
select
    key,
    parent,
    is_due,
    omitted,
    stalled_since,
    original_source,
    original_campaign_id
from final
