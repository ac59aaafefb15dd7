-- Grain: one row. What the portal says of itself. unit: the lead object where one was created in the 90 days before the
-- first apply (until then: before as_of), else the contact; after the first apply it stays as it was.
-- HubSpot keeps the history of every property: it reaches back to the oldest record that we have, once it has been read.
-- converted_statuses, default_statuses: words of stg_lead.status, lower case. home_currency: what the account says, else
-- what its rates lead to.
-- Source: definitions 1, "Unit of work". $1 workspace, $2 connection, $3 as_of.
with connection as (
    select applied_at
    from mirror.connection
    where workspace_id = $1
        and connection_id = $2
),
judged_at as (
    select coalesce((select applied_at from connection), $3::timestamptz) as instant
),
unit as (
    select case when count(*) > 0 then 'leads' else 'contacts' end as name
    from mirror.hubspot_lead as lead
    cross join judged_at
    where lead.workspace_id = $1
        and lead.connection_id = $2
        and lead.createdat > judged_at.instant - interval '90 days'
        and lead.createdat <= judged_at.instant
),
entries as (
    select
        'leads' as unit,
        property,
        "timestamp"
    from mirror.hubspot_lead_history
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
    union all
    select
        'contacts',
        property,
        "timestamp"
    from mirror.hubspot_contact_history
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
),
oldest_entry as (
    select min(entries.timestamp) as entered_at
    from entries
    join unit on unit.name = entries.unit
),
oldest_record as (
    select min(createdat) as created_at
    from (
        select createdat
        from mirror.hubspot_lead
        join unit on unit.name = 'leads'
        where workspace_id = $1
            and connection_id = $2
        union all
        select createdat
        from mirror.hubspot_contact
        join unit on unit.name = 'contacts'
        where workspace_id = $1
            and connection_id = $2
    ) as records
),
history as (
    select
        case
            when oldest_entry.entered_at is not null then least(oldest_entry.entered_at, oldest_record.created_at)
        end as reaches_back_to
    from oldest_entry
    cross join oldest_record
),
lead_words as (
    select
        coalesce(array_agg(distinct lower(label)) filter (where class = 'converted'), '{}') as converted,
        coalesce(array_agg(distinct lower(label)) filter (where is_new), '{}') as default_words
    from mirror.hubspot_lead_stage
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
account as (
    select min(nullif(companycurrency, '')) as home_currency
    from mirror.hubspot_account
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
rates as (
    select min(tocurrencycode) as home_currency
    from mirror.hubspot_exchange_rate
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
)
select
    unit.name as unit,
    true as tracks_owner_history,
    true as tracks_status_history,
    history.reaches_back_to as oldest_owner_row_at,
    history.reaches_back_to as oldest_status_row_at,
    case
        when unit.name = 'leads' then lead_words.converted
        else array['opportunity', 'customer', 'evangelist', 'open deal']
    end as converted_statuses,
    case
        when unit.name = 'leads' then lead_words.default_words
        else array['new', 'open', 'subscriber', 'lead', 'marketing qualified lead', 'other']
    end as default_statuses,
    coalesce(account.home_currency, rates.home_currency) as home_currency,
    -- A deal has its amount in the portal's own currency beside its own.
    true as keeps_home_amounts
from unit
cross join history
cross join lead_words
cross join account
cross join rates
