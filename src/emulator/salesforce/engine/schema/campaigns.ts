/** Campaigns, their members and member statuses. */
import type { ObjectDef } from "./definitions.ts";
import {
  currencyCode,
  date,
  derived,
  flag,
  indexed,
  integer,
  longText,
  money,
  named,
  number,
  object,
  percent,
  picklist,
  readOnly,
  reference,
  required,
  text,
} from "./fields.ts";

export const CAMPAIGN: ObjectDef = object("Campaign", "701", [
  named(required(text("Name", 80))),
  indexed(reference("ParentId", ["Campaign"], { childRelationshipName: "ChildCampaigns" })),
  picklist(
    "Type",
    [
      "Conference",
      "Webinar",
      "Trade Show",
      "Public Relations",
      "Partners",
      "Referral Program",
      "Advertisement",
      "Banner Ads",
      "Direct Mail",
      "Email",
      "Telemarketing",
      "Other",
    ],
    { length: 40 },
  ),
  reference("RecordTypeId", ["RecordType"]),
  picklist("Status", ["Planned", "In Progress", "Completed", "Aborted"], {
    length: 40,
    defaultValue: "Planned",
  }),
  date("StartDate"),
  date("EndDate"),
  currencyCode(),
  money("ExpectedRevenue"),
  money("BudgetedCost"),
  money("ActualCost"),
  percent("ExpectedResponse", { precision: 10, scale: 2 }),
  number("NumberSent", 18, 0),
  flag("IsActive", { label: "Active" }),
  longText("Description", 32_000),
  reference("OwnerId", ["User"], { isNillable: false }),
  readOnly(date("LastActivityDate")),
  reference("CampaignMemberRecordTypeId", ["RecordType"]),
  derived(integer("NumberOfLeads"), "number_of_leads"),
  derived(integer("NumberOfConvertedLeads"), "number_of_converted_leads"),
  derived(integer("NumberOfContacts"), "number_of_contacts"),
  derived(integer("NumberOfResponses"), "number_of_responses"),
  derived(integer("NumberOfOpportunities"), "number_of_opportunities"),
  derived(integer("NumberOfWonOpportunities"), "number_of_won_opportunities"),
  derived(money("AmountAllOpportunities"), "amount_all_opportunities"),
  derived(money("AmountWonOpportunities"), "amount_won_opportunities"),
  derived(money("HierarchyActualCost", { label: "Total Actual Cost in Hierarchy" }), "hierarchy_actual_cost"),
  derived(
    money("HierarchyBudgetedCost", { label: "Total Budgeted Cost in Hierarchy" }),
    "hierarchy_budgeted_cost",
  ),
]);

export const CAMPAIGN_MEMBER: ObjectDef = object("CampaignMember", "00v", [
  required(
    indexed(
      reference("CampaignId", ["Campaign"], {
        childRelationshipName: "CampaignMembers",
        isCascade: true,
        isUpdateable: false,
      }),
    ),
  ),
  indexed(
    reference("LeadId", ["Lead"], {
      childRelationshipName: "CampaignMembers",
      isCascade: true,
      isUpdateable: false,
    }),
  ),
  indexed(
    reference("ContactId", ["Contact"], {
      childRelationshipName: "CampaignMembers",
      isCascade: true,
      isUpdateable: false,
    }),
  ),
  indexed(reference("AccountId", ["Account"], { isUpdateable: false })),
  picklist("Status", ["Sent", "Responded"], { length: 40 }),
  readOnly(flag("HasResponded", { label: "Responded" })),
  readOnly(date("FirstRespondedDate")),
  currencyCode(),
  derived(reference("LeadOrContactId", ["Contact", "Lead"]), "lead_or_contact_id"),
  readOnly(picklist("Type", ["Lead", "Contact", "Account"], { length: 40 })),
]);

export const CAMPAIGN_MEMBER_STATUS: ObjectDef = object("CampaignMemberStatus", "01Y", [
  required(indexed(reference("CampaignId", ["Campaign"], { relationshipName: "Campaign", isCascade: true }))),
  required(text("Label", 765)),
  integer("SortOrder"),
  flag("IsDefault"),
  flag("HasResponded"),
]);
