/** Insert, update and upsert with one result a row, in the order sent. */
import {
  type FieldValues,
  type SaveError,
  type SaveResult,
  type Session,
  VendorError,
  type WriteOptions,
} from "../../org.ts";
import type { HeldLock, SaveEvent } from "../automation/automation.ts";
import {
  approvalProblem,
  batchProblem,
  countAttempts,
  duplicateProblem,
  heldIds,
  ruleProblems,
  storageProblem,
} from "../automation/check-automation.ts";
import { toId18 } from "../ids.ts";
import {
  type Entity,
  findEntity,
  isDeleted,
  isTrue,
  nowSeconds,
  type OrgState,
  put,
  touchMetadata,
} from "../org-state.ts";
import { momentOf, readAll } from "../read-field.ts";
import { countRecords } from "../record-counts.ts";
import type { FieldDef } from "../schema/definitions.ts";
import type { Raw } from "../store/columns.ts";
import { formatValue, parseValue, UNREADABLE } from "../values.ts";
import { type Access, accessOf } from "../visibility.ts";
import { assignLead } from "./assign-lead.ts";
import { ownerProblem } from "./check-owner.ts";
import { type CheckContext, type CheckedRow, checkRow } from "./check-row.ts";
import { deriveFields, fillDefaults } from "./derive-fields.ts";
import { readTracked, recordChanges, recordCreation, stampNew } from "./field-history.ts";
import * as errors from "./save-errors.ts";
import { allOrNone } from "./transaction.ts";

interface Writer {
  readonly state: OrgState;
  readonly session: Session;
  readonly entity: Entity;
  readonly access: Access;
  readonly options: WriteOptions;
  readonly userId: string;
  /** Locks that a row of this call met. */
  readonly metLocks: Set<HeldLock>;
}

const NOTHING: ReadonlySet<string> = new Set();
const ID_ONLY: ReadonlySet<string> = new Set(["id"]);

/** @throws VendorError NOT_FOUND for an object that is not there or not visible. */
function openWriter(state: OrgState, session: Session, object: string, options: WriteOptions): Writer {
  const entity = findEntity(state, object);
  const access = accessOf(state, session);
  if (entity === undefined || entity.def.reach === "tooling" || !access.canRead(entity)) {
    throw new VendorError(404, "NOT_FOUND", "The requested resource does not exist");
  }
  return { state, session, entity, access, options, userId: session.userId, metLocks: new Set() };
}

export function insertRows(
  state: OrgState,
  session: Session,
  object: string,
  rows: readonly FieldValues[],
  options: WriteOptions,
): SaveResult[] {
  const writer = openWriter(state, session, object, options);
  return saveAll(writer, ["insert"], rows, (row) => insertRow(writer, row, NOTHING));
}

export function updateRows(
  state: OrgState,
  session: Session,
  object: string,
  rows: readonly FieldValues[],
  options: WriteOptions,
): SaveResult[] {
  const writer = openWriter(state, session, object, options);
  return saveAll(writer, ["update"], rows, (row) => updateById(writer, row));
}

/** By a field marked as external id, by one the vendor allows for lookups (Email), or by Id, where null creates. */
export function upsertRows(
  state: OrgState,
  session: Session,
  object: string,
  externalIdField: string,
  rows: readonly FieldValues[],
  options: WriteOptions,
): SaveResult[] {
  const writer = openWriter(state, session, object, options);
  const field = writer.entity.fields.get(externalIdField.toLowerCase());
  const isVisible = field !== undefined && writer.access.canReadField(writer.entity, field);
  if (!isVisible || !(field.isExternalId || field.type === "id" || isLookupField(field))) {
    throw new VendorError(
      404,
      "NOT_FOUND",
      `Provided external ID field does not exist or is not accessible: ${externalIdField}`,
    );
  }
  return saveAll(writer, ["insert", "update"], rows, (row) =>
    field.type === "id" ? upsertById(writer, row) : upsertByKey(writer, field, row),
  );
}

