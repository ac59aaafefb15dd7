-- Grain: one row per recorded, outbound, human attempt and lead, or open opportunity. touched_at in UTC, never after as_of.
-- evidence: activity, or summary (the CRM's first call or e-mail of a lead, where no activity tells of that moment).
-- by_user_id is null for a summary. Source: definitions 3.
-- A lead's are those on itself, on the contact that it is of, and on the contact it was converted into; those before the
-- lead was made are not its.
-- An open opportunity's are those on itself, on the contacts of its contact roles, and on the contact of a lead converted
-- into it; an activity on one of its contacts counts for each open opportunity of theirs.
-- An activity on any record of the person in another CRM counts too, for each lead of theirs from its creation on and each
-- open opportunity that they belong to. One act that both CRMs recorded is one touch: same person, kind and rep, at most
-- five minutes apart, each act matched with one at most; that of the lead's own CRM stays. A rep is the same where the
-- address is: by_user_id is then the one of the lead's CRM (by_connection_id). touch_connection_id: where it is recorded.
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
-- Who leads and open opportunities are about, for what other CRMs tell of them.
about as (
    select
        leads.connection_id,
        leads.lead_id,
        null as opportunity_id,
        leads.created_at as since,
        record.person_id
    from leads
    join metrics.int_person_record as record
        on record.workspace_id = $1
        and record.connection_id = leads.connection_id
        and record.record_id = leads.lead_id
    union
    select
        subjects.connection_id,
        null,
        subjects.opportunity_id,
        '-infinity',
        record.person_id
    from subjects
    left join metrics.int_survivor as survivor
        on survivor.workspace_id = $1
        and survivor.connection_id = subjects.connection_id
        and survivor.record_id = subjects.contact_id
    join metrics.int_person_record as record
        on record.workspace_id = $1
        and record.connection_id = subjects.connection_id
        and record.record_id = coalesce(survivor.survivor_id, subjects.contact_id)
    where subjects.opportunity_id is not null
),
elsewhere as (
    select
        activities.*,
        record.person_id
    from activities
    join metrics.int_person_record as record
        on record.workspace_id = $1
        and record.connection_id = activities.connection_id
        and record.record_id = coalesce(activities.lead_id, activities.contact_id)
    -- With one connection there is no elsewhere.
    where (select count(*) > 1 from metrics.run_connection where workspace_id = $1)
),
recorded as (
    select
        activities.connection_id,
        activities.lead_id,
        null as opportunity_id,
        activities.connection_id as touch_connection_id,
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
        activities.connection_id,
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
        activities.connection_id,
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
    union all
    select
        about.connection_id,
        about.lead_id,
        about.opportunity_id,
        elsewhere.connection_id,
        elsewhere.activity_id,
        elsewhere.happened_at,
        elsewhere.kind,
        elsewhere.by_user_id,
        elsewhere.counts
    from elsewhere
    join about
        on about.person_id = elsewhere.person_id
        and about.connection_id <> elsewhere.connection_id
        and about.since <= elsewhere.happened_at
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
attempts as (
    select distinct
        connection_id,
        lead_id,
        opportunity_id,
        touch_connection_id,
        activity_id as touch_id,
        happened_at as touched_at,
        kind,
        by_user_id
    from recorded
    where counts
),
owners as (
    select *
    from metrics.stg_owner
    where workspace_id = $1
),
-- The same rep's account in another connection.
same_reps as (
    select distinct on (owners.connection_id, owners.owner_id, other.connection_id)
        owners.connection_id,
        owners.owner_id,
        other.connection_id as other_connection_id,
        other.owner_id as other_owner_id
    from owners
    join owners as other
        on other.email_hash = owners.email_hash
        and other.connection_id <> owners.connection_id
    order by owners.connection_id, owners.owner_id, other.connection_id, other.is_active desc, other.owner_id
),
touches as (
    select
        attempts.*,
        coalesce(attempts.lead_id, attempts.opportunity_id) as subject_id,
        coalesce(same_reps.other_connection_id, attempts.touch_connection_id) as by_connection_id,
        coalesce(same_reps.other_owner_id, attempts.by_user_id) as rep_id
    from attempts
    left join same_reps
        on same_reps.connection_id = attempts.touch_connection_id
        and same_reps.owner_id = attempts.by_user_id
        and same_reps.other_connection_id = attempts.connection_id
),
pairs as (
    select
        own.connection_id,
        own.subject_id,
        foreign_touch.touch_connection_id,
        foreign_touch.touch_id,
        row_number() over (
            partition by own.connection_id, own.subject_id, own.touch_id
            order by abs(extract(epoch from foreign_touch.touched_at - own.touched_at)), foreign_touch.touch_id
        ) as rank_of_foreign,
        row_number() over (
            partition by own.connection_id, own.subject_id, foreign_touch.touch_connection_id, foreign_touch.touch_id
            order by abs(extract(epoch from foreign_touch.touched_at - own.touched_at)), own.touch_id
        ) as rank_of_own
    from touches as own
    join touches as foreign_touch
        on foreign_touch.connection_id = own.connection_id
        and foreign_touch.subject_id = own.subject_id
        and foreign_touch.kind = own.kind
        and foreign_touch.by_connection_id = own.by_connection_id
        and foreign_touch.rep_id = own.rep_id
        and foreign_touch.touch_connection_id <> own.touch_connection_id
        and foreign_touch.touched_at between own.touched_at - interval '5 minutes' and own.touched_at + interval '5 minutes'
    where own.touch_connection_id = own.connection_id
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
        touches.touch_connection_id,
        touches.by_connection_id,
        touches.rep_id as by_user_id,
        owner.role_id as by_role_id,
        'activity' as evidence
    from touches
    left join owners as owner
        on owner.connection_id = touches.by_connection_id
        and owner.owner_id = touches.rep_id
    left join pairs
        on pairs.connection_id = touches.connection_id
        and pairs.subject_id = touches.subject_id
        and pairs.touch_connection_id = touches.touch_connection_id
        and pairs.touch_id = touches.touch_id
        and pairs.rank_of_foreign = 1
        and pairs.rank_of_own = 1
    where pairs.touch_id is null
    union all
    select
        summaries.connection_id,
        summaries.lead_id,
        null,
        summaries.touch_id,
        summaries.happened_at,
        summaries.kind,
        summaries.connection_id,
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
    touch_connection_id,
    by_connection_id,
    by_user_id,
    by_role_id,
    evidence
from final
