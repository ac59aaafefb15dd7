-- Grain: workspace, campaign (family), source, rep, team by month and lifetime: inquiries (responses), inquirers
-- (distinct people), leads, converted.
-- leads: campaign rows: people whose first response to the campaign falls in the period; rep and team rows: chains made
-- in it; else distinct people whose Lead was created in it. Source: definitions 7, 9. $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
responses as (
    select
        response.family_root as campaign_id,
        response.person_id,
        person.source,
        date_trunc('month', response.responded_on)::date as month
    from metrics.int_response as response
    join metrics.int_person as person
        on person.workspace_id = $1
        and person.person_id = response.person_id
    where response.workspace_id = $1
),
-- A person counts once in a row. Which response counts is marked before rows are multiplied by grains and periods.
marked_responses as (
    select
        campaign_id,
        source,
        month,
        row_number() over (partition by person_id order by month, campaign_id) = 1 as is_first,
        row_number() over (partition by person_id, month order by campaign_id) = 1 as is_first_of_month,
        row_number() over (partition by person_id, campaign_id order by month) = 1 as is_first_of_campaign,
        row_number() over (partition by person_id, campaign_id, month) = 1 as is_first_of_campaign_and_month
    from responses
),
grouped_responses as (
    select
        campaign_id,
        source,
        month,
        count(*) as inquiries,
        count(*) filter (where is_first) as people,
        count(*) filter (where is_first_of_month) as people_of_month,
        count(*) filter (where is_first_of_campaign) as people_of_campaign,
        count(*) filter (where is_first_of_campaign_and_month) as people_of_campaign_and_month
    from marked_responses
    group by campaign_id, source, month
),
inquiries as (
    select
        grain.row_type,
        grain.member,
        period.period_type,
        period.period_start,
        sum(inquiries) as inquiries,
        sum(
            case
                when grain.row_type = 'campaign' and period.period_type = 'month' then people_of_campaign_and_month
                when grain.row_type = 'campaign' then people_of_campaign
                when period.period_type = 'month' then people_of_month
                else people
            end
        ) as inquirers,
        sum(people_of_campaign) as first_responses
    from grouped_responses
    cross join run
    cross join lateral (
        values
            ('workspace', null),
            ('source', source),
            ('campaign', campaign_id)
    ) as grain (row_type, member)
    cross join lateral (
        values
            ('lifetime', null::date),
            ('month', month)
    ) as period (period_type, period_start)
    where period.period_start is null
        or period.period_start >= run.first_month
    group by grain.row_type, grain.member, period.period_type, period.period_start
),
created as (
    select
        lead.source,
        record.person_id,
        date_trunc('month', lead.created_at at time zone run.time_zone)::date as month
    from metrics.int_lead as lead
    cross join run
    join metrics.int_person_record as record
        on record.workspace_id = $1
        and record.connection_id = lead.connection_id
        and record.record_id = lead.lead_id
    where lead.workspace_id = $1
        and not lead.is_excluded
),
marked_leads as (
    select
        source,
        month,
        row_number() over (partition by person_id order by month) = 1 as is_first,
        row_number() over (partition by person_id, month) = 1 as is_first_of_month,
        row_number() over (partition by person_id, source order by month) = 1 as is_first_of_source,
        row_number() over (partition by person_id, source, month) = 1 as is_first_of_source_and_month
    from created
),
grouped_leads as (
    select
        source,
        month,
        count(*) filter (where is_first) as people,
        count(*) filter (where is_first_of_month) as people_of_month,
        count(*) filter (where is_first_of_source) as people_of_source,
        count(*) filter (where is_first_of_source_and_month) as people_of_source_and_month
    from marked_leads
    group by source, month
),
created_leads as (
    select
        grain.row_type,
        grain.member,
        period.period_type,
        period.period_start,
        sum(
            case
                when grain.row_type = 'source' and period.period_type = 'month' then people_of_source_and_month
                when grain.row_type = 'source' then people_of_source
                when period.period_type = 'month' then people_of_month
                else people
            end
        ) as leads
    from grouped_leads
    cross join run
    cross join lateral (
        values
            ('workspace', null),
            ('source', source)
    ) as grain (row_type, member)
    cross join lateral (
        values
            ('lifetime', null::date),
            ('month', month)
    ) as period (period_type, period_start)
    where period.period_start is null
        or period.period_start >= run.first_month
    group by grain.row_type, grain.member, period.period_type, period.period_start
),
chains as (
    select
        handoff.owner_id,
        handoff.team,
        date_trunc('month', handoff.handed_off_at at time zone run.time_zone)::date as month,
        count(*) as leads
    from metrics.int_handoff as handoff
    cross join run
    where handoff.workspace_id = $1
        and handoff.is_in_scope
        and handoff.chain_position = 1
        and handoff.evidence <> 'unknown'
    group by handoff.owner_id, handoff.team, month
),
chain_leads as (
    select
        grain.row_type,
        grain.member,
        period.period_type,
        period.period_start,
        sum(leads) as leads
    from chains
    cross join run
    cross join lateral (
        values
            ('rep', owner_id),
            ('team', team)
    ) as grain (row_type, member)
    cross join lateral (
        values
            ('lifetime', null::date),
            ('month', month)
    ) as period (period_type, period_start)
    where grain.member is not null
        and (period.period_type = 'lifetime' or period.period_start >= run.first_month)
    group by grain.row_type, grain.member, period.period_type, period.period_start
),
conversions as (
    select
        event.connection_id,
        event.lead_id,
        max(event.happened_at) as converted_at
    from metrics.int_status_event as event
    where event.workspace_id = $1
        and event.status_class = 'converted'
    group by event.connection_id, event.lead_id
),
conversion_holders as (
    select
        connection_id,
        lead_id,
        owner_id,
        team
    from metrics.int_handoff
    where workspace_id = $1
        and ended_by = 'converted'
),
converted as (
    select
        lead.source,
        conversion_holders.owner_id,
        conversion_holders.team,
        date_trunc('month', conversions.converted_at at time zone run.time_zone)::date as month,
        count(*) as converted
    from metrics.int_lead as lead
    cross join run
    join conversions
        on conversions.connection_id = lead.connection_id
        and conversions.lead_id = lead.lead_id
    left join conversion_holders
        on conversion_holders.connection_id = lead.connection_id
        and conversion_holders.lead_id = lead.lead_id
    where lead.workspace_id = $1
        and lead.is_converted
        and not lead.is_excluded
    group by lead.source, conversion_holders.owner_id, conversion_holders.team, month
),
converted_leads as (
    select
        grain.row_type,
        grain.member,
        period.period_type,
        period.period_start,
        sum(converted) as converted
    from converted
    cross join run
    cross join lateral (
        values
            ('workspace', null),
            ('source', source),
            ('rep', owner_id),
            ('team', team)
    ) as grain (row_type, member)
    cross join lateral (
        values
            ('lifetime', null::date),
            ('month', month)
    ) as period (period_type, period_start)
    where (grain.row_type in ('workspace', 'source') or grain.member is not null)
        and (period.period_start is null or period.period_start >= run.first_month)
    group by grain.row_type, grain.member, period.period_type, period.period_start
),
counts as (
    select row_type, member, period_type, period_start, 'inquiries' as metric, inquiries as value from inquiries
    union all
    select row_type, member, period_type, period_start, 'inquirers', inquirers from inquiries
    union all
    select row_type, member, period_type, period_start, 'leads', first_responses
    from inquiries
    where row_type = 'campaign'
    union all
    select row_type, member, period_type, period_start, 'leads', leads from created_leads
    union all
    select row_type, member, period_type, period_start, 'leads', leads from chain_leads
    union all
    select row_type, member, period_type, period_start, 'converted', converted from converted_leads
),
final as (
    select
        row_type,
        member,
        period_type,
        period_start,
        'in_period' as basis,
        null::integer as age_days,
        metric,
        value::numeric as value,
        null as text_value,
        null::numeric as numerator,
        null::numeric as denominator,
        null as reason
    from counts
)
select * from final
