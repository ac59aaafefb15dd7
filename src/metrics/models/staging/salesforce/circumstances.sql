-- Grain: one row. What the org says of itself: whether changes of owner and status are kept and since when, which lead
-- statuses mean converted and which is given to a new lead (lower case, labels and API names), its own currency (null
-- where it has one only), and what a lead is. $1 workspace, $2 connection, $3 as_of.
with connection as (
    select
        tracks_owner_history,
        tracks_status_history
    from mirror.connection
    where workspace_id = $1
        and connection_id = $2
),
history as (
    select
        min(createddate) filter (where field in ('Owner', 'ownerAssignment', 'ownerAccepted')) as oldest_owner_row_at,
        min(createddate) filter (where field = 'Status') as oldest_status_row_at
    from mirror.salesforce_lead_history
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
),
statuses as (
    select
        coalesce(array_agg(distinct lower(label)) filter (where isconverted), '{}') as converted_statuses,
        coalesce(array_agg(distinct lower(label)) filter (where isdefault), '{}') as default_statuses
    from mirror.salesforce_lead_status
    cross join unnest(array[masterlabel, apiname]) as label
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
        and label is not null
),
currencies as (
    select min(isocode) filter (where iscorporate) as home_currency
    from mirror.salesforce_currency_type
    where workspace_id = $1
        and connection_id = $2
        and valid_from <= $3::timestamptz
        and (valid_to is null or valid_to > $3::timestamptz)
)
select
    'Lead' as unit,
    coalesce((select tracks_owner_history from connection), false) as tracks_owner_history,
    coalesce((select tracks_status_history from connection), false) as tracks_status_history,
    history.oldest_owner_row_at,
    history.oldest_status_row_at,
    statuses.converted_statuses,
    statuses.default_statuses,
    currencies.home_currency,
    -- Amounts are kept in the currency of the record only.
    false as keeps_home_amounts
from history
cross join statuses
cross join currencies
