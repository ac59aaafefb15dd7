import { randomUUID } from "node:crypto";
import { SECOND_MS } from "../../../../core/time.ts";
import { CALCULATED, type Source } from "../changes.ts";
import { CAMPAIGN, type ObjectType } from "../object-types.ts";
import type { Portal } from "../portal.ts";
import { readProperty } from "../read-property.ts";
import { printValue, type Stored } from "../values.ts";
import type { CheckedValues } from "./check-values.ts";
import { deriveFrom, isBackward } from "./derive-values.ts";
import { initValue, setValue } from "./set-value.ts";

/** Everything a record says now, for an index that lags behind. */
function pictureOf(portal: Portal, type: ObjectType, row: number): ReadonlyMap<string, string> | null {
  if (!portal.table(type.typeId).isLive(row)) return null;
  const picture = new Map<string, string>();
  for (const { name } of portal.properties(type.typeId).all()) {
    const value = readProperty(portal, type, row, name);
    if (value !== null) picture.set(name, value);
  }
  return picture;
}

/** Tells the search index that a record is about to change. */
export function noteForIndex(portal: Portal, type: ObjectType, row: number, isNew = false): void {
  const lagMs = portal.settings.searchIndexLagSeconds * SECOND_MS;
  portal.searchIndex.note(type.typeId, row, portal.now(), lagMs, () =>
    isNew ? null : pictureOf(portal, type, row),
  );
}

/** Makes a record of checked values. @returns its row */
export function createRecord(
  portal: Portal,
  type: ObjectType,
  values: CheckedValues,
  source: Source,
): number {
  const at = portal.now();
  const table = portal.table(type.typeId);
  const id = portal.nextRecordId();
  const row = table.append(id, at);
  noteForIndex(portal, type, row, true);
  initValue(portal, type, row, "hs_object_source", source.sourceType);
  if (source.sourceId !== undefined) initValue(portal, type, row, "hs_object_source_id", source.sourceId);
  for (const [name, value] of values) initValue(portal, type, row, name, value);
  const given = new Set(values.keys());
  for (const [name, value] of values) {
    const move = { portal, type, row, old: null, next: printValue(value), at };
    for (const [entailed, derived] of deriveFrom(name, move, given))
      initValue(portal, type, row, entailed, derived);
  }
  if (type.typeId === CAMPAIGN) portal.campaigns.add(id, randomUUID());
  portal.emit({ kind: "creation", typeId: type.typeId, id, at, source });
  return row;
}

/**
 * Writes checked values. `updatedAt` moves only where a value changed.
 * @returns whether anything did
 */
export function updateRecord(
  portal: Portal,
  type: ObjectType,
  row: number,
  values: CheckedValues,
  source: Source,
): boolean {
  const at = portal.now();
  const old = new Map([...values.keys()].map((name) => [name, readProperty(portal, type, row, name)]));
  const isChange = [...values].some(([name, value]) => old.get(name) !== printValue(value));
  if (!isChange) return false;
  noteForIndex(portal, type, row);
  const given = new Set(values.keys());
  const derived = new Map<string, Stored>();
  let isChanged = false;
  for (const [name, value] of values) {
    const before = old.get(name) ?? null;
    if (isBackward(type, name, before, value)) continue;
    if (!setValue(portal, type, row, name, value, source, at)) continue;
    isChanged = true;
    const move = { portal, type, row, old: before, next: printValue(value), at };
    for (const [entailed, entailedValue] of deriveFrom(name, move, given))
      derived.set(entailed, entailedValue);
  }
  for (const [name, value] of derived) setValue(portal, type, row, name, value, CALCULATED, at);
  if (isChanged) portal.table(type.typeId).updatedAt.set(row, at);
  return isChanged;
}

/** Writes what HubSpot works out on a record when something else happens; counts as a change of it. */
export function updateDerived(
  portal: Portal,
  type: ObjectType,
  row: number,
  values: ReadonlyMap<string, Stored>,
): void {
  const isChange = [...values].some(
    ([name, value]) => readProperty(portal, type, row, name) !== printValue(value),
  );
  if (!isChange) return;
  const at = portal.now();
  noteForIndex(portal, type, row);
  for (const [name, value] of values) setValue(portal, type, row, name, value, CALCULATED, at);
  portal.table(type.typeId).updatedAt.set(row, at);
}

/** Into the recycle bin. @returns whether it was there */
export function archiveRecord(portal: Portal, type: ObjectType, row: number, source: Source): boolean {
  const table = portal.table(type.typeId);
  if (row < 0 || !table.isLive(row)) return false;
  noteForIndex(portal, type, row);
  const at = portal.now();
  table.archive(row, at);
  portal.emit({ kind: "deletion", typeId: type.typeId, id: table.id(row), at, source });
  return true;
}

/** Out of the recycle bin. @returns whether it was in it */
export function restoreRecord(portal: Portal, type: ObjectType, row: number, source: Source): boolean {
  const table = portal.table(type.typeId);
  if (row < 0 || !table.isArchived(row)) return false;
  table.restore(row);
  const at = portal.now();
  table.updatedAt.set(row, at);
  portal.emit({ kind: "restore", typeId: type.typeId, id: table.id(row), at, source });
  return true;
}
