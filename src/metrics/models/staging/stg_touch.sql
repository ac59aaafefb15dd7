-- Grain: one row per recorded, outbound, human attempt and lead. touched_at in UTC, never after as_of.
-- evidence: activity (a Task, Event or EmailMessage) or summary (Lead.FirstCallDateTime / FirstEmailDateTime where no
-- activity tells of that moment). by_user_id is null for a summary. Source: definitions 3.
-- A converted lead's activities hang on its contact: Salesforce moves them there.
-- $1 workspace, $2 connection, $3 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
person as (
    select
        lead_id as who_id,
        lead_id
    from metrics.stg_lead
    where workspace_id = $1
        and connection_id = $2
    union all
    select
        converted_contact_id,
        lead_id
    from metrics.stg_lead
    where workspace_id = $1
        and connection_id = $2
        and converted_contact_id is not null
),
users as (
    select
        owner_id,
        is_rep,
        is_integration,
        role_id
    from metrics.stg_owner
    where workspace_id = $1
        and connection_id = $2
),
messages as (
    select
        id,
        activityid,
        incoming,
        coalesce(isbounced, false) as is_bounced,
        status,
        coalesce(messagedate, createddate) as sent_at,
        createdbyid,
        coalesce(subject_is_automated, false) as is_automated
    from mirror.salesforce_email_message
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and isdeleted is not true
),
relations as (
    select
        emailmessageid,
        relationid,
        relationtype
    from mirror.salesforce_email_message_relation
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and isdeleted is not true
),
tasks as (
    select
        id,
        whoid,
        ownerid,
        createdbyid,
        isclosed,
        tasksubtype,
        type,
        calltype,
        coalesce(completeddatetime, createddate) as done_at,
        coalesce(subject_is_automated, false) as is_automated,
        calltype is not null or calldurationinseconds is not null or calldisposition is not null as is_dialled
    from mirror.salesforce_task
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and isdeleted is not true
),
-- A logged e-mail is a Task and an EmailMessage; only the message knows whether it came in or went out.
calls_and_mails as (
    select
        tasks.id as activity_id,
        tasks.whoid as who_id,
        tasks.done_at as happened_at,
        case
            when tasks.tasksubtype = 'LinkedIn' then 'linkedin'
            when tasks.is_dialled or tasks.tasksubtype = 'Call' then 'call'
            when tasks.tasksubtype = 'Email' then 'email'
            else lower(tasks.type)
        end as kind,
        tasks.ownerid as by_user_id,
        not tasks.is_automated
            and coalesce(tasks.isclosed, false)
            and coalesce(tasks.tasksubtype, '') <> 'ListEmail'
            and coalesce(tasks.calltype, '') not in ('Inbound', 'Internal')
            and (
                coalesce(tasks.tasksubtype in ('Call', 'Email', 'LinkedIn'), false)
                or tasks.is_dialled
                or coalesce(lower(tasks.type) = any(run.task_types), false)
            )
            and (tasks.is_dialled or not coalesce(creators.is_integration, false)) as counts
    from tasks
    cross join run
    left join users as creators on creators.owner_id = tasks.createdbyid
    where not exists (select 1 from messages where messages.activityid = tasks.id)
),
meetings as (
    select
        event.id as activity_id,
        event.whoid as who_id,
        event.startdatetime as happened_at,
        'meeting' as kind,
        event.ownerid as by_user_id,
        not coalesce(event.subject_is_automated, false)
            and not coalesce(event.subject_is_cancelled, false)
            and not coalesce(creators.is_integration, false)
            and coalesce(event.enddatetime, event.startdatetime) <= $3::timestamptz as counts
    from mirror.salesforce_event as event
    left join users as creators on creators.owner_id = event.createdbyid
    where event.workspace_id = $1
        and event.connection_id = $2
        and event.valid_from <= $3::timestamptz
        and (event.valid_to is null or event.valid_to > $3::timestamptz)
        and event.isdeleted is not true
),
senders as (
    select distinct on (emailmessageid)
        emailmessageid,
        relationid as user_id
    from relations
    where relationtype = 'FromAddress'
        and relationid like '005%'
    order by emailmessageid, relationid
),
addressees as (
    select
        emailmessageid,
        relationid as who_id
    from relations
    where coalesce(relationtype, '') <> 'FromAddress'
        and (relationid like '00Q%' or relationid like '003%')
    union
    select
        messages.id,
        tasks.whoid
    from messages
    join tasks on tasks.id = messages.activityid
    where tasks.whoid is not null
),
mails as (
    select
        messages.id as activity_id,
        addressees.who_id,
        messages.sent_at as happened_at,
        'email' as kind,
        coalesce(senders.user_id, messages.createdbyid) as by_user_id,
        messages.incoming is false
            and not messages.is_bounced
            and lower(messages.status) in ('3', 'sent')
            and not messages.is_automated
            and not coalesce(creators.is_integration, false) as counts
    from messages
    join addressees on addressees.emailmessageid = messages.id
    left join senders on senders.emailmessageid = messages.id
    left join users as creators on creators.owner_id = messages.createdbyid
),
activities as (
    select * from calls_and_mails
    union all
    select * from meetings
    union all
    select * from mails
),
recorded as (
    select
        person.lead_id,
        activities.activity_id,
        activities.happened_at,
        activities.kind,
        activities.by_user_id,
        users.role_id,
        activities.counts
            and coalesce(users.is_rep, activities.by_user_id like '005%', false) as counts
    from activities
    join person on person.who_id = activities.who_id
    left join users on users.owner_id = activities.by_user_id
    where activities.happened_at <= $3::timestamptz
),
summaries as (
    select
        lead_id,
        'summary-call' as touch_id,
        first_call_at as happened_at,
        'call' as kind
    from metrics.stg_lead
    where workspace_id = $1
        and connection_id = $2
        and first_call_at <= $3::timestamptz
    union all
    select
        lead_id,
        'summary-email',
        first_email_at,
        'email'
    from metrics.stg_lead
    where workspace_id = $1
        and connection_id = $2
        and first_email_at <= $3::timestamptz
),
-- A summary that repeats a recorded activity adds nothing; where the activity does not count, neither does its summary.
final as (
    select distinct
        lead_id,
        activity_id as touch_id,
        happened_at as touched_at,
        kind,
        by_user_id,
        role_id as by_role_id,
        'activity' as evidence
    from recorded
    where counts
    union all
    select
        summaries.lead_id,
        summaries.touch_id,
        summaries.happened_at,
        summaries.kind,
        null,
        null,
        'summary'
    from summaries
    where not exists (
        select 1
        from recorded
        where recorded.lead_id = summaries.lead_id
            and recorded.happened_at between summaries.happened_at - interval '1 minute'
            and summaries.happened_at + interval '1 minute'
    )
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    lead_id,
    touch_id,
    touched_at,
    kind,
    by_user_id,
    by_role_id,
    evidence
from final
