import { computed, DATETIME, stored, type TargetObject, text } from "./target.ts";

/**
 * Checkbox: true from the stored instant on while the opportunity is open. Salesforce computes it when somebody looks, so
 * it turns at the second and costs no call.
 */
export const STALLED_FORMULA =
  "AND(NOT(IsClosed), NOT(ISBLANK(Ripeline_Stalled_Since__c)), NOW() >= Ripeline_Stalled_Since__c)";

/** The open opportunity: since when it is stalled, and where it came from. Closed ones are never written. */
export const opportunityTarget: TargetObject = {
  crm: "salesforce",
  rows: "opportunity",
  object: "Opportunity",
  isOurs: false,
  label: "Opportunity",
  pluralLabel: "Opportunities",
  description: "",
  nameFormat: null,
  keyField: "Id",
  class: "record_flags",
  standardFields: [],
  listViews: [],
  fields: [
    stored(
      {
        name: "Ripeline_Stalled_Since__c",
        label: "Stalled Since",
        help: "Last recorded touch, change of stage or creation, plus the stage's number of days. In the future: stalled from then on if nothing happens. Renewed at most once a day.",
      },
      DATETIME,
      "stalled_since",
    ),
    computed(
      {
        name: "Ripeline_Stalled__c",
        label: "Stalled",
        help: "Open, with no recorded touch and no change of stage for the stage's number of days. Computed when you look at it.",
      },
      "checkbox",
      0,
      STALLED_FORMULA,
    ),
    stored(
      {
        name: "Ripeline_Original_Source__c",
        label: "Original Source",
        help: "Lead source of the person who brought the opportunity, as first seen; else its own. Kept while it is open.",
      },
      text(255),
      "original_source",
    ),
    stored(
      {
        name: "Ripeline_Original_Campaign__c",
        label: "Original Campaign",
        help: "Campaign of the first marketing touch before the opportunity was created, as first seen; else its primary campaign.",
      },
      {
        kind: "lookup",
        to: "Campaign",
        relationship: "Ripeline_Opportunities",
        relationshipLabel: "Ripeline Opportunities",
      },
      "original_campaign_id",
    ),
  ],
};
