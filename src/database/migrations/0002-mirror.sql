-- What the CRMs said: one row per version of a record that we saw. valid_to is null in the version that is current.
-- valid_from / valid_to: the CRM's clock when the query that brought (replaced) the version was sent.
-- changed_at: SystemModstamp (CreatedDate where there is none) of the first sight of this content; an echo of our own
-- write moves SystemModstamp in place and leaves changed_at. Column names are the vendor's, folded to lower case.

create table mirror.salesforce_lead (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    OwnerId text,
    Status text,
    LeadSource text,
    Email_hash text,
    Email_domain text,
    RecordTypeId text,
    IsConverted boolean,
    ConvertedDate date,
    ConvertedAccountId text,
    ConvertedContactId text,
    ConvertedOpportunityId text,
    MasterRecordId text,
    FirstCallDateTime timestamptz,
    FirstEmailDateTime timestamptz,
    Ripeline_Exclude__c boolean,
    CreatedDate timestamptz,
    CreatedById text,
    SystemModstamp timestamptz,
    IsDeleted boolean,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_lead_current on mirror.salesforce_lead (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_contact (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    OwnerId text,
    AccountId text,
    LeadSource text,
    Email_hash text,
    Email_domain text,
    MasterRecordId text,
    CreatedDate timestamptz,
    SystemModstamp timestamptz,
    IsDeleted boolean,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_contact_current on mirror.salesforce_contact (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_lead_history (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    LeadId text,
    Field text,
    OldValue text,
    NewValue text,
    CreatedDate timestamptz,
    CreatedById text,
    IsDeleted boolean,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_lead_history_current on mirror.salesforce_lead_history (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_task (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    WhoId text,
    WhatId text,
    OwnerId text,
    Subject_is_automated boolean,
    Subject_is_cancelled boolean,
    Status text,
    IsClosed boolean,
    Type text,
    TaskSubtype text,
    CallType text,
    CallDurationInSeconds integer,
    CallDisposition text,
    CompletedDateTime timestamptz,
    IsArchived boolean,
    CreatedDate timestamptz,
    CreatedById text,
    SystemModstamp timestamptz,
    IsDeleted boolean,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_task_current on mirror.salesforce_task (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_event (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    WhoId text,
    WhatId text,
    OwnerId text,
    Subject_is_automated boolean,
    Subject_is_cancelled boolean,
    StartDateTime timestamptz,
    EndDateTime timestamptz,
    IsArchived boolean,
    CreatedDate timestamptz,
    CreatedById text,
    SystemModstamp timestamptz,
    IsDeleted boolean,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_event_current on mirror.salesforce_event (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_email_message (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    Incoming boolean,
    IsBounced boolean,
    Status text,
    MessageDate timestamptz,
    ActivityId text,
    RelatedToId text,
    Subject_is_automated boolean,
    Subject_is_cancelled boolean,
    CreatedDate timestamptz,
    CreatedById text,
    SystemModstamp timestamptz,
    IsDeleted boolean,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_email_message_current on mirror.salesforce_email_message (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_email_message_relation (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    EmailMessageId text,
    RelationId text,
    RelationType text,
    RelationObjectType text,
    CreatedDate timestamptz,
    SystemModstamp timestamptz,
    IsDeleted boolean,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_email_message_relation_current on mirror.salesforce_email_message_relation (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_opportunity (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    OwnerId text,
    AccountId text,
    CampaignId text,
    StageName text,
    Amount numeric,
    CurrencyIsoCode text,
    CloseDate date,
    IsClosed boolean,
    IsWon boolean,
    Type text,
    LeadSource text,
    CreatedDate timestamptz,
    SystemModstamp timestamptz,
    IsDeleted boolean,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_opportunity_current on mirror.salesforce_opportunity (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_opportunity_history (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    OpportunityId text,
    StageName text,
    Amount numeric,
    CurrencyIsoCode text,
    CloseDate date,
    CreatedDate timestamptz,
    SystemModstamp timestamptz,
    IsDeleted boolean,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_opportunity_history_current on mirror.salesforce_opportunity_history (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_opportunity_contact_role (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    OpportunityId text,
    ContactId text,
    IsPrimary boolean,
    CreatedDate timestamptz,
    SystemModstamp timestamptz,
    IsDeleted boolean,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_opportunity_contact_role_current on mirror.salesforce_opportunity_contact_role (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_campaign_member (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    CampaignId text,
    LeadId text,
    ContactId text,
    HasResponded boolean,
    FirstRespondedDate date,
    Status text,
    CreatedDate timestamptz,
    SystemModstamp timestamptz,
    IsDeleted boolean,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_campaign_member_current on mirror.salesforce_campaign_member (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_campaign (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    Name text,
    ParentId text,
    Type text,
    Status text,
    IsActive boolean,
    StartDate date,
    EndDate date,
    ActualCost numeric,
    BudgetedCost numeric,
    CurrencyIsoCode text,
    CreatedDate timestamptz,
    SystemModstamp timestamptz,
    IsDeleted boolean,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_campaign_current on mirror.salesforce_campaign (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_account (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    OwnerId text,
    MasterRecordId text,
    CreatedDate timestamptz,
    SystemModstamp timestamptz,
    IsDeleted boolean,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_account_current on mirror.salesforce_account (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_user (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    Name text,
    IsActive boolean,
    UserType text,
    ProfileId text,
    UserRoleId text,
    ManagerId text,
    CreatedDate timestamptz,
    SystemModstamp timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_user_current on mirror.salesforce_user (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_profile (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    Name text,
    UserType text,
    UserLicenseId text,
    SystemModstamp timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_profile_current on mirror.salesforce_profile (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_user_role (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    Name text,
    ParentRoleId text,
    SystemModstamp timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_user_role_current on mirror.salesforce_user_role (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_group (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    Name text,
    Type text,
    SystemModstamp timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_group_current on mirror.salesforce_group (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_business_hours (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    Name text,
    IsActive boolean,
    IsDefault boolean,
    TimeZoneSidKey text,
    MondayStartTime text,
    MondayEndTime text,
    TuesdayStartTime text,
    TuesdayEndTime text,
    WednesdayStartTime text,
    WednesdayEndTime text,
    ThursdayStartTime text,
    ThursdayEndTime text,
    FridayStartTime text,
    FridayEndTime text,
    SaturdayStartTime text,
    SaturdayEndTime text,
    SundayStartTime text,
    SundayEndTime text,
    SystemModstamp timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_business_hours_current on mirror.salesforce_business_hours (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_holiday (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    Name text,
    ActivityDate date,
    IsAllDay boolean,
    StartTimeInMinutes integer,
    EndTimeInMinutes integer,
    IsRecurrence boolean,
    RecurrenceStartDate date,
    RecurrenceEndDateOnly date,
    RecurrenceType text,
    RecurrenceInterval integer,
    RecurrenceDayOfWeekMask integer,
    RecurrenceDayOfMonth integer,
    RecurrenceInstance text,
    RecurrenceMonthOfYear text,
    SystemModstamp timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_holiday_current on mirror.salesforce_holiday (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_lead_status (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    MasterLabel text,
    ApiName text,
    IsConverted boolean,
    IsDefault boolean,
    SortOrder integer,
    SystemModstamp timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_lead_status_current on mirror.salesforce_lead_status (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_opportunity_stage (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    MasterLabel text,
    ApiName text,
    IsActive boolean,
    IsClosed boolean,
    IsWon boolean,
    SortOrder integer,
    SystemModstamp timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_opportunity_stage_current on mirror.salesforce_opportunity_stage (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_currency_type (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    IsoCode text,
    ConversionRate numeric,
    DecimalPlaces integer,
    IsActive boolean,
    IsCorporate boolean,
    SystemModstamp timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_currency_type_current on mirror.salesforce_currency_type (workspace_id, connection_id, Id) where valid_to is null;

create table mirror.salesforce_dated_conversion_rate (
    workspace_id text not null,
    connection_id text not null,
    Id text not null,
    IsoCode text,
    ConversionRate numeric,
    StartDate date,
    NextStartDate date,
    SystemModstamp timestamptz,
    changed_at timestamptz not null,
    valid_from timestamptz not null,
    valid_to timestamptz,
    primary key (workspace_id, connection_id, Id, valid_from)
);
create unique index salesforce_dated_conversion_rate_current on mirror.salesforce_dated_conversion_rate (workspace_id, connection_id, Id) where valid_to is null;


-- One row per connection: the org it is pinned to and what the org told about itself.
create table mirror.connection (
    workspace_id text not null,
    connection_id text not null,
    crm text not null,
    org_id text not null,
    instance_url text not null,
    username text not null,
    first_pull_at timestamptz,
    -- The CRM's clock at the first successful apply; rot.start_from defaults to it.
    applied_at timestamptz,
    tracks_owner_history boolean not null default false,
    tracks_status_history boolean not null default false,
    has_multiple_currencies boolean not null default false,
    automation jsonb not null default '[]',
    facts_read_at timestamptz,
    primary key (workspace_id, connection_id)
);

-- One row per stream: how far it has been read.
create table mirror.stream_state (
    workspace_id text not null,
    connection_id text not null,
    stream text not null,
    -- The CRM's clock at the start of the last complete pull; null before it.
    watermark timestamptz,
    -- First complete pull's query time: as_of before it has no history.
    history_begins_at timestamptz,
    -- The pull under way: lower bound, query time, checkpoint after the last committed page, rows so far.
    pull_since timestamptz,
    pull_queried_at timestamptz,
    checkpoint jsonb,
    pull_rows bigint not null default 0,
    last_rows bigint,
    last_finished_at timestamptz,
    -- Fields of the stream that the org hides from us, and whether the object is absent.
    hidden_fields text[] not null default '{}',
    is_absent boolean not null default false,
    -- Digest of the fields and patterns the rows were read with; another one means the stream is loaded anew.
    spec_hash text,
    primary key (workspace_id, connection_id, stream)
);

-- One row per workspace: the key under which e-mail addresses are hashed, where RIPELINE_SECRET_KEY gives none.
create table mirror.workspace_key (
    workspace_id text not null,
    key_bytes bytea not null,
    primary key (workspace_id)
);

-- One row per run of a step (pull, compute, push, apply).
create table mirror.run (
    workspace_id text not null,
    run_id text not null,
    connection_id text not null,
    step text not null,
    as_of timestamptz,
    started_at timestamptz not null,
    finished_at timestamptz,
    outcome text,
    detail jsonb not null default '{}',
    primary key (workspace_id, run_id)
);
create index run_recent on mirror.run (workspace_id, connection_id, step, started_at desc);
