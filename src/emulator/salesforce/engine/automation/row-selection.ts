/** Which rows a selection of the control API takes. */
import { toId18 } from "../ids.ts";
import type { Entity, OrgState } from "../org-state.ts";
import type { RowSelection } from "./automation.ts";
import { isTrueFor, storedRecord } from "./record-formula.ts";

/** A number in [0, 1) that follows from seed and id alone (FNV-1a). */
function fractionOf(seed: number, id: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${seed}:${id}`) {
    hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  }
  // The last characters of neighbouring ids differ little: mixed once more, so that a share is a share of any range.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0;
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}

/** Test of the rows of `entity` that any of the selections takes; undefined where none is about this object. */
export function selectedRows(
  state: OrgState,
  entity: Entity,
  selections: readonly RowSelection[],
): ((row: number) => boolean) | undefined {
  const own = selections
    .filter((selection) => selection.object.toLowerCase() === entity.def.name.toLowerCase())
    .map((selection) => ({
      ...selection,
      wanted: selection.ids === undefined ? undefined : new Set(selection.ids.map((id) => toId18(id) ?? id)),
    }));
  if (own.length === 0) return undefined;
  return (row) => {
    const id = entity.table.ids.text(row) ?? "";
    return own.some(
      ({ wanted, where, share, seed }) =>
        (wanted === undefined || wanted.has(id)) &&
        (share >= 1 || fractionOf(seed, id) < share) &&
        (where === undefined || isTrueFor(storedRecord(state, entity, row, state.adminId), where)),
    );
  };
}
