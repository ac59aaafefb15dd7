-- Grain: one row per change that HubSpot's own property history tells of: an owner (old and new id, empty: nobody), or a
-- status with its class; and, of contacts, per deal that was made of one (field converted).
-- A value set in the second in which the record was made was there from its making. HubSpot keeps a number of values a
-- property (not documented how many); of what is older than the oldest nobody is taken to be the owner.
-- changed_by_id: the owner's id of the user, else the user's. Source: definitions 2.
-- Of a contact, status is told from lifecycle stage and lead status together; after a deal only a change of the lifecycle
-- stage opens it again. Until it is a lead of the process (a lead's lifecycle stage, or an owner: stg_lead) its class is
-- `before`: nobody waits for a newsletter's subscriber. $1 workspace, $2 connection, $3 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
portal as (
    select *
    from metrics.run_connection
    where workspace_id = $1
        and connection_id = $2
),
leads as (
    select
        lead_id,
        contact_id,
        created_at
    from metrics.stg_lead
    where workspace_id = $1
        and connection_id = $2
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
stages as (
    select distinct on (stage_id)
        stage_id,
        label,
        class
    from mirror.hubspot_lead_stage
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
    order by stage_id, label
),
entries as (
    select
        id,
        recordid as lead_id,
        property,
        nullif("value", '') as "value",
        "timestamp",
        updatedbyuserid
    from mirror.hubspot_lead_history
    join portal on portal.unit = 'leads'
    where mirror.hubspot_lead_history.workspace_id = $1
        and mirror.hubspot_lead_history.connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and "timestamp" <= $3::timestamptz
    union all
    select
        id,
        recordid,
        property,
        nullif("value", ''),
        "timestamp",
        updatedbyuserid
    from mirror.hubspot_contact_history
    join portal on portal.unit = 'contacts'
    where mirror.hubspot_contact_history.workspace_id = $1
        and mirror.hubspot_contact_history.connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and "timestamp" <= $3::timestamptz
),
history as (
    select
        entries.id,
        entries.lead_id,
        leads.contact_id,
        entries.property,
        entries.value,
        case
            when entries.timestamp <= leads.created_at + interval '1 second' then leads.created_at
            else entries.timestamp
        end as happened_at,
        entries.timestamp as stamp,
        coalesce(users.owner_id, nullif(entries.updatedbyuserid, '')) as changed_by_id
    from entries
    join leads on leads.lead_id = entries.lead_id
    left join users on users.user_id = entries.updatedbyuserid
),
owner_changes as (
    select
        lead_id,
        id,
        happened_at,
        coalesce(lag(value) over (partition by lead_id order by stamp, id), '') as old_value,
        coalesce(value, '') as new_value,
        changed_by_id
    from history
    where property = 'hubspot_owner_id'
),
stage_changes as (
    select
        history.lead_id,
        history.id,
        history.happened_at,
        history.stamp,
        history.changed_by_id,
        coalesce(stages.label, history.value) as word,
        case
            when lower(stages.label) = any(run.recycled_statuses) then 'recycled'
            when stages.class is not null then stages.class
            when lower(stages.label) = any(run.disqualified_statuses) then 'disqualified'
            else 'open'
        end as class,
        'status' as field
    from history
    cross join run
    left join stages on stages.stage_id = history.value
    where history.property = 'hs_pipeline_stage'
),
deals as (
    select
        leads.lead_id,
        deal.id,
        deal.createdat as happened_at
    from mirror.hubspot_deal_association as association
    join portal on portal.unit = 'contacts'
    cross join lateral unnest(string_to_array(association.toobjectids, ';')) as associated (contact_id)
    join leads on leads.lead_id = associated.contact_id
    join mirror.hubspot_deal as deal
        on deal.workspace_id = $1
        and deal.connection_id = $2
        and deal.id = association.recordid
        and deal.valid_from <= $3::timestamptz
        and (deal.valid_to is null or deal.valid_to > $3::timestamptz)
        and deal.archived is not true
        and deal.createdat >= leads.created_at
        and deal.createdat <= $3::timestamptz
    where association.workspace_id = $1
        and association.connection_id = $2
        and association.toobjecttype = 'contacts'
        and association.valid_from <= $3::timestamptz
        and (association.valid_to is null or association.valid_to > $3::timestamptz)
),
-- Where no stage is in the history, nobody knows that the contact was anything else before.
process_starts as (
    select
        lead_id,
        min(happened_at) filter (
            where property = 'hubspot_owner_id'
                and value is not null
                or property = 'lifecyclestage'
                and lower(value) in ('lead', 'marketingqualifiedlead', 'salesqualifiedlead')
        ) as started_at
    from history
    join portal on portal.unit = 'contacts'
    group by lead_id
    having bool_or(property = 'lifecyclestage')
),
contact_events as (
    select
        process_starts.lead_id,
        'start:' || process_starts.lead_id as id,
        process_starts.started_at as happened_at,
        process_starts.started_at as stamp,
        4 as rank,
        null as lifecycle,
        null as lead_status,
        null as changed_by_id,
        'status' as field
    from process_starts
    join leads on leads.lead_id = process_starts.lead_id
    where process_starts.started_at > leads.created_at
    union all
    select
        lead_id,
        id,
        happened_at,
        stamp,
        case property when 'lifecyclestage' then 1 else 2 end as rank,
        case when property = 'lifecyclestage' then coalesce(lower(value), '') end as lifecycle,
        case when property = 'hs_lead_status' then coalesce(value, '') end as lead_status,
        changed_by_id,
        'status' as field
    from history
    where property in ('lifecyclestage', 'hs_lead_status')
    union all
    select
        lead_id,
        'deal:' || id,
        happened_at,
        happened_at,
        3,
        null,
        null,
        null,
        'converted'
    from deals
),
numbered as (
    select
        *,
        row_number() over (partition by lead_id order by stamp, rank, id) as number
    from contact_events
),
-- The running maximum of "number and value" is the last value that is not null.
carried as (
    select
        lead_id,
        id,
        happened_at,
        stamp,
        number,
        changed_by_id,
        field,
        nullif(substr(
            max(case when lifecycle is not null then lpad(number::text, 9, '0') || lifecycle end collate "C") over so_far,
            10
        ), '') as lifecycle,
        nullif(substr(
            max(case when lead_status is not null then lpad(number::text, 9, '0') || lead_status end collate "C") over so_far,
            10
        ), '') as lead_status,
        coalesce(max(case when field = 'converted' then number end) over so_far, 0)
            > coalesce(max(case when lifecycle is not null then number end) over so_far, 0) as has_deal,
        number = max(number) over (partition by lead_id, happened_at) as is_last_of_instant
    from numbered
    window so_far as (partition by lead_id order by number)
),
worded as (
    select
        carried.*,
        mirror.hubspot_contact_status(lifecycle, lead_status) as word
    from carried
),
contact_changes as (
    select
        worded.lead_id,
        worded.id,
        worded.happened_at,
        worded.stamp,
        worded.changed_by_id,
        worded.word,
        case
            when worded.happened_at < process_starts.started_at then 'before'
            when worded.has_deal or lower(worded.word) = any(portal.converted_statuses) then 'converted'
            when lower(worded.word) = any(run.disqualified_statuses) then 'disqualified'
            when lower(worded.word) = 'bad timing' or lower(worded.word) = any(run.recycled_statuses) then 'recycled'
            else 'open'
        end as class,
        worded.field
    from worded
    cross join run
    cross join portal
    left join process_starts on process_starts.lead_id = worded.lead_id
    where worded.is_last_of_instant
),
status_changes as (
    select
        changes.*,
        lag(word) over in_order as old_word,
        lag(class) over in_order as old_class,
        row_number() over in_order = 1 as is_first
    from (
        select lead_id, id, happened_at, stamp, changed_by_id, word, class, field from stage_changes
        union all
        select lead_id, id, happened_at, stamp, changed_by_id, word, class, field from contact_changes
    ) as changes
    window in_order as (partition by lead_id order by stamp, id)
),
final as (
    select
        lead_id,
        id as change_id,
        happened_at,
        'owner' as field,
        old_value,
        new_value,
        null as old_class,
        null as new_class,
        changed_by_id
    from owner_changes
    where old_value <> new_value
    union all
    select
        status_changes.lead_id,
        status_changes.id,
        status_changes.happened_at,
        status_changes.field,
        case when status_changes.field = 'status' then status_changes.old_word end,
        case when status_changes.field = 'status' then status_changes.word end,
        coalesce(
            status_changes.old_class,
            case when status_changes.happened_at = leads.created_at then status_changes.class else 'open' end
        ),
        status_changes.class,
        status_changes.changed_by_id
    from status_changes
    join leads on leads.lead_id = status_changes.lead_id
    where (not status_changes.is_first and status_changes.word is distinct from status_changes.old_word)
        or status_changes.class <> status_changes.old_class
        -- The open status that a record was made with is no change.
        or (
            status_changes.is_first
            and (status_changes.happened_at > leads.created_at or status_changes.class <> 'open')
        )
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    lead_id,
    change_id,
    happened_at,
    field,
    old_value,
    new_value,
    old_class,
    new_class,
    changed_by_id
from final
