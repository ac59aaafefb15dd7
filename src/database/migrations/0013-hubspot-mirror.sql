-- What a HubSpot portal said, as 0002 has it for Salesforce: one row per version of a record that we saw. Column names are
-- the API's, folded to lower case. Properties verbatim; createdAt, archived and archivedAt stand beside a record's properties.

create table mirror.hubspot_contact (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    createdAt timestamptz,
    archived boolean,
    archivedAt timestamptz,
    email_hash text,
    email_domain text,
    hubspot_owner_id text,
    lifecyclestage text,
    hs_lead_status text,
    associatedcompanyid text,
    hs_analytics_source text,
    hs_analytics_first_touch_converting_campaign text,
    hs_analytics_last_touch_converting_campaign text,
    first_conversion_date timestamptz,
    recent_conversion_date timestamptz,
    num_conversion_events integer,
    hs_merged_object_ids text,
    salesforceleadid text,
    salesforcecontactid text,
    ripeline_exclude boolean,
    lastmodifieddate timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_contact_current on mirror.hubspot_contact (workspace_id, connection_id, id) where valid_to is null;

create table mirror.hubspot_contact_history (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    recordId text,
    property text,
    "value" text,
    "timestamp" timestamptz,
    sourceType text,
    sourceId text,
    updatedByUserId text,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_contact_history_current on mirror.hubspot_contact_history (workspace_id, connection_id, id) where valid_to is null;
create index hubspot_contact_history_record on mirror.hubspot_contact_history (workspace_id, connection_id, recordId) where valid_to is null;

create table mirror.hubspot_contact_stage_date (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    recordId text,
    stage text,
    enteredAt timestamptz,
    exitedAt timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_contact_stage_date_current on mirror.hubspot_contact_stage_date (workspace_id, connection_id, id) where valid_to is null;
create index hubspot_contact_stage_date_record on mirror.hubspot_contact_stage_date (workspace_id, connection_id, recordId) where valid_to is null;

create table mirror.hubspot_contact_association (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    recordId text,
    toObjectType text,
    toObjectIds text,
    associationTypes text,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_contact_association_current on mirror.hubspot_contact_association (workspace_id, connection_id, id) where valid_to is null;
create index hubspot_contact_association_record on mirror.hubspot_contact_association (workspace_id, connection_id, recordId) where valid_to is null;

create table mirror.hubspot_company (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    createdAt timestamptz,
    archived boolean,
    archivedAt timestamptz,
    hubspot_owner_id text,
    domain text,
    lifecyclestage text,
    hs_analytics_source text,
    hs_parent_company_id text,
    hs_merged_object_ids text,
    salesforceaccountid text,
    hs_lastmodifieddate timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_company_current on mirror.hubspot_company (workspace_id, connection_id, id) where valid_to is null;

create table mirror.hubspot_deal (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    createdAt timestamptz,
    archived boolean,
    archivedAt timestamptz,
    hubspot_owner_id text,
    pipeline text,
    dealstage text,
    amount numeric,
    amount_in_home_currency numeric,
    deal_currency_code text,
    closedate timestamptz,
    dealtype text,
    hs_is_closed boolean,
    hs_is_closed_won boolean,
    hs_is_stalled boolean,
    hs_is_stalled_after_timestamp timestamptz,
    hs_analytics_source text,
    hs_v2_date_entered_current_stage timestamptz,
    hs_merged_object_ids text,
    hs_lastmodifieddate timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_deal_current on mirror.hubspot_deal (workspace_id, connection_id, id) where valid_to is null;

create table mirror.hubspot_deal_history (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    recordId text,
    property text,
    "value" text,
    "timestamp" timestamptz,
    sourceType text,
    sourceId text,
    updatedByUserId text,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_deal_history_current on mirror.hubspot_deal_history (workspace_id, connection_id, id) where valid_to is null;
create index hubspot_deal_history_record on mirror.hubspot_deal_history (workspace_id, connection_id, recordId) where valid_to is null;

create table mirror.hubspot_deal_stage_date (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    recordId text,
    stage text,
    enteredAt timestamptz,
    exitedAt timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_deal_stage_date_current on mirror.hubspot_deal_stage_date (workspace_id, connection_id, id) where valid_to is null;
create index hubspot_deal_stage_date_record on mirror.hubspot_deal_stage_date (workspace_id, connection_id, recordId) where valid_to is null;

create table mirror.hubspot_deal_association (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    recordId text,
    toObjectType text,
    toObjectIds text,
    associationTypes text,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_deal_association_current on mirror.hubspot_deal_association (workspace_id, connection_id, id) where valid_to is null;
create index hubspot_deal_association_record on mirror.hubspot_deal_association (workspace_id, connection_id, recordId) where valid_to is null;

create table mirror.hubspot_lead (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    createdAt timestamptz,
    archived boolean,
    archivedAt timestamptz,
    hubspot_owner_id text,
    hs_pipeline text,
    hs_pipeline_stage text,
    hs_lead_type text,
    hs_lead_label text,
    hs_v2_date_entered_current_stage timestamptz,
    hs_merged_object_ids text,
    ripeline_exclude boolean,
    hs_lastmodifieddate timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_lead_current on mirror.hubspot_lead (workspace_id, connection_id, id) where valid_to is null;

create table mirror.hubspot_lead_history (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    recordId text,
    property text,
    "value" text,
    "timestamp" timestamptz,
    sourceType text,
    sourceId text,
    updatedByUserId text,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_lead_history_current on mirror.hubspot_lead_history (workspace_id, connection_id, id) where valid_to is null;
create index hubspot_lead_history_record on mirror.hubspot_lead_history (workspace_id, connection_id, recordId) where valid_to is null;

create table mirror.hubspot_lead_stage_date (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    recordId text,
    stage text,
    enteredAt timestamptz,
    exitedAt timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_lead_stage_date_current on mirror.hubspot_lead_stage_date (workspace_id, connection_id, id) where valid_to is null;
create index hubspot_lead_stage_date_record on mirror.hubspot_lead_stage_date (workspace_id, connection_id, recordId) where valid_to is null;

create table mirror.hubspot_lead_association (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    recordId text,
    toObjectType text,
    toObjectIds text,
    associationTypes text,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_lead_association_current on mirror.hubspot_lead_association (workspace_id, connection_id, id) where valid_to is null;
create index hubspot_lead_association_record on mirror.hubspot_lead_association (workspace_id, connection_id, recordId) where valid_to is null;

create table mirror.hubspot_call (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    createdAt timestamptz,
    archived boolean,
    archivedAt timestamptz,
    hubspot_owner_id text,
    hs_timestamp timestamptz,
    hs_created_by_user_id text,
    hs_object_source text,
    hs_call_direction text,
    hs_call_status text,
    hs_call_disposition text,
    hs_call_duration numeric,
    hs_call_title_is_automated boolean,
    hs_call_title_is_cancelled boolean,
    hs_lastmodifieddate timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_call_current on mirror.hubspot_call (workspace_id, connection_id, id) where valid_to is null;

create table mirror.hubspot_call_association (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    recordId text,
    toObjectType text,
    toObjectIds text,
    associationTypes text,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_call_association_current on mirror.hubspot_call_association (workspace_id, connection_id, id) where valid_to is null;
create index hubspot_call_association_record on mirror.hubspot_call_association (workspace_id, connection_id, recordId) where valid_to is null;

create table mirror.hubspot_email (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    createdAt timestamptz,
    archived boolean,
    archivedAt timestamptz,
    hubspot_owner_id text,
    hs_timestamp timestamptz,
    hs_created_by_user_id text,
    hs_object_source text,
    hs_email_direction text,
    hs_email_status text,
    hs_email_subject_is_automated boolean,
    hs_email_subject_is_cancelled boolean,
    redacted boolean,
    hs_lastmodifieddate timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_email_current on mirror.hubspot_email (workspace_id, connection_id, id) where valid_to is null;

create table mirror.hubspot_email_association (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    recordId text,
    toObjectType text,
    toObjectIds text,
    associationTypes text,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_email_association_current on mirror.hubspot_email_association (workspace_id, connection_id, id) where valid_to is null;
create index hubspot_email_association_record on mirror.hubspot_email_association (workspace_id, connection_id, recordId) where valid_to is null;

create table mirror.hubspot_meeting (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    createdAt timestamptz,
    archived boolean,
    archivedAt timestamptz,
    hubspot_owner_id text,
    hs_timestamp timestamptz,
    hs_created_by_user_id text,
    hs_object_source text,
    hs_meeting_outcome text,
    hs_meeting_start_time timestamptz,
    hs_meeting_end_time timestamptz,
    hs_meeting_title_is_automated boolean,
    hs_meeting_title_is_cancelled boolean,
    hs_lastmodifieddate timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_meeting_current on mirror.hubspot_meeting (workspace_id, connection_id, id) where valid_to is null;

create table mirror.hubspot_meeting_association (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    recordId text,
    toObjectType text,
    toObjectIds text,
    associationTypes text,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_meeting_association_current on mirror.hubspot_meeting_association (workspace_id, connection_id, id) where valid_to is null;
create index hubspot_meeting_association_record on mirror.hubspot_meeting_association (workspace_id, connection_id, recordId) where valid_to is null;

create table mirror.hubspot_task (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    createdAt timestamptz,
    archived boolean,
    archivedAt timestamptz,
    hubspot_owner_id text,
    hs_timestamp timestamptz,
    hs_created_by_user_id text,
    hs_object_source text,
    hs_task_type text,
    hs_task_status text,
    hs_task_completion_date timestamptz,
    hs_task_subject_is_automated boolean,
    hs_task_subject_is_cancelled boolean,
    hs_lastmodifieddate timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_task_current on mirror.hubspot_task (workspace_id, connection_id, id) where valid_to is null;

create table mirror.hubspot_task_association (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    recordId text,
    toObjectType text,
    toObjectIds text,
    associationTypes text,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_task_association_current on mirror.hubspot_task_association (workspace_id, connection_id, id) where valid_to is null;
create index hubspot_task_association_record on mirror.hubspot_task_association (workspace_id, connection_id, recordId) where valid_to is null;

create table mirror.hubspot_communication (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    createdAt timestamptz,
    archived boolean,
    archivedAt timestamptz,
    hubspot_owner_id text,
    hs_timestamp timestamptz,
    hs_created_by_user_id text,
    hs_object_source text,
    hs_communication_channel_type text,
    hs_lastmodifieddate timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_communication_current on mirror.hubspot_communication (workspace_id, connection_id, id) where valid_to is null;

create table mirror.hubspot_communication_association (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    recordId text,
    toObjectType text,
    toObjectIds text,
    associationTypes text,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_communication_association_current on mirror.hubspot_communication_association (workspace_id, connection_id, id) where valid_to is null;
create index hubspot_communication_association_record on mirror.hubspot_communication_association (workspace_id, connection_id, recordId) where valid_to is null;

create table mirror.hubspot_owner (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    userId text,
    userIdIncludingInactive text,
    type text,
    firstName text,
    lastName text,
    email_hash text,
    email_domain text,
    primaryTeamId text,
    primaryTeamName text,
    archived boolean,
    createdAt timestamptz,
    updatedAt timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_owner_current on mirror.hubspot_owner (workspace_id, connection_id, id) where valid_to is null;

create table mirror.hubspot_pipeline_stage (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    objectType text,
    pipelineId text,
    pipelineLabel text,
    stageId text,
    stageLabel text,
    displayOrder integer,
    isClosed boolean,
    probability numeric,
    metadata text,
    archived boolean,
    createdAt timestamptz,
    updatedAt timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_pipeline_stage_current on mirror.hubspot_pipeline_stage (workspace_id, connection_id, id) where valid_to is null;

create table mirror.hubspot_exchange_rate (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    fromCurrencyCode text,
    toCurrencyCode text,
    conversionRate numeric,
    effectiveAt timestamptz,
    createdAt timestamptz,
    updatedAt timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_exchange_rate_current on mirror.hubspot_exchange_rate (workspace_id, connection_id, id) where valid_to is null;

create table mirror.hubspot_campaign (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    hs_name text,
    hs_start_date date,
    hs_end_date date,
    hs_campaign_status text,
    hs_currency_code text,
    hs_utm text,
    hs_owner text,
    hs_object_id text,
    hs_budget_items_sum_amount numeric,
    hs_spend_items_sum_amount numeric,
    createdAt timestamptz,
    updatedAt timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_campaign_current on mirror.hubspot_campaign (workspace_id, connection_id, id) where valid_to is null;

create table mirror.hubspot_campaign_money (
    workspace_id text not null,
    connection_id text not null,
    id text not null,
    currencyCode text,
    budgetTotal numeric,
    spendTotal numeric,
    remainingBudget numeric,
    budgetItems text,
    spendItems text,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, id, valid_from)
);
create unique index hubspot_campaign_money_current on mirror.hubspot_campaign_money (workspace_id, connection_id, id) where valid_to is null;

-- Grain: one row per record that was merged away, and the record that it stands in now. Survivors name all that were merged
-- into them; where a survivor was merged away itself, follow its own row.
create view mirror.hubspot_merge as
select
    m.workspace_id,
    m.connection_id,
    'contacts' as object_type,
    merged.id,
    m.id as survivor_id
from mirror.hubspot_contact as m
cross join lateral unnest(string_to_array(m.hs_merged_object_ids, ';')) as merged (id)
where m.valid_to is null and merged.id <> '' and merged.id <> m.id
union all
select
    m.workspace_id,
    m.connection_id,
    'companies' as object_type,
    merged.id,
    m.id as survivor_id
from mirror.hubspot_company as m
cross join lateral unnest(string_to_array(m.hs_merged_object_ids, ';')) as merged (id)
where m.valid_to is null and merged.id <> '' and merged.id <> m.id
union all
select
    m.workspace_id,
    m.connection_id,
    'deals' as object_type,
    merged.id,
    m.id as survivor_id
from mirror.hubspot_deal as m
cross join lateral unnest(string_to_array(m.hs_merged_object_ids, ';')) as merged (id)
where m.valid_to is null and merged.id <> '' and merged.id <> m.id
union all
select
    m.workspace_id,
    m.connection_id,
    'leads' as object_type,
    merged.id,
    m.id as survivor_id
from mirror.hubspot_lead as m
cross join lateral unnest(string_to_array(m.hs_merged_object_ids, ';')) as merged (id)
where m.valid_to is null and merged.id <> '' and merged.id <> m.id;

