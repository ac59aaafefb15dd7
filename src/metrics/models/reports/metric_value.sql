-- Grain: one row per metric of a report row. A report row has exactly the metrics that the catalog lists for its basis
-- and row type; what no model found is 0 where nothing happened, else null with a reason.
-- Reasons: the capture gate, "no history before", "small" (a denominator under 10), hidden fields. Source: definitions,
-- head; design 7. $1 workspace, $3 the catalog's rules as JSON.
-- The capture gate is a connection's: it holds for its reps and teams, and for every row that its leads are part of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
rules as (
    select *
    from jsonb_to_recordset($3::jsonb) as rule (
        name text,
        unit text,
        row_types text[],
        bases text[],
        needs_touch boolean,
        to_date_only boolean,
        has_small_denominator boolean,
        when_absent numeric,
        when_absent_reason text,
        when_zero_reason text,
        blocked_reason text,
        incomplete_reason text
    )
),
-- One text for a row's key: equality of nullable columns can only be joined by a loop over all pairs.
facts as (
    select
        rpt_fact.*,
        concat_ws(
            '|', row_type, coalesce('=' || member, '-'), period_type, coalesce(period_start::text, '-'), basis,
            coalesce(age_days::text, '-')
        ) as row_key
    from metrics.rpt_fact
    where workspace_id = $1
),
connections as (
    select
        connection.connection_id,
        connection.position,
        connection.capture_gate,
        connection.withholds_email,
        lead.connection_id is not null as has_leads,
        case
            when count(*) over () = 1 then 'the CRM'
            else concat(
                case connection.crm when 'salesforce' then 'Salesforce' when 'hubspot' then 'HubSpot' else connection.crm end,
                case when count(*) over (partition by connection.crm) > 1 then ' (' || connection.connection_id || ')' end
            )
        end as name
    from metrics.run_connection as connection
    left join (
        select distinct connection_id
        from metrics.int_handoff
        where workspace_id = $1
    ) as lead on lead.connection_id = connection.connection_id
    where connection.workspace_id = $1
),
-- A connection in which no lead was ever a rep's says nothing about touches, unless none has any.
gated as (
    select *
    from connections
    where has_leads
        or not exists (select 1 from connections as other where other.has_leads)
),
gate_members as (
    select
        'workspace' as row_type,
        '' as member_key,
        connection_id
    from gated
    union
    select
        'source',
        coalesce(source, ''),
        connection_id
    from metrics.int_lead
    where workspace_id = $1
    union
    select
        'rep',
        owner_id,
        connection_id
    from metrics.stg_owner
    where workspace_id = $1
    union
    select
        'team',
        role_id,
        connection_id
    from metrics.stg_owner
    where workspace_id = $1
        and role_id is not null
),
gates as (
    select
        gate_members.row_type,
        gate_members.member_key,
        string_agg(
            case
                when gated.withholds_email then
                    'e-mail is withheld by ' || gated.name || ' (scope sales-email-read is missing)'
                else 'activity is not logged in ' || gated.name
            end,
            ', ' order by gated.position
        ) filter (where gated.capture_gate = 'closed') as closed_because,
        string_agg(gated.name, ' and ' order by gated.position) filter (where gated.capture_gate = 'not_proven')
            as not_proven_in
    from gate_members
    join gated on gated.connection_id = gate_members.connection_id
    group by gate_members.row_type, gate_members.member_key
),
-- A report row names its member by the id alone.
campaigns as (
    select distinct on (campaign.campaign_id)
        campaign.*,
        coalesce(root.name, root.campaign_id) as root_name
    from metrics.int_campaign as campaign
    left join metrics.int_campaign as root
        on root.workspace_id = $1
        and root.connection_id = campaign.family_connection_id
        and root.campaign_id = campaign.family_root
    where campaign.workspace_id = $1
    order by campaign.campaign_id, campaign.own_cost is null, campaign.connection_id
),
owners as (
    select distinct on (owner_id)
        owner_id,
        name
    from metrics.stg_owner
    where workspace_id = $1
    order by owner_id, connection_id
),
teams as (
    select distinct on (role_id)
        role_id,
        role_name
    from metrics.stg_owner
    where workspace_id = $1
        and role_id is not null
    order by role_id, role_name
),
known_cost as (
    select exists (select 1 from campaigns where own_cost is not null) as is_any
),
-- Sources with people in campaigns of known cost: where these spent nothing on it in a period, that is 0.
source_cost as (
    select coalesce(member, '') as member_key
    from metrics.int_row_investment
    where workspace_id = $1
        and row_type = 'source'
        and period_type = 'lifetime'
),
ages as (
    select age_days
    from metrics.cohort_age
    where workspace_id = $1
),
row_keys as (
    select row_type, member, period_type, period_start, basis, age_days from facts
    union
    -- The workspace has a row in every period, also an empty one.
    select 'workspace', null, 'day', today, 'point_in_time', null from run
    union
    select 'workspace', null, period_type, period_start, 'in_period', null
    from metrics.period
    where workspace_id = $1
        and period_type <> 'day'
    union
    select 'workspace', null, period.period_type, period.period_start, 'cohort', ages.age_days
    from metrics.period
    cross join ages
    where period.workspace_id = $1
        and (period.period_type = 'month' or (period.period_type = 'lifetime' and ages.age_days is null))
    union
    -- A campaign whose cost its parent keeps has a row that says so.
    select 'campaign', campaign_id, 'lifetime', null, 'in_period', null
    from campaigns
    where family_root <> campaign_id
),
labelled as (
    select
        row_keys.*,
        case row_keys.row_type
            when 'workspace' then run.workspace_name
            when 'campaign' then coalesce(campaigns.name, row_keys.member)
            when 'source' then coalesce(row_keys.member, 'No source')
            when 'rep' then coalesce(owners.name, row_keys.member)
            when 'team' then coalesce(teams.role_name, row_keys.member)
            when 'load_quartile' then
                case row_keys.member
                    when '1' then '1 of 4, lightest load'
                    when '2' then '2 of 4'
                    when '3' then '3 of 4'
                    when '4' then '4 of 4, heaviest load'
                end
        end as label,
        case
            when row_keys.row_type in ('workspace', 'campaign', 'source') then
                case row_keys.basis
                    when 'in_period' then 'primary_campaign'
                    when 'cohort' then 'first_touch'
                    else ''
                end
            else ''
        end as model,
        campaigns.own_cost is not null as has_own_cost,
        campaigns.own_cost_reason,
        source_cost.member_key is not null as has_source_cost,
        case when gates.row_type is null then all_gates.closed_because else gates.closed_because end as closed_because,
        case when gates.row_type is null then all_gates.not_proven_in else gates.not_proven_in end as not_proven_in,
        period.ends_at + make_interval(days => row_keys.age_days) > run.as_of as is_immature,
        case when campaigns.family_root <> campaigns.campaign_id then 'cost kept on ' || campaigns.root_name end
            as counted_elsewhere,
        concat_ws(
            '|', row_keys.row_type, coalesce('=' || row_keys.member, '-'), row_keys.period_type,
            coalesce(row_keys.period_start::text, '-'), row_keys.basis, coalesce(row_keys.age_days::text, '-')
        ) as row_key
    from row_keys
    cross join run
    left join source_cost
        on row_keys.row_type = 'source'
        and source_cost.member_key = coalesce(row_keys.member, '')
    left join metrics.period as period
        on period.workspace_id = $1
        and period.period_type = 'month'
        and row_keys.period_type = 'month'
        and period.period_start = row_keys.period_start
    left join campaigns
        on row_keys.row_type = 'campaign'
        and campaigns.campaign_id = row_keys.member
    left join owners
        on row_keys.row_type = 'rep'
        and owners.owner_id = row_keys.member
    left join teams
        on row_keys.row_type = 'team'
        and teams.role_id = row_keys.member
    left join gates
        on gates.row_type = row_keys.row_type
        and gates.member_key = coalesce(row_keys.member, '')
    left join gates as all_gates on all_gates.row_type = 'workspace'
),
cells as (
    select
        labelled.row_type,
        labelled.member,
        labelled.label,
        labelled.period_type,
        labelled.period_start,
        labelled.basis,
        labelled.model,
        labelled.age_days,
        labelled.counted_elsewhere,
        labelled.closed_because,
        labelled.not_proven_in,
        labelled.is_immature,
        rules.*,
        facts.metric is not null as is_found,
        facts.value as found_value,
        facts.text_value as found_text,
        facts.numerator,
        facts.denominator,
        facts.reason as found_reason,
        -- What a missing amount of money means on this row.
        case
            when rules.name not in (
                'investment', 'investment_basis', 'investment_loaded', 'cost_per_lead', 'cost_per_lead_loaded',
                'pipeline_per_dollar', 'pipeline_per_dollar_loaded', 'pipeline'
            ) then null
            when labelled.row_type = 'campaign' then
                case when not labelled.has_own_cost and rules.name <> 'pipeline' then labelled.own_cost_reason end
            when labelled.row_type = 'source' and rules.name <> 'pipeline' then
                case when not labelled.has_source_cost then 'no campaign cost' end
            when labelled.row_type in ('source', 'workspace') and not known_cost.is_any then
                case when rules.name = 'pipeline' then 'no campaign cost' else 'cost missing' end
        end as money_reason
    from labelled
    cross join known_cost
    join rules
        on labelled.basis = any(rules.bases)
        and labelled.row_type = any(rules.row_types)
        and (labelled.age_days is null or not rules.to_date_only)
    left join facts
        on facts.row_key = labelled.row_key
        and facts.metric = rules.name
),
judged as (
    select
        cells.*,
        case
            when cells.blocked_reason is not null then cells.blocked_reason
            when cells.needs_touch and cells.closed_because is not null then cells.closed_because
            when not cells.is_found then coalesce(
                cells.counted_elsewhere,
                cells.money_reason,
                case
                    when cells.is_immature
                        and cells.name in (
                            'pipeline', 'pipeline_per_dollar', 'pipeline_per_dollar_loaded', 'pipeline_without_cost'
                        ) then 'immature'
                end
            )
        end as stopped_by,
        case
            when cells.found_value is not null then cells.found_value
            when cells.numerator is not null then cells.numerator / nullif(cells.denominator, 0)
            when not cells.is_found then cells.when_absent
        end as raw_value
    from cells
),
final as (
    select
        judged.row_type,
        judged.member,
        judged.label,
        judged.period_type,
        judged.period_start,
        judged.basis,
        judged.model,
        judged.age_days,
        case when judged.unit in ('money', 'money_ratio') then run.currency_code end as currency_code,
        judged.name as metric,
        case when judged.stopped_by is null then judged.raw_value end as value,
        case when judged.stopped_by is null then judged.found_text end as text_value,
        case when judged.stopped_by is null then judged.numerator end as numerator,
        case when judged.stopped_by is null then judged.denominator end as denominator,
        nullif(concat_ws(
            '; ',
            coalesce(
                judged.stopped_by,
                judged.found_reason,
                case
                    when judged.raw_value is null and judged.found_text is null then
                        case
                            when judged.is_found then judged.when_zero_reason
                            else coalesce(judged.when_absent_reason, judged.when_zero_reason)
                        end
                end
            ),
            case
                when judged.stopped_by is null
                    and judged.raw_value is not null
                    and judged.needs_touch
                    and judged.not_proven_in is not null then
                        concat('capture not proven', ' in ' || nullif(judged.not_proven_in, 'the CRM'))
            end,
            case
                when judged.stopped_by is null
                    and judged.raw_value is not null
                    and judged.has_small_denominator
                    and judged.denominator < 10 then 'small'
            end,
            judged.incomplete_reason
        ), '') as reason
    from judged
    cross join run
)
select
    $1::text as workspace_id,
    row_type,
    member,
    label,
    period_type,
    period_start,
    basis,
    model,
    age_days,
    currency_code,
    metric,
    value,
    text_value,
    numerator,
    denominator,
    reason
from final
