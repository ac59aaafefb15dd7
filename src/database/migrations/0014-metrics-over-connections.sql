-- The numbers of a workspace are computed over all of its connections. Three layers: staging (one model per CRM and table,
-- the only ones that read the mirror), intermediate and reports (over all connections at once).
-- A record is named by connection_id and id. A person and a report row belong to no connection.
-- Everything here is computed anew, so the tables are made anew. Nothing is published until then.
-- Instants are UTC; dates are dates in the workspace's zone.

delete from metrics.publication;

drop table metrics.stg_touch;
drop table metrics.stg_cost_entry;

-- What is a connection's leaves the workspace's row.
truncate metrics.run;
alter table metrics.run drop column connection_id;
alter table metrics.run drop column currency_rule;
alter table metrics.run drop column capture_gate;
alter table metrics.run drop column capture_reason;
alter table metrics.run drop column unlogged_share;
alter table metrics.run drop column worked_lead_count;
alter table metrics.run drop column start_from;
alter table metrics.run drop column converted_statuses;
alter table metrics.run drop column default_statuses;
alter table metrics.run drop column tracks_owner_history;
alter table metrics.run drop column tracks_status_history;
alter table metrics.run drop column oldest_owner_row_at;
alter table metrics.run drop column oldest_status_row_at;
alter table metrics.run drop column response_calendar;

-- One row per connection: the circumstances of the last compute.
create table metrics.run_connection (
    workspace_id text not null,
    connection_id text not null,
    -- salesforce or hubspot.
    crm text not null,
    -- The place in settings.connections, from 0.
    position integer not null,
    -- What a lead is there: Lead (Salesforce), leads or contacts (HubSpot).
    unit text not null,
    -- passed, not_proven or closed.
    capture_gate text not null default 'not_proven',
    capture_reason text,
    -- 0..1; null where no lead was worked in the 30 days before as_of.
    unlogged_share numeric,
    worked_lead_count bigint not null default 0,
    tracks_owner_history boolean not null,
    tracks_status_history boolean not null,
    oldest_owner_row_at timestamptz,
    oldest_status_row_at timestamptz,
    -- Lower case.
    converted_statuses text[] not null,
    default_statuses text[] not null,
    -- The calendar that response times are measured in; null where there is none.
    response_calendar text,
    -- corporate: the CRM knows one currency. static or dated: how its own reports convert opportunities. home: the CRM
    -- keeps amounts in its own currency beside those of the record.
    currency_rule text not null,
    -- The CRM's own currency; null where it does not say.
    home_currency text,
    -- Earliest handoff that is flagged in the CRM; null: none is.
    start_from timestamptz,
    primary key (workspace_id, connection_id)
);

-- A keyed hash of the owner's e-mail address: the same rep in two CRMs. Null where the CRM hides it.
alter table metrics.stg_owner add column email_hash text;

-- Team of an owner over time: from_at (included) to until_at (not).
create table metrics.stg_owner_role (
    workspace_id text not null,
    connection_id text not null,
    owner_id text not null,
    role_id text,
    role_name text,
    from_at timestamptz not null,
    until_at timestamptz not null,
    primary key (workspace_id, connection_id, owner_id, from_at)
);

-- HubSpot: the lead object's primary contact; of the contact unit the contact itself. Salesforce: null.
alter table metrics.stg_lead add column contact_id text;

-- Grain: a version of a lead that we saw, up to as_of. status_class: converted, disqualified, recycled or open.
create table metrics.stg_lead_version (
    workspace_id text not null,
    connection_id text not null,
    lead_id text not null,
    valid_from timestamptz not null,
    -- The CRM's stamp of the save.
    changed_at timestamptz not null,
    owner_id text,
    status text,
    status_class text not null,
    -- Not blank, trimmed; else null.
    source text,
    converted_on date,
    opportunity_id text,
    primary key (workspace_id, connection_id, lead_id, valid_from)
);

