/** From a sent row to values that may be stored, or to the reasons why not. */
import { type FieldValues, type SaveError, VendorError, type WriteOptions } from "../../org.ts";
import { type Entity, findEntity, isDeleted, isTrue, liveRows, type OrgState, textOf } from "../org-state.ts";
import type { FieldDef } from "../schema/definitions.ts";
import type { Raw } from "../store/columns.ts";
import { parseValue, UNREADABLE } from "../values.ts";
import type { Access } from "../visibility.ts";
import * as errors from "./save-errors.ts";

export interface CheckedRow {
  readonly values: ReadonlyMap<FieldDef, Raw>;
  /** Names as the schema spells them, in the order sent. */
  readonly names: readonly string[];
}

export interface CheckContext {
  readonly state: OrgState;
  readonly entity: Entity;
  readonly access: Access;
  readonly options: WriteOptions;
  readonly action: "insert" | "update";
  /** Names that are addresses, not values: Id, or the external id of an upsert by it. */
  readonly skipped: ReadonlySet<string>;
}

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/** Errors come one kind at a time, as the vendor reports them: unknown names, then forbidden ones, then values. */
export function checkRow(context: CheckContext, row: FieldValues): CheckedRow | readonly SaveError[] {
  const { entity, access, action } = context;
  const values = new Map<FieldDef, Raw>();
  const names: string[] = [];
  const forbidden: string[] = [];
  const problems: SaveError[] = [];
  for (const [name, value] of Object.entries(row)) {
    const lower = name.toLowerCase();
    if (lower === "attributes" || value === undefined || context.skipped.has(lower)) continue;
    const field = entity.fields.get(lower);
    if (field === undefined || !access.canReadField(entity, field)) {
      const linked = linkedParent(context, name, value);
      if (linked === undefined) return [errors.unknownField(name, entity.def.name)];
      if ("statusCode" in linked) return [linked];
      values.set(linked.field, linked.id);
      names.push(linked.field.name);
      continue;
    }
    if (field.type === "id") {
      return [
        errors.saveError("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ["Id"]),
      ];
    }
    names.push(field.name);
    const isWriteable = action === "insert" ? field.isCreateable : field.isUpdateable;
    if (!isWriteable || !access.canEditField(entity, field)) {
      forbidden.push(field.name);
      continue;
    }
    const raw = parseValue(field.type, value);
    if (raw === UNREADABLE) problems.push(unreadable(context, field, value));
    else {
      values.set(field, raw);
      const problem = checkValue(context, field, raw);
      if (problem !== undefined) problems.push(problem);
    }
  }
  if (forbidden.length > 0) return [errors.notWriteable(forbidden)];
  if (problems.length > 0) return problems;
  const missing = missingFields(context, values);
  if (missing.length > 0) return [errors.requiredMissing(missing)];
  return { values, names };
}

/**
 * Fields that must hold a value and would not: on insert those left out that the platform does not fill, on update those
 * emptied on purpose, filled ones like Status included. An empty checkbox is an unticked one.
 */
function missingFields(context: CheckContext, values: ReadonlyMap<FieldDef, Raw>): string[] {
  return context.entity.def.fields
    .filter((field) => {
      if (context.skipped.has(field.key)) return false;
      if (context.action === "update") {
        return !field.isNillable && field.type !== "boolean" && values.get(field) === null;
      }
      return field.isRequired && field.defaultValue === null && (values.get(field) ?? null) === null;
    })
    .map((field) => field.name);
}

/** JSON of the wrong type fails the whole request at the vendor; a CSV cell fails its row. */
function unreadable(context: CheckContext, field: FieldDef, value: unknown): SaveError {
  if (field.type === "reference" && typeof value === "string") return errors.malformedId(field, value);
  if (/^bulk/i.test(context.options.operation)) return errors.wrongType(field, value);
  const token =
    typeof value === "string" ? "VALUE_STRING" : typeof value === "number" ? "VALUE_NUMBER" : "START_OBJECT";
  throw new VendorError(
    400,
    "JSON_PARSER_ERROR",
    `Cannot deserialize instance of ${field.type} from ${token} value ${JSON.stringify(value)?.replaceAll('"', "")} or request may be missing a required field at [line:1, column:1]`,
  );
}

function checkValue(context: CheckContext, field: FieldDef, raw: Raw): SaveError | undefined {
  if (raw === null) return undefined;
  if (typeof raw === "number") return checkNumber(field, raw);
  if (field.type === "reference") return field.textKey ? undefined : checkReference(context, field, raw);
  if (field.length > 0 && raw.length > field.length) return errors.tooLong(field, raw);
  if (field.isRestrictedPicklist) {
    const known = new Set(field.picklist.map((value) => value.toLowerCase()));
    const chosen = field.type === "multipicklist" ? raw.split(";") : [raw];
    const wrong = chosen.find((value) => !known.has(value.trim().toLowerCase()));
    if (wrong !== undefined) return errors.badPicklist(field, wrong);
  }
  if (field.key === "currencyisocode" && !isActiveCurrency(context.state, raw))
    return errors.badPicklist(field, raw);
  if (field.type === "email" && !EMAIL.test(raw)) return errors.invalidEmail(field, raw);
  return undefined;
}

function isActiveCurrency(state: OrgState, code: string): boolean {
  const types = findEntity(state, "CurrencyType");
  if (types === undefined) return false;
  return liveRows(types).some(
    (row) => isTrue(types, row, "IsActive") && textOf(types, row, "IsoCode") === code,
  );
}

function checkNumber(field: FieldDef, value: number): SaveError | undefined {
  const isReal = field.type === "double" || field.type === "currency" || field.type === "percent";
  if (!isReal || field.precision === 0) return undefined;
  // Percent fields of the standard schema say precision 3 and hold 100.
  const digits = Math.max(field.precision - field.scale, 1);
  return Math.abs(value) >= 10 ** digits ? errors.outOfRange(field, value) : undefined;
}

function checkReference(context: CheckContext, field: FieldDef, id: string): SaveError | undefined {
  const { state } = context;
  const targets = field.referenceTo
    .map((name) => findEntity(state, name))
    .filter((target) => target !== undefined);
  // Objects outside the emulated schema (Case, Pricebook2) cannot be looked up; their ids are taken on trust.
  if (targets.length === 0) return undefined;
  const target = targets.find((candidate) => id.startsWith(candidate.def.keyPrefix));
  if (target === undefined) return errors.wrongTarget(field, id);
  const row = target.table.rowOfId(id);
  if (row < 0) return errors.unknownReference([field.name]);
  if (context.access.hides(target)?.(row) === true) return errors.noAccessToReference(id);
  return isDeleted(target, row) ? errors.deletedEntity() : undefined;
}

/** `{"Account": {"Key__c": "x"}}`: a parent named by its external id. */
function linkedParent(
  context: CheckContext,
  name: string,
  value: unknown,
): { readonly field: FieldDef; readonly id: string } | SaveError | undefined {
  const field = context.entity.relationships.get(name.toLowerCase());
  if (field === undefined || typeof value !== "object" || value === null) return undefined;
  if (!context.access.canEditField(context.entity, field)) return undefined;
  for (const [key, wanted] of Object.entries(value)) {
    if (key === "attributes" || (typeof wanted !== "string" && typeof wanted !== "number")) continue;
    for (const targetName of field.referenceTo) {
      const target = findEntity(context.state, targetName);
      const external = target?.fields.get(key.toLowerCase());
      if (target === undefined || external === undefined || !external.isExternalId) continue;
      const rows = target.table.rowsByText(external, wanted).filter((row) => !isDeleted(target, row));
      const id = rows[0] === undefined ? null : target.table.ids.text(rows[0]);
      if (id !== null) return { field, id };
      return errors.saveError(
        "INVALID_FIELD",
        `Foreign key external ID: ${wanted} not found for field ${external.name} in entity ${target.def.name}`,
      );
    }
  }
  return undefined;
}
