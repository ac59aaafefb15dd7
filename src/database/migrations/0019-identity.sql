-- One person over several CRMs, and what must not be counted twice.

-- The same rep in two CRMs: a keyed hash of a user's address.
alter table mirror.salesforce_user add column Email_hash text;
alter table mirror.salesforce_user add column Email_domain text;

-- Grain: a record that was merged away, and the one that stands for it in the end.
create table metrics.int_survivor (
    workspace_id text not null,
    connection_id text not null,
    record_id text not null,
    survivor_id text not null,
    primary key (workspace_id, connection_id, record_id)
);

-- Grain: a lead or contact with the person that its address makes it, before any CRM's word about another CRM's record.
create table metrics.int_person_key (
    workspace_id text not null,
    connection_id text not null,
    record_id text not null,
    kind text not null,
    base_person_id text not null,
    created_at timestamptz not null,
    source text,
    primary key (workspace_id, connection_id, record_id)
);

-- Grain: a record that names one of another CRM. Persons are those of the addresses; rule: same, all, alone or none.
create table metrics.int_identity_link (
    workspace_id text not null,
    connection_id text not null,
    record_id text not null,
    from_person_id text not null,
    to_connection_id text not null,
    to_record_id text not null,
    to_person_id text not null,
    rule text not null,
    primary key (workspace_id, connection_id, record_id)
);

-- Grain: a record whose person two CRMs do not agree on. resolution: by_id (HubSpot's Salesforce id was followed), none.
create table metrics.identity_conflict (
    workspace_id text not null,
    -- The record that names another.
    connection_id text not null,
    record_id text not null,
    -- The record that it names.
    other_connection_id text not null,
    other_record_id text not null,
    -- email_says_another: the id says one record, the address another. taken: the named record's address is that of a
    -- third record, or several records name it.
    kind text not null,
    resolution text not null
);

-- Grain: a record that is worked in one CRM though the person has a lead in another, which is the one that counts.
create table metrics.int_second_lead (
    workspace_id text not null,
    connection_id text not null,
    lead_id text not null,
    person_id text not null,
    primary key (workspace_id, connection_id, lead_id)
);

-- Grain: a campaign whose money another CRM's campaign holds. basis: config, or name (same name, overlapping dates).
create table metrics.int_campaign_twin (
    workspace_id text not null,
    connection_id text not null,
    campaign_id text not null,
    holder_connection_id text not null,
    holder_campaign_id text not null,
    basis text not null,
    primary key (workspace_id, connection_id, campaign_id)
);

-- Pairs of campaign ids that stand for one campaign: {"twin": "holder of the money"}.
alter table metrics.run add column campaign_twins jsonb not null default '{}';

-- The CRM hides what would tell whether an e-mail of the last 30 days is a touch: nothing that needs one is known.
alter table metrics.run_connection add column withholds_email boolean not null default false;

-- Where the activity is recorded; by_connection_id is that of by_user_id, which is the same rep's id in the connection of
-- the lead or opportunity where there is one.
alter table metrics.int_touch add column touch_connection_id text;
alter table metrics.int_handoff add column first_touch_connection_id text;
