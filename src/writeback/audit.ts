import { z } from "zod";
import type { Database } from "../database/database.ts";
import { type Sql, sql } from "../database/sql.ts";

/** Which writes to list; what is null does not narrow. */
export interface AuditQuery {
  readonly runId: string | null;
  /** Record id, or the key of a row of ours. */
  readonly record: string | null;
  readonly object: string | null;
  /** Writes at most; a write is one record in one run, with all its fields. */
  readonly limit: number;
}

/** One field of one write. Instants are ISO, UTC, the CRM's clock. */
export interface AuditLine {
  /** The instant the run computed for. */
  readonly at: string;
  readonly runId: string;
  readonly object: string;
  readonly recordId: string;
  readonly action: "create" | "update" | "delete";
  /** API name; null for a deletion of a row of which nothing was known. */
  readonly field: string | null;
  /** As last acknowledged; null where we had not written the field before. */
  readonly old: string | number | boolean | null;
  readonly new: string | number | boolean | null;
}

export interface AuditList {
  /** Newest first, then by object, record and field. */
  readonly lines: readonly AuditLine[];
  /** Writes among the lines, and those the limit left out. */
  readonly writes: number;
  readonly more: number;
}

const Value = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const LineRow = z.object({
  written_at: z.date(),
  run_id: z.string(),
  object: z.string(),
  record_id: z.string(),
  is_created: z.boolean(),
  is_removed: z.boolean(),
  field: z.string().nullable(),
  previous_value: Value,
  written_value: Value,
});
const Count = z.object({ count: z.number() });

/** Every write to the CRM that fits, newest first, deletions too. */
export async function readAudit(
  db: Database,
  scope: { readonly workspaceId: string; readonly connectionId: string },
  query: AuditQuery,
): Promise<AuditList> {
  const found = matching(scope, query);
  const { count } = await db.one(Count, sql`select count(*) as count from writeback.audit where ${found}`);
  const rows = await db.any(
    LineRow,
    sql`with chosen as (
            select run_id, object, key
            from writeback.audit
            where ${found}
            order by written_at desc, run_id, object, key
            limit ${query.limit}
        )
        select line.written_at, line.run_id, line.object, line.record_id, line.is_created, line.is_removed,
            line.field, line.previous_value, line.written_value
        from chosen
        inner join writeback.audit_field as line using (run_id, object, key)
        where line.workspace_id = ${scope.workspaceId} and line.connection_id = ${scope.connectionId}
        order by line.written_at desc, line.run_id, line.object, line.key, line.field`,
  );
  const writes = Math.min(count, query.limit);
  return {
    writes,
    more: count - writes,
    lines: rows.map((row) => ({
      at: row.written_at.toISOString(),
      runId: row.run_id,
      object: row.object,
      recordId: row.record_id,
      action: row.is_removed ? "delete" : row.is_created ? "create" : "update",
      field: row.field,
      old: row.previous_value,
      new: row.written_value,
    })),
  };
}

function matching(
  scope: { readonly workspaceId: string; readonly connectionId: string },
  { runId, record, object }: AuditQuery,
): Sql {
  const wanted = [
    sql`workspace_id = ${scope.workspaceId}`,
    sql`connection_id = ${scope.connectionId}`,
    ...(runId === null ? [] : [sql`run_id = ${runId}`]),
    ...(record === null ? [] : [sql`(record_id = ${record} or key = ${record})`]),
    ...(object === null ? [] : [sql`object = ${object}`]),
  ];
  return sql.join(wanted, sql` and `);
}
