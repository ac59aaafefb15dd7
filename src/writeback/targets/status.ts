import { COUNT, DATETIME, DECIMAL, KEY_FIELD, riding, stored, type TargetObject, text } from "./target.ts";

/** One record a connection: how fresh and how complete ripeline's numbers are. Rewritten hourly. */
export const statusTarget: TargetObject = {
  crm: "salesforce",
  rows: "status",
  object: "Ripeline_Status__c",
  isOurs: true,
  label: "Ripeline Status",
  pluralLabel: "Ripeline Status",
  description:
    "One record a connection: last good run, watermarks, counts, quarantine, calls used. Written by ripeline every hour.",
  nameFormat: "RS-{0000}",
  keyField: KEY_FIELD.name,
  class: "status",
  standardFields: [],
  listViews: [
    {
      name: "Ripeline_All_Status",
      label: "All connections",
      scope: "Everything",
      columns: ["NAME", "Ripeline_Connection__c", "Ripeline_Last_Good_Run__c", "Ripeline_Quarantined__c"],
      filters: [],
    },
  ],
  fields: [
    KEY_FIELD,
    stored(
      {
        name: "Ripeline_Connection__c",
        label: "Connection",
        help: "Name of the connection in ripeline's settings.",
      },
      text(80),
      "connection_id",
    ),
    stored(
      {
        name: "Ripeline_Start_From__c",
        label: "Flags From",
        help: "Handoffs before this instant are counted in metrics and not flagged on leads.",
      },
      DATETIME,
      "start_from",
    ),
    stored(
      {
        name: "Ripeline_Capture_Gate__c",
        label: "Capture Gate",
        help: "passed, not_proven, or closed. Closed: activity is not logged in the CRM, so nothing that needs a touch is shown.",
      },
      text(20),
      "capture_gate",
    ),
    stored(
      {
        name: "Ripeline_Capture_Reason__c",
        label: "Capture Reason",
        help: "Why the capture gate is not passed.",
      },
      text(255),
      "capture_reason",
    ),
    riding(
      {
        name: "Ripeline_Unlogged_Share__c",
        label: "Unlogged Work Share",
        help: "Share of leads that moved on in the last 30 days without a recorded touch, 0 to 1.",
      },
      DECIMAL,
      "unlogged_share",
    ),
    riding(
      {
        name: "Ripeline_Last_Good_Run__c",
        label: "Last Good Run",
        help: "As of when the numbers were last computed and written.",
      },
      DATETIME,
      "as_of",
    ),
    riding(
      {
        name: "Ripeline_Watermarks__c",
        label: "Watermarks",
        help: "Per stream: how far it has been read, by the CRM's clock.",
      },
      { kind: "long_text", length: 8_000 },
      "watermarks",
    ),
    riding(
      { name: "Ripeline_Leads_Seen__c", label: "Leads Seen", help: "Leads that ripeline counts." },
      COUNT,
      "leads_seen",
    ),
    riding(
      {
        name: "Ripeline_Clocks_Running__c",
        label: "Clocks Running",
        help: "Leads whose clock is open in the CRM.",
      },
      COUNT,
      "clocks_running",
    ),
    riding(
      {
        name: "Ripeline_Rows_Waiting__c",
        label: "Rows Waiting",
        help: "Changes not yet written: held back by the hourly limit or to be tried again.",
      },
      COUNT,
      "rows_waiting",
    ),
    stored(
      {
        name: "Ripeline_Quarantined__c",
        label: "Rows in Quarantine",
        help: "Rows the CRM keeps refusing; `ripeline status` lists them with its words.",
      },
      COUNT,
      "quarantined",
    ),
    stored(
      {
        name: "Ripeline_Refused_Clears__c",
        label: "Flags Not Cleared",
        help: "Flags that should be off and that the CRM refused to clear.",
      },
      COUNT,
      "refused_clears",
    ),
    riding(
      {
        name: "Ripeline_Calls_Used__c",
        label: "API Calls Used",
        help: "Calls of the org used in its day, by the CRM's own figure.",
      },
      COUNT,
      "calls_used",
    ),
    riding(
      { name: "Ripeline_Calls_Allowed__c", label: "API Calls Allowed", help: "The org's calls a day." },
      COUNT,
      "calls_allowed",
    ),
  ],
};