function isLookupField(field: FieldDef): boolean {
  return field.type === "email" && field.name === "Email";
}

/** All rows of a call, as one transaction of the org's automation. With allOrNone one failure takes every row back. */
function saveAll(
  writer: Writer,
  events: readonly SaveEvent[],
  rows: readonly FieldValues[],
  save: (row: FieldValues) => SaveResult,
): SaveResult[] {
  const whole = batchProblem(writer, events, rows.length);
  const isUpsert = events.length > 1;
  if (whole !== undefined) {
    return rows.map(() => ({ ...failed([whole]), ...(isUpsert ? createdFlag(false) : {}) }));
  }
  const results = writer.options.allOrNone ? allOrNone(writer.state, () => rows.map(save)) : rows.map(save);
  countAttempts(writer.metLocks);
  return results;
}

function failed(problems: readonly SaveError[]): SaveResult {
  return { success: false, errors: problems };
}

function insertRow(
  writer: Writer,
  values: FieldValues,
  skipped: ReadonlySet<string>,
  key?: KeyValue,
): SaveResult {
  const { state, session, entity, access, options } = writer;
  if (!entity.def.isCreateable) return failed([errors.unsupported(entity.def.name, "create")]);
  if (!access.can(entity, "create")) return failed([errors.noAccess()]);
  const context: CheckContext = { state, entity, access, options, action: "insert", skipped };
  const checked = checkRow(context, values);
  if (!("names" in checked)) return failed(checked);
  const refusedOwner = ownerProblem(context, checked.values, -1);
  if (refusedOwner !== undefined) return failed([refusedOwner]);
  const cells = key === undefined ? checked.values : new Map(checked.values).set(key.field, key.raw);
  const problems = storedProblems(writer, checked, cells, -1);
  if (problems.length > 0) return failed(problems);

  const row = entity.table.appendRow(entity.table.freshId());
  for (const [field, raw] of cells) entity.table.set(row, field, raw);
  stampNew(state, entity, row, session.userId);
  const given = namesOf(cells.keys());
  const saved = { state, entity, row, isNew: true, given };
  fillDefaults(saved, session.userId);
  numberRow(entity, row, values);
  const isAssignment =
    entity.def.name === "Lead" && options.autoAssign && assignLead(state, session, entity, row);
  deriveFields(saved);
  recordCreation(state, entity, row, { userId: session.userId, isAssignment });
  // A new assignment of a permission set shows fields that were hidden: the metadata stamp moves.
  if (entity.def.name === "PermissionSetAssignment") touchMetadata(state);
  const id = entity.table.ids.text(row) ?? "";
  log(writer, id, checked.names);
  return { id, success: true, errors: [] };
}

function numberRow(entity: Entity, row: number, values: FieldValues): void {
  for (const field of entity.def.fields) {
    if (field.autoNumberFormat !== undefined) {
      const text = autoNumber(field.autoNumberFormat, entity.table.nextAutoNumber());
      entity.table.set(row, field, text);
    } else if (entity.def.isCustom && field.isNameField && (values[field.name] ?? null) === null) {
      // A custom record without a name shows its id.
      entity.table.set(row, field, entity.table.ids.text(row));
    }
  }
}

/** `H-{0000}` and 7 give `H-0007`. */
function autoNumber(format: string, number: number): string {
  return format.replace(/\{(0+)\}/, (_whole, zeros: string) => String(number).padStart(zeros.length, "0"));
}

function namesOf(fields: Iterable<FieldDef>): Set<string> {
  const names = new Set<string>();
  for (const field of fields) names.add(field.key);
  return names;
}

function idOf(values: FieldValues): unknown {
  return values["Id"] ?? values["id"];
}

