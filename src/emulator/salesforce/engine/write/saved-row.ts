/** A row that has just been stored, as derivations see it. */
import { type Entity, findEntity, isTrue, type OrgState, put, textOf } from "../org-state.ts";
import type { Table } from "../store/table.ts";

export interface Saved {
  readonly state: OrgState;
  readonly entity: Entity;
  readonly row: number;
  readonly isNew: boolean;
  readonly given: ReadonlySet<string>;
}

/** Sets a field that the caller left alone. */
export function fill(saved: Saved, name: string, raw: number | string | null): void {
  if (!saved.given.has(name.toLowerCase())) put(saved.entity, saved.row, name, raw);
}

interface LabelIndex {
  readonly version: number;
  readonly rows: ReadonlyMap<string, number>;
}
const labelIndexes = new WeakMap<Table, LabelIndex>();

/** Row of a setup list (LeadStatus, TaskStatus, OpportunityStage) by its label, case ignored; -1 if none. */
export function setupRow(state: OrgState, object: string, label: string | null): number {
  const entity = findEntity(state, object);
  if (entity === undefined || label === null) return -1;
  const { table } = entity;
  let index = labelIndexes.get(table);
  if (index?.version !== table.version) {
    const rows = new Map<string, number>();
    for (let row = 0; row < table.rowCount; row++) {
      const text = table.isPurged(row) ? null : textOf(entity, row, "MasterLabel");
      if (text !== null) rows.set(text.toLowerCase(), row);
    }
    index = { version: table.version, rows };
    labelIndexes.set(table, index);
  }
  return index.rows.get(label) ?? index.rows.get(label.toLowerCase()) ?? -1;
}

/** Label of the list's default entry, else of its first. */
export function defaultLabel(state: OrgState, object: string): string | null {
  const entity = findEntity(state, object);
  if (entity === undefined) return null;
  let first: string | null = null;
  for (let row = 0; row < entity.table.rowCount; row++) {
    if (entity.table.isPurged(row)) continue;
    if (isTrue(entity, row, "IsDefault")) return textOf(entity, row, "MasterLabel");
    first ??= textOf(entity, row, "MasterLabel");
  }
  return first;
}
