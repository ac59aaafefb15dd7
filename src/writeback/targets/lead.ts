import { hoursLeftFormula, rotLightFormula, rotStatusFormula, rottingFormula } from "./lead-formulas.ts";
import {
  CHECKBOX,
  computed,
  DATETIME,
  stored,
  type TargetListView,
  type TargetObject,
  text,
} from "./target.ts";

const NAME_COLUMNS = ["FULL_NAME", "LEAD.COMPANY", "LEAD.STATUS"];
const CLOCK_OPEN = { field: "Ripeline_Clock__c", operation: "equals", value: "open" } as const;
const ROTTING = { field: "Ripeline_Rotting__c", operation: "equals", value: "1" } as const;

/** Every view filters first on the indexed clock or on a stored checkbox: a formula with NOW() has no index. */
const LIST_VIEWS: readonly TargetListView[] = [
  {
    name: "Ripeline_My_Clock",
    label: "Ripeline: my running clocks",
    scope: "Mine",
    columns: ["Ripeline_Rot_Light__c", ...NAME_COLUMNS, "Ripeline_Hours_Left__c", "Ripeline_Rots_At__c"],
    filters: [CLOCK_OPEN],
  },
  {
    name: "Ripeline_My_Rotting",
    label: "Ripeline: my rotting leads",
    scope: "Mine",
    columns: ["Ripeline_Rot_Light__c", ...NAME_COLUMNS, "Ripeline_Hours_Left__c", "Ripeline_Rots_At__c"],
    filters: [CLOCK_OPEN, ROTTING],
  },
  {
    name: "Ripeline_Rotting",
    label: "Ripeline: rotting leads",
    scope: "Everything",
    columns: ["Ripeline_Rot_Light__c", ...NAME_COLUMNS, "CORE.USERS.ALIAS", "Ripeline_Rots_At__c"],
    filters: [CLOCK_OPEN, ROTTING],
  },
  {
    name: "Ripeline_At_Risk",
    label: "Ripeline: leads at risk",
    scope: "Everything",
    columns: [...NAME_COLUMNS, "CORE.USERS.ALIAS", "Ripeline_Hours_Left__c", "Ripeline_Rots_At__c"],
    filters: [CLOCK_OPEN, { field: "Ripeline_Rot_Status__c", operation: "equals", value: "at_risk" }],
  },
  {
    name: "Ripeline_Undelivered",
    label: "Ripeline: undelivered leads",
    scope: "Everything",
    columns: [...NAME_COLUMNS, "CORE.USERS.ALIAS", "LEAD.CREATED_DATE"],
    filters: [{ field: "Ripeline_Undelivered__c", operation: "equals", value: "1" }],
  },
];

/**
 * The lead: deadlines are stored, states are computed by the CRM from them.
 * @param closedStatuses picklist values in which no lead rots, as the org spells them
 */
export function leadTarget(closedStatuses: readonly string[]): TargetObject {
  return {
    crm: "salesforce",
    rows: "lead",
    object: "Lead",
    isOurs: false,
    label: "Lead",
    pluralLabel: "Leads",
    description: "",
    nameFormat: null,
    keyField: "Id",
    class: "record_flags",
    standardFields: [],
    listViews: LIST_VIEWS,
    fields: [
      stored(
        {
          name: "Ripeline_Clock__c",
          label: "Rot Clock",
          help: "'open' from the handoff to a rep until the handoff ends, touched or not; else blank. Indexed: filter on it first.",
        },
        { kind: "external_id", length: 16, isKey: false },
        "clock",
      ),
      stored(
        {
          name: "Ripeline_Handed_Off_At__c",
          label: "Handed Off At",
          help: "When the clock that runs began: at the handoff, or at the one before it where a realignment keeps the clock.",
        },
        DATETIME,
        "handed_off_at",
      ),
      stored(
        {
          name: "Ripeline_Handed_Off_To__c",
          label: "Handed Off To (Id)",
          help: "The 18-character user id of the rep whose clock runs. A change of owner switches the flag off by itself.",
        },
        text(18),
        "handed_off_to",
      ),
      stored(
        {
          name: "Ripeline_At_Risk_At__c",
          label: "At Risk From",
          help: "Three quarters of the way to the deadline, by the policy's clock.",
        },
        DATETIME,
        "at_risk_at",
      ),
      stored(
        {
          name: "Ripeline_Rots_At__c",
          label: "Rots At",
          help: "The deadline: handoff plus the policy's expiry, in wall-clock or business hours. Without a recorded touch the lead rots from then on.",
        },
        DATETIME,
        "rots_at",
      ),
      stored(
        {
          name: "Ripeline_First_Touch_At__c",
          label: "First Touch At",
          help: "The first recorded outbound human attempt after the handoff: call, e-mail, meeting, message. Blank: no recorded touch.",
        },
        DATETIME,
        "first_touch_at",
      ),
      stored(
        {
          name: "Ripeline_First_Touch__c",
          label: "First Touch",
          help: "What stopped the clock: kind, by whom, and the link to the activity.",
        },
        text(255),
        "first_touch",
      ),
      stored(
        {
          name: "Ripeline_Cold_At__c",
          label: "Goes Cold At",
          help: "Last touch plus the number of days after which a touched lead counts as gone cold. Renewed at most once a day.",
        },
        DATETIME,
        "cold_at",
      ),
      stored(
        {
          name: "Ripeline_Outcome__c",
          label: "Handoff Outcome",
          help: "How the last handoff ended: disqualified, recycled, reassigned; blank while it is open.",
        },
        text(20),
        "outcome",
      ),
      stored(
        {
          name: "Ripeline_Handoff_Count__c",
          label: "Handoff Number",
          help: "How many times the lead has been handed to a rep.",
        },
        { kind: "number", precision: 4, scale: 0 },
        "handoff_count",
      ),
      stored(
        {
          name: "Ripeline_Undelivered__c",
          label: "Undelivered",
          help: "Qualified, and owned by no rep: a queue, a robot, an ignored owner or nobody.",
        },
        CHECKBOX,
        "undelivered",
      ),
      {
        name: "Ripeline_Exclude__c",
        label: "Exclude From Ripeline",
        help: "Tick it to leave this lead out of flags and metrics. Ripeline only reads it.",
        type: CHECKBOX,
        source: { from: "people" },
        diff: false,
      },
      computed(
        {
          name: "Ripeline_Rotting__c",
          label: "Rotting",
          help: "Handed to its present owner, no recorded touch since, and the deadline has passed. Computed when you look at it.",
        },
        "checkbox",
        0,
        rottingFormula(closedStatuses),
      ),
      computed(
        {
          name: "Ripeline_Rot_Status__c",
          label: "Rot Status",
          help: "waiting, at_risk, rotting (no recorded touch yet); worked, worked_late, gone_cold (touched). Blank: no clock runs.",
        },
        "text",
        0,
        rotStatusFormula(closedStatuses),
      ),
      computed(
        {
          name: "Ripeline_Rot_Light__c",
          label: "Rot Light",
          help: "Red: rotting. Yellow: at risk or gone cold. Green: waiting in time, or worked. Point at it for the words.",
        },
        "text",
        0,
        rotLightFormula(closedStatuses),
      ),
      computed(
        {
          name: "Ripeline_Hours_Left__c",
          label: "Hours Left",
          help: "Clock hours to the deadline, below zero after it. Blank once there is a recorded touch.",
        },
        "number",
        1,
        hoursLeftFormula(closedStatuses),
      ),
    ],
  };
}