function updateById(writer: Writer, values: FieldValues): SaveResult {
  const given = idOf(values);
  if (given === undefined || given === null || given === "") return failed([errors.missingId()]);
  const id = typeof given === "string" ? toId18(given) : undefined;
  if (id === undefined) {
    return failed([
      errors.saveError("MALFORMED_ID", `Record ID: id value of incorrect type: ${JSON.stringify(given)}`, [
        "Id",
      ]),
    ]);
  }
  if (!id.startsWith(writer.entity.def.keyPrefix)) {
    return failed([
      errors.saveError("INVALID_FIELD_FOR_INSERT_UPDATE", `Record ID: id value of incorrect type: ${id}`, [
        "Id",
      ]),
    ]);
  }
  const row = writer.entity.table.rowOfId(id);
  if (row < 0) return failed([errors.unknownReference([])]);
  return updateRow(writer, row, values, ID_ONLY);
}

function updateRow(
  writer: Writer,
  row: number,
  values: FieldValues,
  skipped: ReadonlySet<string>,
): SaveResult {
  const { state, session, entity, access, options } = writer;
  if (!entity.def.isUpdateable) return failed([errors.unsupported(entity.def.name, "update")]);
  if (!access.can(entity, "edit")) return failed([errors.noAccess()]);
  if (isDeleted(entity, row)) return failed([errors.deletedEntity()]);
  if (access.hides(entity)?.(row) === true) {
    return failed([errors.noAccessToReference(entity.table.ids.text(row) ?? "")]);
  }
  const approval = approvalProblem(writer, row);
  if (approval !== undefined) return failed([approval]);
  const isLead = entity.def.name === "Lead";
  if (
    isLead &&
    isTrue(entity, row, "IsConverted") &&
    !access.hasUserPermission("AllowViewEditConvertedLeads")
  ) {
    return failed([errors.convertedLead()]);
  }
  const context: CheckContext = { state, entity, access, options, action: "update", skipped };
  const checked = checkRow(context, values);
  if (!("names" in checked)) return failed(checked);
  const refusedOwner = ownerProblem(context, checked.values, row);
  if (refusedOwner !== undefined) return failed([refusedOwner]);
  const id = entity.table.ids.text(row) ?? "";
  const problems = storedProblems(writer, checked, checked.values, row);
  if (problems.length > 0) return failed(problems);

  const before = readTracked(state, entity, row);
  for (const [field, raw] of checked.values) entity.table.set(row, field, raw);
  const isAssignment = isLead && options.autoAssign && assignLead(state, session, entity, row);
  const now = nowSeconds(state);
  put(entity, row, "LastModifiedDate", now);
  put(entity, row, "LastModifiedById", session.userId);
  put(entity, row, "SystemModstamp", now);
  deriveFields({ state, entity, row, isNew: false, given: namesOf(checked.values.keys()) });
  recordChanges(state, entity, row, before, { userId: session.userId, isAssignment });
  log(writer, id, checked.names);
  return { id, success: true, errors: [] };
}

function upsertById(writer: Writer, values: FieldValues): SaveResult {
  const given = idOf(values);
  if (given === undefined || given === null || given === "") {
    return { ...insertRow(writer, values, ID_ONLY), ...createdFlag(true) };
  }
  return { ...updateById(writer, values), ...createdFlag(false) };
}

function createdFlag(isCreated: boolean): { readonly created: boolean } {
  return { created: isCreated };
}

interface KeyValue {
  readonly field: FieldDef;
  readonly raw: Raw;
}

