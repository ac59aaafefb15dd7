/** Field-level security and object access, worked out from hidden names and assigned permission sets. */
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
    if (!entity.def.isCustom) return true;
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
      if (!field.isCustom || field.isRequired) return true;
      return grants.some((grant) => grant.fields.get(fieldKey(entity, field))?.isEditable === true);
    },
    hasUserPermission: (name) => grants.some((grant) => grant.userPermissions.has(name)),
  };
  return access;
}
