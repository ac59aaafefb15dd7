/** An administrator's changes that come while a client is at work. */
import { VendorError } from "../../org.ts";
import { LIST_OF } from "../metadata/describe.ts";
import {
  findEntity,
  findField,
  liveRows,
  makeEntity,
  noSuchColumn,
  type OrgState,
  put,
  textOf,
  touchMetadata,
} from "../org-state.ts";

export interface PicklistRename {
  readonly object: string;
  readonly field: string;
  readonly from: string;
  readonly to: string;
}

const same = (left: string | null, right: string) => left?.toLowerCase() === right.toLowerCase();

/**
 * Renames a picklist value: in the list, in describe, and in every record that has it. Records keep their stamps, since
 * nobody saved them; no trigger, rule or history sees it.
 * @throws VendorError 400 where there is no such field or value
 */
export function renamePicklistValue(
  state: OrgState,
  { object, field: name, from, to }: PicklistRename,
): void {
  const entity = findEntity(state, object);
  const field = entity === undefined ? undefined : findField(entity, name);
  if (entity === undefined || field?.type !== "picklist") {
    throw new VendorError(400, "INVALID_FIELD", noSuchColumn(name, object));
  }
  const list = findEntity(state, LIST_OF[`${entity.def.name}.${field.name}`] ?? "");
  const entries =
    list === undefined ? [] : liveRows(list).filter((row) => same(textOf(list, row, "MasterLabel"), from));
  if (entries.length === 0 && !field.picklist.some((value) => same(value, from))) {
    throw new VendorError(
      400,
      "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
      `${object}.${name} has no value "${from}"`,
    );
  }
  for (const row of entries) {
    if (list === undefined) continue;
    put(list, row, "MasterLabel", to);
    put(list, row, "ApiName", to);
  }
  if (list === undefined) {
    const renamed = { ...field, picklist: field.picklist.map((value) => (same(value, from) ? to : value)) };
    const fields = entity.def.fields.map((other) => (other === field ? renamed : other));
    state.entities.set(entity.def.name.toLowerCase(), makeEntity({ ...entity.def, fields }, entity.table));
  }
  // Collected first: setting a row takes it out of the index that is read here.
  const rows = entity.table.rowsByText(field, from).filter((row) => !entity.table.isPurged(row));
  for (const row of rows) entity.table.set(row, field, to);
  touchMetadata(state);
}

export interface FieldRevocation {
  /** `Lead.Ripeline_Clock__c` */
  readonly field: string;
  /** `read` takes both rights away, `edit` leaves the field readable. */
  readonly access: "read" | "edit";
}

/** Takes a field from everybody but the admin. @throws VendorError 400 where there is no such field */
export function revokeField(state: OrgState, { field, access }: FieldRevocation): void {
  const [object = "", name = ""] = field.split(".");
  const entity = findEntity(state, object);
  if (entity === undefined || findField(entity, name) === undefined) {
    throw new VendorError(400, "INVALID_FIELD", noSuchColumn(name, object));
  }
  const { hiddenFields, readOnlyFields } = state.settings;
  state.settings =
    access === "read"
      ? { ...state.settings, hiddenFields: [...hiddenFields, field] }
      : { ...state.settings, readOnlyFields: [...readOnlyFields, field] };
  touchMetadata(state);
}
