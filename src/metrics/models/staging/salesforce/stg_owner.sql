-- Grain: one row per owner id seen anywhere: users, queues, and ids that no user row explains.
-- kind: rep, inactive_rep, queue, robot (a machine's account or a user who is no person), ignored (a person who does
-- not sell by configuration). Source: definitions 1, "Rep".
-- $1 workspace, $2 connection, $3 as_of.
with run as (
    select
        *,
        cardinality(rep_profiles) + cardinality(rep_roles) + cardinality(rep_users) > 0 as has_rep_lists
    from metrics.run
    where workspace_id = $1
),
users as (
    select
        id,
        name,
        coalesce(isactive, true) as is_active,
        coalesce(usertype, 'Standard') as user_type,
        profileid,
        userroleid,
        email_hash
    from mirror.salesforce_user
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
profiles as (
    select
        id,
        name,
        userlicenseid,
        -- Where the permission is hidden from us, the name of the profile has to do.
        coalesce(permissionsapiuseronly, name ~* 'api[ -]?only') as is_api_only,
        lower(name) in (
            'minimum access - api only integrations',
            'salesforce api only system integrations'
        ) as is_integration_profile
    from mirror.salesforce_profile
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
-- The licence's name is not readable for every user of ours; its id is that of the two profiles that exist only under it.
integration_licences as (
    select userlicenseid
    from profiles
    where is_integration_profile
        and userlicenseid is not null
    union
    select id
    from mirror.salesforce_user_license
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and name = 'Salesforce Integration'
),
roles as (
    select
        id,
        name
    from mirror.salesforce_user_role
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
recent_leads as (
    select
        id,
        ownerid,
        createdbyid
    from mirror.salesforce_lead
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and createddate > $3::timestamptz - interval '30 days'
        and createddate <= $3::timestamptz
),
owner_rows as (
    select
        leadid,
        oldvalue,
        newvalue,
        createddate,
        id
    from mirror.salesforce_lead_history
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and field in ('Owner', 'ownerAssignment', 'ownerAccepted')
        and newvalue ~ '^(005|00G)[0-9A-Za-z]{12}([0-9A-Za-z]{3})?$'
        and createddate <= $3::timestamptz
),
first_owner_row as (
    select distinct on (leadid)
        leadid,
        oldvalue
    from owner_rows
    order by leadid, createddate, id
),
-- Who creates leads and keeps them in numbers is a sync user or a holding pen, not a person.
hoarders as (
    select recent_leads.createdbyid as user_id
    from recent_leads
    left join first_owner_row on first_owner_row.leadid = recent_leads.id
    where coalesce(first_owner_row.oldvalue, recent_leads.ownerid) = recent_leads.createdbyid
    group by recent_leads.createdbyid
    having count(*) > (select robot_above from run)
),
judged as (
    select
        users.id as owner_id,
        users.name,
        users.is_active,
        users.email_hash,
        users.userroleid as role_id,
        roles.name as role_name,
        (
            users.user_type <> 'Standard'
            or coalesce(profiles.is_api_only, false)
            or integration_licences.userlicenseid is not null
            or hoarders.user_id is not null
        ) as is_machine,
        case
            when run.has_rep_lists then
                profiles.name = any(run.rep_profiles)
                or profiles.id = any(run.rep_profiles)
                or roles.name = any(run.rep_roles)
                or roles.id = any(run.rep_roles)
                or users.id = any(run.rep_users)
        end as is_listed,
        users.id = any(run.ignored_owners) as is_ignored
    from users
    cross join run
    left join profiles on profiles.id = users.profileid
    left join roles on roles.id = users.userroleid
    left join integration_licences on integration_licences.userlicenseid = profiles.userlicenseid
    left join hoarders on hoarders.user_id = users.id
),
known as (
    select
        owner_id,
        name,
        case
            when is_ignored then 'ignored'
            when coalesce(is_listed, not is_machine) then case when is_active then 'rep' else 'inactive_rep' end
            when is_machine then 'robot'
            else 'ignored'
        end as kind,
        is_active,
        is_machine and not coalesce(is_listed, false) as is_integration,
        role_id,
        role_name,
        email_hash
    from judged
),
mentioned as (
    select distinct newvalue as owner_id
    from owner_rows
    union
    select distinct oldvalue
    from owner_rows
    where oldvalue ~ '^(005|00G)[0-9A-Za-z]{12}([0-9A-Za-z]{3})?$'
    union
    select distinct ownerid
    from mirror.salesforce_lead
    where workspace_id = $1
        and connection_id = $2
        and ownerid is not null
    union
    select distinct ownerid
    from mirror.salesforce_opportunity
    where workspace_id = $1
        and connection_id = $2
        and ownerid is not null
),
queues as (
    select
        id,
        name
    from mirror.salesforce_group
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
-- Users are read hourly and leads every minute: a user who is not there yet is taken for a rep, else every lead of a
-- new colleague would be reported as undelivered for an hour.
unexplained as (
    select
        mentioned.owner_id,
        queues.name,
        case
            when mentioned.owner_id like '00G%' then 'queue'
            when mentioned.owner_id = any(run.ignored_owners) then 'ignored'
            when not run.has_rep_lists or mentioned.owner_id = any(run.rep_users) then 'rep'
            else 'ignored'
        end as kind
    from mentioned
    cross join run
    left join queues on queues.id = mentioned.owner_id
    where not exists (select 1 from known where known.owner_id = mentioned.owner_id)
),
final as (
    select
        owner_id,
        name,
        kind,
        kind in ('rep', 'inactive_rep') as is_rep,
        is_active,
        is_integration,
        role_id,
        role_name,
        email_hash
    from known
    union all
    select
        owner_id,
        name,
        kind,
        kind = 'rep',
        true,
        false,
        null,
        null,
        null
    from unexplained
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    owner_id,
    name,
    kind,
    is_rep,
    is_active,
    is_integration,
    role_id,
    role_name,
    email_hash
from final
