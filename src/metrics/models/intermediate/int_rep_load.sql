-- Grain: one row per rep, inactive ones too. open handoffs in scope, unknown and cold ones included; open opportunities
-- of any type. load = weighted count / (capacity x availability); null where the capacity is unknown or nothing of it
-- is available. is_shown: has carried something at some time, or has a capacity. Source: definitions 5.
-- $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
handoffs as (
    select
        connection_id,
        owner_id,
        count(*) as handoff_count,
        count(*) filter (where ended_at is null and is_in_scope) as open_count
    from metrics.int_handoff
    where workspace_id = $1
    group by connection_id, owner_id
),
opportunities as (
    select
        connection_id,
        owner_id,
        count(*) as opportunity_count,
        count(*) filter (where is_open) as open_count
    from metrics.int_opportunity
    where workspace_id = $1
    group by connection_id, owner_id
),
planned as (
    select
        owner.connection_id,
        owner.owner_id,
        owner.role_id,
        owner.is_active,
        coalesce(handoffs.open_count, 0) as open_handoff_count,
        coalesce(opportunities.open_count, 0) as open_opportunity_count,
        coalesce(handoffs.open_count, 0) * run.handoff_weight
            + coalesce(opportunities.open_count, 0) * run.opportunity_weight as weighted_count,
        coalesce(
            (run.rep_plan #>> array['capacityByUser', owner.owner_id])::numeric,
            (run.rep_plan #>> array['capacityByRole', owner.role_name])::numeric,
            (run.rep_plan #>> array['capacityByRole', owner.role_id])::numeric,
            (run.rep_plan ->> 'capacity')::numeric
        ) as capacity,
        case
            when exists (
                select 1
                from jsonb_array_elements(run.rep_plan -> 'away') as absence
                where absence ->> 'user' = owner.owner_id
                    and run.today between (absence ->> 'from')::date and (absence ->> 'to')::date
            ) then 0
            else coalesce((run.rep_plan #>> array['availability', owner.owner_id])::numeric, 1)
        end as availability,
        coalesce(handoffs.handoff_count, 0) + coalesce(opportunities.opportunity_count, 0) > 0 as has_carried,
        coalesce(
            run.rep_plan #>> array['capacityByUser', owner.owner_id],
            run.rep_plan #>> array['capacityByRole', owner.role_name],
            run.rep_plan #>> array['capacityByRole', owner.role_id]
        ) is not null as has_plan
    from metrics.stg_owner as owner
    cross join run
    left join handoffs
        on handoffs.connection_id = owner.connection_id
        and handoffs.owner_id = owner.owner_id
    left join opportunities
        on opportunities.connection_id = owner.connection_id
        and opportunities.owner_id = owner.owner_id
    where owner.workspace_id = $1
        and owner.is_rep
),
final as (
    select
        planned.*,
        capacity * availability as available_capacity,
        case when is_active then weighted_count / nullif(capacity * availability, 0) end as load,
        case when is_active then capacity * availability - weighted_count end as headroom,
        has_carried or (has_plan and is_active) as is_shown
    from planned
)
select
    $1::text as workspace_id,
    connection_id,
    owner_id,
    role_id,
    is_active,
    open_handoff_count,
    open_opportunity_count,
    weighted_count,
    capacity,
    availability,
    available_capacity,
    load,
    headroom,
    is_shown
from final
