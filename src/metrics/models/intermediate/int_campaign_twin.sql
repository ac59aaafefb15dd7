-- Grain: one row per campaign whose money stands in another CRM's campaign: the two are one family and are never added up.
-- basis config: run.campaign_twins names the pair and its holder. basis name: same name but for case and punctuation, and
-- dates that overlap (an open start is the creation, an open end is open); the Salesforce campaign holds the money, unless
-- it has no cost and the other has. Of several candidates the one that overlaps longest, then the oldest.
-- Source: definitions 6; issue 4. $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
campaigns as (
    select
        campaign.connection_id,
        campaign.campaign_id,
        connection.crm,
        nullif(regexp_replace(lower(campaign.name), '[^[:alnum:]]+', '', 'g'), '') as plain_name,
        coalesce(campaign.starts_on, (campaign.created_at at time zone run.time_zone)::date) as from_on,
        coalesce(campaign.ends_on, '9999-12-31'::date) as to_on,
        campaign.actual_cost
    from metrics.stg_campaign as campaign
    cross join run
    join metrics.run_connection as connection
        on connection.workspace_id = $1
        and connection.connection_id = campaign.connection_id
    where campaign.workspace_id = $1
),
configured as (
    select distinct on (twin.connection_id, twin.campaign_id)
        twin.connection_id,
        twin.campaign_id,
        holder.connection_id as holder_connection_id,
        holder.campaign_id as holder_campaign_id
    from run
    cross join lateral jsonb_each_text(run.campaign_twins) as pair (twin_id, holder_id)
    join campaigns as twin on twin.campaign_id = pair.twin_id
    join campaigns as holder on holder.campaign_id = pair.holder_id
    where (twin.connection_id, twin.campaign_id) <> (holder.connection_id, holder.campaign_id)
    order by twin.connection_id, twin.campaign_id, holder.connection_id
),
alike as (
    select distinct on (other.connection_id, other.campaign_id)
        own.connection_id,
        own.campaign_id,
        own.actual_cost,
        other.connection_id as other_connection_id,
        other.campaign_id as other_campaign_id,
        other.actual_cost as other_cost
    from campaigns as own
    join campaigns as other
        on other.plain_name = own.plain_name
        and other.crm = 'hubspot'
        and other.from_on <= own.to_on
        and other.to_on >= own.from_on
    where own.crm = 'salesforce'
    order by
        other.connection_id,
        other.campaign_id,
        least(own.to_on, other.to_on) - greatest(own.from_on, other.from_on) desc,
        own.from_on,
        own.campaign_id
),
by_name as (
    select
        case when is_other_holder then connection_id else other_connection_id end as connection_id,
        case when is_other_holder then campaign_id else other_campaign_id end as campaign_id,
        case when is_other_holder then other_connection_id else connection_id end as holder_connection_id,
        case when is_other_holder then other_campaign_id else campaign_id end as holder_campaign_id
    from (
        select
            alike.*,
            actual_cost is null
                and other_cost is not null
                -- Of several namesakes none holds the others' money.
                and count(*) over (partition by connection_id, campaign_id) = 1 as is_other_holder
        from alike
    ) as pairs
),
final as (
    select
        connection_id,
        campaign_id,
        holder_connection_id,
        holder_campaign_id,
        'config' as basis
    from configured
    union all
    -- What the configuration says of either of them holds.
    select
        by_name.connection_id,
        by_name.campaign_id,
        by_name.holder_connection_id,
        by_name.holder_campaign_id,
        'name'
    from by_name
    where not exists (
        select 1
        from configured
        where (configured.connection_id, configured.campaign_id) in (
            (by_name.connection_id, by_name.campaign_id),
            (by_name.holder_connection_id, by_name.holder_campaign_id)
        )
            or (configured.holder_connection_id, configured.holder_campaign_id)
            = (by_name.connection_id, by_name.campaign_id)
    )
)
select
    $1::text as workspace_id,
    connection_id,
    campaign_id,
    holder_connection_id,
    holder_campaign_id,
    basis
from final
