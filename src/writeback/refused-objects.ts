import { z } from "zod";
import { PermissionError, RequestRefusedError } from "../core/errors.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import type { DiffScope } from "./diff.ts";

/** Whatever is wrong is wrong with this object: a scope taken away, a plan without it, a property that was deleted. */
export type ObjectRefusal = PermissionError | RequestRefusedError;

/**
 * Whether an error of a write says that the CRM takes no row of this object, and nothing of the others. In Salesforce what
 * may not be written is refused row by row; a call that it refuses whole is about the user or the org.
 */
export function isObjectRefusal(error: unknown): error is ObjectRefusal {
  if (error instanceof PermissionError) return error.crm === "hubspot";
  return (
    error instanceof RequestRefusedError &&
    error.crm === "hubspot" &&
    // What we ourselves would not send is a bug.
    error.vendorCode !== "WRITE_GUARD" &&
    [400, 404].includes(error.status)
  );
}

/** An object the CRM takes no row of, with its words. Instants are ISO, UTC, the CRM's clock. */
export interface RefusedObject {
  readonly object: string;
  readonly code: string;
  readonly message: string;
  /** That waited when it was refused last. */
  readonly rows: number;
  readonly since: string;
  readonly lastAt: string;
}

const LONGEST_MESSAGE = 1_000;

/** Keeps what became of an object in a push; null: it was not refused. `waiting`: rows not sent for it. */
export async function noteObject(
  db: Database,
  scope: DiffScope,
  object: string,
  found: { readonly refusal: ObjectRefusal | null; readonly waiting: number },
): Promise<void> {
  const { refusal, waiting } = found;
  if (refusal === null) {
    await db.execute(sql`
      delete from writeback.refused_object
      where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId} and object = ${object}`);
    return;
  }
  const code = refusal instanceof RequestRefusedError ? refusal.vendorCode : refusal.code;
  await db.execute(sql`
    insert into writeback.refused_object (
        workspace_id, connection_id, object, code, message, row_count, first_at, last_at
    ) values (
        ${scope.workspaceId}, ${scope.connectionId}, ${object}, ${code}, ${refusal.message.slice(0, LONGEST_MESSAGE)},
        ${waiting}, ${scope.asOf}, ${scope.asOf}
    )
    on conflict (workspace_id, connection_id, object) do update set
        code = excluded.code,
        message = excluded.message,
        row_count = excluded.row_count,
        last_at = excluded.last_at`);
}

const Row = z.object({
  object: z.string(),
  code: z.string(),
  message: z.string(),
  row_count: z.number(),
  first_at: z.date(),
  last_at: z.date(),
});

export async function readRefusedObjects(
  db: Database,
  scope: { readonly workspaceId: string; readonly connectionId: string },
): Promise<readonly RefusedObject[]> {
  const rows = await db.any(
    Row,
    sql`select object, code, message, row_count, first_at, last_at from writeback.refused_object
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
        order by object`,
  );
  return rows.map((row) => ({
    object: row.object,
    code: row.code,
    message: row.message,
    rows: row.row_count,
    since: row.first_at.toISOString(),
    lastAt: row.last_at.toISOString(),
  }));
}
