import type { Database, Transaction } from "../database/database.ts";
import { type Sql, sql } from "../database/sql.ts";

/** What became of one row that was sent. */
export type RowResult =
  | {
      readonly position: number;
      readonly result: "written";
      readonly recordId: string;
      readonly created: boolean;
    }
  /** Once more in this push, as it is. */
  | { readonly position: number; readonly result: "again" }
  /** The CRM refuses this owner: once more in this push without it, or, where nothing else is to be sent, not again. */
  | {
      readonly position: number;
      readonly result: "without_owner";
      readonly isDone: boolean;
      readonly nextTryAt: Date;
      readonly code: string;
      readonly message: string;
    }
  | {
      readonly position: number;
      readonly result: "refused";
      readonly state: "retry" | "quarantined" | "vanished";
      readonly nextTryAt: Date;
      readonly code: string;
      /** The CRM's own words. */
      readonly message: string;
    };

export interface PageFacts {
  readonly workspaceId: string;
  readonly connectionId: string;
  readonly runId: string;
  readonly asOf: Date;
  readonly object: string;
  /** Fields that only ride along: a refusal is remembered without them. */
  readonly riding: readonly string[];
  readonly calls: number;
  /** The CRM's clock when it had taken the page. */
  readonly answeredAt: Date;
}

/** Longest message kept; the vendor's are shorter, an admin's validation text may be anything. */
const LONGEST_MESSAGE = 1_000;

/**
 * Commits one page's outcomes in one transaction: acknowledged values, audit, rejections, what is still pending, and the
 * page itself for the hourly limit. A crash before it costs a second write of the same values, nothing else.
 */
export async function recordPage(
  db: Database,
  facts: PageFacts,
  results: readonly RowResult[],
): Promise<void> {
  const written = results.filter((row) => row.result === "written");
  const refused = results.filter((row) => row.result === "refused");
  const again = results.filter((row) => row.result === "again");
  const ownerless = results.filter((row) => row.result === "without_owner");
  await db.transaction(async (tx) => {
    if (written.length > 0) await keepWritten(tx, facts, written);
    if (refused.length > 0) await keepRefused(tx, facts, refused);
    if (again.length > 0) await keepForLater(tx, facts, again);
    if (ownerless.length > 0) {
      const lastPosition = Math.max(...results.map((row) => row.position));
      await keepWithoutOwner(tx, facts, ownerless, lastPosition);
    }
    await tx.execute(sql`
      insert into writeback.page (
          workspace_id, connection_id, run_id, object, page, sent_at, row_count, rejected_count, call_count
      )
      select
          ${facts.workspaceId}, ${facts.connectionId}, ${facts.runId}, ${facts.object},
          coalesce(max(page.page), 0) + 1, ${facts.asOf}::timestamptz, ${results.length}, ${refused.length},
          ${facts.calls}
      from writeback.page as page
      where page.workspace_id = ${facts.workspaceId} and page.connection_id = ${facts.connectionId}
          and page.run_id = ${facts.runId} and page.object = ${facts.object}`);
  });
}

/** Condition on `alias`: rows of this page's object. */
function ofObject(alias: string, facts: PageFacts): Sql {
  const column = (name: string): Sql => sql.identifier([alias, name]);
  return sql`${column("workspace_id")} = ${facts.workspaceId}
    and ${column("connection_id")} = ${facts.connectionId} and ${column("object")} = ${facts.object}`;
}

