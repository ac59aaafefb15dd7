-- Grain: one row per owner id seen anywhere: owners of the portal, archived ones too, and ids that no owner row explains.
-- kind: rep, inactive_rep, queue, ignored (a person who does not sell by configuration). Type PERSON is a rep, QUEUE a queue.
-- reps.roles (teams, by name or id) and reps.users are lists of reps on this connection where they name somebody of it.
-- is_integration is always false: HubSpot does not tell a machine's user from a person's; see stg_activity.
-- Source: definitions 1, "Rep". $1 workspace, $2 connection, $3 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
owners as (
    select
        id as owner_id,
        coalesce(nullif(btrim(concat_ws(' ', firstname, lastname)), ''), id) as name,
        coalesce(type, 'PERSON') as type,
        not coalesce(archived, false) as is_active,
        primaryteamid as role_id,
        primaryteamname as role_name,
        email_hash
    from mirror.hubspot_owner
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
listed as (
    select owners.owner_id
    from owners
    cross join run
    where owners.role_name = any(run.rep_roles)
        or owners.role_id = any(run.rep_roles)
        or owners.owner_id = any(run.rep_users)
),
known as (
    select
        owners.owner_id,
        owners.name,
        case
            when owners.type = 'QUEUE' then 'queue'
            when owners.owner_id = any(run.ignored_owners) then 'ignored'
            when exists (select 1 from listed)
                and owners.owner_id not in (select listed.owner_id from listed) then 'ignored'
            when owners.is_active then 'rep'
            else 'inactive_rep'
        end as kind,
        owners.is_active,
        owners.role_id,
        owners.role_name,
        owners.email_hash
    from owners
    cross join run
),
mentioned as (
    select hubspot_owner_id as owner_id
    from mirror.hubspot_contact
    where workspace_id = $1
        and connection_id = $2
    union
    select hubspot_owner_id
    from mirror.hubspot_lead
    where workspace_id = $1
        and connection_id = $2
    union
    select hubspot_owner_id
    from mirror.hubspot_deal
    where workspace_id = $1
        and connection_id = $2
    union
    select "value"
    from mirror.hubspot_contact_history
    where workspace_id = $1
        and connection_id = $2
        and property = 'hubspot_owner_id'
    union
    select "value"
    from mirror.hubspot_lead_history
    where workspace_id = $1
        and connection_id = $2
        and property = 'hubspot_owner_id'
),
-- Owners are read hourly and records every minute: an owner who is not there yet is taken for a rep, else every lead of a
-- new colleague would be reported as undelivered for an hour.
final as (
    select
        owner_id,
        name,
        kind,
        is_active,
        role_id,
        role_name,
        email_hash
    from known
    union all
    select
        mentioned.owner_id,
        null,
        case
            when mentioned.owner_id = any(run.ignored_owners) then 'ignored'
            when exists (select 1 from listed) then 'ignored'
            else 'rep'
        end,
        true,
        null,
        null,
        null
    from mentioned
    cross join run
    where mentioned.owner_id <> ''
        and not exists (select 1 from known where known.owner_id = mentioned.owner_id)
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    owner_id,
    name,
    kind,
    kind in ('rep', 'inactive_rep') as is_rep,
    is_active,
    false as is_integration,
    role_id,
    role_name,
    email_hash
from final
