import { z } from "zod";
import type { Database, Transaction } from "../../database/database.ts";
import { sql } from "../../database/sql.ts";
import type { MirrorKey } from "../../mirror/stream-state.ts";
import type { FlagChange } from "./decide-flag.ts";
import type { FlagRow, UnitObject } from "./due-flips.ts";

/** What was sent for a row, and what the CRM said. */
export type FlagOutcome =
  | {
      readonly row: FlagRow;
      readonly outcome: "written";
      readonly change: FlagChange;
      readonly recordId: string;
    }
  /** The CRM says already what is true. */
  | { readonly row: FlagRow; readonly outcome: "unchanged" }
  /** Not to be looked at before `until`. */
  | { readonly row: FlagRow; readonly outcome: "held"; readonly until: Date; readonly reason: string };

export interface FlagPage {
  readonly key: MirrorKey;
  readonly object: UnitObject;
  readonly runId: string;
  /** The CRM's clock when the page was decided, and when it had taken it. */
  readonly asOf: Date;
  readonly answeredAt: Date;
  readonly calls: number;
}

const Key = z.object({ key: z.string() });

/**
 * Commits one page: what the CRM confirmed, the audit, what waits, and the page for the hourly limit.
 *
 * A push may have written the same rows meanwhile; nobody knows then which write came last. Such a row keeps what the push
 * noted: if that is not true at this instant it is due still, and is looked at again.
 * @returns keys of such rows
 */
export async function recordFlags(
  db: Database,
  page: FlagPage,
  outcomes: readonly FlagOutcome[],
): Promise<readonly string[]> {
  const written = outcomes.filter((each) => each.outcome === "written");
  const held = outcomes.filter((each) => each.outcome === "held");
  const settled = outcomes.filter((each) => each.outcome !== "held").map(({ row }) => row.key);
  return db.transaction(async (tx) => {
    if (settled.length > 0) await release(tx, page, settled);
    if (held.length > 0) await hold(tx, page, held);
    if (written.length === 0) return [];
    return keepWritten(tx, page, written);
  });
}

async function release(tx: Transaction, { key, object }: FlagPage, keys: readonly string[]): Promise<void> {
  await tx.execute(
    sql`delete from writeback.flip_hold
        where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}
            and object = ${object} and key = any(${[...keys]}::text[])`,
  );
}

async function hold(
  tx: Transaction,
  { key, object }: FlagPage,
  held: readonly Extract<FlagOutcome, { outcome: "held" }>[],
): Promise<void> {
  const rows = held.map(({ row, until, reason }) => ({
    key: row.key,
    until_at: until.toISOString(),
    reason: reason.slice(0, 200),
  }));
  await tx.execute(
    sql`insert into writeback.flip_hold (workspace_id, connection_id, object, key, until_at, reason)
        select ${key.workspaceId}, ${key.connectionId}, ${object}, held.key, held.until_at, held.reason
        from jsonb_to_recordset(${sql.json(rows)}::jsonb) as held (key text, until_at timestamptz, reason text)
        on conflict (workspace_id, connection_id, object, key)
            do update set until_at = excluded.until_at, reason = excluded.reason`,
  );
}

async function keepWritten(
  tx: Transaction,
  page: FlagPage,
  written: readonly Extract<FlagOutcome, { outcome: "written" }>[],
): Promise<readonly string[]> {
  const { key, object, runId, asOf, answeredAt, calls } = page;
  const rows = written.map(({ row, change, recordId }) => ({
    key: row.key,
    record_id: recordId,
    changes: change,
    seen_run: row.runId,
  }));
  const kept = await tx.any(
    Key,
    sql`
with sent as materialized (
    select sent.key, sent.record_id, sent.changes, sent.seen_run
    from jsonb_to_recordset(${sql.json(rows)}::jsonb)
        as sent (key text, record_id text, changes jsonb, seen_run text)
),
before as materialized (
    select acknowledged.key, acknowledged.fields
    from writeback.acknowledged as acknowledged
    inner join sent on sent.key = acknowledged.key
    where acknowledged.workspace_id = ${key.workspaceId}
        and acknowledged.connection_id = ${key.connectionId}
        and acknowledged.object = ${object}
),
audited as (
    insert into writeback.audit (
        workspace_id, connection_id, run_id, object, key, record_id, written_at, answered_at, is_created, previous,
        written
    )
    select
        ${key.workspaceId}, ${key.connectionId}, ${runId}, ${object}, sent.key, sent.record_id, ${asOf}::timestamptz,
        ${answeredAt}::timestamptz, false,
        (
            select jsonb_object_agg(entry.key, coalesce(before.fields -> entry.key, 'null'))
            from jsonb_each(sent.changes) as entry
        ),
        sent.changes
    from sent
    inner join before on before.key = sent.key
    on conflict (workspace_id, run_id, connection_id, object, key) do update set
        written_at = excluded.written_at,
        answered_at = excluded.answered_at,
        previous = excluded.previous || audit.previous,
        written = audit.written || excluded.written
)
-- Without a fingerprint the next push compares the row field by field, and finds what is there.
update writeback.acknowledged as acknowledged
set fields = acknowledged.fields || sent.changes,
    fingerprint = null,
    run_id = ${runId},
    confirmed_at = ${asOf}::timestamptz
from sent
where acknowledged.workspace_id = ${key.workspaceId}
    and acknowledged.connection_id = ${key.connectionId}
    and acknowledged.object = ${object}
    and acknowledged.key = sent.key
    and acknowledged.run_id = sent.seen_run
returning acknowledged.key`,
  );
  await tx.execute(sql`
    insert into writeback.page (
        workspace_id, connection_id, run_id, object, page, sent_at, row_count, rejected_count, call_count
    )
    select
        ${key.workspaceId}, ${key.connectionId}, ${runId}, ${object}, coalesce(max(page.page), 0) + 1,
        ${asOf}::timestamptz, ${written.length}, 0, ${calls}
    from writeback.page as page
    where page.workspace_id = ${key.workspaceId} and page.connection_id = ${key.connectionId}
        and page.run_id = ${runId} and page.object = ${object}`);
  const sure = new Set(kept.map((row) => row.key));
  return written.map(({ row }) => row.key).filter((each) => !sure.has(each));
}
