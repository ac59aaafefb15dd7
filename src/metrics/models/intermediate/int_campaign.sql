-- Grain: one row per campaign that is not deleted at as_of. Money in the workspace's currency, by the static rate.
-- own_cost: of this campaign alone: the entries of the cost ledger up to as_of where it has any (has_ledger), else
-- the CRM's actual cost; null with own_cost_reason. family_root: where only a parent has cost,
-- that parent; else the campaign itself. starts_on / ends_on: the dates its cost is spread over, both included;
-- dates_basis `assumed` where the CRM leaves one of them blank. Source: definitions 6.
-- $1 workspace.
with recursive run as (
    select *
    from metrics.run
    where workspace_id = $1
),
connections as (
    select *
    from metrics.run_connection
    where workspace_id = $1
),
currencies as (
    select
        connection_id,
        code,
        rate
    from metrics.stg_currency
    where workspace_id = $1
        and not is_dated
),
members as (
    select
        member.connection_id,
        member.campaign_id,
        min((member.created_at at time zone run.time_zone)::date) as first_member_on,
        max(coalesce(member.responded_on, (member.responded_at at time zone run.time_zone)::date))
            filter (where member.has_responded) as last_response_on,
        count(*) filter (where member.has_responded) as response_count
    from metrics.stg_response as member
    cross join run
    where member.workspace_id = $1
    group by member.connection_id, member.campaign_id
),
ledger as (
    select
        entry.campaign_connection_id as connection_id,
        entry.campaign_id,
        count(*) filter (where entry.entry_on <= run.today) as due_count,
        sum(entry.amount) filter (where entry.entry_on <= run.today) as amount,
        min(entry.currency_code) filter (where entry.entry_on <= run.today and entry.amount is null) as lacks_rate_for
    from metrics.stg_cost_entry as entry
    cross join run
    where entry.workspace_id = $1
        and entry.kind = 'program'
        and entry.campaign_id is not null
    group by entry.campaign_connection_id, entry.campaign_id
),
campaigns as (
    select
        campaign.connection_id,
        campaign.campaign_id,
        campaign.name,
        campaign.parent_id,
        campaign.is_active,
        campaign.actual_cost,
        campaign.currency_code as campaign_currency,
        campaign.starts_on as startdate,
        campaign.ends_on as enddate,
        coalesce(
            campaign.starts_on,
            members.first_member_on,
            (campaign.created_at at time zone run.time_zone)::date
        ) as starts_on,
        members.last_response_on,
        coalesce(members.response_count, 0) as response_count,
        ledger.campaign_id is not null as has_ledger,
        coalesce(ledger.due_count, 0) as ledger_count,
        ledger.lacks_rate_for,
        twin.holder_connection_id,
        twin.holder_campaign_id,
        case
            -- Its money stands in another CRM.
            when twin.campaign_id is not null then null
            when ledger.campaign_id is not null then case when ledger.lacks_rate_for is null then ledger.amount end
            when connections.currency_rule = 'corporate' then campaign.actual_cost
            -- A campaign of a CRM that keeps home amounts is in its home currency, where it names none.
            when connections.currency_rule = 'home'
                and coalesce(campaign.currency_code, connections.home_currency) = run.currency_code then campaign.actual_cost
            else campaign.actual_cost / nullif(own.rate, 0) * target.rate
        end as converted_cost,
        run.investment_parents ->> campaign.campaign_id as cost_is_at
    from metrics.stg_campaign as campaign
    cross join run
    join connections on connections.connection_id = campaign.connection_id
    left join members
        on members.connection_id = campaign.connection_id
        and members.campaign_id = campaign.campaign_id
    left join metrics.int_campaign_twin as twin
        on twin.workspace_id = $1
        and twin.connection_id = campaign.connection_id
        and twin.campaign_id = campaign.campaign_id
    left join ledger
        on ledger.connection_id = campaign.connection_id
        and ledger.campaign_id = campaign.campaign_id
    left join currencies as own
        on own.connection_id = campaign.connection_id
        and own.code = case
            when connections.currency_rule = 'home' then coalesce(campaign.currency_code, connections.home_currency)
            else campaign.currency_code
        end
    left join currencies as target
        on target.connection_id = campaign.connection_id
        and target.code = run.currency_code
    where campaign.workspace_id = $1
),
-- A campaign with each of its ancestors; `union` ends a loop of parents.
ancestry as (
    select
        connection_id,
        campaign_id,
        parent_id as ancestor_id
    from campaigns
    where parent_id is not null
    union
    select
        ancestry.connection_id,
        ancestry.campaign_id,
        campaigns.parent_id
    from ancestry
    join campaigns
        on campaigns.connection_id = ancestry.connection_id
        and campaigns.campaign_id = ancestry.ancestor_id
    where campaigns.parent_id is not null
),
children as (
    select
        connection_id,
        parent_id as campaign_id,
        sum(converted_cost) as cost
    from campaigns
    where parent_id is not null
    group by connection_id, parent_id
),
costed as (
    select
        campaigns.*,
        coalesce(
            campaigns.converted_cost > 0
                and children.cost > 0
                and abs(campaigns.converted_cost - children.cost) <= 0.01 * children.cost,
            false
        ) as repeats_children,
        (
            select holder.campaign_id
            from ancestry
            join campaigns as holder
                on holder.connection_id = ancestry.connection_id
                and holder.campaign_id = ancestry.ancestor_id
            where ancestry.connection_id = campaigns.connection_id
                and ancestry.campaign_id = campaigns.campaign_id
                and holder.campaign_id <> campaigns.campaign_id
                and holder.cost_is_at = 'parent'
            order by holder.campaign_id
            limit 1
        ) as cost_holder_id
    from campaigns
    left join children
        on children.connection_id = campaigns.connection_id
        and children.campaign_id = campaigns.campaign_id
),
counted as (
    select
        costed.*,
        case
            when cost_is_at = 'children' then null
            when cost_holder_id is not null then null
            when repeats_children and cost_is_at is null then null
            when costed.starts_on > run.today and not costed.has_ledger then null
            else converted_cost
        end as own_cost,
        case
            when holder_campaign_id is not null then 'cost kept on ' || holder_campaign_id
            when costed.has_ledger and costed.ledger_count = 0 then 'not started'
            when costed.lacks_rate_for is not null then 'no exchange rate for ' || costed.lacks_rate_for
            when actual_cost is null and not costed.has_ledger then 'cost missing'
            when converted_cost is null then
                'no exchange rate for ' || coalesce(campaign_currency, 'a campaign without currency')
            when cost_is_at = 'children' then 'cost kept on its children'
            when cost_holder_id is not null then 'cost kept on ' || cost_holder_id
            when repeats_children and cost_is_at is null then
                'cost equals that of its children: probably entered twice (set investment.parents)'
            when costed.starts_on > run.today and not costed.has_ledger then 'not started'
        end as own_cost_reason
    from costed
    cross join run
),
-- The nearest thing to a family: an ancestor with cost under which nothing else has any.
family as (
    select distinct on (counted.connection_id, counted.campaign_id)
        counted.connection_id,
        counted.campaign_id,
        ancestry.ancestor_id
    from counted
    join ancestry
        on ancestry.connection_id = counted.connection_id
        and ancestry.campaign_id = counted.campaign_id
        and ancestry.ancestor_id <> counted.campaign_id
    join counted as ancestor
        on ancestor.connection_id = ancestry.connection_id
        and ancestor.campaign_id = ancestry.ancestor_id
        and ancestor.own_cost > 0
    where coalesce(counted.own_cost, 0) = 0
        and not exists (
            select 1
            from ancestry as below
            join counted as descendant
                on descendant.connection_id = below.connection_id
                and descendant.campaign_id = below.campaign_id
            where below.connection_id = ancestry.connection_id
                and below.ancestor_id = ancestry.ancestor_id
                and below.campaign_id <> ancestry.ancestor_id
                and descendant.own_cost > 0
        )
    order by counted.connection_id, counted.campaign_id, ancestry.ancestor_id
),
-- The row that holds a campaign's people and pipeline, in the org of its money.
rooted as (
    select
        counted.connection_id,
        counted.campaign_id,
        coalesce(counted.holder_connection_id, counted.connection_id) as family_connection_id,
        coalesce(family.ancestor_id, counted.holder_campaign_id, counted.campaign_id) as family_root
    from counted
    left join family
        on family.connection_id = coalesce(counted.holder_connection_id, counted.connection_id)
        and family.campaign_id = coalesce(counted.holder_campaign_id, counted.campaign_id)
),
placed as (
    select
        counted.*,
        rooted.family_connection_id,
        rooted.family_root,
        rooted.family_root = counted.campaign_id
            and rooted.family_connection_id = counted.connection_id as is_root,
        root.name as root_name,
        root.own_cost is not null as is_root_known,
        greatest(
            counted.starts_on,
            least(
                run.today,
                coalesce(
                    counted.enddate,
                    case when counted.is_active then run.today else counted.last_response_on end,
                    counted.starts_on
                )
            )
        ) as ends_on,
        case
            when counted.has_ledger then 'ledger'
            when counted.startdate is null or counted.enddate is null then 'assumed'
            else 'spread'
        end as dates_basis,
        run.today,
        run.orphan_after_days
    from counted
    cross join run
    join rooted
        on rooted.connection_id = counted.connection_id
        and rooted.campaign_id = counted.campaign_id
    left join counted as root
        on root.connection_id = rooted.family_connection_id
        and root.campaign_id = rooted.family_root
),
responses as (
    select
        family_connection_id,
        family_root,
        sum(response_count) as response_count
    from placed
    group by family_connection_id, family_root
),
final as (
    select
        placed.connection_id,
        placed.campaign_id,
        placed.name,
        placed.parent_id,
        placed.is_active,
        placed.actual_cost,
        placed.campaign_currency,
        case when placed.is_root then placed.own_cost end as own_cost,
        case
            when not placed.is_root then
                'cost kept on ' || coalesce(placed.root_name, placed.family_root)
            else placed.own_cost_reason
        end as own_cost_reason,
        placed.family_connection_id,
        placed.family_root,
        placed.starts_on,
        placed.ends_on,
        placed.dates_basis,
        placed.repeats_children and placed.cost_is_at is null as is_probably_entered_twice,
        coalesce(
            placed.own_cost > 0
                and placed.is_root
                and placed.today >= placed.starts_on + placed.orphan_after_days
                and responses.response_count = 0,
            false
        ) as is_orphan,
        case when placed.is_root then placed.own_cost is not null else placed.is_root_known end as has_known_cost,
        placed.has_ledger
    from placed
    join responses
        on responses.family_connection_id = placed.family_connection_id
        and responses.family_root = placed.family_root
)
select
    $1::text as workspace_id,
    connection_id,
    campaign_id,
    name,
    parent_id,
    is_active,
    actual_cost,
    campaign_currency,
    own_cost,
    own_cost_reason,
    family_connection_id,
    family_root,
    starts_on,
    ends_on,
    dates_basis,
    is_probably_entered_twice,
    is_orphan,
    has_known_cost,
    has_ledger
from final
