-- What the metrics computed last. Every table is rewritten by a compute run and can be dropped and computed again.
-- Instants are UTC, dates are dates in the workspace's zone, money is in the workspace's currency unless said otherwise.

-- One row per workspace: the parameters and the circumstances of the last compute.
create table metrics.run (
    workspace_id text not null primary key,
    connection_id text not null,
    workspace_name text not null,
    as_of timestamptz not null,
    time_zone text not null,
    -- The date of as_of in the workspace's zone.
    today date not null,
    -- Null where neither the configuration nor the org names a currency: amounts are then taken as they are.
    currency_code text,
    -- corporate: no table of currencies in the org. static or dated: how its own reports convert opportunities.
    currency_rule text not null,
    capture_gate text not null default 'not_proven',
    capture_reason text,
    -- 0..1; null where no lead was worked in the 30 days before as_of.
    unlogged_share numeric,
    worked_lead_count bigint not null default 0,
    -- Earliest handoff that is flagged in the CRM; null: none is.
    start_from timestamptz,
    restart text not null,
    cold_after interval not null,
    delivery_expiry interval not null,
    max_unlogged numeric not null,
    touch_by text not null,
    task_types text[] not null,
    -- Lower case, as are all statuses here.
    disqualified_statuses text[] not null,
    recycled_statuses text[] not null,
    converted_statuses text[] not null,
    default_statuses text[] not null,
    working_statuses text[],
    record_types text[] not null,
    excluded_email_domains text[] not null,
    excluded_creators text[] not null,
    rep_profiles text[] not null,
    rep_roles text[] not null,
    rep_users text[] not null,
    ignored_owners text[] not null,
    robot_above integer not null,
    handoff_weight numeric not null,
    opportunity_weight numeric not null,
    pipeline_types text[] not null,
    pipeline_stage text,
    type_map jsonb not null,
    investment_parents jsonb not null,
    orphan_after_days integer not null,
    tracks_owner_history boolean not null,
    tracks_status_history boolean not null,
    oldest_owner_row_at timestamptz,
    oldest_status_row_at timestamptz,
    -- The org's default business hours, for response times; null where the org has none.
    response_calendar text,
    -- First month of report rows.
    first_month date not null,
    -- What reps can carry: capacity, capacityByRole, capacityByUser, availability, away.
    rep_plan jsonb not null,
    -- How far the numbers can be trusted: hidden fields, rows in the mirror by stream, data as of.
    trust jsonb not null default '{}',
    computed_at timestamptz not null default clock_timestamp()
);

-- Periods that report rows are cut in: `lifetime` (period_start null), `month`, and `day` for the date of as_of.
create table metrics.period (
    workspace_id text not null,
    period_type text not null,
    period_start date,
    -- First date after the period; null for lifetime.
    period_end date,
    starts_at timestamptz,
    ends_at timestamptz,
    unique nulls not distinct (workspace_id, period_type, period_start)
);

-- Ages in days at which pipeline cohorts are read; null: to date.
create table metrics.cohort_age (
    workspace_id text not null,
    age_days integer,
    unique nulls not distinct (workspace_id, age_days)
);

create table metrics.rot_policy (
    workspace_id text not null,
    connection_id text not null,
    position integer not null,
    name text not null,
    sources text[],
    reps text[],
    teams text[],
    expiry_seconds numeric not null,
    calendar text not null,
    primary key (workspace_id, connection_id, position)
);

-- Opening times of a calendar, one row per uninterrupted stretch; seconds count open time only.
create table metrics.calendar_interval (
    workspace_id text not null,
    connection_id text not null,
    calendar text not null,
    opens_at timestamptz not null,
    closes_at timestamptz not null,
    open_seconds_before numeric not null,
    open_seconds_after numeric not null,
    primary key (workspace_id, connection_id, calendar, opens_at)
);
create index calendar_interval_after
    on metrics.calendar_interval (workspace_id, connection_id, calendar, open_seconds_after);

create table metrics.stg_owner (
    workspace_id text not null,
    connection_id text not null,
    owner_id text not null,
    name text,
    kind text not null,
    is_rep boolean not null,
    is_active boolean not null,
    -- A machine's account: what it logs is no touch.
    is_integration boolean not null,
    role_id text,
    role_name text,
    primary key (workspace_id, connection_id, owner_id)
);

