-- What the metrics of a portal need beside 0013: the newer names of a contact's Salesforce ids, who made a record, whether
-- a sequence sent an e-mail, and the contacts of each campaign.
alter table mirror.hubspot_contact add column hs_salesforceleadid text;
alter table mirror.hubspot_contact add column hs_salesforcecontactid text;
alter table mirror.hubspot_contact add column hs_created_by_user_id text;
alter table mirror.hubspot_lead add column hs_created_by_user_id text;
alter table mirror.hubspot_email add column hs_sequence_id text;

-- Grain: a contact in one of a campaign's contact reports (contactType: contactFirstTouch or influencedContacts).
create table mirror.hubspot_campaign_contact (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    campaignId text,
    contactType text,
    contactId text,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_campaign_contact_current
    on mirror.hubspot_campaign_contact (workspace_id, connection_id, id) where valid_to is null;

-- Grain: the portal itself; id is its own.
create table mirror.hubspot_account (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    companyCurrency text,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_account_current on mirror.hubspot_account (workspace_id, connection_id, id) where valid_to is null;

-- Which e-mails of a sequence are touches: first_step, all or none.
alter table metrics.run add column touch_sequences text not null default 'first_step';

-- The status word of a contact: its lifecycle stage once it is past being a lead, else the lead status, else the stage.
-- In the words that HubSpot shows; a portal's own values as they are.
create function mirror.hubspot_contact_status(lifecyclestage text, hs_lead_status text)
returns text
language sql
immutable
as $$
    select case
        when lifecyclestage in ('opportunity', 'customer', 'evangelist') then initcap(lifecyclestage)
        when hs_lead_status ~ '^[A-Z_]+$' then initcap(replace(hs_lead_status, '_', ' '))
        when hs_lead_status <> '' then hs_lead_status
        when lifecyclestage = 'marketingqualifiedlead' then 'Marketing Qualified Lead'
        when lifecyclestage = 'salesqualifiedlead' then 'Sales Qualified Lead'
        when lifecyclestage in ('subscriber', 'lead', 'other') then initcap(lifecyclestage)
        else nullif(lifecyclestage, '')
    end
$$;

-- Grain: one row per stage of the pipelines of leads, in the version of each instant. class: what the stage makes of a
-- lead, by HubSpot's own mark where the label is none of the words of the configuration; null: open.
create view mirror.hubspot_lead_stage as
select
    stage.workspace_id,
    stage.connection_id,
    stage.stageid as stage_id,
    coalesce(stage.stagelabel, stage.stageid) as label,
    case
        when upper(stage.metadata::jsonb ->> 'leadState') = 'QUALIFIED' then 'converted'
        when upper(stage.metadata::jsonb ->> 'leadState') in ('UNQUALIFIED', 'DISQUALIFIED') then 'disqualified'
    end as class,
    upper(stage.metadata::jsonb ->> 'leadState') = 'NEW' as is_new,
    stage.displayorder as sort_order,
    stage.valid_from,
    stage.valid_to
from mirror.hubspot_pipeline_stage as stage
where stage.objecttype = 'leads';
