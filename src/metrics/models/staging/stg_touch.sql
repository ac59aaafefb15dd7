-- Grain: one row per recorded, outbound, human attempt and lead, or open opportunity. touched_at in UTC, never after as_of.
-- evidence: activity (a Task, Event or EmailMessage) or summary (Lead.FirstCallDateTime / FirstEmailDateTime where no
-- activity tells of that moment). by_user_id is null for a summary. Source: definitions 3.
-- A converted lead's activities hang on its contact: Salesforce moves them there. Those before the lead was made are not its.
-- A merged lead's are those that hung on it when we last saw it alive; the winner has them too.
-- An open opportunity's are those on itself (WhatId, RelatedToId), on the contacts of its contact roles, and on the
-- contact of a lead converted into it; an activity on one of its contacts counts for each open opportunity of theirs.
-- $1 workspace, $2 connection, $3 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
open_opportunities as (
    select id as opportunity_id
    from mirror.salesforce_opportunity
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and isdeleted is not true
        and isclosed is not true
        and createddate <= $3::timestamptz
),
-- Records that activities hang on, with what they say something about.
subjects as (
    select
        lead_id as record_id,
        lead_id,
        null as opportunity_id,
        '-infinity'::timestamptz as since
    from metrics.stg_lead
    where workspace_id = $1
        and connection_id = $2
    union all
    -- An old contact's history is none of the lead that was converted into it.
    select
        converted_contact_id,
        lead_id,
        null,
        created_at
    from metrics.stg_lead
    where workspace_id = $1
        and connection_id = $2
        and converted_contact_id is not null
    union all
    select
        opportunity_id,
        null,
        opportunity_id,
        '-infinity'::timestamptz
    from open_opportunities
    union all
    select
        role.contactid,
        null,
        open_opportunities.opportunity_id,
        '-infinity'::timestamptz
    from mirror.salesforce_opportunity_contact_role as role
    join open_opportunities on open_opportunities.opportunity_id = role.opportunityid
    where role.workspace_id = $1
        and role.connection_id = $2
        and role.valid_from <= $3::timestamptz
        and (role.valid_to is null or role.valid_to > $3::timestamptz)
        and role.isdeleted is not true
    union all
    select
        lead.converted_contact_id,
        null,
        open_opportunities.opportunity_id,
        '-infinity'::timestamptz
    from metrics.stg_lead as lead
    join open_opportunities on open_opportunities.opportunity_id = lead.converted_opportunity_id
    where lead.workspace_id = $1
        and lead.connection_id = $2
        and lead.converted_contact_id is not null
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
-- A merge hangs the loser's activities on the winner. Where we saw them before, the loser's handoff keeps its touches.
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
recorded as (
    select
        subjects.lead_id,
        subjects.opportunity_id,
        activities.activity_id,
        activities.happened_at,
        activities.kind,
        activities.by_user_id,
        users.role_id,
        activities.counts
            and coalesce(users.is_rep, activities.by_user_id like '005%', false) as counts
    from activities
    cross join lateral (
        values
            (activities.who_id),
            (activities.what_id)
        union all
        select before_merge.record_id
        from before_merge
        where before_merge.activity_id = activities.activity_id
    ) as hangs_on (record_id)
    join subjects
        on subjects.record_id = hangs_on.record_id
        and subjects.since <= activities.happened_at
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
        opportunity_id,
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
        null,
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
    opportunity_id,
    touch_id,
    touched_at,
    kind,
    by_user_id,
    by_role_id,
    evidence
from final
