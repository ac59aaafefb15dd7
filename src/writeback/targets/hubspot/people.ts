import { leadTarget } from "../lead.ts";
import { CHECKBOX, type RowModel, stored, type TargetField, type TargetObject } from "../target.ts";
import { propertiesOf } from "./from-salesforce.ts";

/** States of a clock, in the words of Salesforce's formula. */
const ROT_STATES = [
  { value: "waiting", label: "Waiting" },
  { value: "at_risk", label: "At risk" },
  { value: "rotting", label: "Rotting" },
  { value: "worked", label: "Worked" },
  { value: "worked_late", label: "Worked late" },
  { value: "gone_cold", label: "Gone cold" },
] as const;

/** HubSpot computes nothing from the time of day: these are written when the state changes. */
const STATES: readonly TargetField[] = [
  stored(
    {
      name: "ripeline_rot_status",
      label: "Rot Status",
      help: "waiting, at_risk, rotting (no recorded touch yet); worked, worked_late, gone_cold (touched). Blank: no clock runs.",
    },
    { kind: "choice", options: ROT_STATES },
    "rot_status",
  ),
  stored(
    {
      name: "ripeline_rotting",
      label: "Rotting",
      help: "Handed to its present owner, no recorded touch since, and the deadline has passed. Written at the deadline.",
    },
    CHECKBOX,
    "rotting",
  ),
];

const WORDS = {
  clock: "'open' from the handoff to a rep until the handoff ends, touched or not; else blank.",
  handed_off_to: "The owner id of the rep whose clock runs.",
};

/** A contact or a lead. @param rows what its rows are made from */
export function personTarget(object: "contacts" | "leads", rows: RowModel): TargetObject {
  const [label, pluralLabel] = object === "contacts" ? ["Contact", "Contacts"] : ["Lead", "Leads"];
  return {
    crm: "hubspot",
    rows,
    object,
    isOurs: false,
    label,
    pluralLabel,
    description: "",
    nameFormat: null,
    keyField: "hs_object_id",
    class: "record_flags",
    standardFields: [],
    listViews: [],
    fields: [...propertiesOf(leadTarget([]), WORDS), ...STATES],
  };
}
