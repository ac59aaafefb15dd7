/** How many records an org holds. */
import { archiveTest } from "./derived-values.ts";
import { isDeleted, type OrgState } from "./org-state.ts";

/** Rows of business objects, deleted ones included: what takes data storage. History takes none at the vendor. */
export function countRecords(state: OrgState): number {
  let count = 0;
  for (const { def, table } of state.entities.values()) {
    if (!def.isSetup && !def.name.endsWith("History")) count += table.rowCount - table.purgedCount;
  }
  return count;
}

/**
 * Live rows by object, names in order. As at the vendor without deleted and archived rows, history objects, and objects
 * that have none.
 */
export function countsByObject(state: OrgState): { readonly name: string; readonly count: number }[] {
  const counts: { name: string; count: number }[] = [];
  for (const entity of state.entities.values()) {
    const { def, table } = entity;
    if (def.reach !== "rest" || /(?:History|Share)$/.test(def.name)) continue;
    const isArchived = entity.fields.has("isarchived") ? archiveTest(state, entity) : undefined;
    let count = 0;
    for (let row = 0; row < table.rowCount; row++) {
      if (!table.isPurged(row) && !isDeleted(entity, row) && isArchived?.(row) !== true) count++;
    }
    if (count > 0) counts.push({ name: def.name, count });
  }
  return counts.sort((left, right) => (left.name < right.name ? -1 : 1));
}
