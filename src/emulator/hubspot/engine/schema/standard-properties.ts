import {
  CALL,
  CAMPAIGN,
  COMMUNICATION,
  COMPANY,
  CONTACT,
  DEAL,
  EMAIL,
  LEAD,
  MEETING,
  NOTE,
  TASK,
} from "../object-types.ts";
import { ENGAGEMENT_BY_TYPE, ENGAGEMENTS } from "./engagement-properties.ts";
import { type PropertyDefinition, standardProperty } from "./property-definition.ts";

/** Every object has these. */
const EVERY = `
hs_object_id | Record ID | number ro
hs_object_source | Record source | enumeration ro | CRM_UI, INTEGRATION, IMPORT, API, AUTOMATION_PLATFORM
hs_object_source_id | Record source ID | string ro
hs_object_source_label | Record source | string ro
hs_merged_object_ids | Merged record IDs | enumeration/checkbox ro
hs_unique_creation_key | Unique creation key | string ro
hs_created_by_user_id | Created by user ID | number ro
hs_updated_by_user_id | Updated by user ID | number ro
hubspot_owner_id | Owner | enumeration owner
hubspot_owner_assigneddate | Owner assigned date | datetime ro
hubspot_team_id | Team | enumeration ro
hs_all_owner_ids | All owner IDs | enumeration/checkbox ro
`;

/** What engagements leave behind on the record they are logged on. */
const TOUCHES = `
notes_last_contacted | Last contacted | datetime ro
notes_last_updated | Last activity date | datetime ro
notes_next_activity_date | Next activity date | datetime ro
num_contacted_notes | Number of times contacted | number ro
num_notes | Number of sales activities | number ro
hs_sa_first_engagement_date | First engagement date of the owner | datetime ro
hs_time_to_first_engagement | Time to first engagement (ms) | number ro
hs_last_sales_activity_timestamp | Last engagement date | datetime ro
hs_first_outreach_date | First outreach date | datetime ro
`;

const ANALYTICS =
  "ORGANIC_SEARCH=Organic Search, PAID_SEARCH=Paid Search, EMAIL_MARKETING=Email Marketing, SOCIAL_MEDIA=Organic Social, REFERRALS=Referrals, OTHER_CAMPAIGNS=Other Campaigns, DIRECT_TRAFFIC=Direct Traffic, OFFLINE=Offline Sources, PAID_SOCIAL=Paid Social, AI_REFERRALS=AI Referrals";

/** In the order a lifecycle runs; writes go forward only. */
export const LIFECYCLE_STAGES = [
  "subscriber",
  "lead",
  "marketingqualifiedlead",
  "salesqualifiedlead",
  "opportunity",
  "customer",
  "evangelist",
  "other",
] as const;

const LIFECYCLE =
  "subscriber=Subscriber, lead=Lead, marketingqualifiedlead=Marketing Qualified Lead, salesqualifiedlead=Sales Qualified Lead, opportunity=Opportunity, customer=Customer, evangelist=Evangelist, other=Other";

const lifecycleDates = LIFECYCLE_STAGES.map(
  (stage) => `hs_lifecyclestage_${stage}_date | Became a ${stage} date | datetime ro`,
).join("\n");

/** `hs_lastmodifieddate` is there and always empty: a filter on it finds nothing, as in real portals. */
const CONTACTS = `
email | Email | string unique
firstname | First Name | string
lastname | Last Name | string
phone | Phone Number | string/phonenumber
mobilephone | Mobile Phone Number | string/phonenumber
company | Company Name | string
jobtitle | Job Title | string
website | Website URL | string
address | Street Address | string
city | City | string
state | State/Region | string
zip | Postal Code | string
country | Country/Region | string
industry | Industry | string
annualrevenue | Annual Revenue | string
numemployees | Number of Employees | enumeration | 1-5, 5-25, 25-50, 50-100, 100-500, 500-1000, 1000+
message | Message | string/textarea
createdate | Create Date | datetime ro
lastmodifieddate | Last Modified Date | datetime ro
hs_lastmodifieddate | Object last modified date/time | datetime ro
lifecyclestage | Lifecycle Stage | enumeration/radio | ${LIFECYCLE}
hs_lead_status | Lead Status | enumeration/radio | NEW=New, OPEN=Open, IN_PROGRESS=In Progress, OPEN_DEAL=Open Deal, UNQUALIFIED=Unqualified, ATTEMPTED_TO_CONTACT=Attempted to Contact, CONNECTED=Connected, BAD_TIMING=Bad Timing
hs_analytics_source | Original Traffic Source | enumeration | ${ANALYTICS}
hs_analytics_source_data_1 | Original Traffic Source Drill-Down 1 | string ro
hs_analytics_source_data_2 | Original Traffic Source Drill-Down 2 | string ro
hs_latest_source | Latest Traffic Source | enumeration ro | ${ANALYTICS}
hs_latest_source_timestamp | Latest Traffic Source Date | datetime ro
hs_analytics_first_timestamp | Time First Seen | datetime ro
hs_analytics_first_touch_converting_campaign | First Touch Converting Campaign | string ro
hs_analytics_last_touch_converting_campaign | Last Touch Converting Campaign | string ro
first_conversion_date | First Conversion Date | datetime ro
first_conversion_event_name | First Conversion | string ro
recent_conversion_date | Recent Conversion Date | datetime ro
recent_conversion_event_name | Recent Conversion | string ro
num_unique_conversion_events | Number of Unique Forms Submitted | number ro
num_conversion_events | Number of Form Submissions | number ro
hs_email_optout | Unsubscribed from all email | bool ro
hs_is_unworked | Contact unworked | bool ro
hs_marketable_status | Marketing contact status | enumeration ro | true, false
hs_calculated_merged_vids | Merged vids with timestamps | string ro
hs_is_contact | Is a contact | bool ro
associatedcompanyid | Primary Associated Company ID | number
num_associated_deals | Number of Associated Deals | number ro
first_deal_created_date | First Deal Created Date | datetime ro
recent_deal_close_date | Recent Deal Close Date | datetime ro
total_revenue | Total Revenue | number ro
closedate | Close Date | datetime
hs_language | Preferred language | enumeration | en=English, de=German, fr=French, es=Spanish
${lifecycleDates}
`;

