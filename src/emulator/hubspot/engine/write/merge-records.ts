import type { Source } from "../changes.ts";
import type { ObjectType } from "../object-types.ts";
import type { Portal } from "../portal.ts";
import { readProperty } from "../read-property.ts";
import { HubSpotRefusal } from "../refusal.ts";
import type { Stored } from "../values.ts";
import { createRecord, noteForIndex } from "./save-record.ts";
import { initValue, setValue } from "./set-value.ts";

/** Values that belong to a record and are not handed on. */
const OWN =
  /^(?:hs_object_|hs_merged_object_ids|hs_calculated_merged_vids|createdate|hs_createdate|lastmodifieddate|hs_lastmodifieddate)/;

function kept(portal: Portal, type: ObjectType, row: number, name: string): Stored {
  const property = portal.properties(type.typeId).find(name);
  const column = portal.table(type.typeId).column(name, property?.type === "datetime");
  if (property?.type !== "datetime") return column.text(row);
  const instant = column.number(row);
  return Number.isNaN(instant) ? null : instant;
}

/** The loser's links become the survivor's. */
function moveLinks(portal: Portal, type: ObjectType, loser: number, survivor: number): void {
  const { associations } = portal;
  for (const toType of associations.targetTypes(type.typeId)) {
    for (const target of associations.targets(type.typeId, toType, loser)) {
      const labels = associations.labels(type.typeId, toType, loser, target);
      const back = associations.labels(toType, type.typeId, target, loser);
      associations.unlink(type.typeId, loser, toType, target);
      if (target === survivor && toType === type.typeId) continue;
      associations.link(type.typeId, survivor, toType, target);
      if (labels.length > 0) associations.label(type.typeId, survivor, toType, target, labels);
      if (back.length > 0) associations.label(toType, target, type.typeId, survivor, back);
    }
  }
}

/** Fills what is empty on the survivor, and writes down whose values it has taken in. */
function takeOver(
  portal: Portal,
  type: ObjectType,
  survivor: number,
  losers: readonly number[],
  source: Source,
) {
  const at = portal.now();
  const table = portal.table(type.typeId);
  const merged = new Set(
    (readProperty(portal, type, survivor, "hs_merged_object_ids") ?? "").split(";").filter(Boolean),
  );
  for (const loser of losers) {
    for (const { name } of portal.properties(type.typeId).all()) {
      if (OWN.test(name)) continue;
      const value = kept(portal, type, loser, name);
      if (value !== null && kept(portal, type, survivor, name) === null) {
        setValue(portal, type, survivor, name, value, source, at);
      }
    }
    for (const id of (readProperty(portal, type, loser, "hs_merged_object_ids") ?? "")
      .split(";")
      .filter(Boolean)) {
      merged.add(id);
    }
    merged.add(String(table.id(loser)));
  }
  setValue(portal, type, survivor, "hs_merged_object_ids", [...merged].join(";"), source, at);
  table.updatedAt.set(survivor, at);
}

/**
 * Merges two records. The loser is gone: reading or patching its id meets the survivor, a batch does not find it.
 * @returns the survivor's row, a new record's where the portal is set so
 */
export function mergeRecords(
  portal: Portal,
  type: ObjectType,
  primaryId: number,
  otherId: number,
  source: Source,
): number {
  const table = portal.table(type.typeId);
  const primary = table.rowOf(primaryId);
  const other = table.rowOf(otherId);
  if (primary === other) throw new HubSpotRefusal("merge_impossible", { reason: "both ids are the same" });
  for (const [row, id] of [
    [primary, primaryId],
    [other, otherId],
  ] as const) {
    if (row < 0 || !table.isLive(row)) {
      throw new HubSpotRefusal("merge_impossible", { reason: `${id} does not exist or is merged already` });
    }
  }
  for (const row of [primary, other]) noteForIndex(portal, type, row);
  const isNew = portal.settings.mergeCreatesRecord;
  const survivor = isNew ? createRecord(portal, type, new Map(), source) : primary;
  const losers = isNew ? [primary, other] : [other];
  if (isNew) initValue(portal, type, survivor, "createdate", table.createdAt.number(primary));
  table.forgetUniques();
  takeOver(portal, type, survivor, losers, source);
  for (const loser of losers) {
    moveLinks(portal, type, table.id(loser), table.id(survivor));
    table.remove(loser, table.id(survivor));
  }
  table.forgetUniques();
  portal.emit({
    kind: "merge",
    typeId: type.typeId,
    id: table.id(survivor),
    at: portal.now(),
    source,
    mergedIds: losers.map((row) => table.id(row)),
  });
  return survivor;
}