-- Grain: an entry of the CRM's own history, up to as_of. field: owner (values are owner ids), status (values are status
-- words) or converted (no values). Classes are those of stg_lead.status_class; null where field is owner.
create table metrics.stg_lead_change (
    workspace_id text not null,
    connection_id text not null,
    lead_id text not null,
    change_id text not null,
    happened_at timestamptz not null,
    field text not null,
    old_value text,
    new_value text,
    old_class text,
    new_class text,
    changed_by_id text
);

-- Grain: a contact that is not deleted at as_of. source: the first one seen that is not blank.
create table metrics.stg_contact (
    workspace_id text not null,
    connection_id text not null,
    contact_id text not null,
    email_hash text,
    email_domain text,
    source text,
    created_at timestamptz not null,
    account_id text,
    -- What HubSpot says of the record's twin in Salesforce.
    salesforce_lead_id text,
    salesforce_contact_id text,
    primary key (workspace_id, connection_id, contact_id)
);

-- Grain: a record that was merged away, of any type, and the one that stands for it. A survivor may be merged away too.
create table metrics.stg_record_merge (
    workspace_id text not null,
    connection_id text not null,
    record_id text not null,
    survivor_id text not null,
    primary key (workspace_id, connection_id, record_id)
);

-- Grain: an activity and a record that it hangs on (one of the three ids), not after as_of. What hung on a merged record
-- before the merge hangs on it still. counts: it is a recorded, outbound, human attempt, as far as it tells itself.
create table metrics.stg_activity (
    workspace_id text not null,
    connection_id text not null,
    activity_id text not null,
    -- call, email, meeting, linkedin, or the CRM's word in lower case.
    kind text,
    happened_at timestamptz not null,
    by_user_id text,
    counts boolean not null,
    -- The CRM hides what would tell whether it counts.
    is_redacted boolean not null,
    lead_id text,
    contact_id text,
    opportunity_id text,
    constraint stg_activity_of_one check (num_nonnulls(lead_id, contact_id, opportunity_id) = 1)
);

-- Grain: an opportunity that is not deleted at as_of.
create table metrics.stg_opportunity (
    workspace_id text not null,
    connection_id text not null,
    opportunity_id text not null,
    owner_id text,
    account_id text,
    campaign_id text,
    type_name text,
    stage text,
    pipeline text,
    amount numeric,
    currency_code text,
    -- By the CRM's own rule in its own currency (run_connection.home_currency); null where it keeps none.
    home_amount numeric,
    close_date date,
    is_closed boolean not null,
    is_won boolean not null,
    source text,
    created_at timestamptz not null,
    primary key (workspace_id, connection_id, opportunity_id)
);

-- Grain: an entry of the CRM's own history of an opportunity, up to as_of; stage and amount after it.
create table metrics.stg_opportunity_step (
    workspace_id text not null,
    connection_id text not null,
    opportunity_id text not null,
    step_id text not null,
    happened_at timestamptz not null,
    stage text,
    amount numeric,
    currency_code text
);

-- Grain: a version of an opportunity that we saw, up to as_of; deleted ones too.
create table metrics.stg_opportunity_version (
    workspace_id text not null,
    connection_id text not null,
    opportunity_id text not null,
    valid_from timestamptz not null,
    changed_at timestamptz not null,
    stage text,
    created_at timestamptz
);

create table metrics.stg_opportunity_contact (
    workspace_id text not null,
    connection_id text not null,
    opportunity_id text not null,
    role_id text not null,
    contact_id text not null,
    is_primary boolean not null,
    created_at timestamptz
);

-- Stages of opportunities. An opportunity's stage is the api_name or the label of one; case does not matter.
-- pipeline: null where the CRM has one list for all.
create table metrics.stg_stage (
    workspace_id text not null,
    connection_id text not null,
    stage_id text not null,
    pipeline text,
    api_name text not null,
    label text,
    is_closed boolean not null,
    is_won boolean not null,
    is_active boolean not null,
    sort_order numeric,
    primary key (workspace_id, connection_id, stage_id)
);

