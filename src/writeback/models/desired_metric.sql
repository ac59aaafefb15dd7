-- Grain: one row per report row, key = sha256 of workspace | row type | member | period type | start | basis | model |
-- age. `metrics` holds the row's metric fields, rounded; a row of the report's window that is no longer reported comes
-- back with its numbers emptied. Money in the workspace's currency. Source: Ripeline_Metric__c of the write-back contract.
-- $1 workspace_id, $2 connection_id, $3 as_of, $4 rep rows are written, $5 json: [{metric, part, field, scale}],
-- $6 the org has several currencies
with field as (
    select
        field.metric,
        field.part,
        field.field,
        field.scale
    from jsonb_to_recordset($5::jsonb) as field (metric text, part text, field text, scale integer)
),
reported as (
    select
        encode(
            sha256(
                convert_to(
                    concat_ws(
                        '|',
                        value.workspace_id,
                        value.row_type,
                        coalesce(value.member, ''),
                        value.period_type,
                        coalesce(to_char(value.period_start, 'YYYY-MM-DD'), ''),
                        value.basis,
                        value.model,
                        coalesce(value.age_days::text, '')
                    ),
                    'UTF8'
                )
            ),
            'hex'
        ) as key,
        value.row_type,
        value.member,
        value.period_type,
        value.period_start,
        value.basis,
        value.model,
        value.age_days,
        max(value.label) as label,
        max(value.currency_code) as currency_code,
        string_agg(distinct value.metric || ': ' || value.reason, '; ' order by value.metric || ': ' || value.reason) as reasons,
        coalesce(
            jsonb_object_agg(
                field.field,
                case field.part
                    when 'text' then to_jsonb(value.text_value)
                    -- An unknown ratio has no parts either: the CRM's formula must not show what the report withholds.
                    when 'numerator' then to_jsonb(case when value.value is not null then round(value.numerator, field.scale) end)
                    when 'denominator' then to_jsonb(case when value.value is not null then round(value.denominator, field.scale) end)
                    else to_jsonb(round(value.value, field.scale))
                end
            ) filter (where field.field is not null),
            '{}'
        ) as metrics
    from metrics.metric_value as value
    left join field on field.metric = value.metric
    where value.workspace_id = $1
        -- How rows by load quartile compare is for the report; the object's row types are those of the contract.
        and value.row_type <> 'load_quartile'
        and (value.row_type <> 'rep' or $4::boolean)
    group by
        value.workspace_id,
        value.row_type,
        value.member,
        value.period_type,
        value.period_start,
        value.basis,
        value.model,
        value.age_days
),
reported_from as (
    select coalesce(min(reported.period_start), 'infinity'::date) as first_month
    from reported
    where reported.period_type = 'month'
),
withdrawn as (
    select
        acknowledged.key,
        (
            select jsonb_object_agg(entry.key, 'null'::jsonb)
            from jsonb_each(acknowledged.fields) as entry
            inner join field on field.field = entry.key
        ) as metrics
    from writeback.acknowledged as acknowledged
    left join reported on reported.key = acknowledged.key
    where acknowledged.workspace_id = $1
        and acknowledged.connection_id = $2
        and acknowledged.object = 'Ripeline_Metric__c'
        and reported.key is null
        -- Where reps are not named their rows are not emptied but taken back: see expired_metric.sql.
        and (acknowledged.fields ->> 'Ripeline_Row_Type__c' <> 'rep' or $4::boolean)
        and (
            acknowledged.fields ->> 'Ripeline_Period_Type__c' = 'lifetime'
            or (
                acknowledged.fields ->> 'Ripeline_Period_Type__c' = 'month'
                and (acknowledged.fields ->> 'Ripeline_Period_Start__c')::date
                >= (select reported_from.first_month from reported_from)
            )
        )
),
final as (
    select
        reported.key,
        concat(reported.row_type, '|', reported.member) as parent,
        false as is_due,
        (
            case
                when reported.row_type = 'rep' and rep.isactive then '{}'::text[]
                else array['OwnerId']
            end
            || case
                when $6::boolean and reported.currency_code is not null then '{}'::text[]
                else array['CurrencyIsoCode']
            end
        ) as omitted,
        reported.row_type,
        reported.member,
        reported.label,
        reported.period_type,
        reported.period_start,
        reported.basis,
        reported.model,
        reported.age_days,
        -- A campaign of another CRM is none here.
        case when reported.row_type = 'campaign' and coalesce(place.is_here, true) then reported.member end as campaign_id,
        case when reported.row_type = 'rep' and rep.id is not null then reported.member end as rep_id,
        reported.currency_code,
        reported.reasons,
        reported.metrics
    from reported
    left join (
        select
            campaign.campaign_id,
            bool_or(campaign.connection_id = $2) as is_here
        from metrics.int_campaign as campaign
        where campaign.workspace_id = $1
        group by campaign.campaign_id
    ) as place
        on reported.row_type = 'campaign'
        and place.campaign_id = reported.member
    left join mirror.salesforce_user as rep
        on rep.workspace_id = $1
        and rep.connection_id = $2
        and rep.id = reported.member
        and rep.valid_to is null
        and reported.row_type = 'rep'
    union all
    select
        withdrawn.key,
        '' as parent,
        false as is_due,
        array[
            'OwnerId', 'CurrencyIsoCode', 'Ripeline_Row_Type__c', 'Ripeline_Member__c', 'Ripeline_Label__c',
            'Ripeline_Period_Type__c', 'Ripeline_Period_Start__c', 'Ripeline_Basis__c', 'Ripeline_Model__c',
            'Ripeline_Age_Days__c', 'Ripeline_Campaign__c', 'Ripeline_Rep__c', 'Ripeline_Currency__c'
        ] as omitted,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        'no longer reported' as reasons,
        coalesce(withdrawn.metrics, '{}') as metrics
    from withdrawn
)
select
    key,
    parent,
    is_due,
    omitted,
    row_type,
    member,
    label,
    period_type,
    period_start,
    basis,
    model,
    age_days,
    campaign_id,
    rep_id,
    currency_code,
    reasons,
    metrics
from final
