import { z } from "zod";
import type { Connection, WireValue } from "../core/ports.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import type { TargetObject } from "./targets/target.ts";
import { type Decision, decide, undoableFields } from "./undo-decision.ts";

/** Whose writes, and as of when (the CRM's clock, UTC). */
export interface UndoScope {
  readonly workspaceId: string;
  readonly connectionId: string;
  readonly asOf: Date;
}

/** Rows compared at a time: what one call reads. */
const READ_ROWS = 2_000;

const Fields = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
const AuditRow = z.object({
  key: z.string(),
  record_id: z.string(),
  is_created: z.boolean(),
  is_removed: z.boolean(),
  previous: Fields,
  written: Fields,
  acknowledged: Fields.nullable(),
});
type AuditRow = z.infer<typeof AuditRow>;

/** One write of the run, and what is done about it. */
export interface Decided {
  readonly row: AuditRow;
  readonly decision: Decision;
}

/** The run's writes to an object behind the key `after`, in order of keys. */
export function nextPage(
  db: Database,
  scope: UndoScope,
  from: { readonly runId: string; readonly object: string; readonly after: string },
): Promise<readonly AuditRow[]> {
  return db.any(
    AuditRow,
    // A row made anew has another record id than the one it was written with.
    sql`select audit.key, coalesce(acknowledged.record_id, audit.record_id) as record_id, audit.is_created,
            audit.is_removed, audit.previous, audit.written, acknowledged.fields as acknowledged
        from writeback.audit as audit
        left join writeback.acknowledged as acknowledged using (workspace_id, connection_id, object, key)
        where audit.workspace_id = ${scope.workspaceId} and audit.connection_id = ${scope.connectionId}
            and audit.run_id = ${from.runId} and audit.object = ${from.object} and audit.key > ${from.after}
        order by audit.key
        limit ${READ_ROWS}`,
  );
}

/** Holds a page of writes against what stands in the CRM now. */
export async function decidePage(
  connection: Connection,
  target: TargetObject,
  page: readonly AuditRow[],
): Promise<{ readonly decided: readonly Decided[]; readonly calls: number }> {
  const named = new Set(
    page.flatMap((row) => [...Object.keys(row.written), ...Object.keys(row.acknowledged ?? {})]),
  );
  const fields = undoableFields(target).filter((name) => named.has(name));
  const { records, calls } = await connection.read({
    object: target.object,
    ids: page.map((row) => row.record_id),
    fields: fields.length === 0 ? [target.keyField] : fields,
  });
  const decided = page.map((row, index) => ({
    row,
    decision: decide(target, {
      key: row.key,
      recordId: row.record_id,
      isCreated: row.is_created,
      isRemoved: row.is_removed,
      previous: row.previous,
      written: row.written,
      acknowledged: row.acknowledged,
      present: records[index] ?? null,
    }),
  }));
  return { decided, calls };
}

/** Empties the object's queue of what a push, or an undo that died, left in it. */
export async function clearPending(db: Database, scope: UndoScope, object: string): Promise<void> {
  await db.execute(
    sql`delete from writeback.pending
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId} and object = ${object}`,
  );
}

/** No desired row has this fingerprint: after the undo the next push looks at the row again. */
const NO_FINGERPRINT = 0;

/** Queues what is to be written behind what is queued already. */
export async function addPending(
  db: Database,
  scope: UndoScope,
  object: string,
  writes: readonly Decided[],
): Promise<void> {
  if (writes.length === 0) return;
  const rows = writes.map(({ row, decision }) => ({
    key: row.key,
    record_id: row.record_id,
    changes: changesOf(decision),
  }));
  await db.execute(sql`
    insert into writeback.pending (
        workspace_id, connection_id, object, position, key, record_id, changes, fingerprint, is_clear
    )
    select
        ${scope.workspaceId}, ${scope.connectionId}, ${object}, last.position + row_number() over (order by planned.key),
        planned.key, planned.record_id, planned.changes, ${NO_FINGERPRINT}, false
    from jsonb_to_recordset(${sql.json(rows)}::jsonb) as planned (key text, record_id text, changes jsonb)
    cross join (
        select coalesce(max(position), 0) as position from writeback.pending
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId} and object = ${object}
    ) as last`);
}

function changesOf(decision: Decision): Readonly<Record<string, WireValue>> {
  return "changes" in decision ? decision.changes : {};
}
