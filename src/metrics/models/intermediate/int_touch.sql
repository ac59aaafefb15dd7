-- Grain: one row per recorded, outbound, human attempt and lead, or open opportunity. touched_at in UTC, never after as_of.
-- evidence: activity, or summary (the CRM's first call or e-mail of a lead, where no activity tells of that moment).
-- by_user_id is null for a summary. Source: definitions 3.
-- A lead's are those on itself, on the contact that it is of, and on the contact it was converted into; those before the
-- lead was made are not its.
-- An open opportunity's are those on itself, on the contacts of its contact roles, and on the contact of a lead converted
-- into it; an activity on one of its contacts counts for each open opportunity of theirs.
-- $1 workspace, $2 as_of.
with leads as (
    select *
    from metrics.stg_lead
    where workspace_id = $1
),
activities as (
    select *
    from metrics.stg_activity
    where workspace_id = $1
),
open_opportunities as (
    select
        connection_id,
        opportunity_id
    from metrics.stg_opportunity
    where workspace_id = $1
        and not is_closed
),
-- What an activity on a contact says something about. Some records may be there twice.
subjects as (
    select
        connection_id,
        converted_contact_id as contact_id,
        lead_id,
        null as opportunity_id,
        created_at as since
    from leads
    where converted_contact_id is not null
    union
    select
        connection_id,
        contact_id,
        lead_id,
        null,
        -- Of a lead that is a contact everything is.
        case when contact_id = lead_id then '-infinity' else created_at end
    from leads
    where contact_id is not null
    union
    select
        role.connection_id,
        role.contact_id,
        null,
        role.opportunity_id,
        '-infinity'
    from metrics.stg_opportunity_contact as role
    join open_opportunities
        on open_opportunities.connection_id = role.connection_id
        and open_opportunities.opportunity_id = role.opportunity_id
    where role.workspace_id = $1
    union
    select
        leads.connection_id,
        leads.converted_contact_id,
        null,
        open_opportunities.opportunity_id,
        '-infinity'
    from leads
    join open_opportunities
        on open_opportunities.connection_id = leads.connection_id
        and open_opportunities.opportunity_id = leads.converted_opportunity_id
    where leads.converted_contact_id is not null
),
recorded as (
    select
        activities.connection_id,
        activities.lead_id,
        null as opportunity_id,
        activities.activity_id,
        activities.happened_at,
        activities.kind,
        activities.by_user_id,
        activities.counts
    from activities
    join leads
        on leads.connection_id = activities.connection_id
        and leads.lead_id = activities.lead_id
    union all
    select
        activities.connection_id,
        null,
        activities.opportunity_id,
        activities.activity_id,
        activities.happened_at,
        activities.kind,
        activities.by_user_id,
        activities.counts
    from activities
    join open_opportunities
        on open_opportunities.connection_id = activities.connection_id
        and open_opportunities.opportunity_id = activities.opportunity_id
    union all
    select
        activities.connection_id,
        subjects.lead_id,
        subjects.opportunity_id,
        activities.activity_id,
        activities.happened_at,
        activities.kind,
        activities.by_user_id,
        activities.counts
    from activities
    join subjects
        on subjects.connection_id = activities.connection_id
        and subjects.contact_id = activities.contact_id
        and subjects.since <= activities.happened_at
),
summaries as (
    select
        connection_id,
        lead_id,
        'summary-call' as touch_id,
        first_call_at as happened_at,
        'call' as kind
    from leads
    where first_call_at <= $2::timestamptz
    union all
    select
        connection_id,
        lead_id,
        'summary-email',
        first_email_at,
        'email'
    from leads
    where first_email_at <= $2::timestamptz
),
touches as (
    select distinct
        connection_id,
        lead_id,
        opportunity_id,
        activity_id as touch_id,
        happened_at as touched_at,
        kind,
        by_user_id
    from recorded
    where counts
),
-- A summary that repeats a recorded activity adds nothing; where the activity does not count, neither does its summary.
final as (
    select
        touches.connection_id,
        touches.lead_id,
        touches.opportunity_id,
        touches.touch_id,
        touches.touched_at,
        touches.kind,
        touches.connection_id as by_connection_id,
        touches.by_user_id,
        owner.role_id as by_role_id,
        'activity' as evidence
    from touches
    left join metrics.stg_owner as owner
        on owner.workspace_id = $1
        and owner.connection_id = touches.connection_id
        and owner.owner_id = touches.by_user_id
    union all
    select
        summaries.connection_id,
        summaries.lead_id,
        null,
        summaries.touch_id,
        summaries.happened_at,
        summaries.kind,
        summaries.connection_id,
        null,
        null,
        'summary'
    from summaries
    where not exists (
        select 1
        from recorded
        where recorded.connection_id = summaries.connection_id
            and recorded.lead_id = summaries.lead_id
            and recorded.happened_at between summaries.happened_at - interval '1 minute'
            and summaries.happened_at + interval '1 minute'
    )
)
select
    $1::text as workspace_id,
    connection_id,
    lead_id,
    opportunity_id,
    touch_id,
    touched_at,
    kind,
    by_connection_id,
    by_user_id,
    by_role_id,
    evidence
from final