/** One statement, so that the audit sees what was acknowledged before it. */
async function keepWritten(
  tx: Transaction,
  facts: PageFacts,
  written: readonly Extract<RowResult, { result: "written" }>[],
): Promise<void> {
  const sent = written.map((row) => ({
    position: row.position,
    record_id: row.recordId,
    created: row.created,
  }));
  await tx.execute(sql`
with sent as materialized (
    select sent.position, sent.record_id, sent.created
    from jsonb_to_recordset(${sql.json(sent)}::jsonb) as sent (position bigint, record_id text, created boolean)
),
confirmed as materialized (
    select
        pending.key,
        sent.record_id,
        sent.created,
        pending.changes,
        pending.withheld,
        pending.fingerprint,
        acknowledged.fields as acknowledged
    from sent
    inner join writeback.pending as pending
        on ${ofObject("pending", facts)} and pending.position = sent.position
    left join writeback.acknowledged as acknowledged
        on ${ofObject("acknowledged", facts)} and acknowledged.key = pending.key
),
audited as (
    insert into writeback.audit (
        workspace_id, connection_id, run_id, object, key, record_id, written_at, answered_at, is_created, previous,
        written
    )
    select
        ${facts.workspaceId}, ${facts.connectionId}, ${facts.runId}, ${facts.object}, confirmed.key,
        confirmed.record_id, ${facts.asOf}::timestamptz, ${facts.answeredAt}::timestamptz, confirmed.created,
        case
            when confirmed.acknowledged is null then '{}'
            else (
                select coalesce(jsonb_object_agg(entry.key, coalesce(confirmed.acknowledged -> entry.key, 'null')), '{}')
                from jsonb_each(confirmed.changes) as entry
            )
        end,
        confirmed.changes
    from confirmed
    on conflict (workspace_id, run_id, connection_id, object, key) do update set
        written_at = excluded.written_at,
        answered_at = excluded.answered_at,
        previous = excluded.previous || audit.previous,
        written = audit.written || excluded.written
),
settled as (
    delete from writeback.rejection as rejection
    using confirmed
    where ${ofObject("rejection", facts)} and rejection.key = confirmed.key
),
owned as (
    delete from writeback.withheld_owner as withheld
    using confirmed
    where ${ofObject("withheld", facts)} and withheld.key = confirmed.key and confirmed.changes ? 'OwnerId'
),
done as (
    delete from writeback.pending as pending
    using sent
    where ${ofObject("pending", facts)} and pending.position = sent.position
)
insert into writeback.acknowledged (
    workspace_id, connection_id, object, key, record_id, fields, fingerprint, run_id, confirmed_at
)
select
    ${facts.workspaceId}, ${facts.connectionId}, ${facts.object}, confirmed.key, confirmed.record_id,
    confirmed.changes || confirmed.withheld, confirmed.fingerprint, ${facts.runId}, ${facts.asOf}::timestamptz
from confirmed
on conflict (workspace_id, connection_id, object, key) do update set
    record_id = excluded.record_id,
    fields = acknowledged.fields || excluded.fields,
    fingerprint = excluded.fingerprint,
    run_id = excluded.run_id,
    confirmed_at = excluded.confirmed_at`);
}

async function keepRefused(
  tx: Transaction,
  facts: PageFacts,
  refused: readonly Extract<RowResult, { result: "refused" }>[],
): Promise<void> {
  const sent = refused.map((row) => ({
    position: row.position,
    state: row.state,
    code: row.code,
    message: row.message.slice(0, LONGEST_MESSAGE),
    next_try_at: row.nextTryAt.toISOString(),
  }));
  await tx.execute(sql`
with sent as materialized (
    select sent.position, sent.state, sent.code, sent.message, sent.next_try_at
    from jsonb_to_recordset(${sql.json(sent)}::jsonb)
        as sent (position bigint, state text, code text, message text, next_try_at timestamptz)
),
rejected as materialized (
    select
        pending.key,
        pending.is_clear,
        (pending.changes || pending.withheld) - ${facts.riding}::text[] as core,
        sent.state,
        sent.code,
        sent.message,
        sent.next_try_at
    from sent
    inner join writeback.pending as pending
        on ${ofObject("pending", facts)} and pending.position = sent.position
),
forgotten as (
    delete from writeback.acknowledged as acknowledged
    using rejected
    where ${ofObject("acknowledged", facts)} and acknowledged.key = rejected.key and rejected.state = 'vanished'
),
done as (
    delete from writeback.pending as pending
    using sent
    where ${ofObject("pending", facts)} and pending.position = sent.position
)
insert into writeback.rejection (
    workspace_id, connection_id, object, key, state, is_clear, code, message, attempts, first_at, last_at, next_try_at,
    run_id, core
)
select
    ${facts.workspaceId}, ${facts.connectionId}, ${facts.object}, rejected.key, rejected.state, rejected.is_clear,
    rejected.code, rejected.message, 1, ${facts.asOf}::timestamptz, ${facts.asOf}::timestamptz, rejected.next_try_at,
    ${facts.runId}, rejected.core
from rejected
on conflict (workspace_id, connection_id, object, key) do update set
    state = excluded.state,
    is_clear = excluded.is_clear,
    code = excluded.code,
    message = excluded.message,
    attempts = rejection.attempts + 1,
    last_at = excluded.last_at,
    next_try_at = excluded.next_try_at,
    run_id = excluded.run_id,
    core = excluded.core`);
}

