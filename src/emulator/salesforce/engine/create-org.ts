/** One Salesforce org in memory, behind the seam that the wire side and the seeded company use. */
import type { Clock } from "../../../core/time.ts";
import { compileFormula as compileOurs } from "../formula/compile-formula.ts";
import {
  type CompileFormula,
  type DeployComponent,
  type DeployMessage,
  type FieldValues,
  type Org,
  type QueryResult,
  type Savepoint,
  type SaveResult,
  type Session,
  VendorError,
  type WriteOptions,
} from "../org.ts";
import { type Automation, type AutomationChanges, NO_AUTOMATION } from "./automation/automation.ts";
import { changeAutomation, clearAutomation } from "./automation/change-automation.ts";
import {
  type FieldRevocation,
  type PicklistRename,
  renamePicklistValue,
  revokeField,
} from "./automation/rename-picklist.ts";
import { buildBase } from "./base-company.ts";
import { makeId } from "./ids.ts";
import { refreshDefinitions } from "./metadata/definition-rows.ts";
import { deployComponents } from "./metadata/deploy.ts";
import { describeGlobal, describeObject } from "./metadata/describe.ts";
import { addEntity, entityOfId, findEntity, type OrgState, touchMetadata } from "./org-state.ts";
import { fieldAccessor, momentOf } from "./read-field.ts";
import { countRecords, countsByObject } from "./record-counts.ts";
import { standardObjects } from "./schema/standard-objects.ts";
import type { OrgSettings } from "./settings.ts";
import { retrieveRecord, runQuery } from "./soql/run-query.ts";
import { HeadTable } from "./store/columns.ts";
import { accessOf } from "./visibility.ts";
import { loadRows } from "./write/load-rows.ts";
import { deletedBetween, purgeAll, purgeIds, undelete } from "./write/recycle-bin.ts";
import { removeRows } from "./write/remove-rows.ts";
import { insertRows, updateRows, upsertRows } from "./write/save-rows.ts";

export interface OrgOptions {
  readonly clock: Clock;
  /** Gives the org's own ids; two orgs of one seed have the same organisation id. */
  readonly seed?: number;
  /** Field history of leads: Owner and Status unless switched off. */
  readonly tracksLeadHistory?: boolean;
  readonly multiCurrency?: boolean;
  readonly compileFormula?: CompileFormula;
}

/** The engine's own face: the seam and the knobs behind the control interface. */
export interface EngineOrg extends Org {
  readonly settings: OrgSettings;
  /** Changes the named settings; what is visible may change with them, so the metadata stamp moves. */
  configure(changes: Partial<OrgSettings>): void;
  /** What the org does by itself: rules, triggers, locks, sharing, storage. */
  readonly automation: Automation;
  /** @throws VendorError 400 naming the object, field or formula that cannot be; nothing is changed then */
  automate(changes: AutomationChanges): void;
  clearAutomation(): void;
  /** @throws VendorError 400 where there is no such field or value */
  renamePicklistValue(rename: PicklistRename): void;
  /** @throws VendorError 400 where there is no such field */
  revokeField(revocation: FieldRevocation): void;
  /** Restores deleted records, with what was deleted with them. @throws VendorError UNDELETE_FAILED */
  undelete(ids: readonly string[]): { readonly restored: number };
  /** Takes deleted records out for good: those named, those of one object, or all. @throws VendorError */
  purge(which: { readonly ids?: readonly string[]; readonly object?: string }): { readonly purged: number };
}

