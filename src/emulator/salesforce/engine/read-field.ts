/** Reading one field of a row whatever stands behind it: a column, a formula, a derived value, a parent's field. */
import type { CellValue, FieldType } from "../org.ts";
import { deriveValue } from "./derived-values.ts";
import { type Entity, entityOf, type OrgState } from "./org-state.ts";
import type { FieldDef } from "./schema/definitions.ts";
import type { Column, Raw } from "./store/columns.ts";
import { formatCsvValue, formatJsonValue, formatValue, rawOfCell } from "./values.ts";

export interface Accessor {
  readonly type: FieldType;
  readonly field: FieldDef;
  /** The stored column where nothing is computed and no parent is crossed: scans read it directly. */
  readonly column: Column | undefined;
  raw(row: number): Raw;
  cell(row: number): CellValue;
  csv(row: number): CellValue;
  /** For `JSON.stringify` alone: numbers print as the vendor's. */
  json(row: number): unknown;
}

/** Evaluates at one instant: a statement sees one NOW() however long it takes. */
export interface Moment {
  readonly state: OrgState;
  readonly now: Date;
}

export function momentOf(state: OrgState): Moment {
  return { state, now: state.clock.now() };
}

function accessor(
  field: FieldDef,
  type: FieldType,
  column: Column | undefined,
  raw: (row: number) => Raw,
): Accessor {
  return {
    type,
    field,
    column,
    raw,
    cell: (row) => formatValue(type, raw(row)),
    csv: (row) => formatCsvValue(type, raw(row)),
    json: (row) => formatJsonValue(type, raw(row)),
  };
}

function formulaReader(moment: Moment, entity: Entity, field: FieldDef): (row: number) => Raw {
  const formula = field.formula;
  if (formula === undefined) return () => null;
  const readers = new Map<string, Accessor>();
  const readerOf = (name: string) => {
    let reader = readers.get(name);
    if (reader === undefined) {
      const target = entity.fields.get(name.toLowerCase());
      if (target === undefined) return undefined;
      reader = fieldAccessor(moment, entity, target);
      readers.set(name, reader);
    }
    return reader;
  };
  return (row) =>
    rawOfCell(
      field.type,
      formula.evaluate((name) => readerOf(name)?.cell(row) ?? null, moment.now),
    );
}

/** Reader of a field of `entity` itself. */
export function fieldAccessor(moment: Moment, entity: Entity, field: FieldDef): Accessor {
  const { state } = moment;
  if (field.formula !== undefined) {
    return accessor(field, field.type, undefined, formulaReader(moment, entity, field));
  }
  const column = entity.table.column(field);
  const derived = field.derived;
  if (derived !== undefined) {
    return accessor(
      field,
      field.type,
      undefined,
      (row) => column.raw(row) ?? deriveValue(state, entity, row, derived),
    );
  }
  return accessor(field, field.type, column, (row) => column.raw(row));
}

/** What a row's reference points at: for polymorphic references the object differs from row to row. */
export interface ParentLink {
  readonly reference: FieldDef;
  readonly targets: readonly Entity[];
  /** Row in the target, or -1. Deleted parents are still readable through a child. */
  follow(row: number): { readonly entity: Entity; readonly row: number } | undefined;
}

export function parentLink(moment: Moment, entity: Entity, reference: FieldDef): ParentLink {
  const { state } = moment;
  const targets: Entity[] = [];
  for (const name of reference.referenceTo) {
    const target = state.entities.get(name.toLowerCase());
    if (target !== undefined) targets.push(target);
  }
  const column = fieldAccessor(moment, entity, reference);
  const follow = (row: number) => {
    const id = column.raw(row);
    if (typeof id !== "string") return undefined;
    for (const target of targets) {
      if (reference.textKey) {
        const key = target.fields.get("durableid");
        const found = key === undefined ? undefined : target.table.rowsByText(key, id)[0];
        if (found !== undefined) return { entity: target, row: found };
      } else if (id.startsWith(target.def.keyPrefix)) {
        const found = target.table.rowOfId(id);
        if (found >= 0) return { entity: target, row: found };
      }
    }
    return undefined;
  };
  return { reference, targets, follow };
}

/** The field of whatever the link leads to; null where it leads nowhere or the target lacks the field. */
export function parentAccessor(
  link: ParentLink,
  field: FieldDef,
  type: FieldType,
  readers: ReadonlyMap<Entity, Accessor>,
): Accessor {
  return accessor(field, type, undefined, (row) => {
    const parent = link.follow(row);
    return parent === undefined ? null : (readers.get(parent.entity)?.raw(parent.row) ?? null);
  });
}

/** A computed column that stands for no stored field, for example the type of a polymorphic parent. */
export function computedAccessor(field: FieldDef, raw: (row: number) => Raw): Accessor {
  return accessor(field, field.type, undefined, raw);
}

/** Every field of a row as REST prints it, formula fields evaluated. */
export function readAll(moment: Moment, entity: Entity, row: number): Record<string, CellValue> {
  const values: Record<string, CellValue> = {};
  for (const field of entity.def.fields) values[field.name] = fieldAccessor(moment, entity, field).cell(row);
  return values;
}

export function userName(state: OrgState, id: string | null): string | null {
  if (id === null) return null;
  const moment = momentOf(state);
  for (const name of ["User", "Group"]) {
    const entity = entityOf(state, name);
    const row = entity.table.rowOfId(id);
    const field = entity.fields.get("name");
    if (row >= 0 && field !== undefined) {
      const value = fieldAccessor(moment, entity, field).raw(row);
      return typeof value === "string" ? value : null;
    }
  }
  return null;
}
