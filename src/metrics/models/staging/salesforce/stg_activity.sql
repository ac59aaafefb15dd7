-- Grain: one row per activity (Task, Event, EmailMessage) and lead, contact or opportunity that it hangs on, not after
-- as_of. counts: a recorded, outbound, human attempt of somebody who sells, or of a user who is not there yet.
-- A merge hangs the loser's activities on the winner; they hang on the loser still where we saw them there before.
-- Source: definitions 3. $1 workspace, $2 connection, $3 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
users as (
    select
        owner_id,
        is_rep,
        is_integration
    from metrics.stg_owner
    where workspace_id = $1
        and connection_id = $2
),
messages as (
    select
        id,
        activityid,
        relatedtoid,
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
        whatid,
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
        tasks.whatid as what_id,
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
        event.whatid as what_id,
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
        messages.relatedtoid as what_id,
        messages.sent_at as happened_at,
        'email' as kind,
        coalesce(senders.user_id, messages.createdbyid) as by_user_id,
        messages.incoming is false
            and not messages.is_bounced
            and lower(messages.status) in ('3', 'sent')
            and not messages.is_automated
            and not coalesce(creators.is_integration, false) as counts
    from messages
    left join addressees on addressees.emailmessageid = messages.id
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
merged_leads as (
    select lead_id
    from metrics.stg_lead
    where workspace_id = $1
        and connection_id = $2
        and is_merged
),
before_merge as (
    select
        task.id as activity_id,
        task.whoid as record_id
    from mirror.salesforce_task as task
    join merged_leads on merged_leads.lead_id = task.whoid
    where task.workspace_id = $1
        and task.connection_id = $2
        and task.valid_to <= $3::timestamptz
    union
    select
        event.id,
        event.whoid
    from mirror.salesforce_event as event
    join merged_leads on merged_leads.lead_id = event.whoid
    where event.workspace_id = $1
        and event.connection_id = $2
        and event.valid_to <= $3::timestamptz
    union
    select
        relation.emailmessageid,
        relation.relationid
    from mirror.salesforce_email_message_relation as relation
    join merged_leads on merged_leads.lead_id = relation.relationid
    where relation.workspace_id = $1
        and relation.connection_id = $2
        and relation.valid_to <= $3::timestamptz
),
hung as (
    select
        activities.activity_id,
        activities.kind,
        activities.happened_at,
        activities.by_user_id,
        activities.counts,
        hangs_on.record_id
    from activities
    cross join lateral (
        values
            (activities.who_id),
            (activities.what_id)
    ) as hangs_on (record_id)
    where hangs_on.record_id is not null
    union all
    select
        activities.activity_id,
        activities.kind,
        activities.happened_at,
        activities.by_user_id,
        activities.counts,
        before_merge.record_id
    from activities
    join before_merge on before_merge.activity_id = activities.activity_id
),
final as (
    select distinct
        hung.activity_id,
        hung.kind,
        hung.happened_at,
        hung.by_user_id,
        -- A user who is not there yet is taken for a rep, as in stg_owner.
        coalesce(hung.counts, false) and coalesce(users.is_rep, hung.by_user_id like '005%', false) as counts,
        case when hung.record_id like '00Q%' then hung.record_id end as lead_id,
        case when hung.record_id like '003%' then hung.record_id end as contact_id,
        case when hung.record_id like '006%' then hung.record_id end as opportunity_id
    from hung
    left join users on users.owner_id = hung.by_user_id
    where hung.happened_at <= $3::timestamptz
        and left(hung.record_id, 3) in ('00Q', '003', '006')
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    activity_id,
    kind,
    happened_at,
    by_user_id,
    counts,
    false as is_redacted,
    lead_id,
    contact_id,
    opportunity_id
from final
