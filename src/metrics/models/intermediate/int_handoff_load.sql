-- Grain: one row per chain of handoffs of known start, in scope: what the rep carried just before the first handoff came.
-- carried: weighted open handoffs (those of unknown start left out: nobody knows since when they were open) and open
-- opportunities of today's owner. load: carried over capacity and part time as configured today, where every rep of the
-- team has a capacity; else carried. quartile: among all handoffs of the team (role), never across roles; equal loads are
-- in one quartile. Everything that came in the same instant counts as coming together.
-- Source: definitions 5. $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
handoffs as (
    select
        connection_id,
        handoff_id,
        chain_id,
        chain_position,
        owner_id,
        team,
        handed_off_at,
        ended_at
    from metrics.int_handoff
    where workspace_id = $1
        and is_in_scope
        and handed_off_at is not null
),
opportunities as (
    select
        opportunity.connection_id,
        opportunity.owner_id,
        opportunity.created_at,
        case
            when not opportunity.is_open then greatest(
                opportunity.created_at,
                coalesce(
                    opportunity.stage_changed_at,
                    (opportunity.close_date + 1)::timestamp at time zone run.time_zone
                )
            )
        end as closed_at
    from metrics.int_opportunity as opportunity
    cross join run
    where opportunity.workspace_id = $1
        and opportunity.owner_id is not null
),
events as (
    select
        connection_id,
        owner_id,
        handed_off_at as happened_at,
        run.handoff_weight as change,
        case when chain_position = 1 then chain_id end as chain_id,
        team
    from handoffs
    cross join run
    union all
    select
        connection_id,
        owner_id,
        ended_at,
        -run.handoff_weight,
        null,
        null
    from handoffs
    cross join run
    where ended_at is not null
    union all
    select
        connection_id,
        owner_id,
        created_at,
        run.opportunity_weight,
        null,
        null
    from opportunities
    cross join run
    union all
    select
        connection_id,
        owner_id,
        closed_at,
        -run.opportunity_weight,
        null,
        null
    from opportunities
    cross join run
    where closed_at is not null
),
running as (
    select
        connection_id,
        chain_id,
        owner_id,
        team,
        coalesce(
            sum(change) over (
                partition by connection_id, owner_id
                order by happened_at
                groups between unbounded preceding and 1 preceding
            ),
            0
        ) as carried
    from events
),
capacities as (
    select
        rep.connection_id,
        rep.owner_id,
        nullif(
            rep.capacity * coalesce((run.rep_plan #>> array['availability', rep.owner_id])::numeric, 1),
            0
        ) as capacity
    from metrics.int_rep_load as rep
    cross join run
    where rep.workspace_id = $1
),
measured as (
    select
        running.connection_id,
        running.chain_id,
        running.owner_id,
        running.team,
        running.carried,
        case
            when bool_and(capacities.capacity is not null) over (partition by running.connection_id, running.team)
                then running.carried / capacities.capacity
            else running.carried
        end as load
    from running
    left join capacities
        on capacities.connection_id = running.connection_id
        and capacities.owner_id = running.owner_id
    where running.chain_id is not null
),
cuts as (
    select
        connection_id,
        coalesce(team, '') as team_key,
        percentile_cont(array[0.25, 0.5, 0.75]) within group (order by load::float8) as at
    from measured
    group by connection_id, coalesce(team, '')
),
final as (
    select
        measured.*,
        1
            + (measured.load::float8 > cuts.at[1])::integer
            + (measured.load::float8 > cuts.at[2])::integer
            + (measured.load::float8 > cuts.at[3])::integer as quartile
    from measured
    join cuts
        on cuts.connection_id = measured.connection_id
        and cuts.team_key = coalesce(measured.team, '')
)
select
    $1::text as workspace_id,
    connection_id,
    chain_id,
    owner_id,
    team,
    carried,
    load,
    quartile
from final
