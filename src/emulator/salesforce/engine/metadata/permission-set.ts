/** A deployed permission set or profile: checked against the schema, kept as a grant and as rows that SOQL can read. */
import { type Entity, entityOf, findEntity, type Grant, type OrgState, put, textOf } from "../org-state.ts";
import { isPermissionable } from "../visibility.ts";
import { seedRow } from "../write/load-rows.ts";
import { type Content, isTrueIn, listIn, textIn } from "./content.ts";
import { DeployProblem } from "./custom-field.ts";

type Mutable<M> = M extends ReadonlyMap<infer K, infer V> ? Map<K, V> : never;
type FieldGrants = Mutable<Grant["fields"]>;
type ObjectGrants = Mutable<Grant["objects"]>;

function fieldGrants(state: OrgState, content: Content): FieldGrants {
  const grants: FieldGrants = new Map();
  for (const entry of listIn(content, "fieldPermissions")) {
    const name = textIn(entry, "field") ?? "";
    const [object, field] = name.split(".");
    const entity = findEntity(state, object ?? "");
    const found = entity?.fields.get((field ?? "").toLowerCase());
    if (entity === undefined || found === undefined) {
      throw new DeployProblem(`In field: field - no CustomField named ${name} found`);
    }
    // Required, master-detail, and standard fields that always hold a value: seen by whoever sees the object.
    if (!isPermissionable(entity, found)) {
      throw new DeployProblem(`You cannot deploy to a required field: ${name}`);
    }
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
      modifyAll: isTrueIn(entry, "modifyAllRecords"),
    });
  }
  return grants;
}

function enabledNames(content: Content, key: "userPermissions" | "customPermissions"): ReadonlySet<string> {
  return new Set(
    listIn(content, key)
      .filter((entry) => isTrueIn(entry, "enabled"))
      .map((entry) => textIn(entry, "name") ?? ""),
  );
}

function customPermissions(state: OrgState, content: Content): ReadonlySet<string> {
  const names = enabledNames(content, "customPermissions");
  for (const name of names) {
    if (!state.components.has(`CustomPermission:${name}`.toLowerCase())) {
      throw new DeployProblem(`In field: customPermission - no CustomPermission named ${name} found`);
    }
  }
  return new Set([...names].map((name) => name.toLowerCase()));
}

/** @throws DeployProblem for an unknown or required field, an unknown object, a permission without what it needs. */
function readGrant(state: OrgState, content: Content): Omit<Grant, "id" | "profileId"> {
  return {
    fields: fieldGrants(state, content),
    objects: objectGrants(state, content),
    userPermissions: enabledNames(content, "userPermissions"),
    customPermissions: customPermissions(state, content),
  };
}

function rowByName(entity: Entity, name: string): number {
  for (let row = 0; row < entity.table.rowCount; row++) {
    if (!entity.table.isPurged(row) && textOf(entity, row, "Name")?.toLowerCase() === name.toLowerCase())
      return row;
  }
  return -1;
}

/** Id of the row of that name, made with `values` where there is none. */
function idByName(
  state: OrgState,
  object: string,
  name: string,
  values: Readonly<Record<string, unknown>>,
): string {
  const entity = entityOf(state, object);
  const known = rowByName(entity, name);
  return known < 0 ? seedRow(state, object, { Name: name, ...values }) : (entity.table.ids.text(known) ?? "");
}

/** @throws DeployProblem as `readGrant`, or for a set without a label */
export function deployPermissionSet(state: OrgState, name: string, content: Content): void {
  if (textIn(content, "label") === undefined) throw new DeployProblem("Required field is missing: label");
  const granted = readGrant(state, content);
  const sets = entityOf(state, "PermissionSet");
  const id = idByName(state, "PermissionSet", name, {});
  const row = sets.table.rowOfId(id);
  put(sets, row, "Label", textIn(content, "label") ?? name);
  put(sets, row, "Description", textIn(content, "description") ?? null);
  state.grants.set(name.toLowerCase(), { id, ...granted });
  writePermissionRows(state, id, content);
}

const merged = <K, V>(left: ReadonlyMap<K, V> | undefined, right: ReadonlyMap<K, V>): ReadonlyMap<K, V> =>
  new Map([...(left ?? []), ...right]);

const union = <T>(left: ReadonlySet<T> | undefined, right: ReadonlySet<T>): ReadonlySet<T> =>
  new Set([...(left ?? []), ...right]);

/**
 * A profile's rights, added to those an earlier deploy gave it. As at the vendor they stand in a permission set that the
 * profile owns; a profile of a new name is made.
 * @throws DeployProblem as `readGrant`
 */
export function deployProfile(state: OrgState, name: string, content: Content): void {
  const granted = readGrant(state, content);
  const license = textIn(content, "userLicense") ?? "Salesforce";
  const profileId = idByName(state, "Profile", name, {
    UserLicenseId: idByName(state, "UserLicense", license, { MasterLabel: license }),
  });
  const id = idByName(state, "PermissionSet", `X${profileId}`, {
    Label: name,
    ProfileId: profileId,
    IsOwnedByProfile: true,
    IsCustom: false,
  });
  const key = `profile ${name.toLowerCase()}`;
  const before = state.grants.get(key);
  state.grants.set(key, {
    id,
    profileId,
    fields: merged(before?.fields, granted.fields),
    objects: merged(before?.objects, granted.objects),
    userPermissions: union(before?.userPermissions, granted.userPermissions),
    customPermissions: union(before?.customPermissions, granted.customPermissions),
  });
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
