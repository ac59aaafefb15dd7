/**
 * Field-level security and object access, worked out from hidden names and assigned permission sets.
 *
 * What a user who is not the admin has without any set of a deploy stands for a base set that an administrator gave by
 * hand: Read with View All on standard objects and their fields, View Setup, Modify Metadata, and Assign Permission
 * Sets. Setup lists follow those permissions. Business records are another matter: creating, editing and deleting them,
 * and writing a field that has field-level security, needs an assigned set that says so. A hidden name beats every grant.
 */
import type { Session } from "../org.ts";
import { selectedRows } from "./automation/row-selection.ts";
import { type Entity, entityOf, type Grant, isDeleted, isTrue, type OrgState, textOf } from "./org-state.ts";
import type { FieldDef } from "./schema/definitions.ts";

export interface Access {
  readonly isAdmin: boolean;
  canRead(entity: Entity): boolean;
  can(entity: Entity, action: "create" | "edit" | "delete"): boolean;
  canReadField(entity: Entity, field: FieldDef): boolean;
  canEditField(entity: Entity, field: FieldDef): boolean;
  hasUserPermission(name: string): boolean;
  /** Edits records whatever lock an approval puts on them. */
  modifiesAll(entity: Entity): boolean;
  /** Rows of the object that sharing keeps from this session; undefined where it keeps none. */
  hides(entity: Entity): ((row: number) => boolean) | undefined;
}

const EVERYTHING: Access = {
  isAdmin: true,
  canRead: () => true,
  can: () => true,
  canReadField: () => true,
  canEditField: () => true,
  hasUserPermission: () => true,
  modifiesAll: () => true,
  hides: () => undefined,
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
function hasFieldSecurity(entity: Entity, field: FieldDef): boolean {
  if (field.isCustom) return !field.isRequired;
  if (entity.def.isCustom || entity.def.isSetup) return false;
  if (!field.isCreateable && !field.isUpdateable) return false;
  return (field.isNillable || field.type === "boolean") && !NAME_PARTS.has(field.key);
}

const ALWAYS_SEEN: ReadonlySet<string> = new Set(["ownerid", "isdeleted", "systemmodstamp"]);

/**
 * Whether a permission set may name the field at all. Not: what every row must hold, parts of a name, and the stamps and
 * the owner, which go with the object.
 */
export function isPermissionable(entity: Entity, field: FieldDef): boolean {
  if (field.isCustom) return !field.isRequired;
  if (entity.def.isCustom || entity.def.isSetup || field.type === "id" || field.isRequired) return false;
  if (ALWAYS_SEEN.has(field.key) || /^(?:created|lastmodified)(?:date|byid)$/.test(field.key)) return false;
  return (field.isNillable || field.type === "boolean") && !NAME_PARTS.has(field.key) && !isNameOf(field);
}

/** The compound name of a person; other name fields are required or follow the rule above. */
const isNameOf = (field: FieldDef) => field.derived === "person_name";

/** Row of the user's profile in Profile, -1 where there is none. */
function profileRow(state: OrgState, userId: string): number {
  const users = entityOf(state, "User");
  const row = users.table.rowOfId(userId);
  const profile = row < 0 ? null : textOf(users, row, "ProfileId");
  return profile === null ? -1 : entityOf(state, "Profile").table.rowOfId(profile);
}

/**
 * Whether a user may read an object at all. Everybody reads standard objects here; a custom one is closed until the
 * profile or an assigned permission set opens it, as at the vendor.
 */
export function userReads(state: OrgState, userId: string, entity: Entity): boolean {
  if (!entity.def.isCustom || userId === state.adminId) return true;
  const profiles = entityOf(state, "Profile");
  const profile = profileRow(state, userId);
  const seesAll =
    profile >= 0 &&
    ["PermissionsViewAllData", "PermissionsModifyAllData"].some((name) => isTrue(profiles, profile, name));
  const object = entity.def.name.toLowerCase();
  return seesAll || grantsOf(state, userId).some((grant) => grant.objects.get(object)?.read === true);
}

/** What the user's profile and assigned permission sets grant. */
function grantsOf(state: OrgState, userId: string): readonly Grant[] {
  const profile = profileRow(state, userId);
  const profileId = profile < 0 ? null : entityOf(state, "Profile").table.ids.text(profile);
  const assignments = entityOf(state, "PermissionSetAssignment");
  const assigned = new Set<string>();
  for (let row = 0; row < assignments.table.rowCount; row++) {
    if (assignments.table.isPurged(row) || isDeleted(assignments, row)) continue;
    const set = textOf(assignments, row, "PermissionSetId");
    if (set !== null && textOf(assignments, row, "AssigneeId") === userId) assigned.add(set);
  }
  return [...state.grants.values()].filter(
    (grant) => assigned.has(grant.id) || (grant.profileId !== undefined && grant.profileId === profileId),
  );
}

/** Whether the user's profile or an assigned permission set holds the custom permission; the admin's too. */
export function hasCustomPermission(state: OrgState, userId: string, name: string): boolean {
  return grantsOf(state, userId).some((grant) => grant.customPermissions.has(name.toLowerCase()));
}

/** What this session may see and do now; cheap enough to be asked for once a call. */
export function accessOf(state: OrgState, session: Session): Access {
  if (session.isAdmin) return EVERYTHING;
  const hiddenFields = new Set(state.settings.hiddenFields.map((name) => name.toLowerCase()));
  const readOnlyFields = new Set(state.settings.readOnlyFields.map((name) => name.toLowerCase()));
  const hiddenObjects = new Set(state.settings.hiddenObjects.map((name) => name.toLowerCase()));
  const grants = grantsOf(state, session.userId);
  const fieldKey = (entity: Entity, field: FieldDef) => `${entity.def.name}.${field.name}`.toLowerCase();
  const objectAllows = (entity: Entity, action: "read" | "create" | "edit" | "delete") => {
    if (hiddenObjects.has(entity.def.name.toLowerCase())) return false;
    if (!entity.def.isCustom && (action === "read" || entity.def.isSetup)) return true;
    return grants.some((grant) => grant.objects.get(entity.def.name.toLowerCase())?.[action] === true);
  };
  const hidden = new Map<Entity, ((row: number) => boolean) | undefined>();
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
      if (readOnlyFields.has(fieldKey(entity, field))) return false;
      if (!hasFieldSecurity(entity, field)) return true;
      return grants.some((grant) => grant.fields.get(fieldKey(entity, field))?.isEditable === true);
    },
    hasUserPermission: (name) => grants.some((grant) => grant.userPermissions.has(name)),
    modifiesAll: (entity) =>
      grants.some((grant) => grant.objects.get(entity.def.name.toLowerCase())?.modifyAll === true),
    hides: (entity) => {
      if (!hidden.has(entity)) {
        hidden.set(entity, selectedRows(state, entity, state.automation.hiddenRecords));
      }
      return hidden.get(entity);
    },
  };
  return access;
}
