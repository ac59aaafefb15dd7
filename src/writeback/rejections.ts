import { z } from "zod";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";

const RejectionRow = z.object({
  object: z.string(),
  key: z.string(),
  state: z.enum(["retry", "quarantined", "vanished"]),
  is_clear: z.boolean(),
  code: z.string(),
  message: z.string(),
  attempts: z.number(),
  first_at: z.date(),
  last_at: z.date(),
  next_try_at: z.date(),
});

/** A row the CRM refuses, with its words. Instants are the CRM's clock, UTC. */
export type Rejection = z.infer<typeof RejectionRow>;

/** Refused rows, flags that could not be cleared first, then the oldest. `limit` rows at most. */
export async function readRejections(
  db: Database,
  scope: { readonly workspaceId: string; readonly connectionId: string },
  limit: number,
): Promise<readonly Rejection[]> {
  return db.any(
    RejectionRow,
    sql`select object, key, state, is_clear, code, message, attempts, first_at, last_at, next_try_at
        from writeback.rejection
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
        order by (is_clear and state <> 'vanished') desc, first_at, object, key
        limit ${limit}`,
  );
}