const COMPANIES = `
name | Company name | string
domain | Company Domain Name | string
website | Website URL | string
phone | Phone Number | string/phonenumber
description | Description | string/textarea
industry | Industry | string
address | Street Address | string
city | City | string
state | State/Region | string
zip | Postal Code | string
country | Country/Region | string
numberofemployees | Number of Employees | number
annualrevenue | Annual Revenue | number
type | Type | enumeration | PROSPECT=Prospect, PARTNER=Partner, RESELLER=Reseller, VENDOR=Vendor, OTHER=Other
createdate | Create Date | datetime
hs_lastmodifieddate | Last Modified Date | datetime ro
lifecyclestage | Lifecycle Stage | enumeration/radio | ${LIFECYCLE}
hs_lead_status | Lead Status | enumeration/radio | NEW=New, OPEN=Open, IN_PROGRESS=In Progress, UNQUALIFIED=Unqualified, CONNECTED=Connected
hs_analytics_source | Original Traffic Source | enumeration | ${ANALYTICS}
hs_parent_company_id | Parent Company | number
num_associated_contacts | Number of Associated Contacts | number ro
num_associated_deals | Number of Associated Deals | number ro
closedate | Close Date | datetime
${lifecycleDates}
`;

const DEALS = `
dealname | Deal Name | string
amount | Amount | number
amount_in_home_currency | Amount in company currency | number calc
deal_currency_code | Currency | enumeration | USD, EUR, GBP, JPY, CHF, CAD, AUD
closedate | Close Date | datetime
createdate | Create Date | datetime
hs_createdate | HubSpot Create Date | datetime ro
hs_lastmodifieddate | Last Modified Date | datetime ro
pipeline | Pipeline | enumeration
dealstage | Deal Stage | enumeration/radio
dealtype | Deal Type | enumeration/radio | newbusiness=New Business, existingbusiness=Existing Business
description | Deal Description | string/textarea
hs_priority | Priority | enumeration | low=Low, medium=Medium, high=High
hs_is_closed | Is Deal Closed? | bool calc
hs_is_closed_won | Is Closed Won | bool calc
hs_is_closed_lost | Is Closed Lost | bool calc
hs_is_stalled | Is Stalled | bool ro
hs_is_stalled_after_timestamp | Is Stalled After Timestamp | datetime ro
hs_closed_amount | Closed Deal Amount | number calc
hs_deal_stage_probability | Deal probability | number
hs_deal_amount_calculation_preference | Amount calculation preference | enumeration | 1, 2
hs_forecast_amount | Forecast amount | number calc
hs_forecast_probability | Forecast probability | number
hs_manual_forecast_category | Forecast category | enumeration | OMIT=Not forecasted, PIPELINE=Pipeline, BEST_CASE=Best case, COMMIT=Commit, CLOSED=Closed won
hs_next_step | Next step | string
closed_lost_reason | Closed Lost Reason | string/textarea
closed_won_reason | Closed Won Reason | string/textarea
days_to_close | Days to close | number calc
num_associated_contacts | Number of Associated Contacts | number ro
hs_primary_associated_company | Primary Associated Company | number ro
hs_analytics_source | Original Traffic Source | enumeration | ${ANALYTICS}
hs_campaign | HubSpot Campaign | string
hs_v2_date_entered_current_stage | Date entered current stage | datetime ro
hs_v2_time_in_current_stage | Time in current stage | datetime ro
`;

