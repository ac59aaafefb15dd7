-- The opportunity that a deal was made from by HubSpot's Salesforce integration: such a deal is that opportunity.
alter table mirror.hubspot_deal add column hs_salesforceopportunityid text;
alter table metrics.stg_opportunity add column salesforce_opportunity_id text;

-- Grain: an object that the CRM would not take any row of at the last push that had rows for it.
create table writeback.refused_object (
    workspace_id text not null,
    connection_id text not null,
    object text not null,
    code text not null,
    message text not null,
    -- Rows that waited when it was refused last.
    row_count integer not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    primary key (workspace_id, connection_id, object)
);
