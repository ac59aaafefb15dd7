import type { WireValue } from "../core/ports.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";

/** A piece of work that wrote to one object outside a push. */
export interface WriteFacts {
  readonly workspaceId: string;
  readonly connectionId: string;
  /** Its own in the audit; `undo` takes it back. */
  readonly runId: string;
  readonly object: string;
  /** The CRM's clock the values were worked out for, UTC. */
  readonly asOf: Date;
  /** The CRM's clock when it had taken them, UTC. */
  readonly answeredAt: Date;
  readonly calls: number;
}

/** One record as the CRM confirmed it: only the fields that were sent. */
export interface AcknowledgedWrite {
  readonly key: string;
  readonly recordId: string;
  readonly fields: Readonly<Record<string, WireValue>>;
}

/**
 * Notes what the CRM confirmed of a write that no push made, in one transaction: acknowledged values, audit, and the page
 * for the hourly limit. The next push then finds these values as wanted and sends them no more; where it wants others it
 * sends those. Values must be as a push writes them: instants as ISO text with milliseconds, yes or no as booleans.
 */
export async function acknowledgeWrites(
  db: Database,
  facts: WriteFacts,
  written: readonly AcknowledgedWrite[],
): Promise<void> {
  if (written.length === 0) return;
  const rows = written.map(({ key, recordId, fields }) => ({ key, record_id: recordId, fields }));
  await db.transaction(async (tx) => {
    await tx.execute(sql`
with sent as materialized (
    select sent.key, sent.record_id, sent.fields, acknowledged.fields as acknowledged
    from jsonb_to_recordset(${sql.json(rows)}::jsonb) as sent (key text, record_id text, fields jsonb)
    left join writeback.acknowledged as acknowledged
        on acknowledged.workspace_id = ${facts.workspaceId}
        and acknowledged.connection_id = ${facts.connectionId}
        and acknowledged.object = ${facts.object}
        and acknowledged.key = sent.key
),
audited as (
    insert into writeback.audit (
        workspace_id, connection_id, run_id, object, key, record_id, written_at, answered_at, is_created, previous, written
    )
    select
        ${facts.workspaceId}, ${facts.connectionId}, ${facts.runId}, ${facts.object}, sent.key, sent.record_id,
        ${facts.asOf}::timestamptz, ${facts.answeredAt}::timestamptz, false,
        case
            when sent.acknowledged is null then '{}'
            else (
                select coalesce(jsonb_object_agg(entry.key, coalesce(sent.acknowledged -> entry.key, 'null')), '{}')
                from jsonb_each(sent.fields) as entry
            )
        end,
        sent.fields
    from sent
    on conflict (workspace_id, run_id, connection_id, object, key) do update set
        written_at = excluded.written_at,
        answered_at = excluded.answered_at,
        previous = excluded.previous || audit.previous,
        written = audit.written || excluded.written
)
insert into writeback.acknowledged (
    workspace_id, connection_id, object, key, record_id, fields, fingerprint, run_id, confirmed_at
)
select
    ${facts.workspaceId}, ${facts.connectionId}, ${facts.object}, sent.key, sent.record_id, sent.fields, null,
    ${facts.runId}, ${facts.asOf}::timestamptz
from sent
on conflict (workspace_id, connection_id, object, key) do update set
    record_id = excluded.record_id,
    fields = acknowledged.fields || excluded.fields,
    -- The next push compares the row field by field.
    fingerprint = null,
    run_id = excluded.run_id,
    confirmed_at = excluded.confirmed_at`);
    await tx.execute(sql`
      insert into writeback.page (
          workspace_id, connection_id, run_id, object, page, sent_at, row_count, rejected_count, call_count
      )
      select
          ${facts.workspaceId}, ${facts.connectionId}, ${facts.runId}, ${facts.object},
          coalesce(max(page.page), 0) + 1, ${facts.asOf}::timestamptz, ${written.length}, 0, ${facts.calls}
      from writeback.page as page
      where page.workspace_id = ${facts.workspaceId} and page.connection_id = ${facts.connectionId}
          and page.run_id = ${facts.runId} and page.object = ${facts.object}`);
  });
}
