-- Grain: one row per owner and stretch of time in one team: the primary team, as we saw it. The first one seen holds since
-- ever, the last one for ever; a change is dated by the save that we saw. Source: definitions 1, "Team".
-- $1 workspace, $2 connection, $3 as_of.
with versions as (
    select
        id as owner_id,
        primaryteamid as role_id,
        primaryteamname as role_name,
        changed_at,
        valid_from,
        lag(coalesce(primaryteamid, '')) over in_order as previous_role_id,
        row_number() over in_order as number
    from mirror.hubspot_owner
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
    window in_order as (partition by id order by valid_from)
),
moves as (
    select
        owner_id,
        role_id,
        role_name,
        case when number = 1 then '-infinity'::timestamptz else changed_at end as from_at
    from versions
    where number = 1
        or coalesce(role_id, '') <> previous_role_id
),
-- Two moves in one save: the last one seen holds.
once as (
    select distinct on (owner_id, from_at)
        owner_id,
        role_id,
        role_name,
        from_at
    from moves
    order by owner_id, from_at, role_id
),
final as (
    select
        owner_id,
        role_id,
        role_name,
        from_at,
        coalesce(lead(from_at) over (partition by owner_id order by from_at), 'infinity'::timestamptz) as until_at
    from once
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    owner_id,
    role_id,
    role_name,
    from_at,
    until_at
from final
