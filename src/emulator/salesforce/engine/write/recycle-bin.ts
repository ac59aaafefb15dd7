/** Deleted records until they are restored or gone for good. */
import { VendorError } from "../../org.ts";
import { toId18 } from "../ids.ts";
import {
  type Entity,
  entityOfId,
  findEntity,
  isDeleted,
  nowSeconds,
  type OrgState,
  type Place,
  put,
  rawOf,
} from "../org-state.ts";

/** Stamps a change that the platform made for `userId`. */
export function stampChange(state: OrgState, userId: string, entity: Entity, row: number): void {
  const now = nowSeconds(state);
  put(entity, row, "LastModifiedDate", now);
  put(entity, row, "LastModifiedById", userId);
  put(entity, row, "SystemModstamp", now);
}

function rowOf(state: OrgState, { object, id }: Place): { entity: Entity; row: number } | undefined {
  const entity = findEntity(state, object);
  const row = entity?.table.rowOfId(id) ?? -1;
  return entity === undefined || row < 0 ? undefined : { entity, row };
}

/** @throws VendorError UNDELETE_FAILED for an id that is not in the bin */
function deletedPlace(
  state: OrgState,
  given: string,
): Place & { readonly entity: Entity; readonly row: number } {
  const id = toId18(given) ?? given;
  const entity = entityOfId(state, id);
  const row = entity?.table.rowOfId(id) ?? -1;
  if (entity === undefined || row < 0 || !isDeleted(entity, row)) {
    throw new VendorError(400, "UNDELETE_FAILED", `Entity is not in the recycle bin: ${given}`, []);
  }
  return { object: entity.def.name, id, entity, row };
}

/**
 * Brings records back with all that was deleted with them. A custom lookup that was cleared points at them again unless
 * it has been given another value since. Nothing is restored where one id is not in the bin.
 */
export function undelete(state: OrgState, ids: readonly string[]): { readonly restored: number } {
  const places = ids.map((id) => deletedPlace(state, id));
  let restored = 0;
  const restore = (place: Place) => {
    const found = rowOf(state, place);
    if (found === undefined || !isDeleted(found.entity, found.row)) return;
    put(found.entity, found.row, "IsDeleted", 0);
    stampChange(state, state.adminId, found.entity, found.row);
    restored += 1;
  };
  for (const place of places) {
    const entry = state.bin.find((one) => one.id === place.id);
    restore(place);
    for (const child of entry?.with ?? []) restore(child);
    for (const lookup of entry?.cleared ?? []) {
      const found = rowOf(state, lookup);
      if (found === undefined || rawOf(found.entity, found.row, lookup.field) !== null) continue;
      put(found.entity, found.row, lookup.field, lookup.target);
      stampChange(state, state.adminId, found.entity, found.row);
    }
    state.bin = state.bin.filter((one) => one !== entry);
  }
  return { restored };
}

/** Purges the rows, and remembers when they were deleted: getDeleted still tells of them. */
function purgeRows(state: OrgState, rows: readonly { readonly entity: Entity; readonly row: number }[]) {
  const gone = rows
    .filter(({ entity, row }) => !entity.table.isPurged(row) && isDeleted(entity, row))
    .map(({ entity, row }) => {
      const stamp = rawOf(entity, row, "SystemModstamp");
      const place = { object: entity.def.name, id: entity.table.ids.text(row) ?? "" };
      entity.table.purge(row);
      return { ...place, deletedAt: typeof stamp === "number" ? stamp : nowSeconds(state) };
    });
  state.purged = [...state.purged, ...gone];
  state.bin = state.bin.filter((entry) => rowOf(state, entry) !== undefined);
  return { purged: gone.length };
}

/** Takes deleted records out for good, with what was deleted with them: not even queryAll shows them. */
export function purgeIds(state: OrgState, ids: readonly string[]): { readonly purged: number } {
  const places = ids.map((id) => deletedPlace(state, id));
  const wanted = new Set(places.map(({ id }) => id));
  const entries = state.bin.filter((entry) => wanted.has(entry.id));
  const companions = entries.flatMap((entry) => entry.with.flatMap((place) => rowOf(state, place) ?? []));
  return purgeRows(state, [...places, ...companions]);
}

/** As {@link purgeIds} for every deleted record, or for those of one object. */
export function purgeAll(state: OrgState, object: string | undefined): { readonly purged: number } {
  const only = object === undefined ? undefined : findEntity(state, object);
  if (object !== undefined && only === undefined) {
    throw new VendorError(400, "INVALID_TYPE", `sObject type '${object}' is not supported.`);
  }
  const rows: { entity: Entity; row: number }[] = [];
  for (const entity of only === undefined ? state.entities.values() : [only]) {
    for (let row = 0; entity.fields.has("IsDeleted") && row < entity.table.rowCount; row++) {
      rows.push({ entity, row });
    }
  }
  return purgeRows(state, rows);
}

/** Records of an object deleted in [from, until), in milliseconds; those gone for good too. */
export function deletedBetween(
  state: OrgState,
  entity: Entity,
  from: number,
  until: number,
): readonly { readonly id: string; readonly deletedAt: number }[] {
  const found = state.purged
    .filter((one) => one.object === entity.def.name && one.deletedAt >= from && one.deletedAt < until)
    .map(({ id, deletedAt }) => ({ id, deletedAt }));
  for (let row = 0; row < entity.table.rowCount; row++) {
    if (entity.table.isPurged(row) || !isDeleted(entity, row)) continue;
    const at = rawOf(entity, row, "SystemModstamp");
    if (typeof at === "number" && at >= from && at < until) {
      found.push({ id: entity.table.ids.text(row) ?? "", deletedAt: at });
    }
  }
  return found;
}
