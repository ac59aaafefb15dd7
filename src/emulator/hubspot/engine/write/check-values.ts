import { calculationOf } from "../calculated-values.ts";
import { type ObjectType, upperName } from "../object-types.ts";
import type { Portal } from "../portal.ts";
import { readProperty } from "../read-property.ts";
import { HubSpotRefusal, invalidProperties, type PropertyFault } from "../refusal.ts";
import { checkRules } from "../validation-rules.ts";
import { isFault, parseValue, printValue, type Stored } from "../values.ts";

/** What a caller sends for one record, checked: names as defined, values as kept. */
export type CheckedValues = ReadonlyMap<string, Stored>;

export interface CheckOptions {
  /** Undefined on create. */
  readonly row: number | undefined;
  /** The administrator's rules hold on paths of 2026-09 only. */
  readonly keepsRules: boolean;
}

function checkOne(
  portal: Portal,
  type: ObjectType,
  name: string,
  text: string,
  row: number | undefined,
): { readonly name: string; readonly value: Stored } | PropertyFault {
  const property = portal.properties(type.typeId).find(name);
  if (property === undefined) {
    return { name, error: "PROPERTY_DOESNT_EXIST", message: `Property "${name}" does not exist` };
  }
  if (property.isReadOnly) {
    return {
      name,
      error: "READ_ONLY_VALUE",
      message: `"${property.name}" is a read only property; its value cannot be set.`,
    };
  }
  const stageFault = checkStage(portal, type, property.name, text);
  if (stageFault !== undefined) return stageFault;
  const isStage = property.name === type.stageProperty || property.name === type.pipelineProperty;
  const value = isStage
    ? text
    : parseValue(text, property, {
        isOwner: (id) => portal.owners.find(id) !== undefined,
        current: row === undefined ? null : readProperty(portal, type, row, property.name),
      });
  return isFault(value) ? { name: property.name, ...value } : { name: property.name, value };
}

/** Stages and pipelines must exist. */
function checkStage(portal: Portal, type: ObjectType, name: string, text: string): PropertyFault | undefined {
  const pipelines = portal.pipelines.of(type.typeId);
  const allowed =
    name === type.pipelineProperty
      ? pipelines.map((one) => one.id)
      : name === type.stageProperty
        ? pipelines.flatMap((one) => one.stages).map((one) => one.id)
        : undefined;
  if (allowed === undefined || allowed.includes(text)) return undefined;
  return {
    name,
    error: "INVALID_OPTION",
    message: `${text} was not one of the allowed options: [${allowed.join(", ")}]`,
  };
}

/** The stage must be one of the record's pipeline; a deal's pipeline need be named only where there are several. */
function checkPipeline(
  portal: Portal,
  type: ObjectType,
  row: number | undefined,
  values: Map<string, Stored>,
): void {
  const { stageProperty, pipelineProperty } = type;
  if (stageProperty === undefined || pipelineProperty === undefined) return;
  const pipelines = portal.pipelines.of(type.typeId);
  if (row === undefined && !values.has(pipelineProperty) && pipelines.length === 1) {
    values.set(pipelineProperty, pipelines[0]?.id ?? null);
  }
  if (
    row === undefined &&
    values.has(pipelineProperty) &&
    !values.has(stageProperty) &&
    type.singular === "lead"
  ) {
    const pipeline = pipelines.find((one) => one.id === values.get(pipelineProperty));
    values.set(stageProperty, pipeline?.stages[0]?.id ?? null);
  }
  if (!values.has(stageProperty) && !values.has(pipelineProperty)) return;
  const after = (name: string) =>
    values.has(name)
      ? printValue(values.get(name) ?? null)
      : row === undefined
        ? null
        : readProperty(portal, type, row, name);
  const pipelineId = after(pipelineProperty);
  const stageId = after(stageProperty);
  if (pipelineId === null) {
    throw new HubSpotRefusal(
      "missing_required",
      { object: upperName(type) },
      { context: { properties: [pipelineProperty] } },
    );
  }
  if (stageId !== null && portal.pipelines.stage(type.typeId, pipelineId, stageId) === undefined) {
    throw invalidProperties(portal.portalId, [
      {
        name: stageProperty,
        error: "INVALID_OPTION",
        message: `${stageId} is not a stage of pipeline ${pipelineId}`,
      },
    ]);
  }
}

/** Values under a unique property that another record has. Archived records keep theirs. */
function checkUnique(portal: Portal, type: ObjectType, row: number | undefined, values: CheckedValues): void {
  const table = portal.table(type.typeId);
  for (const [name, value] of values) {
    if (value === null || portal.properties(type.typeId).find(name)?.hasUniqueValue !== true) continue;
    const holder = table.rowOfUnique(name, String(value));
    if (holder < 0 || holder === row || !table.isLive(holder)) continue;
    const id = table.id(holder);
    if (name === "email") throw new HubSpotRefusal("contact_exists", { id }, { existingId: String(id) });
    throw new HubSpotRefusal("value_taken", { name, id });
  }
}

function checkRequired(type: ObjectType, row: number | undefined, values: CheckedValues): void {
  const lacking = type.required.filter((name) =>
    row === undefined ? (values.get(name) ?? null) === null : values.has(name) && values.get(name) === null,
  );
  if (lacking.length === 0) return;
  throw new HubSpotRefusal(
    "missing_required",
    { object: upperName(type) },
    { context: { properties: lacking } },
  );
}

/**
 * Makes of what a caller sends for one record what is kept. Nothing is written yet, so a batch can be refused whole.
 * @throws HubSpotRefusal for the first thing that the record cannot be
 */
export function checkValues(
  portal: Portal,
  type: ObjectType,
  properties: Readonly<Record<string, string>>,
  options: CheckOptions,
): CheckedValues {
  const values = new Map<string, Stored>();
  const faults: PropertyFault[] = [];
  for (const [name, text] of Object.entries(properties)) {
    const checked = checkOne(portal, type, name, text, options.row);
    if ("error" in checked) faults.push(checked);
    else if (
      calculationOf(type.typeId, checked.name) === undefined ||
      checked.name === "hs_deal_stage_probability"
    ) {
      values.set(checked.name, checked.value);
    }
  }
  if (faults.length > 0) throw invalidProperties(portal.portalId, faults);
  checkPipeline(portal, type, options.row, values);
  checkRequired(type, options.row, values);
  checkUnique(portal, type, options.row, values);
  if (options.keepsRules) checkRules(portal, type, options.row, values);
  return values;
}
