/** A unit of row writes that is kept or taken back as a whole. */
import type { SaveResult } from "../../org.ts";
import type { OrgState } from "../org-state.ts";
import * as errors from "./save-errors.ts";

/** Runs `save`; where one row failed, every row, the write log and the recycle bin are as before. */
export function allOrNone(state: OrgState, save: () => SaveResult[]): SaveResult[] {
  const tables = [...state.entities.values()].map((entity) => entity.table);
  const logged = state.writes.length;
  const { bin, purged } = state;
  for (const table of tables) table.begin();
  let isKept = false;
  try {
    const results = save();
    isKept = results.every((result) => result.success);
    return isKept ? results : results.map((result) => (result.success ? takenBack(result) : result));
  } finally {
    for (const table of tables) {
      if (isKept) table.commit();
      else table.rollback();
    }
    if (!isKept) {
      state.writes.length = logged;
      state.bin = bin;
      state.purged = purged;
    }
  }
}

function takenBack(result: SaveResult): SaveResult {
  const created = result.created === undefined ? {} : { created: false };
  return { success: false, ...created, errors: [errors.rolledBack()] };
}
