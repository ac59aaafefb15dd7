/** Checkbox formulas over a record as it is about to be: what validation rules are made of. */
import { compileFormula } from "../../formula/compile-formula.ts";
import { FormulaError } from "../../formula/formula-error.ts";
import { type CellValue, type CompiledFormula, type FieldType, VendorError } from "../../org.ts";
import { type Entity, entityOf, type OrgState, textOf } from "../org-state.ts";
import { fieldAccessor, type Moment } from "../read-field.ts";
import type { FieldDef, ObjectDef } from "../schema/definitions.ts";
import type { Raw } from "../store/columns.ts";
import { formatValue } from "../values.ts";

/** One record seen by a formula: its stored row, if any, under the values about to be stored. */
export interface FormulaRecord {
  readonly moment: Moment;
  readonly entity: Entity;
  /** -1 for a record that is not there yet. */
  readonly row: number;
  readonly changes: ReadonlyMap<FieldDef, Raw>;
  readonly userId: string;
  /** Whether the user has a custom permission: `$Permission.NAME`. */
  mayUse(permission: string): boolean;
}

const NEW = "$record.isnew";
const CHANGED = "$changed.";
const PRIOR = "$prior.";
const PERMISSION = "$permission.";

const USER_GLOBALS: Readonly<Record<string, FieldType>> = {
  "$user.id": "id",
  "$user.username": "string",
  "$user.profileid": "id",
  "$profile.name": "string",
};

const STRINGS = /("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/;

/** Functions that look at the save itself become fields of it; what stands in quotes is left alone. */
function withSaveFields(source: string): string {
  return source
    .split(STRINGS)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part
            .replace(/\bISNEW\s*\(\s*\)/gi, "$Record.IsNew")
            .replace(/\bISCHANGED\s*\(\s*(\w+)\s*\)/gi, "$Changed.$1")
            .replace(/\bPRIORVALUE\s*\(\s*(\w+)\s*\)/gi, "$Prior.$1"),
    )
    .join("");
}

function typeOf(entity: Entity, name: string): FieldType | undefined {
  const lower = name.toLowerCase();
  if (lower === NEW || lower.startsWith(PERMISSION)) return "boolean";
  if (lower.startsWith(CHANGED)) {
    return entity.fields.has(lower.slice(CHANGED.length)) ? "boolean" : undefined;
  }
  const field = lower.startsWith(PRIOR) ? lower.slice(PRIOR.length) : lower;
  return USER_GLOBALS[lower] ?? entity.fields.get(field)?.type;
}

const compiled = new WeakMap<ObjectDef, Map<string, CompiledFormula>>();

/** @throws VendorError 400 with the formula compiler's words */
export function compileRecordFormula(entity: Entity, source: string): CompiledFormula {
  const known = compiled.get(entity.def) ?? new Map<string, CompiledFormula>();
  compiled.set(entity.def, known);
  const found = known.get(source);
  if (found !== undefined) return found;
  try {
    const formula = compileFormula(withSaveFields(source), "boolean", {
      fieldType: (name) => typeOf(entity, name),
    });
    known.set(source, formula);
    return formula;
  } catch (error) {
    if (!(error instanceof FormulaError)) throw error;
    throw new VendorError(
      400,
      "FORMULA_EXPRESSION_INVALID",
      `${entity.def.name}: ${error.message}: ${source}`,
    );
  }
}

/** Lower-case names of the object's own fields that the formula reads. */
export function fieldsRead(entity: Entity, source: string): readonly string[] {
  return compileRecordFormula(entity, source).references.map((name) =>
    name.toLowerCase().replace(CHANGED, "").replace(PRIOR, ""),
  );
}

function storedCell(record: FormulaRecord, field: FieldDef): CellValue {
  const { moment, entity, row, userId } = record;
  if (row >= 0) return fieldAccessor(moment, entity, field).cell(row);
  if (field.key === "ownerid") return userId;
  const preset = field.defaultValue;
  return field.type === "boolean" ? preset === true : preset;
}

function globalCell({ moment, userId }: FormulaRecord, name: string): CellValue {
  const users = entityOf(moment.state, "User");
  const row = users.table.rowOfId(userId);
  const profile = textOf(users, row, "ProfileId");
  switch (name) {
    case "$user.id":
      return userId;
    case "$user.username":
      return textOf(users, row, "Username");
    case "$user.profileid":
      return profile;
    default: {
      const profiles = entityOf(moment.state, "Profile");
      return profile === null ? null : textOf(profiles, profiles.table.rowOfId(profile), "Name");
    }
  }
}

function cellOf(record: FormulaRecord, name: string): CellValue {
  const { moment, entity, row, changes } = record;
  const lower = name.toLowerCase();
  if (lower === NEW) return row < 0;
  if (lower.startsWith(PERMISSION)) {
    return record.mayUse(lower.slice(PERMISSION.length));
  }
  if (lower in USER_GLOBALS) return globalCell(record, lower);
  const isChange = lower.startsWith(CHANGED);
  const isPrior = lower.startsWith(PRIOR);
  const field = entity.fields.get(
    isChange ? lower.slice(CHANGED.length) : isPrior ? lower.slice(PRIOR.length) : lower,
  );
  if (field === undefined) return null;
  const sent = changes.get(field);
  // A new record has no value of before: its own stands for it, and nothing of it has changed.
  if (isChange)
    return row >= 0 && sent !== undefined && sent !== fieldAccessor(moment, entity, field).raw(row);
  if (isPrior && row >= 0) return storedCell(record, field);
  if (sent !== undefined) return formatValue(field.type, sent);
  const { formula } = field;
  return formula === undefined
    ? storedCell(record, field)
    : formula.evaluate((inner) => cellOf(record, inner), moment.now);
}

/** Whether the formula is true for the record. @throws VendorError as `compileRecordFormula` */
export function isTrueFor(record: FormulaRecord, source: string): boolean {
  const formula = compileRecordFormula(record.entity, source);
  return formula.evaluate((name) => cellOf(record, name), record.moment.now) === true;
}

/** A record as it is stored. */
export const storedRecord = (
  state: OrgState,
  entity: Entity,
  row: number,
  userId: string,
): FormulaRecord => ({
  moment: { state, now: state.clock.now() },
  entity,
  row,
  changes: new Map(),
  userId,
  mayUse: () => false,
});
