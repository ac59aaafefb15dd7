-- Stalled opportunities: what the number of days is, whose touches count, since when one is stalled.

-- Days by stage, stage names in lower case, and the days of a stage that is not listed.
alter table metrics.run add column stalled_days numeric not null default 14;
alter table metrics.run add column stalled_days_by_stage jsonb not null default '{}';

-- A touch is of a lead or of an open opportunity, never of both in one row.
alter table metrics.stg_touch alter column lead_id drop not null;
alter table metrics.stg_touch add column opportunity_id text;
alter table metrics.stg_touch add constraint stg_touch_of_one check (num_nonnulls(lead_id, opportunity_id) = 1);

-- Of open opportunities: the last touch; null where there is none.
alter table metrics.int_opportunity add column last_touch_at timestamptz;
-- The last change of stage; null where it is in its first stage.
alter table metrics.int_opportunity add column stage_changed_at timestamptz;
-- Of open opportunities: from then on it is stalled, if nobody touches or moves it before.
alter table metrics.int_opportunity add column stalled_since timestamptz;

-- Money that people enter themselves, as `costs import` read it: not a CRM's, and not computed, so it stands apart from
-- both. One row per entry; an import replaces entries by their id.
create table ripeline.cost_ledger (
    workspace_id text not null,
    connection_id text not null,
    -- The file's own id, or the digest of the line where it has none.
    entry_id text not null,
    -- A date in the workspace's zone.
    entry_on date not null,
    kind text not null check (kind in ('program', 'operations', 'labour')),
    -- A campaign of the CRM, or the name of a program that is none; an entry for everything has neither.
    campaign_id text,
    program text,
    amount numeric not null,
    -- Null: the workspace's currency.
    currency_code text,
    -- Of labour; amount is their product then.
    hours numeric,
    rate numeric,
    note_id text,
    primary key (workspace_id, connection_id, entry_id)
);

-- What operations of a month are spread by: own_cost or evenly.
alter table metrics.run add column load_by text not null default 'own_cost';

-- The ledger's entries in the workspace's currency, those dated after as_of too; amount is null where a rate is missing.
create table metrics.stg_cost_entry (
    workspace_id text not null,
    connection_id text not null,
    entry_id text not null,
    entry_on date not null,
    kind text not null,
    campaign_id text,
    program text,
    amount numeric,
    currency_code text,
    primary key (workspace_id, connection_id, entry_id)
);

-- True where the campaign's own cost is that of the ledger.
alter table metrics.int_campaign add column has_ledger boolean not null default false;

-- Money of programs that are no campaign has no campaign_id.
alter table metrics.int_campaign_spend alter column campaign_id drop not null;

-- Operations and labour by the campaign that bears them; campaign_id null: a program that is none, or a month in which no
-- program spent anything. amount is spread evenly over [from_on, to_on].
create table metrics.int_overhead (
    workspace_id text not null,
    connection_id text not null,
    campaign_id text,
    kind text not null,
    from_on date not null,
    to_on date not null,
    amount numeric not null
);

alter table metrics.int_investment alter column campaign_id drop not null;
alter table metrics.int_investment add column ledger_amount numeric not null default 0;
-- amount, plus operations and labour.
alter table metrics.int_investment add column loaded_amount numeric not null default 0;
alter table metrics.int_row_investment add column ledger_amount numeric not null default 0;
alter table metrics.int_row_investment add column loaded_amount numeric not null default 0;

-- What a rep carried when a chain of handoffs began: one row per chain of known start, in scope.
create table metrics.int_handoff_load (
    workspace_id text not null,
    connection_id text not null,
    chain_id text not null,
    owner_id text not null,
    team text,
    -- Weighted open handoffs and opportunities of the rep just before.
    carried numeric not null,
    -- What quartiles are cut by: carried over capacity where the whole team has capacities, else carried.
    load numeric not null,
    -- 1 (lightest) to 4, among the handoffs of the team.
    quartile integer not null,
    primary key (workspace_id, connection_id, chain_id)
);
