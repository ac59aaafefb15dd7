/** A deployed permission set: checked against the schema, kept as a grant and as rows that SOQL can read. */
import { type Entity, entityOf, findEntity, type Grant, type OrgState, put, textOf } from "../org-state.ts";
import { seedRow } from "../write/load-rows.ts";
import { type Content, isTrueIn, listIn, textIn } from "./content.ts";
import { DeployProblem } from "./custom-field.ts";

type FieldGrants = Map<string, { readonly isReadable: boolean; readonly isEditable: boolean }>;
type ObjectGrants = Map<
  string,
  { readonly read: boolean; readonly create: boolean; readonly edit: boolean; readonly delete: boolean }
>;

function fieldGrants(state: OrgState, content: Content): FieldGrants {
  const grants: FieldGrants = new Map();
  for (const entry of listIn(content, "fieldPermissions")) {
    const name = textIn(entry, "field") ?? "";
    const [object, field] = name.split(".");
    const found = findEntity(state, object ?? "")?.fields.get((field ?? "").toLowerCase());
    if (found === undefined) throw new DeployProblem(`In field: field - no CustomField named ${name} found`);
    if (found.isRequired) throw new DeployProblem(`You cannot deploy to a required field: ${name}`);
    const isEditable = isTrueIn(entry, "editable");
    if (isEditable && found.formula !== undefined) {
      throw new DeployProblem(`Field ${name} is a formula field and cannot be editable`);
    }
    if (isEditable && !isTrueIn(entry, "readable")) {
      throw new DeployProblem(`Field ${name}: editable requires readable`);
    }
    grants.set(name.toLowerCase(), { isReadable: isTrueIn(entry, "readable"), isEditable });
  }
  return grants;
}

/** Each permission needs the ones before it. */
const NEEDS: readonly (readonly [string, string, readonly (readonly [string, string])[]])[] = [
  ["allowCreate", "Create", [["allowRead", "Read"]]],
  ["allowEdit", "Edit", [["allowRead", "Read"]]],
  [
    "allowDelete",
    "Delete",
    [
      ["allowRead", "Read"],
      ["allowEdit", "Edit"],
    ],
  ],
  ["viewAllRecords", "ViewAllRecords", [["allowRead", "Read"]]],
  [
    "modifyAllRecords",
    "ModifyAllRecords",
    [
      ["allowRead", "Read"],
      ["allowEdit", "Edit"],
      ["allowDelete", "Delete"],
      ["viewAllRecords", "ViewAllRecords"],
    ],
  ],
];

function objectGrants(state: OrgState, content: Content): ObjectGrants {
  const grants: ObjectGrants = new Map();
  for (const entry of listIn(content, "objectPermissions")) {
    const object = textIn(entry, "object") ?? "";
    if (findEntity(state, object) === undefined) {
      throw new DeployProblem(`In field: field - no CustomObject named ${object} found`);
    }
    for (const [key, word, needs] of NEEDS) {
      const missing = needs
        .filter(([needed]) => !isTrueIn(entry, needed))
        .map(([, name]) => `${name} ${object}`);
      if (isTrueIn(entry, key) && missing.length > 0) {
        throw new DeployProblem(
          `Permission ${word} ${object} depends on permission(s): ${missing.join(", ")}`,
        );
      }
    }
    grants.set(object.toLowerCase(), {
      read: isTrueIn(entry, "allowRead"),
      create: isTrueIn(entry, "allowCreate"),
      edit: isTrueIn(entry, "allowEdit"),
      delete: isTrueIn(entry, "allowDelete"),
    });
  }
  return grants;
}

function rowByName(entity: Entity, name: string): number {
  for (let row = 0; row < entity.table.rowCount; row++) {
    if (!entity.table.isPurged(row) && textOf(entity, row, "Name")?.toLowerCase() === name.toLowerCase())
      return row;
  }
  return -1;
}

/** @throws DeployProblem for an unknown or required field, an unknown object, a permission without what it needs. */
export function deployPermissionSet(state: OrgState, name: string, content: Content): void {
  if (textIn(content, "label") === undefined) throw new DeployProblem("Required field is missing: label");
  const fields = fieldGrants(state, content);
  const objects = objectGrants(state, content);
  const userPermissions = new Set(
    listIn(content, "userPermissions")
      .filter((entry) => isTrueIn(entry, "enabled"))
      .map((entry) => textIn(entry, "name") ?? ""),
  );
  const sets = entityOf(state, "PermissionSet");
  const known = rowByName(sets, name);
  const id = known < 0 ? seedRow(state, "PermissionSet", { Name: name }) : (sets.table.ids.text(known) ?? "");
  const row = sets.table.rowOfId(id);
  put(sets, row, "Label", textIn(content, "label") ?? name);
  put(sets, row, "Description", textIn(content, "description") ?? null);
  const grant: Grant = { id, fields, objects, userPermissions };
  state.grants.set(name.toLowerCase(), grant);
  writePermissionRows(state, id, content);
}

function writePermissionRows(state: OrgState, id: string, content: Content): void {
  clearRows(entityOf(state, "FieldPermissions"), id);
  clearRows(entityOf(state, "ObjectPermissions"), id);
  for (const entry of listIn(content, "fieldPermissions")) {
    const name = textIn(entry, "field") ?? "";
    seedRow(state, "FieldPermissions", {
      ParentId: id,
      SobjectType: name.split(".")[0],
      Field: name,
      PermissionsRead: isTrueIn(entry, "readable"),
      PermissionsEdit: isTrueIn(entry, "editable"),
    });
  }
  for (const entry of listIn(content, "objectPermissions")) {
    seedRow(state, "ObjectPermissions", {
      ParentId: id,
      SobjectType: textIn(entry, "object"),
      PermissionsRead: isTrueIn(entry, "allowRead"),
      PermissionsCreate: isTrueIn(entry, "allowCreate"),
      PermissionsEdit: isTrueIn(entry, "allowEdit"),
      PermissionsDelete: isTrueIn(entry, "allowDelete"),
      PermissionsViewAllRecords: isTrueIn(entry, "viewAllRecords"),
      PermissionsModifyAllRecords: isTrueIn(entry, "modifyAllRecords"),
    });
  }
}

function clearRows(entity: Entity, parentId: string): void {
  const field = entity.fields.get("parentid");
  if (field === undefined) return;
  for (const row of entity.table.rowsByReference(field, parentId)) entity.table.purge(row);
}

export function removePermissionSet(state: OrgState, name: string): boolean {
  const sets = entityOf(state, "PermissionSet");
  const row = rowByName(sets, name);
  const id = row < 0 ? null : sets.table.ids.text(row);
  if (id === null) return false;
  clearRows(entityOf(state, "FieldPermissions"), id);
  clearRows(entityOf(state, "ObjectPermissions"), id);
  const assignments = entityOf(state, "PermissionSetAssignment");
  const field = assignments.fields.get("permissionsetid");
  if (field !== undefined) {
    for (const assigned of assignments.table.rowsByReference(field, id)) assignments.table.purge(assigned);
  }
  sets.table.purge(row);
  state.grants.delete(name.toLowerCase());
  return true;
}
