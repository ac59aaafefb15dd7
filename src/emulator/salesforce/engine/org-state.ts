/** The org's data and schema, handed to every function of the engine. */
import type { Clock } from "../../../core/time.ts";
import { type Session, type WriteLogEntry } from "../org.ts";
import type { Automation, HeldLock } from "./automation/automation.ts";
import type { FieldDef, ObjectDef } from "./schema/definitions.ts";
import type { OrgSettings } from "./settings.ts";
import type { HeadTable, Raw } from "./store/columns.ts";
import { Table } from "./store/table.ts";

/** An object with its rows. Replaced as a whole when a deploy changes its definition. */
export interface Entity {
  readonly def: ObjectDef;
  readonly table: Table;
  /** By lower-case name, and by the name as declared. */
  readonly fields: ReadonlyMap<string, FieldDef>;
  /** Reference fields by lower-case relationship name. */
  readonly relationships: ReadonlyMap<string, FieldDef>;
}

/** What a deployed permission set or profile grants. */
export interface Grant {
  /** Id of the permission set; a profile's rights stand in a set of its own. */
  readonly id: string;
  /** The profile the rights belong to; undefined for a permission set, which works where it is assigned. */
  readonly profileId?: string;
  readonly fields: ReadonlyMap<string, { readonly isReadable: boolean; readonly isEditable: boolean }>;
  readonly objects: ReadonlyMap<
    string,
    {
      readonly read: boolean;
      readonly create: boolean;
      readonly edit: boolean;
      readonly delete: boolean;
      readonly modifyAll: boolean;
    }
  >;
  readonly userPermissions: ReadonlySet<string>;
  /** Lower-case developer names of custom permissions. */
  readonly customPermissions: ReadonlySet<string>;
}

/** Deployed metadata that has no rows of its own: kept so that a redeploy can be compared. */
export interface KeptComponent {
  readonly type: string;
  readonly fullName: string;
  readonly fingerprint: string;
}

/** A record by its object and id. */
export interface Place {
  readonly object: string;
  readonly id: string;
}

/** One delete: the record, what went with it, and the custom lookups that let go of any of them. */
export interface BinEntry extends Place {
  readonly with: readonly Place[];
  readonly cleared: readonly (Place & { readonly field: string; readonly target: string })[];
}

export interface OrgState {
  readonly clock: Clock;
  readonly heads: HeadTable;
  readonly organizationId: string;
  readonly adminId: string;
  readonly isMultiCurrency: boolean;
  readonly writes: WriteLogEntry[];
  /** By lower-case object name, in definition order. */
  entities: Map<string, Entity>;
  grants: Map<string, Grant>;
  components: Map<string, KeptComponent>;
  settings: OrgSettings;
  /** Deletes that can be undone, oldest first; replaced, never changed in place. */
  bin: readonly BinEntry[];
  /** Records taken out for good, with the milliseconds of their delete; replaced as well. */
  purged: readonly (Place & { readonly deletedAt: number })[];
  automation: Automation;
  /** The automation's row locks as they stand. */
  heldLocks: readonly HeldLock[];
  /** Records that data storage holds at most; undefined: as many as the edition gives. */
  storageLimit: number | undefined;
  /** Tooling rows that stand for the automation. */
  automationRows: readonly Place[];
  /** Counts metadata changes; caches compare it. */
  metadataVersion: number;
  metadataChangedAt: Date;
  customObjectCount: number;
  assignmentTurn: number;
}

export function makeEntity(def: ObjectDef, table: Table): Entity {
  const fields = new Map<string, FieldDef>();
  const relationships = new Map<string, FieldDef>();
  for (const field of def.fields) {
    fields.set(field.key, field);
    // The engine asks by declared name, millions of times: found without lowering it first.
    fields.set(field.name, field);
    if (field.relationshipName !== undefined && field.referenceTo.length > 0) {
      relationships.set(field.relationshipName.toLowerCase(), field);
    }
  }
  return { def, table, fields, relationships };
}

export function addEntity(state: OrgState, def: ObjectDef): Entity {
  const entity = makeEntity(def, new Table(def.keyPrefix, state.heads));
  state.entities.set(def.name.toLowerCase(), entity);
  return entity;
}

export function findEntity(state: OrgState, name: string): Entity | undefined {
  return state.entities.get(name.toLowerCase());
}

/** An object the engine itself relies on. */
export function entityOf(state: OrgState, name: string): Entity {
  const entity = findEntity(state, name);
  if (entity === undefined)
    throw new Error(`The emulated org has no object ${name}; check the standard schema.`);
  return entity;
}

export function findField(entity: Entity, name: string): FieldDef | undefined {
  return entity.fields.get(name) ?? entity.fields.get(name.toLowerCase());
}

export function fieldOf(entity: Entity, name: string): FieldDef {
  const field = findField(entity, name);
  if (field === undefined) throw new Error(`The emulated ${entity.def.name} has no field ${name}.`);
  return field;
}

export function rawOf(entity: Entity, row: number, name: string): Raw {
  const field = findField(entity, name);
  return field === undefined ? null : entity.table.column(field).raw(row);
}

/** Stored text of a field, null where empty. */
export function textOf(entity: Entity, row: number, name: string): string | null {
  const raw = rawOf(entity, row, name);
  return typeof raw === "string" ? raw : null;
}

export function isTrue(entity: Entity, row: number, name: string): boolean {
  return rawOf(entity, row, name) === 1;
}

/** Sets a stored field if the object has it. */
export function put(entity: Entity, row: number, name: string, raw: Raw): void {
  const field = findField(entity, name);
  if (field !== undefined) entity.table.set(row, field, raw);
}

export function isDeleted(entity: Entity, row: number): boolean {
  return isTrue(entity, row, "IsDeleted");
}

export function entityOfId(state: OrgState, id: string): Entity | undefined {
  const prefix = id.slice(0, 3);
  for (const entity of state.entities.values()) if (entity.def.keyPrefix === prefix) return entity;
  return undefined;
}

/** The clock's present in whole seconds, as the vendor stamps. */
export function nowSeconds(state: OrgState): number {
  return Math.floor(state.clock.now().getTime() / 1000) * 1000;
}

/** Rows of a setup list that are not deleted. */
export function liveRows(entity: Entity): number[] {
  const rows: number[] = [];
  for (let row = 0; row < entity.table.rowCount; row++) {
    if (!entity.table.isPurged(row) && !isDeleted(entity, row)) rows.push(row);
  }
  return rows;
}

/** Zone of dates for this user: date literals and TODAY() follow it. GMT where the user names none. */
export function zoneOf(state: OrgState, session: Session): string {
  const users = entityOf(state, "User");
  const row = users.table.rowOfId(session.userId);
  const own = row < 0 ? null : textOf(users, row, "TimeZoneSidKey");
  return own === null || own === "GMT" ? "UTC" : own;
}

export function fiscalStartMonth(state: OrgState): number {
  const organizations = entityOf(state, "Organization");
  const month = organizations.table.rowCount > 0 ? rawOf(organizations, 0, "FiscalYearStartMonth") : null;
  return typeof month === "number" ? month : 1;
}

export function touchMetadata(state: OrgState): void {
  state.metadataVersion++;
  // Two changes within a second must still move the stamp: HTTP dates have whole seconds.
  const now = nowSeconds(state);
  state.metadataChangedAt = new Date(Math.max(now, state.metadataChangedAt.getTime() + 1000));
}

export function noSuchColumn(field: string, object: string): string {
  return `No such column '${field}' on sobject of type ${object}`;
}