/** An org with its base rows and nothing else. */
export function createOrg(options: OrgOptions): EngineOrg {
  const seed = options.seed ?? 1;
  const isMultiCurrency = options.multiCurrency ?? false;
  const state: OrgState = {
    clock: options.clock,
    heads: new HeadTable(),
    organizationId: makeId("00D", seed),
    adminId: makeId("005", 1),
    isMultiCurrency,
    writes: [],
    entities: new Map(),
    grants: new Map(),
    components: new Map(),
    settings: {
      leadAssignmentRule: { isActive: true, targets: [] },
      hiddenFields: [],
      hiddenObjects: [],
      readOnlyFields: [],
      trackedFields: options.tracksLeadHistory === false ? {} : { Lead: ["Owner", "Status"] },
      lockedIds: [],
      validate: undefined,
    },
    bin: [],
    purged: [],
    automation: NO_AUTOMATION,
    heldLocks: [],
    storageLimit: undefined,
    automationRows: [],
    metadataVersion: 0,
    metadataChangedAt: new Date(Math.floor(options.clock.now().getTime() / 1000) * 1000),
    customObjectCount: 0,
    assignmentTurn: 0,
  };
  for (const def of standardObjects({ isMultiCurrency })) addEntity(state, def);
  const users = buildBase(state);
  const compileFormula = options.compileFormula ?? compileOurs;
  let start: StartState | undefined;
  let startCount = 0;

  return {
    organizationId: state.organizationId,
    clock: options.clock,
    integrationUser: users.integration,
    adminUser: users.admin,
    get writes() {
      return state.writes;
    },
    get settings() {
      return state.settings;
    },
    configure(changes: Partial<OrgSettings>) {
      state.settings = { ...state.settings, ...changes };
      touchMetadata(state);
    },
    get automation() {
      return state.automation;
    },
    automate: (changes) => changeAutomation(state, changes, countRecords(state)),
    clearAutomation: () => clearAutomation(state),
    renamePicklistValue: (rename) => renamePicklistValue(state, rename),
    revokeField: (revocation) => revokeField(state, revocation),
    recordCount: () => countRecords(state),
    recordCountAtStart: () => startCount,
    recordCounts: () => countsByObject(state),
    storageLimit: () => state.storageLimit,
    deletedRecords: (session, object, from, until) => readDeleted(state, session, object, from, until),
    query(session: Session, soql: string, queryOptions): QueryResult {
      return runQuery(state, session, soql, queryOptions);
    },
    describeGlobal: (session) => describeGlobal(state, session),
    describe: (session, object) => describeObject(state, session, object),
    metadataChangedAt: () => state.metadataChangedAt,
    retrieve: (session, object, id, fields, recordsFor) =>
      retrieveRecord(state, session, object, id, fields, recordsFor),
    insert(
      session: Session,
      object: string,
      rows: readonly FieldValues[],
      write: WriteOptions,
    ): SaveResult[] {
      return insertRows(state, session, object, rows, write);
    },
    update(
      session: Session,
      object: string,
      rows: readonly FieldValues[],
      write: WriteOptions,
    ): SaveResult[] {
      return updateRows(state, session, object, rows, write);
    },
    upsert(session, object, externalIdField, rows, write) {
      return upsertRows(state, session, object, externalIdField, rows, write);
    },
    remove: (session, ids, write) =>
      removeRows(state, session, ids, write, write.operation === "bulk ingest hardDelete"),
    undelete: (ids) => undelete(state, ids),
    purge: ({ ids, object }) => (ids === undefined ? purgeAll(state, object) : purgeIds(state, ids)),
    objectOfId: (id) => entityOfId(state, id)?.def.name,
    deploy(
      session: Session,
      components: readonly DeployComponent[],
      destructive,
      deployOptions,
    ): DeployMessage[] {
      return deployComponents({ state, session, compileFormula }, components, destructive, deployOptions);
    },
    load(object: string, rows: Iterable<FieldValues>) {
      const point = openSavepoint(state);
      try {
        const loaded = loadRows(state, object, rows);
        point.release();
        return loaded;
      } catch (error) {
        point.rollback();
        throw error;
      }
    },
    dump: (object) => dumpRows(state, object),
    savepoint: () => openSavepoint(state),
    markStart() {
      if (start !== undefined)
        throw new Error("The start company is marked already; markStart is called once.");
      start = saveStart(state);
      startCount = countRecords(state);
    },
    reset() {
      if (start === undefined)
        throw new Error("There is no start to go back to: call markStart after loading it.");
      restoreStart(state, start);
      start = saveStart(state);
    },
  };
}

interface StartState {
  readonly settings: OrgSettings;
  readonly grants: OrgState["grants"];
  readonly components: OrgState["components"];
  readonly assignmentTurn: number;
  readonly customObjectCount: number;
  readonly automation: Automation;
  readonly automationRows: OrgState["automationRows"];
  readonly point: Savepoint;
}

function saveStart(state: OrgState): StartState {
  return {
    settings: state.settings,
    grants: new Map(state.grants),
    components: new Map(state.components),
    assignmentTurn: state.assignmentTurn,
    customObjectCount: state.customObjectCount,
    automation: state.automation,
    automationRows: state.automationRows,
    point: openSavepoint(state),
  };
}

function restoreStart(state: OrgState, start: StartState): void {
  start.point.rollback();
  state.settings = start.settings;
  state.grants = new Map(start.grants);
  state.components = new Map(start.components);
  state.assignmentTurn = start.assignmentTurn;
  state.customObjectCount = start.customObjectCount;
  state.automation = start.automation;
  state.automationRows = start.automationRows;
  state.heldLocks = [];
  state.storageLimit = undefined;
  state.writes.length = 0;
  touchMetadata(state);
}

/** Remembers every table's size and, from now on, each older row before its first change; also which objects exist. */
function openSavepoint(state: OrgState): Savepoint {
  const entities = new Map(state.entities);
  const writeCount = state.writes.length;
  const { settings, assignmentTurn, bin, purged } = state;
  for (const entity of entities.values()) entity.table.begin();
  return {
    release() {
      for (const entity of entities.values()) entity.table.commit();
    },
    rollback() {
      state.entities = new Map(entities);
      for (const entity of entities.values()) entity.table.rollback();
      state.writes.length = Math.min(state.writes.length, writeCount);
      state.settings = settings;
      state.assignmentTurn = assignmentTurn;
      state.bin = bin;
      state.purged = purged;
    },
  };
}

/** @throws VendorError NOT_FOUND for an object that is not there or not visible */
function readDeleted(
  state: OrgState,
  session: Session,
  object: string,
  from: Date,
  until: Date,
): readonly { readonly id: string; readonly deletedAt: Date }[] {
  const entity = findEntity(state, object);
  if (entity === undefined || !accessOf(state, session).canRead(entity)) {
    throw new VendorError(404, "NOT_FOUND", "The requested resource does not exist");
  }
  return deletedBetween(state, entity, from.getTime(), until.getTime())
    .toSorted((left, right) => left.deletedAt - right.deletedAt || (left.id < right.id ? -1 : 1))
    .map(({ id, deletedAt }) => ({ id, deletedAt: new Date(deletedAt) }));
}

function* dumpRows(state: OrgState, object: string): Iterable<Record<string, unknown>> {
  const entity = findEntity(state, object);
  if (entity === undefined) {
    throw new VendorError(400, "INVALID_TYPE", `sObject type '${object}' is not supported.`);
  }
  if (/definition$/i.test(object)) refreshDefinitions(state);
  const moment = momentOf(state);
  const readers = entity.def.fields.map((field) => ({
    name: field.name,
    reader: fieldAccessor(moment, entity, field),
  }));
  for (let row = 0; row < entity.table.rowCount; row++) {
    if (entity.table.isPurged(row)) continue;
    const record: Record<string, unknown> = {};
    for (const { name, reader } of readers) record[name] = reader.cell(row);
    yield record;
  }
}
