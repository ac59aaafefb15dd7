-- Grain: one row per opportunity that is not deleted at as_of. Money in the workspace's currency by the CRM's own rule:
-- rates dated by close date where the org has dated rates, else the static rate; null with amount_reason where unknown.
-- pipeline_amount: the amount; a lost one stays at its last amount that was not 0.
-- counts_in_pipeline: of a pipeline type and ever in a stage, open or won, at or after run.pipeline_stage.
-- stalled_since: of an open one, the last of touch, change of stage and creation, plus its stage's days (run.stalled_days);
-- touches as in stg_touch, by whom run.touch_by says. stage_changed_at: by OpportunityHistory, which has a row for other
-- changes too; where it does not tell of the present stage, the save that brought it between two pulls.
-- source: of its person (who carries the first touch, else the converted lead, else the primary contact), else its own.
-- Source: definitions 4, 7, 8, 9, 10. $1 workspace, $2 connection, $3 as_of.
with run as (
    select *
    from metrics.run
    where workspace_id = $1
),
opportunities as (
    select
        opportunity.*,
        coalesce(isclosed, false) as is_closed,
        coalesce(iswon, false) as is_won
    from mirror.salesforce_opportunity as opportunity
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and isdeleted is not true
        and createddate <= $3::timestamptz
),
history as (
    select
        opportunityid,
        stagename,
        amount,
        currencyisocode,
        createddate,
        id
    from mirror.salesforce_opportunity_history
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and isdeleted is not true
        and createddate <= $3::timestamptz
),
stages as (
    select
        lower(coalesce(apiname, masterlabel)) as api_name,
        lower(masterlabel) as label,
        coalesce(isclosed, false) as is_closed,
        coalesce(iswon, false) as is_won,
        coalesce(isactive, true) as is_active,
        sortorder
    from mirror.salesforce_opportunity_stage
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
first_counting as (
    select
        coalesce(
            (
                select min(stages.sortorder)
                from stages
                where lower(run.pipeline_stage) in (stages.api_name, stages.label)
            ),
            (
                select min(stages.sortorder)
                from stages
                where not stages.is_closed
                    and stages.is_active
            ),
            0
        ) as sortorder
    from run
),
counting_stages as (
    select
        unnest(array[stages.api_name, stages.label]) as name
    from stages
    cross join first_counting
    where (not stages.is_closed or stages.is_won)
        and stages.sortorder >= first_counting.sortorder
),
known_stages as (
    select unnest(array[api_name, label]) as name
    from stages
),
reached as (
    select distinct opportunityid
    from history
    where lower(stagename) in (select name from counting_stages)
),
history_moves as (
    select distinct on (opportunityid)
        opportunityid,
        stagename,
        createddate as moved_at
    from (
        select
            history.*,
            lag(stagename) over (partition by opportunityid order by createddate, id) as previous_stage
        from history
    ) as steps
    where lower(stagename) <> lower(previous_stage)
    order by opportunityid, createddate desc, id desc
),
last_steps as (
    select distinct on (opportunityid)
        opportunityid,
        stagename
    from history
    order by opportunityid, createddate desc, id desc
),
seen_moves as (
    select
        id as opportunityid,
        max(changed_at) as moved_at
    from (
        select
            id,
            stagename,
            changed_at,
            lag(stagename) over (partition by id order by valid_from) as previous_stage
        from mirror.salesforce_opportunity
        where workspace_id = $1
            and connection_id = $2
            and valid_from <= $3::timestamptz
    ) as versions
    where lower(stagename) <> lower(previous_stage)
    group by id
),
moves as (
    select
        opportunities.id,
        case
            when lower(last_steps.stagename) = lower(opportunities.stagename) then history_moves.moved_at
            else coalesce(seen_moves.moved_at, history_moves.moved_at)
        end as stage_changed_at
    from opportunities
    left join last_steps on last_steps.opportunityid = opportunities.id
    left join history_moves on history_moves.opportunityid = opportunities.id
    left join seen_moves on seen_moves.opportunityid = opportunities.id
),
last_touches as (
    select
        touch.opportunity_id as id,
        max(touch.touched_at) as last_touch_at
    from metrics.stg_touch as touch
    join opportunities on opportunities.id = touch.opportunity_id
    cross join run
    left join metrics.stg_owner as owner
        on owner.workspace_id = $1
        and owner.connection_id = $2
        and owner.owner_id = opportunities.ownerid
    where touch.workspace_id = $1
        and touch.connection_id = $2
        and case run.touch_by
            when 'anyone' then true
            when 'owner' then touch.by_user_id = opportunities.ownerid
            else touch.by_user_id = opportunities.ownerid or touch.by_role_id = owner.role_id
        end
    group by touch.opportunity_id
),
stage_days as (
    select distinct on (name)
        unnest(array[stages.api_name, stages.label]) as name,
        (coalesce(
            run.stalled_days_by_stage ->> stages.api_name,
            run.stalled_days_by_stage ->> stages.label
        ))::numeric as days
    from stages
    cross join run
    where run.stalled_days_by_stage ?| array[stages.api_name, stages.label]
    order by name, days
),
last_amounts as (
    select distinct on (opportunityid)
        opportunityid,
        amount
    from history
    where amount <> 0
    order by opportunityid, createddate desc, id desc
),
static_rates as (
    select
        isocode,
        nullif(conversionrate, 0) as rate,
        coalesce(iscorporate, false) as is_corporate
    from mirror.salesforce_currency_type
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
dated_rates as (
    select
        isocode,
        nullif(conversionrate, 0) as rate,
        coalesce(startdate, '-infinity'::date) as from_on,
        coalesce(nextstartdate, 'infinity'::date) as until_on
    from mirror.salesforce_dated_conversion_rate
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
rated as (
    select
        opportunities.id,
        case run.currency_rule
            when 'corporate' then 1
            when 'static' then target_static.rate / own_static.rate
            else coalesce(target_dated.rate, case when target_static.is_corporate then 1 end)
                / coalesce(own_dated.rate, case when own_static.is_corporate then 1 end)
        end as factor
    from opportunities
    cross join run
    left join static_rates as own_static on own_static.isocode = opportunities.currencyisocode
    left join static_rates as target_static on target_static.isocode = run.currency_code
    left join dated_rates as own_dated
        on own_dated.isocode = opportunities.currencyisocode
        and opportunities.closedate >= own_dated.from_on
        and opportunities.closedate < own_dated.until_on
    left join dated_rates as target_dated
        on target_dated.isocode = run.currency_code
        and opportunities.closedate >= target_dated.from_on
        and opportunities.closedate < target_dated.until_on
),
typed as (
    select
        opportunities.id,
        coalesce(
            run.type_map ->> lower(opportunities.type),
            case
                when opportunities.type ~* 'renew' then 'renewal'
                when lower(opportunities.type) = 'existing business' then 'expansion'
                else 'new'
            end
        ) as type
    from opportunities
    cross join run
),
roles as (
    select
        role.opportunityid,
        record.person_id,
        coalesce(role.isprimary, false) as is_primary,
        role.createddate,
        role.id
    from mirror.salesforce_opportunity_contact_role as role
    join metrics.int_person_record as record
        on record.workspace_id = $1
        and record.connection_id = $2
        and record.record_id = role.contactid
    where role.workspace_id = $1
        and role.connection_id = $2
        and role.valid_from <= $3::timestamptz
        and (role.valid_to is null or role.valid_to > $3::timestamptz)
        and role.isdeleted is not true
),
converted as (
    select
        lead.converted_opportunity_id as opportunityid,
        record.person_id,
        lead.created_at,
        lead.lead_id
    from metrics.stg_lead as lead
    join metrics.int_person_record as record
        on record.workspace_id = $1
        and record.connection_id = $2
        and record.record_id = lead.lead_id
    where lead.workspace_id = $1
        and lead.connection_id = $2
        and lead.converted_opportunity_id is not null
),
-- Contact roles tell who bought; without any, the person whose lead was converted into it.
people as (
    select
        opportunityid,
        person_id
    from roles
    union
    select
        opportunityid,
        person_id
    from converted
    where not exists (select 1 from roles where roles.opportunityid = converted.opportunityid)
),
first_touches as (
    select distinct on (opportunities.id)
        opportunities.id,
        response.person_id,
        response.campaign_id,
        person.acquired_at
    from opportunities
    join people on people.opportunityid = opportunities.id
    join metrics.int_response as response
        on response.workspace_id = $1
        and response.connection_id = $2
        and response.person_id = people.person_id
        and response.responded_at <= opportunities.createddate
    join metrics.int_person as person
        on person.workspace_id = $1
        and person.connection_id = $2
        and person.person_id = response.person_id
    order by opportunities.id, response.responded_at, response.created_at, response.member_id
),
lead_people as (
    select distinct on (opportunityid)
        opportunityid,
        person_id
    from converted
    order by opportunityid, created_at, lead_id
),
role_people as (
    select distinct on (opportunityid)
        opportunityid,
        person_id
    from roles
    order by opportunityid, is_primary desc, createddate, id
),
joined as (
    select
        opportunities.*,
        typed.type as kind,
        rated.factor,
        moves.stage_changed_at,
        last_touches.last_touch_at,
        stage_days.days as stalled_days,
        first_touches.campaign_id as first_touch_campaign_id,
        first_touches.acquired_at,
        coalesce(first_touches.person_id, lead_people.person_id, role_people.person_id) as person_id,
        role_people.opportunityid is not null as has_contact_role,
        case
            when opportunities.is_closed and not opportunities.is_won
                and coalesce(opportunities.amount, 0) = 0 then last_amounts.amount
            else opportunities.amount
        end as kept_amount,
        reached.opportunityid is not null
            or lower(opportunities.stagename) in (select name from counting_stages)
            -- A stage that the org's list no longer names: its own flags decide.
            or (
                (not opportunities.is_closed or opportunities.is_won)
                and lower(opportunities.stagename) not in (select name from known_stages)
            ) as has_reached
    from opportunities
    join typed on typed.id = opportunities.id
    join rated on rated.id = opportunities.id
    join moves on moves.id = opportunities.id
    left join last_touches on last_touches.id = opportunities.id
    left join stage_days on stage_days.name = lower(opportunities.stagename)
    left join first_touches on first_touches.id = opportunities.id
    left join lead_people on lead_people.opportunityid = opportunities.id
    left join role_people on role_people.opportunityid = opportunities.id
    left join last_amounts on last_amounts.opportunityid = opportunities.id
    left join reached on reached.opportunityid = opportunities.id
),
final as (
    select
        joined.id as opportunity_id,
        joined.ownerid as owner_id,
        joined.accountid as account_id,
        joined.campaignid as campaign_id,
        joined.kind as type,
        joined.stagename as stage,
        joined.amount * joined.factor as amount,
        case
            when joined.kept_amount is null then 'no amount'
            when joined.factor is null then
                'no exchange rate for ' || coalesce(joined.currencyisocode, 'an opportunity without currency')
        end as amount_reason,
        joined.kept_amount * joined.factor as pipeline_amount,
        coalesce(joined.has_reached, false) and joined.kind = any(run.pipeline_types) as counts_in_pipeline,
        not joined.is_closed as is_open,
        joined.is_won,
        joined.is_closed and not joined.is_won as is_lost,
        joined.createddate as created_at,
        (joined.createddate at time zone run.time_zone)::date as created_on,
        joined.closedate as close_date,
        joined.closedate - (joined.createddate at time zone run.time_zone)::date as sales_cycle_days,
        coalesce(person.source, nullif(btrim(joined.leadsource), '')) as source,
        joined.person_id,
        joined.has_contact_role,
        joined.first_touch_campaign_id,
        joined.acquired_at,
        joined.last_touch_at,
        joined.stage_changed_at,
        case
            when not joined.is_closed then
                greatest(joined.createddate, joined.stage_changed_at, joined.last_touch_at)
                + make_interval(secs => (
                    coalesce(
                        joined.stalled_days,
                        (run.stalled_days_by_stage ->> lower(joined.stagename))::numeric,
                        run.stalled_days
                    ) * 86400
                )::float8)
        end as stalled_since
    from joined
    cross join run
    left join metrics.int_person as person
        on person.workspace_id = $1
        and person.connection_id = $2
        and person.person_id = joined.person_id
)
select
    $1::text as workspace_id,
    $2::text as connection_id,
    opportunity_id,
    owner_id,
    account_id,
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
    first_touch_campaign_id,
    acquired_at,
    last_touch_at,
    stage_changed_at,
    stalled_since
from final