create table metrics.stg_lead (
    workspace_id text not null,
    connection_id text not null,
    lead_id text not null,
    owner_id text,
    status text,
    status_class text not null,
    source text,
    has_source_changes boolean not null,
    email_hash text,
    is_converted boolean not null,
    converted_on date,
    converted_contact_id text,
    converted_opportunity_id text,
    is_deleted boolean not null,
    is_merged boolean not null,
    deleted_at timestamptz,
    created_at timestamptz not null,
    created_by_id text,
    first_seen_at timestamptz not null,
    first_changed_at timestamptz not null,
    first_owner_id text,
    first_status_class text not null,
    first_call_at timestamptz,
    first_email_at timestamptz,
    excluded_by text,
    primary key (workspace_id, connection_id, lead_id)
);

create table metrics.stg_touch (
    workspace_id text not null,
    connection_id text not null,
    lead_id text not null,
    touch_id text not null,
    touched_at timestamptz not null,
    kind text not null,
    by_user_id text,
    by_role_id text,
    evidence text not null
);
create index stg_touch_lead on metrics.stg_touch (workspace_id, connection_id, lead_id, touched_at);

create table metrics.int_owner_event (
    workspace_id text not null,
    connection_id text not null,
    lead_id text not null,
    happened_at timestamptz not null,
    owner_id text not null,
    previous_owner_id text not null,
    evidence text not null,
    is_realignment boolean not null,
    primary key (workspace_id, connection_id, lead_id, happened_at)
);

create table metrics.int_status_event (
    workspace_id text not null,
    connection_id text not null,
    lead_id text not null,
    happened_at timestamptz not null,
    status text,
    status_class text not null,
    previous_class text not null,
    evidence text not null,
    primary key (workspace_id, connection_id, lead_id, happened_at)
);

create table metrics.int_stretch (
    workspace_id text not null,
    connection_id text not null,
    lead_id text not null,
    position integer not null,
    kind text not null,
    owner_id text,
    began_at timestamptz not null,
    began_evidence text not null,
    began_by_realignment boolean not null,
    follows_rep boolean not null,
    ended_at timestamptz,
    ended_by text,
    end_evidence text,
    primary key (workspace_id, connection_id, lead_id, position)
);

create table metrics.int_worked_lead (
    workspace_id text not null,
    connection_id text not null,
    lead_id text not null,
    worked_at timestamptz not null,
    cause text not null,
    owner_id text,
    source text,
    has_touch boolean not null,
    primary key (workspace_id, connection_id, lead_id)
);

create table metrics.int_handoff (
    workspace_id text not null,
    connection_id text not null,
    handoff_id text not null,
    chain_id text not null,
    lead_id text not null,
    source text,
    owner_id text not null,
    owner_is_active boolean not null,
    team text,
    evidence text not null,
    policy text,
    calendar text,
    -- When this rep became the owner; null where the evidence is unknown.
    handed_off_at timestamptz,
    -- The start of the clock: handed_off_at, or what an earlier handoff of the chain left.
    clock_started_at timestamptz,
    at_risk_at timestamptz,
    rots_at timestamptz,
    first_touch_at timestamptz,
    first_touch_kind text,
    first_touch_by text,
    first_touch_id text,
    last_touch_at timestamptz,
    touch_count bigint not null,
    cold_at timestamptz,
    ended_at timestamptz,
    ended_by text,
    end_evidence text,
    state text not null,
    is_in_scope boolean not null,
    is_flagged boolean not null,
    handoff_number integer not null,
    chain_position integer not null,
    primary key (workspace_id, connection_id, handoff_id)
);
create index int_handoff_lead on metrics.int_handoff (workspace_id, connection_id, lead_id);
create index int_handoff_chain on metrics.int_handoff (workspace_id, connection_id, chain_id);

create table metrics.int_lead (
    workspace_id text not null,
    connection_id text not null,
    lead_id text not null,
    owner_id text,
    owner_kind text not null,
    is_qualified boolean not null,
    is_undelivered boolean not null,
    undelivered_since timestamptz,
    source text,
    is_converted boolean not null,
    created_at timestamptz not null,
    open_handoff_id text,
    is_excluded boolean not null,
    excluded_by text,
    primary key (workspace_id, connection_id, lead_id)
);

-- What an active rep carries and can carry. availability 0..1 on the date of as_of; capacity null: unknown.
create table metrics.int_rep_load (
    workspace_id text not null,
    connection_id text not null,
    owner_id text not null,
    role_id text,
    is_active boolean not null,
    open_handoff_count bigint not null,
    open_opportunity_count bigint not null,
    weighted_count numeric not null,
    capacity numeric,
    availability numeric not null,
    -- capacity x availability; null where the capacity is unknown.
    available_capacity numeric,
    load numeric,
    headroom numeric,
    is_shown boolean not null,
    primary key (workspace_id, connection_id, owner_id)
);

