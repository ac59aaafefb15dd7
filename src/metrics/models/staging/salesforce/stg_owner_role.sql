-- Grain: one row per user and stretch of time with one role, the first from ever on. The role's name is today's.
-- Source: definitions 1, "Team". $1 workspace, $2 connection, $3 as_of.
with changes as (
    select
        id as owner_id,
        userroleid as role_id,
        case when row_number() over by_user = 1 then '-infinity'::timestamptz else changed_at end as from_at,
        coalesce(lead(changed_at) over by_user, 'infinity'::timestamptz) as until_at
    from mirror.salesforce_user
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
    window by_user as (partition by id order by valid_from)
),
final as (
    select
        changes.owner_id,
        changes.role_id,
        role.name as role_name,
        changes.from_at,
        changes.until_at
    from changes
    left join mirror.salesforce_user_role as role
        on role.workspace_id = $1
        and role.connection_id = $2
        and role.id = changes.role_id
        and role.valid_to is null
    where changes.from_at < changes.until_at
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