-- Grain: a campaign that is not deleted at as_of. Money in currency_code.
create table metrics.stg_campaign (
    workspace_id text not null,
    connection_id text not null,
    campaign_id text not null,
    name text,
    parent_id text,
    type text,
    is_active boolean not null,
    starts_on date,
    ends_on date,
    actual_cost numeric,
    budget numeric,
    currency_code text,
    created_at timestamptz not null,
    primary key (workspace_id, connection_id, campaign_id)
);

-- Grain: a version of a campaign that we saw, up to as_of; cost in the campaign's own currency.
create table metrics.stg_campaign_cost_version (
    workspace_id text not null,
    connection_id text not null,
    campaign_id text not null,
    valid_from timestamptz not null,
    changed_at timestamptz not null,
    cost numeric
);

-- Grain: a member of a campaign, or another marketing touch. responded_at is null where only a date is known.
create table metrics.stg_response (
    workspace_id text not null,
    connection_id text not null,
    member_id text not null,
    campaign_id text not null,
    lead_id text,
    contact_id text,
    has_responded boolean not null,
    responded_on date,
    responded_at timestamptz,
    created_at timestamptz,
    evidence text not null,
    -- We have never seen the person's record: it is hidden from us, and known by its id only.
    is_hidden boolean not null
);

-- Rates: so many of code are one of the CRM's own currency (is_corporate). A dated one holds from from_on until (not on)
-- until_on; of the others there is one per code.
create table metrics.stg_currency (
    workspace_id text not null,
    connection_id text not null,
    code text not null,
    rate numeric,
    is_active boolean not null,
    is_corporate boolean not null,
    from_on date,
    until_on date,
    is_dated boolean not null
);

-- The ledger's entries in the workspace's currency, those dated after as_of too; amount is null where a rate is missing.
-- connection_id: whose import it was; campaign_connection_id: whose campaign it names.
create table metrics.stg_cost_entry (
    workspace_id text not null,
    connection_id text not null,
    entry_id text not null,
    entry_on date not null,
    kind text not null,
    campaign_connection_id text,
    campaign_id text,
    program text,
    amount numeric,
    currency_code text,
    primary key (workspace_id, connection_id, entry_id)
);

-- Grain: a lead or an open opportunity, and a recorded outbound human attempt on it; never after as_of.
create table metrics.int_touch (
    workspace_id text not null,
    -- Of the lead or opportunity.
    connection_id text not null,
    lead_id text,
    opportunity_id text,
    touch_id text not null,
    touched_at timestamptz not null,
    kind text not null,
    -- Whose record the activity is, and the owner who made it there; null owner: the CRM's summary does not tell.
    by_connection_id text not null,
    by_user_id text,
    by_role_id text,
    evidence text not null,
    constraint int_touch_of_one check (num_nonnulls(lead_id, opportunity_id) = 1)
);
create index int_touch_lead on metrics.int_touch (workspace_id, connection_id, lead_id, touched_at);

-- Persons and report rows have no connection.
truncate metrics.int_person;
alter table metrics.int_person drop column connection_id;
alter table metrics.int_person add primary key (workspace_id, person_id);
alter table metrics.int_person add column first_touch_connection_id text;
truncate metrics.int_row_investment;
alter table metrics.int_row_investment drop column connection_id;
alter table metrics.int_row_investment
    add constraint int_row_investment_key unique nulls not distinct (workspace_id, row_type, member, period_type, period_start);

-- A record is a lead or a contact.
truncate metrics.int_person_record;
alter table metrics.int_person_record add column kind text not null;

-- A family may span connections.
truncate metrics.int_campaign;
alter table metrics.int_campaign add column family_connection_id text;
truncate metrics.int_response;
alter table metrics.int_response add column family_connection_id text not null;
truncate metrics.int_opportunity;
alter table metrics.int_opportunity add column first_touch_connection_id text;

-- Money that no campaign bears is of no connection.
alter table metrics.int_campaign_spend alter column connection_id drop not null;
alter table metrics.int_overhead alter column connection_id drop not null;
alter table metrics.int_investment alter column connection_id drop not null;
