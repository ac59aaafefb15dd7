/**
 * Field-level security and object access, worked out from hidden names and assigned permission sets.
 *
 * What a user who is not the admin has without any set of a deploy stands for a base set that an administrator gave by
 * hand: Read with View All on standard objects and their fields, View Setup, Modify Metadata, and Assign Permission
 * Sets. Setup lists follow those permissions. Business records are another matter: creating, editing and deleting them,
 * and writing a field that has field-level security, needs an assigned set that says so. A hidden name beats every grant.
 */
import type { Session } from "../org.ts";
import { type Entity, entityOf, type Grant, isDeleted, type OrgState, textOf } from "./org-state.ts";
import type { FieldDef } from "./schema/definitions.ts";

export interface Access {
  readonly isAdmin: boolean;
  canRead(entity: Entity): boolean;
  can(entity: Entity, action: "create" | "edit" | "delete"): boolean;
  canReadField(entity: Entity, field: FieldDef): boolean;
  canEditField(entity: Entity, field: FieldDef): boolean;
  hasUserPermission(name: string): boolean;
}

const EVERYTHING: Access = {
  isAdmin: true,
  canRead: () => true,
  can: () => true,
  canReadField: () => true,
  canEditField: () => true,
  hasUserPermission: () => true,
};

/** Parts of a person's Name: secured with it, and Name is required, so they follow the object. */
const NAME_PARTS: ReadonlySet<string> = new Set([
  "firstname",
  "lastname",
  "salutation",
  "middlename",
  "suffix",
]);

/**
 * Whether a permission set says who may write the field. A standard field that must hold a value (Status, OwnerId) goes
 * with its object, as does one nobody writes; checkboxes always hold a value and are secured all the same.
 */
export function hasFieldSecurity(entity: Entity, field: FieldDef): boolean {
  if (field.isCustom) return !field.isRequired;
  if (entity.def.isCustom || entity.def.isSetup) return false;
  if (!field.isCreateable && !field.isUpdateable) return false;
  return (field.isNillable || field.type === "boolean") && !NAME_PARTS.has(field.key);
}

function grantsOf(state: OrgState, userId: string): readonly Grant[] {
  const assignments = entityOf(state, "PermissionSetAssignment");
  const assigned = new Set<string>();
  for (let row = 0; row < assignments.table.rowCount; row++) {
    if (assignments.table.isPurged(row) || isDeleted(assignments, row)) continue;
    const set = textOf(assignments, row, "PermissionSetId");
    if (set !== null && textOf(assignments, row, "AssigneeId") === userId) assigned.add(set);
  }
  return [...state.grants.values()].filter((grant) => assigned.has(grant.id));
}

/** What this session may see and do now; cheap enough to be asked for once a call. */
export function accessOf(state: OrgState, session: Session): Access {
  if (session.isAdmin) return EVERYTHING;
  const hiddenFields = new Set(state.settings.hiddenFields.map((name) => name.toLowerCase()));
  const hiddenObjects = new Set(state.settings.hiddenObjects.map((name) => name.toLowerCase()));
  const grants = grantsOf(state, session.userId);
  const fieldKey = (entity: Entity, field: FieldDef) => `${entity.def.name}.${field.name}`.toLowerCase();
  const objectAllows = (entity: Entity, action: "read" | "create" | "edit" | "delete") => {
    if (hiddenObjects.has(entity.def.name.toLowerCase())) return false;
    if (!entity.def.isCustom && (action === "read" || entity.def.isSetup)) return true;
    return grants.some((grant) => grant.objects.get(entity.def.name.toLowerCase())?.[action] === true);
  };
  const access: Access = {
    isAdmin: false,
    canRead: (entity) => objectAllows(entity, "read"),
    can: objectAllows,
    canReadField: (entity, field) => {
      const key = fieldKey(entity, field);
      if (hiddenFields.has(key)) return false;
      if (!field.isCustom || field.isRequired) return true;
      return grants.some((grant) => grant.fields.get(key)?.isReadable === true);
    },
    canEditField: (entity, field) => {
      if (!access.canReadField(entity, field)) return false;
      if (!hasFieldSecurity(entity, field)) return true;
      return grants.some((grant) => grant.fields.get(fieldKey(entity, field))?.isEditable === true);
    },
    hasUserPermission: (name) => grants.some((grant) => grant.userPermissions.has(name)),
  };
  return access;
}