async function keepForLater(
  tx: Transaction,
  facts: PageFacts,
  again: readonly Extract<RowResult, { result: "again" }>[],
): Promise<void> {
  await tx.execute(sql`
update writeback.pending as pending
set attempts = pending.attempts + 1
where ${ofObject("pending", facts)} and pending.position = any(${again.map((row) => row.position)}::bigint[])`);
}

/**
 * Notes the refused owner with the CRM's words. What is left of the row goes to the end of the queue, where it fills the
 * last page instead of costing a call of its own; where nothing is left, the row counts as acknowledged with the owner we
 * want, so that it stays quiet until the next try.
 * @param lastPosition of the page that was sent: the queue goes on behind it, whatever of the page is still in it
 */
async function keepWithoutOwner(
  tx: Transaction,
  facts: PageFacts,
  ownerless: readonly Extract<RowResult, { result: "without_owner" }>[],
  lastPosition: number,
): Promise<void> {
  const sent = ownerless.map((row) => ({
    position: row.position,
    is_done: row.isDone,
    code: row.code,
    message: row.message.slice(0, LONGEST_MESSAGE),
    next_try_at: row.nextTryAt.toISOString(),
  }));
  await tx.execute(sql`
with sent as materialized (
    select
        pending.key,
        pending.position,
        pending.changes,
        pending.fingerprint,
        row_number() over (order by pending.position) as rank,
        sent.is_done,
        sent.code,
        sent.message,
        sent.next_try_at
    from jsonb_to_recordset(${sql.json(sent)}::jsonb)
        as sent (position bigint, is_done boolean, code text, message text, next_try_at timestamptz)
    inner join writeback.pending as pending
        on ${ofObject("pending", facts)} and pending.position = sent.position
),
settled as (
    update writeback.acknowledged as acknowledged
    set fields = acknowledged.fields || jsonb_build_object('OwnerId', sent.changes -> 'OwnerId'),
        fingerprint = sent.fingerprint
    from sent
    where ${ofObject("acknowledged", facts)} and acknowledged.key = sent.key and sent.is_done
),
done as (
    delete from writeback.pending as pending
    using sent
    where ${ofObject("pending", facts)} and pending.position = sent.position and sent.is_done
),
tail as (
    -- The page's own written rows are gone by now: its end is no longer among them, and the next page begins behind it.
    select greatest(max(pending.position), ${lastPosition}::bigint) as last_position
    from writeback.pending as pending
    where ${ofObject("pending", facts)}
),
lighter as (
    update writeback.pending as pending
    set position = tail.last_position + sent.rank,
        changes = pending.changes - 'OwnerId',
        withheld = pending.withheld || jsonb_build_object('OwnerId', pending.changes -> 'OwnerId')
    from sent
    cross join tail
    where ${ofObject("pending", facts)} and pending.position = sent.position and not sent.is_done
)
insert into writeback.withheld_owner (
    workspace_id, connection_id, object, key, owner_id, code, message, attempts, first_at, last_at, next_try_at
)
select
    ${facts.workspaceId}, ${facts.connectionId}, ${facts.object}, sent.key, sent.changes ->> 'OwnerId', sent.code,
    sent.message, 1, ${facts.asOf}::timestamptz, ${facts.asOf}::timestamptz, sent.next_try_at
from sent
on conflict (workspace_id, connection_id, object, key) do update set
    first_at = case
        when withheld_owner.owner_id = excluded.owner_id then withheld_owner.first_at
        else excluded.first_at
    end,
    owner_id = excluded.owner_id,
    code = excluded.code,
    message = excluded.message,
    attempts = withheld_owner.attempts + 1,
    last_at = excluded.last_at,
    next_try_at = excluded.next_try_at`);
}
