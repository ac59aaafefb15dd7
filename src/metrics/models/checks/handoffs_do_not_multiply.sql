-- Must return no rows. Joins to touches, policies and calendars neither lose nor repeat a handoff; a lead has one open
-- handoff at most. $1 workspace.
with counts as (
    select
        (
            select count(*)
            from metrics.int_stretch
            where workspace_id = $1
                and kind = 'rep'
        ) as stretches,
        (
            select count(*)
            from metrics.int_handoff
            where workspace_id = $1
        ) as handoffs,
        (
            select count(*) - count(distinct (connection_id, lead_id))
            from metrics.int_handoff
            where workspace_id = $1
                and ended_at is null
        ) as doubly_open
)
select
    format('%s stretches of reps became %s handoffs; %s leads have two open ones', stretches, handoffs, doubly_open)
        as problem
from counts
where stretches <> handoffs
    or doubly_open <> 0