const LEADS = `
hs_lead_name | Lead Name | string
hs_lead_type | Lead Type | enumeration | NEW_BUSINESS=New business, UPSELL=Upsell, RE_ATTEMPTING=Re-attempting
hs_lead_label | Lead Label | enumeration | HOT=Hot, WARM=Warm, COLD=Cold
hs_pipeline | Lead Pipeline | enumeration
hs_pipeline_stage | Lead Pipeline Stage | enumeration
hs_pipeline_stage_category | Lead Pipeline Stage Category | enumeration calc | NEW, IN_PROGRESS, QUALIFIED, UNQUALIFIED
hs_lead_disqualification_reason | Disqualification reason | enumeration | NO_FIT=Not a fit, NO_BUDGET=No budget, UNRESPONSIVE=Unresponsive, WRONG_PERSON=Wrong person, OTHER=Other
hs_createdate | Create Date | datetime ro
createdate | Create Date | datetime ro
hs_lastmodifieddate | Last Modified Date | datetime ro
hs_primary_contact_id | Primary contact | number ro
hs_primary_company_id | Primary company | number ro
hs_last_activity_date | Last activity date | datetime ro
hs_lead_is_open | Is open | bool calc
hs_v2_date_entered_current_stage | Date entered current stage | datetime ro
hs_v2_time_in_current_stage | Time in current stage | datetime ro
`;

const CAMPAIGNS = `
hs_name | Name | string
hs_start_date | Start date | date
hs_end_date | End date | date
hs_notes | Notes | string/textarea
hs_audience | Audience | string
hs_currency_code | Currency | enumeration | USD, EUR, GBP, JPY, CHF, CAD, AUD
hs_campaign_status | Status | enumeration | planned=Planned, in_progress=In progress, active=Active, paused=Paused, completed=Completed
hs_owner | Owner | number
hs_utm | UTM | string
hs_color_hex | Colour | string
hs_createdate | Created | datetime ro
hs_lastmodifieddate | Last modified | datetime ro
hs_created_by_user_id | Created by | number ro
hs_budget_items_sum_amount | Budget total | number ro
hs_spend_items_sum_amount | Spend total | number ro
`;

const CUSTOM = `
hs_createdate | Create date | datetime ro
hs_lastmodifieddate | Last modified date | datetime ro
`;

const lines = (text: string) => text.split("\n").filter((line) => line.trim() !== "");

const GROUPS: Readonly<Record<string, string>> = {
  [CONTACT]: "contactinformation",
  [COMPANY]: "companyinformation",
  [DEAL]: "dealinformation",
  [LEAD]: "lead_information",
  [CALL]: "call",
  [EMAIL]: "email",
  [MEETING]: "meeting",
  [NOTE]: "note",
  [TASK]: "task",
  [COMMUNICATION]: "communication",
  [CAMPAIGN]: "campaign",
};

/** Name of the group that a type's own properties are in. */
export const standardGroup = (typeId: string, name: string): string =>
  GROUPS[typeId] ?? `${name}_information`;

function textsOf(typeId: string): readonly string[] {
  switch (typeId) {
    case CONTACT:
      return [CONTACTS, TOUCHES, EVERY];
    case COMPANY:
      return [COMPANIES, TOUCHES, EVERY];
    case DEAL:
      return [DEALS, TOUCHES, EVERY];
    case LEAD:
      return [LEADS, TOUCHES, EVERY];
    case CAMPAIGN:
      return [CAMPAIGNS, "hs_object_id | Record ID | number ro"];
    default: {
      const own = ENGAGEMENT_BY_TYPE[typeId];
      return own === undefined ? [CUSTOM, EVERY] : [own, ENGAGEMENTS, EVERY];
    }
  }
}

/** What every portal has on an object type from the start; custom types have the properties all objects have. */
export function standardProperties(typeId: string, name: string): readonly PropertyDefinition[] {
  const group = standardGroup(typeId, name);
  return textsOf(typeId).flatMap((text) => lines(text).map((line) => standardProperty(line, group)));
}

/** The four dates and times that every stage of a pipeline has. */
export const stageProperties = (
  stageId: string,
  label: string,
  group: string,
): readonly PropertyDefinition[] =>
  [
    `hs_v2_date_entered_${stageId} | Date entered "${label}" | datetime ro`,
    `hs_v2_date_exited_${stageId} | Date exited "${label}" | datetime ro`,
    `hs_v2_cumulative_time_in_${stageId} | Cumulative time in "${label}" | number ro`,
    `hs_v2_latest_time_in_${stageId} | Latest time in "${label}" | number ro`,
  ].map((line) => standardProperty(line, group));