create table metrics.int_person_record (
    workspace_id text not null,
    connection_id text not null,
    record_id text not null,
    person_id text not null,
    created_at timestamptz not null,
    source text,
    primary key (workspace_id, connection_id, record_id)
);

create table metrics.int_campaign (
    workspace_id text not null,
    connection_id text not null,
    campaign_id text not null,
    name text,
    parent_id text,
    is_active boolean not null,
    -- As the CRM holds it, in the campaign's own currency.
    actual_cost numeric,
    campaign_currency text,
    -- Own cost that counts, in the workspace's currency; null with own_cost_reason.
    own_cost numeric,
    own_cost_reason text,
    -- The campaign whose row holds this one's people and pipeline: itself, or the parent that alone has cost.
    family_root text not null,
    starts_on date,
    ends_on date,
    dates_basis text,
    is_probably_entered_twice boolean not null,
    is_orphan boolean not null,
    -- True where the row's investment is known, 0 included.
    has_known_cost boolean not null,
    primary key (workspace_id, connection_id, campaign_id)
);

-- Money by campaign and day range; amount is spread evenly over [from_on, to_on].
create table metrics.int_campaign_spend (
    workspace_id text not null,
    connection_id text not null,
    campaign_id text not null,
    basis text not null,
    from_on date not null,
    to_on date not null,
    amount numeric not null
);

-- Investment of a campaign in a period: only periods that any of its money falls in, and lifetime always.
create table metrics.int_investment (
    workspace_id text not null,
    connection_id text not null,
    campaign_id text not null,
    period_type text not null,
    period_start date,
    amount numeric not null,
    observed_amount numeric not null,
    spread_amount numeric not null,
    assumed_amount numeric not null
);

-- Investment of a report row: a campaign (family), a source, the workspace.
create table metrics.int_row_investment (
    workspace_id text not null,
    connection_id text not null,
    row_type text not null,
    member text,
    period_type text not null,
    period_start date,
    amount numeric not null,
    observed_amount numeric not null,
    spread_amount numeric not null,
    assumed_amount numeric not null,
    unique nulls not distinct (workspace_id, connection_id, row_type, member, period_type, period_start)
);

create table metrics.int_response (
    workspace_id text not null,
    connection_id text not null,
    member_id text not null,
    campaign_id text not null,
    family_root text not null,
    person_id text not null,
    responded_on date not null,
    responded_at timestamptz not null,
    created_at timestamptz not null,
    primary key (workspace_id, connection_id, member_id)
);

create table metrics.int_person (
    workspace_id text not null,
    connection_id text not null,
    person_id text not null,
    first_record_at timestamptz not null,
    source text,
    first_touch_at timestamptz,
    first_touch_on date,
    first_touch_campaign_id text,
    -- Null where the person was known before the first marketing touch, or has none.
    acquired_at timestamptz,
    primary key (workspace_id, connection_id, person_id)
);

create table metrics.int_opportunity (
    workspace_id text not null,
    connection_id text not null,
    opportunity_id text not null,
    owner_id text,
    account_id text,
    campaign_id text,
    type text not null,
    stage text,
    amount numeric,
    amount_reason text,
    pipeline_amount numeric,
    counts_in_pipeline boolean not null,
    is_open boolean not null,
    is_won boolean not null,
    is_lost boolean not null,
    created_at timestamptz not null,
    created_on date not null,
    close_date date,
    sales_cycle_days integer,
    source text,
    person_id text,
    has_contact_role boolean not null,
    first_touch_campaign_id text,
    acquired_at timestamptz,
    primary key (workspace_id, connection_id, opportunity_id)
);

-- What the report models found, before reasons, labels and the metrics that a row lacks.
create table metrics.rpt_fact (
    workspace_id text not null,
    model_name text not null,
    row_type text not null,
    member text,
    period_type text not null,
    period_start date,
    basis text not null,
    age_days integer,
    metric text not null,
    value numeric,
    text_value text,
    numerator numeric,
    denominator numeric,
    reason text
);

-- The report, long: one row per metric of a report row.
create table metrics.metric_value (
    workspace_id text not null,
    row_type text not null,
    member text,
    label text,
    period_type text not null,
    period_start date,
    basis text not null,
    model text not null,
    age_days integer,
    currency_code text,
    metric text not null,
    value numeric,
    text_value text,
    numerator numeric,
    denominator numeric,
    reason text,
    unique nulls not distinct
        (workspace_id, row_type, member, period_type, period_start, basis, model, age_days, metric)
);