function upsertByKey(writer: Writer, field: FieldDef, values: FieldValues): SaveResult {
  const { entity, access } = writer;
  const refused = (problem: SaveError) => ({ ...failed([problem]), ...createdFlag(false) });
  const sent = Object.entries(values).find(([name]) => name.toLowerCase() === field.key)?.[1];
  const raw = parseValue(field.type, sent);
  if (raw === UNREADABLE) return refused(errors.wrongType(field, sent));
  if (raw === null) return refused(errors.missingExternalId(field.name));
  const rows = entity.table
    .rowsByText(field, raw)
    .filter((row) => !isDeleted(entity, row) && !entity.table.isPurged(row));
  if (rows.length > 1) {
    const ids = rows.map((row) => entity.table.ids.text(row) ?? "");
    return refused(errors.duplicateExternalId(field, ids));
  }
  const address = new Set([field.key]);
  const [row] = rows;
  if (row !== undefined) return { ...updateRow(writer, row, values, address), ...createdFlag(false) };
  if (!access.canEditField(entity, field)) return refused(errors.notWriteable([field.name]));
  if (typeof raw === "string" && field.length > 0 && raw.length > field.length) {
    return refused(errors.tooLong(field, raw));
  }
  const result = insertRow(writer, values, address, { field, raw });
  return { ...result, ...createdFlag(result.success) };
}

/** What stands against a row whose values are right by themselves: room, rules, other records, locks. */
function storedProblems(
  writer: Writer,
  checked: CheckedRow,
  cells: ReadonlyMap<FieldDef, Raw>,
  row: number,
): readonly SaveError[] {
  const { state, entity } = writer;
  if (row < 0 && state.storageLimit !== undefined) {
    const full = storageProblem(writer, countRecords(state));
    if (full !== undefined) return [full];
  }
  const rules = ruleProblems(writer, cells, row);
  if (rules.length > 0) return rules;
  const duplicate = duplicateProblem(writer, cells, row);
  if (duplicate !== undefined) return [duplicate];
  const id = row < 0 ? undefined : (entity.table.ids.text(row) ?? "");
  return [...duplicates(entity, cells, row), ...locks(writer, cells, id), ...validate(writer, checked, row)];
}

/** Unique fields and unique external ids; two rows of one call collide as well, since the first is stored by then. */
function duplicates(entity: Entity, values: ReadonlyMap<FieldDef, Raw>, own: number): SaveError[] {
  const problems: SaveError[] = [];
  for (const [field, raw] of values) {
    if (!field.isUnique || raw === null) continue;
    for (const row of entity.table.rowsByText(field, raw)) {
      if (row === own || isDeleted(entity, row) || entity.table.isPurged(row)) continue;
      problems.push(errors.duplicateValue(field, entity.table.ids.text(row) ?? ""));
      break;
    }
  }
  return problems;
}

/** A record somebody else holds, or the parent that saving this one would lock. */
function locks(writer: Writer, values: ReadonlyMap<FieldDef, Raw>, id: string | undefined): SaveError[] {
  const { settings, heldLocks } = writer.state;
  const { lockedIds } = settings;
  if (lockedIds.length === 0 && heldLocks.length === 0) return [];
  const wanted = new Set<Raw>(id === undefined ? [] : [id]);
  for (const [field, raw] of values)
    if (field.type === "reference" && field.name !== "OwnerId") wanted.add(raw);
  const held = [
    ...lockedIds.filter((locked) => wanted.has(toId18(locked) ?? locked)),
    ...heldIds(writer.state, wanted, writer.metLocks),
  ];
  return held.length === 0 ? [] : [errors.lockedRow(held)];
}

function validate(writer: Writer, checked: CheckedRow, row: number): readonly SaveError[] {
  const { state, entity, options } = writer;
  const rule = state.settings.validate;
  if (rule === undefined) return [];
  const changes: Record<string, unknown> = {};
  for (const [field, raw] of checked.values) changes[field.name] = formatValue(field.type, raw);
  return rule({
    object: entity.def.name,
    id: row < 0 ? undefined : (entity.table.ids.text(row) ?? undefined),
    before: row < 0 ? undefined : readAll(momentOf(state), entity, row),
    changes,
    options,
  });
}

function log(writer: Writer, id: string, fields: readonly string[]): void {
  const { state, entity, options } = writer;
  state.writes.push({
    at: state.clock.now().toISOString(),
    crm: "salesforce",
    operation: options.operation,
    object: entity.def.name,
    id,
    fields,
  });
}
