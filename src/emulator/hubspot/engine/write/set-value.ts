import { calculationOf } from "../calculated-values.ts";
import type { Source } from "../changes.ts";
import type { ObjectType } from "../object-types.ts";
import type { Portal } from "../portal.ts";
import type { HistoryEntry, RecordTable } from "../store/record-table.ts";
import { printValue, type Stored } from "../values.ts";

function entryOf(value: string, timestamp: number, source: Source): HistoryEntry {
  return {
    value,
    timestamp,
    sourceType: source.sourceType,
    ...(source.sourceId === undefined ? {} : { sourceId: source.sourceId }),
    ...(source.sourceLabel === undefined ? {} : { sourceLabel: source.sourceLabel }),
    ...(source.userId === undefined ? {} : { updatedByUserId: source.userId }),
  };
}

const initialEntry = (table: RecordTable, row: number, value: string): HistoryEntry => ({
  value,
  timestamp: table.createdAt.number(row),
  sourceType: table.column("hs_object_source", false).text(row) ?? "CRM_UI",
});

/**
 * Sets one property of an existing record: the column, its history, the unique index, the event. A value that is
 * there already changes nothing.
 * @returns whether it changed
 */
export function setValue(
  portal: Portal,
  type: ObjectType,
  row: number,
  name: string,
  value: Stored,
  source: Source,
  at: number,
): boolean {
  const property = portal.properties(type.typeId).find(name);
  if (property === undefined) return false;
  const table = portal.table(type.typeId);
  if (name === "createdate") {
    if (typeof value !== "number" || table.createdAt.number(row) === value) return false;
    table.createdAt.set(row, value);
    return true;
  }
  const column = table.column(name, property.type === "datetime");
  const old = column.text(row);
  const next = printValue(value);
  if (old === next) return false;
  const history = table.history(name);
  const before = history.get(row) ?? (old === null ? [] : [initialEntry(table, row, old)]);
  history.set(row, [entryOf(next ?? "", at, source), ...before]);
  column.set(row, value);
  if (property.hasUniqueValue) table.moveUnique(name, row, old, next);
  portal.emit({
    kind: "propertyChange",
    typeId: type.typeId,
    id: table.id(row),
    at,
    source,
    property: name,
    value: next ?? "",
  });
  return true;
}

/** Sets a property of a record that is being made: no history, no event. */
export function initValue(portal: Portal, type: ObjectType, row: number, name: string, value: Stored): void {
  const property = portal.properties(type.typeId).find(name);
  if (property === undefined || value === null) return;
  const table = portal.table(type.typeId);
  if (name === "createdate") {
    if (typeof value === "number") table.createdAt.set(row, value);
    return;
  }
  // What HubSpot works out at every read is not kept, unless a client set it.
  if (calculationOf(type.typeId, name) !== undefined && name !== "hs_deal_stage_probability") return;
  table.column(name, property.type === "datetime").set(row, value);
  if (property.hasUniqueValue) table.moveUnique(name, row, null, String(value));
}
