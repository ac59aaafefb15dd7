/** Opportunities, their contact roles and histories. */
import type { ObjectDef } from "./definitions.ts";
import {
  currencyCode,
  date,
  derived,
  field,
  flag,
  indexed,
  instant,
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
import { LEAD_SOURCES } from "./people.ts";

export const OPPORTUNITY_FIELD_HISTORY: ObjectDef = object(
  "OpportunityFieldHistory",
  "017",
  [
    indexed(
      reference("OpportunityId", ["Opportunity"], {
        isNillable: false,
        childRelationshipName: "Histories",
        isCascade: true,
      }),
    ),
    picklist("Field", [], { isNillable: false }),
    picklist("DataType", ["Text", "EntityId", "Boolean", "DateTime", "Currency", "Number"]),
    field("OldValue", "string", { length: 255, describeType: "anyType" }),
    field("NewValue", "string", { length: 255, describeType: "anyType" }),
  ],
  { isCreateable: false, isUpdateable: false, isDeletable: false, audit: "created" },
);

export const OPPORTUNITY: ObjectDef = object("Opportunity", "006", [
  indexed(reference("AccountId", ["Account"], { childRelationshipName: "Opportunities", isCascade: true })),
  reference("RecordTypeId", ["RecordType"]),
  named(required(text("Name", 120, { label: "Name" }))),
  longText("Description", 32_000),
  required(picklist("StageName", [], { label: "Stage" })),
  money("Amount"),
  percent("Probability", { label: "Probability (%)" }),
  derived(money("ExpectedRevenue", { label: "Expected Amount" }), "expected_revenue"),
  number("TotalOpportunityQuantity", 18, 2, { label: "Quantity" }),
  required(date("CloseDate")),
  picklist(
    "Type",
    [
      "Existing Customer - Upgrade",
      "Existing Customer - Replacement",
      "Existing Customer - Downgrade",
      "New Customer",
    ],
    { label: "Opportunity Type" },
  ),
  text("NextStep", 255),
  picklist("LeadSource", LEAD_SOURCES),
  readOnly(flag("IsClosed", { label: "Closed" })),
  readOnly(flag("IsWon", { label: "Won" })),
  readOnly(
    picklist("ForecastCategory", ["Omitted", "Pipeline", "BestCase", "MostLikely", "Forecast", "Closed"]),
  ),
  picklist("ForecastCategoryName", ["Omitted", "Pipeline", "Best Case", "Most Likely", "Commit", "Closed"], {
    label: "Forecast Category",
  }),
  currencyCode(),
  indexed(reference("CampaignId", ["Campaign"], { childRelationshipName: "Opportunities" })),
  readOnly(flag("HasOpportunityLineItem", { label: "Has Line Item" })),
  reference("Pricebook2Id", ["Pricebook2"]),
  reference("OwnerId", ["User"], { isNillable: false }),
  indexed(reference("ContactId", ["Contact"], { isUpdateable: false })),
  readOnly(date("LastActivityDate")),
  readOnly(instant("LastStageChangeDate")),
  readOnly(integer("FiscalQuarter")),
  readOnly(integer("FiscalYear")),
  readOnly(text("Fiscal", 6)),
]);

export const OPPORTUNITY_CONTACT_ROLE: ObjectDef = object("OpportunityContactRole", "00K", [
  required(
    indexed(
      reference("OpportunityId", ["Opportunity"], {
        childRelationshipName: "OpportunityContactRoles",
        isCascade: true,
        isUpdateable: false,
      }),
    ),
  ),
  required(
    indexed(
      reference("ContactId", ["Contact"], {
        childRelationshipName: "OpportunityContactRoles",
        isCascade: true,
      }),
    ),
  ),
  picklist("Role", [
    "Business User",
    "Decision Maker",
    "Economic Buyer",
    "Economic Decision Maker",
    "Evaluator",
    "Executive Sponsor",
    "Influencer",
    "Technical Buyer",
    "Other",
  ]),
  flag("IsPrimary", { label: "Primary" }),
  currencyCode(),
]);

export const OPPORTUNITY_HISTORY: ObjectDef = object(
  "OpportunityHistory",
  "008",
  [
    indexed(
      reference("OpportunityId", ["Opportunity"], {
        isNillable: false,
        childRelationshipName: "OpportunityHistories",
        isCascade: true,
      }),
    ),
    picklist("StageName", []),
    money("Amount"),
    money("ExpectedRevenue"),
    date("CloseDate"),
    percent("Probability"),
    picklist("ForecastCategory", ["Omitted", "Pipeline", "BestCase", "MostLikely", "Forecast", "Closed"]),
    currencyCode(),
    money("PrevAmount"),
    date("PrevCloseDate"),
  ],
  { isCreateable: false, isUpdateable: false, isDeletable: false, audit: "created_and_stamp" },
);
