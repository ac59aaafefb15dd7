import { COUNT, DATETIME, KEY_FIELD, riding, stored, type TargetObject, text } from "./target.ts";

/** One row a handoff: what stands behind every rot number. Written when opened, first touched and ended. */
export const handoffTarget: TargetObject = {
  crm: "salesforce",
  rows: "handoff",
  object: "Ripeline_Handoff__c",
  isOurs: true,
  label: "Ripeline Handoff",
  pluralLabel: "Ripeline Handoffs",
  description:
    "One row each time a lead was handed to a rep: clock, first recorded touch, outcome. Written by ripeline; the records behind every rot number.",
  nameFormat: "RH-{00000000}",
  keyField: KEY_FIELD.name,
  class: "record_flags",
  standardFields: [],
  listViews: [
    {
      name: "Ripeline_All_Handoffs",
      label: "All handoffs",
      scope: "Everything",
      columns: [
        "NAME",
        "Ripeline_Lead__c",
        "Ripeline_Rep__c",
        "Ripeline_Handed_Off_At__c",
        "Ripeline_First_Touch_At__c",
        "Ripeline_Outcome__c",
      ],
      filters: [],
    },
  ],
  fields: [
    KEY_FIELD,
    stored(
      { name: "Ripeline_Lead__c", label: "Lead", help: "The lead that was handed off." },
      {
        kind: "lookup",
        to: "Lead",
        relationship: "Ripeline_Handoffs",
        relationshipLabel: "Ripeline Handoffs",
      },
      "lead_lookup",
    ),
    stored(
      {
        name: "Ripeline_Lead_Id__c",
        label: "Lead Id",
        help: "The lead's 18-character id; it stays when the lead is converted or deleted.",
      },
      text(18),
      "lead_id",
    ),
    stored(
      {
        name: "Ripeline_Contact__c",
        label: "Contact",
        help: "The contact the lead became when it was converted.",
      },
      {
        kind: "lookup",
        to: "Contact",
        relationship: "Ripeline_Handoffs",
        relationshipLabel: "Ripeline Handoffs",
      },
      "contact_id",
    ),
    stored(
      { name: "Ripeline_Rep__c", label: "Rep", help: "Who held this handoff, not today's owner." },
      {
        kind: "lookup",
        to: "User",
        relationship: "Ripeline_Handoffs",
        relationshipLabel: "Ripeline Handoffs",
      },
      "rep_id",
    ),
    stored(
      { name: "Ripeline_Team__c", label: "Team", help: "The rep's team: the user role." },
      text(80),
      "team",
    ),
    stored(
      { name: "Ripeline_Handoff_Number__c", label: "Handoff Number", help: "1 is the lead's first handoff." },
      { kind: "number", precision: 4, scale: 0 },
      "handoff_number",
    ),
    stored(
      {
        name: "Ripeline_Evidence__c",
        label: "Evidence",
        help: "How the handoff is known: history (owner history), observed (owner changed between two looks), born (created owned by the rep).",
      },
      text(20),
      "evidence",
    ),
    stored(
      { name: "Ripeline_Policy__c", label: "Policy", help: "The rot policy at the handoff." },
      text(80),
      "policy",
    ),
    stored(
      {
        name: "Ripeline_Calendar__c",
        label: "Calendar",
        help: "The clock that counts: wall_clock or the business hours' name.",
      },
      text(80),
      "calendar",
    ),
    stored(
      { name: "Ripeline_Handed_Off_At__c", label: "Handed Off At", help: "When the owner became this rep." },
      DATETIME,
      "handed_off_at",
    ),
    stored(
      {
        name: "Ripeline_At_Risk_At__c",
        label: "At Risk From",
        help: "Three quarters of the way to the deadline.",
      },
      DATETIME,
      "at_risk_at",
    ),
    stored(
      { name: "Ripeline_Rots_At__c", label: "Rots At", help: "The deadline by the policy's clock." },
      DATETIME,
      "rots_at",
    ),
    stored(
      {
        name: "Ripeline_First_Touch_At__c",
        label: "First Touch At",
        help: "First recorded outbound human attempt since the handoff.",
      },
      DATETIME,
      "first_touch_at",
    ),
    stored(
      {
        name: "Ripeline_First_Touch_Kind__c",
        label: "First Touch Kind",
        help: "call, email, meeting, linkedin and so on.",
      },
      text(20),
      "first_touch_kind",
    ),
    stored(
      { name: "Ripeline_First_Touch_By__c", label: "First Touch By", help: "Who made the first touch." },
      {
        kind: "lookup",
        to: "User",
        relationship: "Ripeline_Handoffs_Touched",
        relationshipLabel: "Ripeline Handoffs Touched First",
      },
      "first_touch_by",
    ),
    riding(
      {
        name: "Ripeline_Touch_Count__c",
        label: "Touches",
        help: "Recorded touches as of the last change of this row.",
      },
      COUNT,
      "touch_count",
    ),
    stored(
      {
        name: "Ripeline_Outcome__c",
        label: "Outcome",
        help: "worked (first touch in time), worked_late (after the deadline), untouched (ended without a touch); blank while open and untouched.",
      },
      text(20),
      "outcome",
    ),
    stored(
      {
        name: "Ripeline_Ended_At__c",
        label: "Ended At",
        help: "When the handoff ended; blank while it is open.",
      },
      DATETIME,
      "ended_at",
    ),
    stored(
      {
        name: "Ripeline_Ended_By__c",
        label: "Ended By",
        help: "converted, disqualified, recycled, reassigned, deleted or merged; blank while open.",
      },
      text(20),
      "ended_by",
    ),
  ],
};
