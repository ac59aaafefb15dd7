import type { Org, SaveResult } from "../../org.ts";

/** What stands for a row that was written and then undone because a sibling failed. */
export const ROLLED_BACK: SaveResult = {
  success: false,
  errors: [
    {
      statusCode: "ALL_OR_NONE_OPERATION_ROLLED_BACK",
      message:
        "Record rolled back because not all records were valid and the request was using AllOrNone header",
      fields: [],
    },
  ],
};

export interface Attempt<T> {
  readonly commit: boolean;
  readonly value: T;
}

/** Runs `work` on the org; where it does not commit, everything it wrote is undone. */
export function atomically<T>(org: Org, work: () => Attempt<T>): T {
  const savepoint = org.savepoint();
  try {
    const { commit, value } = work();
    if (commit) savepoint.release();
    else savepoint.rollback();
    return value;
  } catch (error) {
    savepoint.rollback();
    throw error;
  }
}

/** As `atomically`, for work that awaits nothing but what is in memory: no other request can come between. */
export async function atomicallyAsync<T>(org: Org, work: () => Promise<Attempt<T>>): Promise<T> {
  const savepoint = org.savepoint();
  try {
    const { commit, value } = await work();
    if (commit) savepoint.release();
    else savepoint.rollback();
    return value;
  } catch (error) {
    savepoint.rollback();
    throw error;
  }
}
