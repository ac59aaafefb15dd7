-- Grain: one row per engagement that is not archived and record it hangs on (contact, lead object or deal), not after as_of.
-- counts, as far as the engagement tells itself: a call that is not INBOUND and was begun; an e-mail of direction EMAIL and
-- status SENT; a meeting that ended and is COMPLETED or has no outcome; a communication that one of ours logged; a completed
-- task of a type in touch.task_types. Never what a workflow made, nor a subject of machines.
-- Mail of a sequence, by touch.sequences: first_step (the first mail of that sequence to the record, where it names the
-- user who made it and no integration did), all, none. HubSpot documents neither a mail's step nor who enrolled the contact.
-- Of a rep, or of an owner who is not there yet: else it counts for nobody. Communications have no documented direction. Who a machine is cannot be told from a user id; dialers log by API
-- (hs_object_source INTEGRATION) for people, so that source alone excludes nothing.
-- by_user_id: the owner's id; where there is none, that of the user who made it, else nobody.
-- is_redacted: an e-mail whose direction, or of an outgoing one the status, HubSpot withholds (scope sales-email-read):
-- nobody knows whether it counts. A draft has no status and is none. On a merged record hangs what hung on it when we saw it last; the survivor has it too.
-- Source: definitions 3. $1 workspace, $2 connection, $3 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
users as (
    select distinct on (user_id)
        user_id,
        id as owner_id
    from mirror.hubspot_owner
    cross join lateral (values (userid), (useridincludinginactive)) as known (user_id)
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and user_id <> ''
    order by user_id, (archived is not true) desc, id
),
calls as (
    select
        'calls' as object_type,
        id,
        'call' as kind,
        coalesce(hs_timestamp, createdat, changed_at) as happened_at,
        hubspot_owner_id,
        hs_created_by_user_id,
        hs_object_source,
        coalesce(hs_call_direction, '') <> 'INBOUND'
            and coalesce(hs_call_status, '') not in ('QUEUED', 'SCHEDULED')
            and hs_call_title_is_automated is not true as counts,
        false as is_redacted,
        null as sequence_id
    from mirror.hubspot_call
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and archived is not true
),
emails as (
    select
        'emails' as object_type,
        id,
        'email' as kind,
        coalesce(hs_timestamp, createdat, changed_at) as happened_at,
        hubspot_owner_id,
        hs_created_by_user_id,
        hs_object_source,
        redacted is not true
            and coalesce(hs_email_direction, '') = 'EMAIL'
            and coalesce(hs_email_status, '') = 'SENT'
            and hs_email_subject_is_automated is not true as counts,
        coalesce(redacted, false) and coalesce(nullif(hs_email_direction, ''), 'EMAIL') = 'EMAIL' as is_redacted,
        nullif(hs_sequence_id, '') as sequence_id
    from mirror.hubspot_email
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and archived is not true
),
meetings as (
    select
        'meetings' as object_type,
        id,
        'meeting' as kind,
        coalesce(hs_meeting_start_time, hs_timestamp, createdat, changed_at) as happened_at,
        hubspot_owner_id,
        hs_created_by_user_id,
        hs_object_source,
        -- SCHEDULED is what a meeting says until somebody records how it went.
        coalesce(nullif(hs_meeting_outcome, ''), 'SCHEDULED') in ('COMPLETED', 'SCHEDULED')
            and coalesce(hs_meeting_end_time, hs_meeting_start_time, hs_timestamp, createdat) <= $3::timestamptz
            and hs_meeting_title_is_automated is not true
            and hs_meeting_title_is_cancelled is not true as counts,
        false as is_redacted,
        null as sequence_id
    from mirror.hubspot_meeting
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and archived is not true
),
tasks as (
    select
        'tasks' as object_type,
        task.id,
        coalesce(lower(task.hs_task_type), 'task') as kind,
        -- hs_timestamp is when a task is due.
        coalesce(task.hs_task_completion_date, task.hs_lastmodifieddate, task.changed_at) as happened_at,
        task.hubspot_owner_id,
        task.hs_created_by_user_id,
        task.hs_object_source,
        coalesce(task.hs_task_status, '') = 'COMPLETED'
            and coalesce(lower(task.hs_task_type) = any(run.task_types), false)
            and task.hs_task_subject_is_automated is not true as counts,
        false as is_redacted,
        null as sequence_id
    from mirror.hubspot_task as task
    cross join run
    where task.workspace_id = $1
        and task.connection_id = $2
        and task.valid_from <= $3::timestamptz
        and (task.valid_to is null or task.valid_to > $3::timestamptz)
        and task.archived is not true
),
communications as (
    select
        'communications' as object_type,
        id,
        case hs_communication_channel_type
            when 'LINKEDIN_MESSAGE' then 'linkedin'
            when 'WHATS_APP' then 'whatsapp'
            else coalesce(lower(hs_communication_channel_type), 'message')
        end as kind,
        coalesce(hs_timestamp, createdat, changed_at) as happened_at,
        hubspot_owner_id,
        hs_created_by_user_id,
        hs_object_source,
        coalesce(nullif(hubspot_owner_id, ''), nullif(hs_created_by_user_id, '')) is not null as counts,
        false as is_redacted,
        null as sequence_id
    from mirror.hubspot_communication
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and archived is not true
),
engagements as (
    select
        every.object_type,
        every.id as activity_id,
        every.kind,
        every.happened_at,
        coalesce(nullif(every.hubspot_owner_id, ''), users.owner_id) as by_user_id,
        every.counts and coalesce(every.hs_object_source, '') <> 'AUTOMATION_PLATFORM' as counts,
        every.is_redacted,
        every.sequence_id,
        every.hs_created_by_user_id <> '' and coalesce(every.hs_object_source, '') <> 'INTEGRATION' as is_by_person
    from (
        select * from calls
        union all
        select * from emails
        union all
        select * from meetings
        union all
        select * from tasks
        union all
        select * from communications
    ) as every
    left join users on users.user_id = every.hs_created_by_user_id
    where every.happened_at <= $3::timestamptz
),
associations as (
    select 'calls' as object_type, recordid, toobjecttype, toobjectids, valid_from, valid_to
    from mirror.hubspot_call_association
    where workspace_id = $1 and connection_id = $2
    union all
    select 'emails', recordid, toobjecttype, toobjectids, valid_from, valid_to
    from mirror.hubspot_email_association
    where workspace_id = $1 and connection_id = $2
    union all
    select 'meetings', recordid, toobjecttype, toobjectids, valid_from, valid_to
    from mirror.hubspot_meeting_association
    where workspace_id = $1 and connection_id = $2
    union all
    select 'tasks', recordid, toobjecttype, toobjectids, valid_from, valid_to
    from mirror.hubspot_task_association
    where workspace_id = $1 and connection_id = $2
    union all
    select 'communications', recordid, toobjecttype, toobjectids, valid_from, valid_to
    from mirror.hubspot_communication_association
    where workspace_id = $1 and connection_id = $2
),
links as (
    select
        associations.object_type,
        associations.recordid as activity_id,
        associations.toobjecttype as to_type,
        record.id as record_id,
        associations.valid_to is null or associations.valid_to > $3::timestamptz as is_current
    from associations
    cross join lateral unnest(string_to_array(associations.toobjectids, ';')) as record (id)
    where associations.valid_from <= $3::timestamptz
        and associations.toobjecttype in ('contacts', 'leads', 'deals')
    union all
    -- The nightly sweep reads from the leads' side: what was linked since is seen there first.
    select
        swept.toobjecttype,
        engagement.id,
        'leads',
        swept.recordid,
        swept.valid_to is null or swept.valid_to > $3::timestamptz
    from mirror.hubspot_lead_association as swept
    cross join lateral unnest(string_to_array(swept.toobjectids, ';')) as engagement (id)
    where swept.workspace_id = $1
        and swept.connection_id = $2
        and swept.valid_from <= $3::timestamptz
        and swept.toobjecttype in ('calls', 'emails', 'meetings', 'tasks', 'communications')
),
merged as (
    select
        'contacts' as to_type,
        unnest(string_to_array(hs_merged_object_ids, ';')) as record_id
    from mirror.hubspot_contact
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
    union
    select
        'leads',
        unnest(string_to_array(hs_merged_object_ids, ';'))
    from mirror.hubspot_lead
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
hung as (
    select
        links.object_type,
        links.activity_id,
        links.to_type,
        links.record_id
    from links
    left join merged
        on merged.to_type = links.to_type
        and merged.record_id = links.record_id
    where links.record_id <> ''
        and (links.is_current or merged.record_id is not null)
    group by links.object_type, links.activity_id, links.to_type, links.record_id
),
ranked as (
    select
        engagements.*,
        hung.to_type,
        hung.record_id,
        row_number() over (
            partition by hung.to_type, hung.record_id, engagements.sequence_id, engagements.counts
            order by engagements.happened_at, engagements.activity_id
        ) as place_in_sequence
    from engagements
    join hung
        on hung.object_type = engagements.object_type
        and hung.activity_id = engagements.activity_id
),
final as (
    select
        ranked.activity_id,
        ranked.kind,
        ranked.happened_at,
        ranked.by_user_id,
        ranked.counts and coalesce(owner.is_rep, ranked.by_user_id is not null) and case
            when ranked.sequence_id is null then true
            when run.touch_sequences = 'all' then true
            when run.touch_sequences = 'none' then false
            else ranked.place_in_sequence = 1 and coalesce(ranked.is_by_person, false)
        end as counts,
        ranked.is_redacted,
        case when ranked.to_type = 'leads' then ranked.record_id end as lead_id,
        case when ranked.to_type = 'contacts' then ranked.record_id end as contact_id,
        case when ranked.to_type = 'deals' then ranked.record_id end as opportunity_id
    from ranked
    cross join run
    left join metrics.stg_owner as owner
        on owner.workspace_id = $1
        and owner.connection_id = $2
        and owner.owner_id = ranked.by_user_id
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    activity_id,
    kind,
    happened_at,
    by_user_id,
    counts,
    is_redacted,
    lead_id,
    contact_id,
    opportunity_id
from final
