-- The opportunity that a deal was made from by HubSpot's Salesforce integration: such a deal is that opportunity.
alter table mirror.hubspot_deal add column hs_salesforceopportunityid text;
alter table metrics.stg_opportunity add column salesforce_opportunity_id text;
