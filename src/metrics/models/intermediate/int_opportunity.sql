-- Grain: one row per opportunity that is not deleted at as_of, and is no deal that the Salesforce integration made of an
-- opportunity which is in an org of the workspace: that is the opportunity itself, counted there. Money in the workspace's currency by the CRM's own rule:
-- rates dated by close date where the org has dated rates, else the static rate; where the CRM keeps amounts in its own
-- currency and that is the workspace's, that amount. Null with amount_reason where unknown.
-- pipeline_amount: the amount; a lost one stays at its last amount that was not 0.
-- counts_in_pipeline: of a pipeline type and ever in a stage, open or won, at or after run.pipeline_stage.
-- stalled_since: of an open one, the last of touch, change of stage and creation, plus its stage's days (run.stalled_days);
-- touches as in int_touch, by whom run.touch_by says. stage_changed_at: by the CRM's history, which has entries for other
-- changes too; where it does not tell of the present stage, the save that brought it between two pulls.
-- campaign_connection_id, campaign_id: the CRM's primary campaign. Where it names none and the first touch is of a campaign
-- of HubSpot's, that one: a deal has no primary campaign, and an opportunity of Salesforce's cannot name one of HubSpot's.
-- source: of its person (who carries the first touch, else the converted lead, else the primary contact), else its own.
-- Source: definitions 4, 7, 8, 9, 10. $1 workspace.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
connections as (
    select *
    from metrics.run_connection
    where workspace_id = $1
),
opportunities as (
    select opportunity.*
    from metrics.stg_opportunity as opportunity
    where opportunity.workspace_id = $1
        -- The integration may write 15 characters of an id, which are as good as 18.
        and not exists (
            select 1
            from metrics.stg_opportunity as original
            join connections
                on connections.connection_id = original.connection_id
                and connections.crm = 'salesforce'
            where original.workspace_id = $1
                and original.connection_id <> opportunity.connection_id
                and opportunity.salesforce_opportunity_id in (original.opportunity_id, left(original.opportunity_id, 15))
        )
),
history as (
    select *
    from metrics.stg_opportunity_step
    where workspace_id = $1
),
stages as (
    select
        connection_id,
        coalesce(pipeline, '') as pipeline,
        lower(api_name) as api_name,
        lower(label) as label,
        is_closed,
        is_won,
        is_active,
        sort_order
    from metrics.stg_stage
    where workspace_id = $1
),
-- Of each pipeline the first stage that counts.
first_counting as (
    select
        stages.connection_id,
        stages.pipeline,
        coalesce(
            min(stages.sort_order) filter (where lower(run.pipeline_stage) in (stages.api_name, stages.label)),
            min(stages.sort_order) filter (where not stages.is_closed and stages.is_active),
            0
        ) as sort_order
    from stages
    cross join run
    group by stages.connection_id, stages.pipeline
),
judged_stages as (
    select
        stages.*,
        coalesce(
            (not stages.is_closed or stages.is_won) and stages.sort_order >= first_counting.sort_order,
            false
        ) as counts,
        (coalesce(
            run.stalled_days_by_stage ->> stages.api_name,
            run.stalled_days_by_stage ->> stages.label
        ))::numeric as days
    from stages
    cross join run
    join first_counting
        on first_counting.connection_id = stages.connection_id
        and first_counting.pipeline = stages.pipeline
),
-- What a stage is called: its API name is one for all pipelines, its label one within its own.
stage_names as (
    select
        connection_id,
        null as pipeline,
        api_name as name,
        counts,
        days
    from judged_stages
    union all
    select
        connection_id,
        pipeline,
        label,
        counts,
        days
    from judged_stages
    where label is not null
),
reached as (
    select distinct
        history.connection_id,
        history.opportunity_id
    from history
    join opportunities
        on opportunities.connection_id = history.connection_id
        and opportunities.opportunity_id = history.opportunity_id
    join stage_names
        on stage_names.connection_id = history.connection_id
        and stage_names.name = lower(history.stage)
        and (stage_names.pipeline is null or stage_names.pipeline = coalesce(opportunities.pipeline, ''))
        and stage_names.counts
),
present_stages as (
    select
        opportunities.connection_id,
        opportunities.opportunity_id,
        bool_or(stage_names.counts) as counts,
        min(stage_names.days) as days
    from opportunities
    join stage_names
        on stage_names.connection_id = opportunities.connection_id
        and stage_names.name = lower(opportunities.stage)
        and (stage_names.pipeline is null or stage_names.pipeline = coalesce(opportunities.pipeline, ''))
    group by opportunities.connection_id, opportunities.opportunity_id
),
history_moves as (
    select distinct on (connection_id, opportunity_id)
        connection_id,
        opportunity_id,
        happened_at as moved_at
    from (
        select
            history.*,
            lag(stage) over (
                partition by connection_id, opportunity_id
                order by happened_at, step_id
            ) as previous_stage
        from history
    ) as steps
    where lower(stage) <> lower(previous_stage)
    order by connection_id, opportunity_id, happened_at desc, step_id desc
),
last_steps as (
    select distinct on (connection_id, opportunity_id)
        connection_id,
        opportunity_id,
        stage
    from history
    order by connection_id, opportunity_id, happened_at desc, step_id desc
),
seen_moves as (
    select
        connection_id,
        opportunity_id,
        max(changed_at) as moved_at
    from (
        select
            connection_id,
            opportunity_id,
            stage,
            changed_at,
            lag(stage) over (
                partition by connection_id, opportunity_id
                order by valid_from
            ) as previous_stage
        from metrics.stg_opportunity_version
        where workspace_id = $1
    ) as versions
    where lower(stage) <> lower(previous_stage)
    group by connection_id, opportunity_id
),
moves as (
    select
        opportunities.connection_id,
        opportunities.opportunity_id,
        case
            when lower(last_steps.stage) = lower(opportunities.stage) then history_moves.moved_at
            else coalesce(seen_moves.moved_at, history_moves.moved_at)
        end as stage_changed_at
    from opportunities
    left join last_steps
        on last_steps.connection_id = opportunities.connection_id
        and last_steps.opportunity_id = opportunities.opportunity_id
    left join history_moves
        on history_moves.connection_id = opportunities.connection_id
        and history_moves.opportunity_id = opportunities.opportunity_id
    left join seen_moves
        on seen_moves.connection_id = opportunities.connection_id
        and seen_moves.opportunity_id = opportunities.opportunity_id
),
last_touches as (
    select
        touch.connection_id,
        touch.opportunity_id,
        max(touch.touched_at) as last_touch_at
    from metrics.int_touch as touch
    join opportunities
        on opportunities.connection_id = touch.connection_id
        and opportunities.opportunity_id = touch.opportunity_id
    cross join run
    left join metrics.stg_owner as owner
        on owner.workspace_id = $1
        and owner.connection_id = opportunities.connection_id
        and owner.owner_id = opportunities.owner_id
    where touch.workspace_id = $1
        and case run.touch_by
            when 'anyone' then true
            when 'owner' then
                touch.by_connection_id = opportunities.connection_id and touch.by_user_id = opportunities.owner_id
            else touch.by_connection_id = opportunities.connection_id
                and (touch.by_user_id = opportunities.owner_id or touch.by_role_id = owner.role_id)
        end
    group by touch.connection_id, touch.opportunity_id
),
last_amounts as (
    select distinct on (connection_id, opportunity_id)
        connection_id,
        opportunity_id,
        amount
    from history
    where amount <> 0
    order by connection_id, opportunity_id, happened_at desc, step_id desc
),
static_rates as (
    select
        currency.connection_id,
        currency.code,
        nullif(currency.rate, 0) as rate,
        currency.is_corporate
    from metrics.stg_currency as currency
    where currency.workspace_id = $1
        and not currency.is_dated
),
dated_rates as (
    select
        connection_id,
        code,
        nullif(rate, 0) as rate,
        coalesce(from_on, '-infinity'::date) as from_on,
        coalesce(until_on, 'infinity'::date) as until_on
    from metrics.stg_currency
    where workspace_id = $1
        and is_dated
),
coded as (
    select
        opportunities.connection_id,
        opportunities.opportunity_id,
        opportunities.close_date,
        connections.currency_rule,
        connections.home_currency,
        -- A CRM that keeps home amounts has its own currency where the record names none.
        case
            when connections.currency_rule = 'home' then coalesce(opportunities.currency_code, connections.home_currency)
            else opportunities.currency_code
        end as currency_code
    from opportunities
    join connections on connections.connection_id = opportunities.connection_id
),
rated as (
    select
        coded.connection_id,
        coded.opportunity_id,
        coded.currency_rule = 'home' and coded.home_currency = run.currency_code as is_home,
        case coded.currency_rule
            when 'corporate' then 1
            when 'static' then target_static.rate / own_static.rate
            when 'home' then
                case
                    when coded.currency_code = run.currency_code then 1
                    else coalesce(target_static.rate, case when run.currency_code = coded.home_currency then 1 end)
                        / coalesce(own_static.rate, case when coded.currency_code = coded.home_currency then 1 end)
                end
            else coalesce(target_dated.rate, case when target_static.is_corporate then 1 end)
                / coalesce(own_dated.rate, case when own_static.is_corporate then 1 end)
        end as factor
    from coded
    cross join run
    left join static_rates as own_static
        on own_static.connection_id = coded.connection_id
        and own_static.code = coded.currency_code
    left join static_rates as target_static
        on target_static.connection_id = coded.connection_id
        and target_static.code = run.currency_code
    left join dated_rates as own_dated
        on own_dated.connection_id = coded.connection_id
        and own_dated.code = coded.currency_code
        and coded.close_date >= own_dated.from_on
        and coded.close_date < own_dated.until_on
    left join dated_rates as target_dated
        on target_dated.connection_id = coded.connection_id
        and target_dated.code = run.currency_code
        and coded.close_date >= target_dated.from_on
        and coded.close_date < target_dated.until_on
),
roles as (
    select
        role.connection_id,
        role.opportunity_id,
        record.person_id,
        role.is_primary,
        role.created_at,
        role.role_id
    from metrics.stg_opportunity_contact as role
    left join metrics.int_survivor as survivor
        on survivor.workspace_id = $1
        and survivor.connection_id = role.connection_id
        and survivor.record_id = role.contact_id
    join metrics.int_person_record as record
        on record.workspace_id = $1
        and record.connection_id = role.connection_id
        and record.record_id = coalesce(survivor.survivor_id, role.contact_id)
    where role.workspace_id = $1
),
converted as (
    select
        lead.connection_id,
        lead.converted_opportunity_id as opportunity_id,
        record.person_id,
        lead.created_at,
        lead.lead_id
    from metrics.stg_lead as lead
    join metrics.int_person_record as record
        on record.workspace_id = $1
        and record.connection_id = lead.connection_id
        and record.record_id = lead.lead_id
    where lead.workspace_id = $1
        and lead.converted_opportunity_id is not null
),
-- Contact roles tell who bought; without any, the person whose lead was converted into it.
people as (
    select
        connection_id,
        opportunity_id,
        person_id
    from roles
    union
    select
        connection_id,
        opportunity_id,
        person_id
    from converted
    where not exists (
        select 1
        from roles
        where roles.connection_id = converted.connection_id
            and roles.opportunity_id = converted.opportunity_id
    )
),
first_touches as (
    select distinct on (opportunities.connection_id, opportunities.opportunity_id)
        opportunities.connection_id,
        opportunities.opportunity_id,
        response.person_id,
        response.connection_id as campaign_connection_id,
        response.campaign_id,
        person.acquired_at
    from opportunities
    join people
        on people.connection_id = opportunities.connection_id
        and people.opportunity_id = opportunities.opportunity_id
    join metrics.int_response as response
        on response.workspace_id = $1
        and response.person_id = people.person_id
        and response.responded_at <= opportunities.created_at
    join metrics.int_person as person
        on person.workspace_id = $1
        and person.person_id = response.person_id
    order by
        opportunities.connection_id,
        opportunities.opportunity_id,
        response.responded_at,
        response.created_at,
        response.member_id
),
lead_people as (
    select distinct on (connection_id, opportunity_id)
        connection_id,
        opportunity_id,
        person_id
    from converted
    order by connection_id, opportunity_id, created_at, lead_id
),
role_people as (
    select distinct on (connection_id, opportunity_id)
        connection_id,
        opportunity_id,
        person_id
    from roles
    order by connection_id, opportunity_id, is_primary desc, created_at, role_id
),
joined as (
    select
        opportunities.*,
        coalesce(
            run.type_map ->> lower(opportunities.type_name),
            case
                when opportunities.type_name ~* 'renew' then 'renewal'
                when lower(opportunities.type_name) = 'existing business' then 'expansion'
                else 'new'
            end
        ) as kind,
        rated.factor,
        case when rated.is_home then opportunities.home_amount end as known_home_amount,
        moves.stage_changed_at,
        last_touches.last_touch_at,
        present_stages.days as stalled_days,
        first_touches.campaign_connection_id as first_touch_connection_id,
        first_touches.campaign_id as first_touch_campaign_id,
        first_touches.acquired_at,
        coalesce(first_touches.person_id, lead_people.person_id, role_people.person_id) as person_id,
        role_people.opportunity_id is not null as has_contact_role,
        opportunities.is_closed
            and not opportunities.is_won
            and coalesce(opportunities.amount, 0) = 0 as is_emptied,
        last_amounts.amount as last_amount,
        reached.opportunity_id is not null
            or coalesce(present_stages.counts, false)
            -- A stage that the CRM's list no longer names: its own flags decide.
            or (
                (not opportunities.is_closed or opportunities.is_won)
                and opportunities.stage is not null
                and present_stages.opportunity_id is null
            ) as has_reached
    from opportunities
    cross join run
    join rated
        on rated.connection_id = opportunities.connection_id
        and rated.opportunity_id = opportunities.opportunity_id
    join moves
        on moves.connection_id = opportunities.connection_id
        and moves.opportunity_id = opportunities.opportunity_id
    left join present_stages
        on present_stages.connection_id = opportunities.connection_id
        and present_stages.opportunity_id = opportunities.opportunity_id
    left join last_touches
        on last_touches.connection_id = opportunities.connection_id
        and last_touches.opportunity_id = opportunities.opportunity_id
    left join first_touches
        on first_touches.connection_id = opportunities.connection_id
        and first_touches.opportunity_id = opportunities.opportunity_id
    left join lead_people
        on lead_people.connection_id = opportunities.connection_id
        and lead_people.opportunity_id = opportunities.opportunity_id
    left join role_people
        on role_people.connection_id = opportunities.connection_id
        and role_people.opportunity_id = opportunities.opportunity_id
    left join last_amounts
        on last_amounts.connection_id = opportunities.connection_id
        and last_amounts.opportunity_id = opportunities.opportunity_id
    left join reached
        on reached.connection_id = opportunities.connection_id
        and reached.opportunity_id = opportunities.opportunity_id
),
valued as (
    select
        joined.*,
        coalesce(known_home_amount, amount * factor) as own_amount,
        case
            when is_emptied then last_amount * factor
            else coalesce(known_home_amount, amount * factor)
        end as kept_value,
        case when is_emptied then last_amount else coalesce(known_home_amount, amount) end as kept_amount
    from joined
),
final as (
    select
        valued.connection_id,
        valued.opportunity_id,
        valued.owner_id,
        valued.account_id,
        case
            when valued.campaign_id is not null then valued.connection_id
            when portal.connection_id is not null then valued.first_touch_connection_id
        end as campaign_connection_id,
        case
            when valued.campaign_id is not null then valued.campaign_id
            when portal.connection_id is not null then valued.first_touch_campaign_id
        end as campaign_id,
        valued.kind as type,
        valued.stage,
        valued.own_amount as amount,
        case
            when valued.kept_amount is null then 'no amount'
            when valued.kept_value is null then
                'no exchange rate for ' || coalesce(valued.currency_code, 'an opportunity without currency')
        end as amount_reason,
        valued.kept_value as pipeline_amount,
        valued.has_reached and valued.kind = any(run.pipeline_types) as counts_in_pipeline,
        not valued.is_closed as is_open,
        valued.is_won,
        valued.is_closed and not valued.is_won as is_lost,
        valued.created_at,
        (valued.created_at at time zone run.time_zone)::date as created_on,
        valued.close_date,
        valued.close_date - (valued.created_at at time zone run.time_zone)::date as sales_cycle_days,
        coalesce(person.source, valued.source) as source,
        valued.person_id,
        valued.has_contact_role,
        valued.first_touch_connection_id,
        valued.first_touch_campaign_id,
        valued.acquired_at,
        valued.last_touch_at,
        valued.stage_changed_at,
        case
            when not valued.is_closed then
                greatest(valued.created_at, valued.stage_changed_at, valued.last_touch_at)
                + make_interval(secs => (
                    coalesce(
                        valued.stalled_days,
                        (run.stalled_days_by_stage ->> lower(valued.stage))::numeric,
                        run.stalled_days
                    ) * 86400
                )::float8)
        end as stalled_since
    from valued
    cross join run
    left join metrics.int_person as person
        on person.workspace_id = $1
        and person.person_id = valued.person_id
    left join metrics.run_connection as portal
        on portal.workspace_id = $1
        and portal.connection_id = valued.first_touch_connection_id
        and portal.crm = 'hubspot'
)
select
    $1::text as workspace_id,
    connection_id,
    opportunity_id,
    owner_id,
    account_id,
    campaign_connection_id,
    campaign_id,
    type,
    stage,
    amount,
    amount_reason,
    pipeline_amount,
    counts_in_pipeline,
    is_open,
    is_won,
    is_lost,
    created_at,
    created_on,
    close_date,
    sales_cycle_days,
    source,
    person_id,
    has_contact_role,
    first_touch_connection_id,
    first_touch_campaign_id,
    acquired_at,
    last_touch_at,
    stage_changed_at,
    stalled_since
from final
