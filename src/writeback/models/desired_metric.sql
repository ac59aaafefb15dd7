-- Grain: one row per report row, key = sha256 of workspace | row type | member | period type | start | basis | model |
-- age. `metrics` holds the row's metric fields, rounded; a row of the report's window that is no longer reported comes
-- back with its numbers emptied. Money in the workspace's currency. Source: Ripeline_Metric__c of the write-back contract.
-- $1 workspace_id, $2 connection_id, $3 as_of, $4 rep rows are written, $5 json: [{metric, part, field, scale}],
-- $6 the org has several currencies, $7 object in the CRM, $8 json: column to API name
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
        and acknowledged.object = $7
        and reported.key is null
        -- Where reps are not named their rows are not emptied but taken back: see expired_metric.sql.
        and (acknowledged.fields ->> ($8::jsonb ->> 'row_type') <> 'rep' or $4::boolean)
        and (
            acknowledged.fields ->> ($8::jsonb ->> 'period_type') = 'lifetime'
            or (
                acknowledged.fields ->> ($8::jsonb ->> 'period_type') = 'month'
                and (acknowledged.fields ->> ($8::jsonb ->> 'period_start'))::date
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
        -- A lookup leads to records of this CRM only; a campaign of the other one is named by member and label.
        own_campaign.campaign_id,
        case
            when reported.row_type = 'rep' and (rep.id is not null or portal_owner.owner_id is not null) then reported.member
        end as rep_id,
        reported.currency_code,
        reported.reasons,
        reported.metrics
    from reported
    left join mirror.salesforce_user as rep
        on rep.workspace_id = $1
        and rep.connection_id = $2
        and rep.id = reported.member
        and rep.valid_to is null
        and reported.row_type = 'rep'
    left join metrics.int_campaign as own_campaign
        on own_campaign.workspace_id = $1
        and own_campaign.connection_id = $2
        and own_campaign.campaign_id = reported.member
        and reported.row_type = 'campaign'
    left join metrics.stg_owner as portal_owner
        on portal_owner.workspace_id = $1
        and portal_owner.connection_id = $2
        and portal_owner.owner_id = reported.member
        and reported.row_type = 'rep'
        and $7::text = 'ripeline_metric'
    union all
    select
        withdrawn.key,
        '' as parent,
        false as is_due,
        array['OwnerId', 'CurrencyIsoCode'] || array(
            select named.field
            from jsonb_each_text($8::jsonb) as named (source, field)
            where named.source in (
                'row_type', 'member', 'label', 'period_type', 'period_start', 'basis', 'model', 'age_days', 'campaign_id',
                'rep_id', 'currency_code'
            )
        ) as omitted,
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
