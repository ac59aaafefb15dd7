/** EntityDefinition and FieldDefinition: rows that mirror the schema, rebuilt when it has changed. */
import { makeId } from "../ids.ts";
import { entityOf, type OrgState, put } from "../org-state.ts";
import type { FieldDef, ObjectDef } from "../schema/definitions.ts";
import { trackedFields } from "../write/field-history.ts";

const built = new WeakMap<OrgState, string>();

const DATA_TYPES: Readonly<Record<string, (field: FieldDef) => string>> = {
  string: (field) => (field.autoNumberFormat === undefined ? `Text(${field.length})` : "Auto Number"),
  textarea: (field) =>
    field.length > 255 ? `Long Text Area(${field.length})` : `Text Area(${field.length})`,
  boolean: () => "Checkbox",
  double: (field) => `Number(${field.precision - field.scale}, ${field.scale})`,
  int: (field) => `Number(${field.precision}, 0)`,
  currency: (field) => `Currency(${field.precision - field.scale}, ${field.scale})`,
  percent: (field) => `Percent(${field.precision}, ${field.scale})`,
  date: () => "Date",
  datetime: () => "Date/Time",
  picklist: () => "Picklist",
  multipicklist: () => "Picklist (Multi-Select)",
  reference: (field) => `Lookup(${field.referenceTo.join(", ")})`,
  email: () => "Email",
  phone: () => "Phone",
  url: () => `URL(255)`,
};

/** The words of Setup: `Text(80)`, `Lookup(User)`, `Formula (Checkbox)`. */
function dataType(field: FieldDef): string {
  const plain = DATA_TYPES[field.type]?.(field) ?? field.type;
  return field.formulaSource === undefined ? plain : `Formula (${plain.replace(/\(.*/, "")})`;
}

function developerName(name: string): string {
  return name.replace(/__c$/, "");
}

/** Brings the rows of both objects up to the present schema and tracking settings. */
export function refreshDefinitions(state: OrgState): void {
  const hidden = new Set(state.automation.hiddenRecords.map(({ object }) => object.toLowerCase()));
  const stamp = `${state.metadataVersion}/${JSON.stringify(state.settings.trackedFields)}/${[...hidden].join()}`;
  const entities = entityOf(state, "EntityDefinition");
  if (built.get(state) === stamp && entities.table.rowCount > 0) return;
  built.set(state, stamp);
  const fields = entityOf(state, "FieldDefinition");
  for (const entity of [entities, fields]) {
    for (let row = 0; row < entity.table.rowCount; row++)
      if (!entity.table.isPurged(row)) entity.table.purge(row);
  }
  let number = fields.table.rowCount;
  for (const { def } of state.entities.values()) {
    if (def.reach === "tooling") continue;
    // Where sharing keeps records from somebody, the object is not open to everybody.
    addEntityRow(state, def, ++number, hidden.has(def.name.toLowerCase()) ? "Private" : "ReadWrite");
    const tracked = new Set(trackedFields(state, def.name).map((name) => name.toLowerCase()));
    for (const field of def.fields) addFieldRow(state, def, field, ++number, isTracked(field, tracked));
  }
}

/** Tracking lists say `Owner` where the field is OwnerId. */
function isTracked(field: FieldDef, tracked: ReadonlySet<string>): boolean {
  const name = field.key;
  return tracked.has(name) || (field.type === "reference" && tracked.has(name.replace(/id$/, "")));
}

function addEntityRow(state: OrgState, def: ObjectDef, number: number, sharing: string): void {
  const entity = entityOf(state, "EntityDefinition");
  const row = entity.table.appendRow(makeId(entity.def.keyPrefix, number));
  put(entity, row, "DurableId", def.name);
  put(entity, row, "QualifiedApiName", def.name);
  put(entity, row, "DeveloperName", developerName(def.name));
  put(entity, row, "MasterLabel", def.label);
  put(entity, row, "Label", def.label);
  put(entity, row, "PluralLabel", def.labelPlural);
  put(entity, row, "KeyPrefix", def.keyPrefix);
  put(entity, row, "IsCustomizable", 1);
  put(entity, row, "IsQueryable", 1);
  put(entity, row, "InternalSharingModel", def.sharingModel ?? sharing);
}

function addFieldRow(
  state: OrgState,
  def: ObjectDef,
  field: FieldDef,
  number: number,
  tracked: boolean,
): void {
  const entity = entityOf(state, "FieldDefinition");
  const row = entity.table.appendRow(makeId(entity.def.keyPrefix, number));
  put(entity, row, "DurableId", `${def.name}.${field.name}`);
  put(entity, row, "QualifiedApiName", field.name);
  put(entity, row, "EntityDefinitionId", def.name);
  put(entity, row, "DeveloperName", developerName(field.name));
  put(entity, row, "MasterLabel", field.label);
  put(entity, row, "Label", field.label);
  put(entity, row, "DataType", dataType(field));
  put(entity, row, "Length", field.length);
  put(entity, row, "Precision", field.precision);
  put(entity, row, "Scale", field.scale);
  put(entity, row, "IsFieldHistoryTracked", tracked ? 1 : 0);
  put(entity, row, "IsIndexed", field.isIndexed || field.isExternalId ? 1 : 0);
  put(entity, row, "IsNillable", field.isNillable ? 1 : 0);
  put(entity, row, "IsCalculated", field.formulaSource === undefined ? 0 : 1);
}
