-- int_opportunity.campaign_id is the campaign that an opportunity's money is counted for; it may stand in another CRM.
alter table metrics.int_opportunity add column campaign_connection_id text;
