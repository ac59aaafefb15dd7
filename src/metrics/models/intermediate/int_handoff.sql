-- Grain: one row per handoff: a lead and the stretch in which one rep held it open. Leads out of scope are here too,
-- marked. Instants in UTC; unknown where the moment of the handoff is.
-- A chain is a handoff and those that inherit its start, deadline and touch (run.restart, realignments).
-- Deadline: start + the policy's expiry, by the wall clock or in open time of the policy's calendar; at_risk at 3/4.
-- Source: definitions 2, 3, 4. $1 workspace, $2 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
connections as (
    select *
    from metrics.run_connection
    where workspace_id = $1
),
stretches as (
    select
        stretch.*,
        owner.role_id,
        owner.is_active,
        sum(case when follows_rep then 0 else 1 end) over (
            partition by stretch.connection_id, lead_id
            order by position
        ) as relay
    from metrics.int_stretch as stretch
    join metrics.stg_owner as owner
        on owner.workspace_id = $1
        and owner.connection_id = stretch.connection_id
        and owner.owner_id = stretch.owner_id
    where stretch.workspace_id = $1
        and stretch.kind = 'rep'
),
touches as (
    select
        stretches.connection_id,
        stretches.lead_id,
        stretches.position,
        count(*) as touch_count,
        min(touch.touched_at) as first_touch_at,
        max(touch.touched_at) as last_touch_at,
        (array_agg(touch.touch_id order by touch.touched_at, touch.touch_id))[1] as first_touch_id,
        (array_agg(touch.touch_connection_id order by touch.touched_at, touch.touch_id))[1] as first_touch_connection_id,
        (array_agg(touch.kind order by touch.touched_at, touch.touch_id))[1] as first_touch_kind,
        (array_agg(touch.by_user_id order by touch.touched_at, touch.touch_id))[1] as first_touch_by
    from stretches
    cross join run
    join metrics.int_touch as touch
        on touch.workspace_id = $1
        and touch.connection_id = stretches.connection_id
        and touch.lead_id = stretches.lead_id
        and touch.touched_at >= stretches.began_at
        and (
            stretches.ended_at is null
            or touch.touched_at < stretches.ended_at
            or (touch.touched_at = stretches.ended_at and stretches.ended_by <> 'reassigned')
        )
        and case run.touch_by
            when 'anyone' then true
            when 'owner' then
                touch.by_connection_id = stretches.connection_id and touch.by_user_id = stretches.owner_id
            else touch.by_connection_id = stretches.connection_id
                and (touch.by_user_id = stretches.owner_id or touch.by_role_id = stretches.role_id)
        end
    group by stretches.connection_id, stretches.lead_id, stretches.position
),
relays as (
    select
        stretches.*,
        touches.touch_count,
        touches.first_touch_at,
        touches.last_touch_at,
        touches.first_touch_id,
        touches.first_touch_connection_id,
        touches.first_touch_kind,
        touches.first_touch_by,
        not follows_rep
            or (
                not began_by_realignment
                and (
                    run.restart = 'always'
                    or (
                        run.restart = 'untouched'
                        and not coalesce(
                            bool_or(touches.touch_count > 0) over (
                                partition by stretches.connection_id, stretches.lead_id, stretches.relay
                                order by stretches.position
                                rows between unbounded preceding and 1 preceding
                            ),
                            false
                        )
                    )
                )
            ) as starts_chain
    from stretches
    cross join run
    left join touches
        on touches.connection_id = stretches.connection_id
        and touches.lead_id = stretches.lead_id
        and touches.position = stretches.position
),
numbered as (
    select
        *,
        row_number() over in_order as handoff_number,
        sum(case when starts_chain then 1 else 0 end) over in_order as chain_number,
        encode(
            sha256(
                convert_to(
                    concat_ws(
                        '|',
                        connection_id,
                        lead_id,
                        owner_id,
                        floor(extract(epoch from began_at) * 1000)::bigint::text
                    ),
                    'UTF8'
                )
            ),
            'hex'
        ) as handoff_id
    from relays
    window in_order as (partition by connection_id, lead_id order by position)
),
-- What a chain has gathered up to and including each of its handoffs.
chained as (
    select
        numbered.*,
        first_value(handoff_id) over so_far as chain_id,
        first_value(began_at) over so_far as chain_began_at,
        first_value(began_evidence) over so_far as chain_evidence,
        first_value(owner_id) over so_far as chain_owner_id,
        row_number() over so_far as chain_position,
        coalesce(sum(touch_count) over so_far, 0)::bigint as chain_touch_count,
        min(first_touch_at) over so_far as chain_first_touch_at,
        max(last_touch_at) over so_far as chain_last_touch_at,
        (array_remove(array_agg(first_touch_id) over so_far, null))[1] as chain_first_touch_id,
        (array_remove(array_agg(first_touch_connection_id) over so_far, null))[1] as chain_first_touch_connection_id,
        (array_agg(first_touch_by) filter (where touch_count > 0) over so_far)[1] as chain_first_touch_by,
        (array_remove(array_agg(first_touch_kind) over so_far, null))[1] as chain_first_touch_kind
    from numbered
    window so_far as (partition by connection_id, lead_id, chain_number order by position)
),
-- Policy and calendar are those at the handoff: the source and the team of that moment, where we saw them change.
sourced as (
    select
        chained.*,
        lead.source,
        lead.excluded_by,
        case
            when lead.has_source_changes then coalesce(
                (
                    select version.source
                    from metrics.stg_lead_version as version
                    where version.workspace_id = $1
                        and version.connection_id = chained.connection_id
                        and version.lead_id = chained.lead_id
                        and version.changed_at <= chained.chain_began_at
                    order by version.valid_from desc
                    limit 1
                ),
                lead.source
            )
            else lead.source
        end as source_then,
        role.role_id as role_id_then,
        role.role_name as role_name_then
    from chained
    join metrics.stg_lead as lead
        on lead.workspace_id = $1
        and lead.connection_id = chained.connection_id
        and lead.lead_id = chained.lead_id
    left join metrics.stg_owner_role as role
        on role.workspace_id = $1
        and role.connection_id = chained.connection_id
        and role.owner_id = chained.chain_owner_id
        and chained.chain_began_at >= role.from_at
        and chained.chain_began_at < role.until_at
),
with_policy as (
    select
        sourced.*,
        policy.name as policy,
        policy.calendar,
        policy.expiry_seconds
    from sourced
    left join lateral (
        select
            rot_policy.name,
            rot_policy.calendar,
            rot_policy.expiry_seconds
        from metrics.rot_policy
        where rot_policy.workspace_id = $1
            and rot_policy.connection_id = sourced.connection_id
            and (rot_policy.sources is null or sourced.source_then = any(rot_policy.sources))
            and (rot_policy.reps is null or sourced.chain_owner_id = any(rot_policy.reps))
            and (
                rot_policy.teams is null
                or sourced.role_id_then = any(rot_policy.teams)
                or sourced.role_name_then = any(rot_policy.teams)
            )
        order by rot_policy.position
        limit 1
    ) as policy on true
),
with_opening as (
    select
        with_policy.*,
        case
            when with_policy.calendar <> 'wall_clock' then coalesce(
                (
                    select opening.open_seconds_before
                        + extract(epoch from least(with_policy.chain_began_at, opening.closes_at) - opening.opens_at)
                    from metrics.calendar_interval as opening
                    where opening.workspace_id = $1
                        and opening.connection_id = with_policy.connection_id
                        and opening.calendar = with_policy.calendar
                        and opening.opens_at <= with_policy.chain_began_at
                    order by opening.opens_at desc
                    limit 1
                ),
                0
            )
        end as open_seconds
    from with_policy
),
with_deadline as (
    select
        with_opening.*,
        case
            when calendar = 'wall_clock' then chain_began_at + make_interval(secs => (expiry_seconds * 0.75)::float8)
            else (
                select opening.opens_at
                    + make_interval(secs => (open_seconds + expiry_seconds * 0.75 - opening.open_seconds_before)::float8)
                from metrics.calendar_interval as opening
                where opening.workspace_id = $1
                    and opening.connection_id = with_opening.connection_id
                    and opening.calendar = with_opening.calendar
                    and opening.open_seconds_after >= open_seconds + expiry_seconds * 0.75
                order by opening.open_seconds_after
                limit 1
            )
        end as due_soon_at,
        case
            when calendar = 'wall_clock' then chain_began_at + make_interval(secs => expiry_seconds::float8)
            else (
                select opening.opens_at
                    + make_interval(secs => (open_seconds + expiry_seconds - opening.open_seconds_before)::float8)
                from metrics.calendar_interval as opening
                where opening.workspace_id = $1
                    and opening.connection_id = with_opening.connection_id
                    and opening.calendar = with_opening.calendar
                    and opening.open_seconds_after >= open_seconds + expiry_seconds
                order by opening.open_seconds_after
                limit 1
            )
        end as due_at
    from with_opening
),
judged as (
    select
        with_deadline.*,
        chain_evidence <> 'unknown' and began_evidence <> 'unknown' as is_known,
        excluded_by is null as is_in_scope,
        chain_last_touch_at + run.cold_after as goes_cold_at
    from with_deadline
    cross join run
),
final as (
    select
        judged.*,
        case
            when ended_at is not null then ended_by
            when not is_known or connections.capture_gate = 'closed' then 'unknown'
            when chain_first_touch_at is null then
                case
                    when due_at <= $2::timestamptz then 'rotting'
                    when due_soon_at <= $2::timestamptz then 'at_risk'
                    else 'waiting'
                end
            when goes_cold_at < $2::timestamptz then 'gone_cold'
            when chain_first_touch_at <= due_at then 'worked'
            else 'worked_late'
        end as state,
        is_known
            and is_in_scope
            and connections.capture_gate <> 'closed'
            and coalesce(began_at >= connections.start_from, false) as is_flagged
    from judged
    join connections on connections.connection_id = judged.connection_id
)
select
    $1::text as workspace_id,
    connection_id,
    handoff_id,
    chain_id,
    lead_id,
    source,
    owner_id,
    is_active as owner_is_active,
    role_id as team,
    case when is_known then began_evidence else 'unknown' end as evidence,
    policy,
    calendar,
    case when is_known then began_at end as handed_off_at,
    case when is_known then chain_began_at end as clock_started_at,
    case when is_known then due_soon_at end as at_risk_at,
    case when is_known then due_at end as rots_at,
    chain_first_touch_at as first_touch_at,
    chain_first_touch_kind as first_touch_kind,
    chain_first_touch_by as first_touch_by,
    chain_first_touch_id as first_touch_id,
    chain_first_touch_connection_id as first_touch_connection_id,
    chain_last_touch_at as last_touch_at,
    chain_touch_count as touch_count,
    goes_cold_at as cold_at,
    ended_at,
    ended_by,
    case when ended_at is not null then end_evidence end as end_evidence,
    state,
    is_in_scope,
    is_flagged,
    handoff_number,
    chain_position
from final
