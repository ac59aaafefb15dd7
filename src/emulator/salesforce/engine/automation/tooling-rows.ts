/** The org's automation as the Tooling API lists it. */
import { findEntity, type OrgState } from "../org-state.ts";
import { seedRow } from "../write/load-rows.ts";
import type { DuplicateRule, RecordTrigger, ValidationRule } from "./automation.ts";

type Row = readonly [object: string, values: Readonly<Record<string, unknown>>];

const developerName = (name: string) => name.replace(/\W+/g, "_");

function triggerRows(state: OrgState, trigger: RecordTrigger): readonly Row[] {
  const { object, name, isActive } = trigger;
  const on = (event: "insert" | "update") => trigger.on.includes(event);
  switch (trigger.kind) {
    case "apex":
      return [
        [
          "ApexTrigger",
          {
            Name: name,
            TableEnumOrId: object,
            EntityDefinitionId: object,
            Status: isActive ? "Active" : "Inactive",
            UsageBeforeInsert: on("insert"),
            UsageBeforeUpdate: on("update"),
          },
        ],
      ];
    case "workflow":
      // Whether a workflow rule is active stands in its metadata, which a query does not give.
      return isActive ? [["WorkflowRule", { Name: name, TableEnumOrId: object }]] : [];
    case "flow":
      return [
        [
          "FlowDefinitionView",
          {
            DurableId: developerName(name),
            ApiName: developerName(name),
            Label: name,
            ProcessType: "AutoLaunchedFlow",
            TriggerType: "RecordAfterSave",
            RecordTriggerType:
              on("insert") && on("update") ? "CreateAndUpdate" : on("insert") ? "Create" : "Update",
            TriggerObjectOrEventLabel: findEntity(state, object)?.def.label ?? object,
            TriggerObjectOrEventId: object,
            IsActive: isActive,
          },
        ],
        [
          "Flow",
          {
            MasterLabel: name,
            Status: isActive ? "Active" : "Obsolete",
            ProcessType: "AutoLaunchedFlow",
            TriggerType: "RecordAfterSave",
            VersionNumber: 1,
          },
        ],
      ];
  }
}

const validationRow = ({ object, name, message, field, isActive }: ValidationRule): Row => [
  "ValidationRule",
  {
    ValidationName: name,
    Active: isActive,
    EntityDefinitionId: object,
    ErrorMessage: message,
    ErrorDisplayField: field ?? null,
  },
];

const duplicateRow = ({ object, name, isActive }: DuplicateRule): Row => [
  "DuplicateRule",
  {
    DeveloperName: developerName(name),
    MasterLabel: name,
    SobjectType: object,
    SobjectSubtype: "None",
    IsActive: isActive,
  },
];

/** Replaces the rows that an earlier call made, so that Tooling queries tell what holds now. */
export function listAutomation(state: OrgState): void {
  for (const { object, id } of state.automationRows) {
    const entity = findEntity(state, object);
    const row = entity?.table.rowOfId(id) ?? -1;
    if (row >= 0) entity?.table.purge(row);
  }
  const { triggers, validationRules, duplicateRules } = state.automation;
  const rows = [
    ...triggers.flatMap((trigger) => triggerRows(state, trigger)),
    ...validationRules.map(validationRow),
    ...duplicateRules.map(duplicateRow),
  ];
  const made: { object: string; id: string }[] = [];
  for (const [object, values] of rows) {
    const id = seedRow(state, object, values);
    made.push({ object, id });
    if (object === "Flow") made.push(...definitionOf(state, id, values));
  }
  state.automationRows = made;
}

/** A flow's definition, which points at its active version. */
function definitionOf(state: OrgState, flowId: string, flow: Readonly<Record<string, unknown>>) {
  const label = String(flow["MasterLabel"]);
  const id = seedRow(state, "FlowDefinition", {
    DeveloperName: developerName(label),
    MasterLabel: label,
    ActiveVersionId: flow["Status"] === "Active" ? flowId : null,
    LatestVersionId: flowId,
  });
  return [{ object: "FlowDefinition", id }];
}
