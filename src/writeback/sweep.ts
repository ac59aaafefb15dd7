import { DateTime } from "luxon";
import { z } from "zod";
import { SWEEP_AT } from "../core/cycle.ts";
import type { CrmName } from "../core/errors.ts";
import type { Connection, RemoveOutcome } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import { HOUR_MS } from "../core/time.ts";
import type { Database, Transaction } from "../database/database.ts";
import { loadSql } from "../database/load-sql.ts";
import { type Sql, sql } from "../database/sql.ts";
import { readPause } from "./pause.ts";
import { allowanceOf } from "./push-bounds.ts";
import type { PushContext } from "./push-context.ts";
import { columnNames } from "./targets/target.ts";
import { targetsFor } from "./targets.ts";

/** What became of one object's rows that are to be deleted. */
export interface ObjectRemoval {
  /** Rows that were due. */
  readonly due: number;
  readonly removed: number;
  /** Refused by the CRM for now; tried again at the next sweep. */
  readonly refused: number;
  /** Left for the next push by the hourly limit. */
  readonly deferred: number;
  /** Metered calls. */
  readonly calls: number;
}

/** Keys are `salesforce.Ripeline_Handoff__c` and so on; only objects of which something was due. */
export type SweepOutcome = Readonly<Record<string, ObjectRemoval>>;

export interface SweepOptions {
  readonly runId: string;
  /** The CRM's clock, UTC. */
  readonly asOf: Date;
}

interface SweepScope {
  readonly workspaceId: string;
  readonly connectionId: string;
  readonly asOf: Date;
}

const handoffModel = loadSql(new URL("./models/expired_handoff.sql", import.meta.url));
const metricModel = loadSql(new URL("./models/expired_metric.sql", import.meta.url));

interface ExpiredRows {
  readonly object: string;
  readonly rows: (scope: SweepScope, named: boolean) => Sql;
}

/** Objects that rows are deleted from, with the model of the rows that should not be there. */
function expiredIn(crm: CrmName): readonly ExpiredRows[] {
  return targetsFor(crm, { closedStatuses: [], catalog: [] }).flatMap((target): readonly ExpiredRows[] => {
    const { object } = target;
    const names = columnNames(target);
    const endedAt = names["ended_at"] ?? null;
    if (target.rows === "handoff") {
      return [
        {
          object,
          rows: (scope) => handoffModel.bind(scope.workspaceId, scope.connectionId, object, endedAt),
        },
      ];
    }
    if (target.rows !== "metric") return [];
    const named = JSON.stringify(names);
    return [
      {
        object,
        rows: (scope, isRepNamed) =>
          metricModel.bind(scope.workspaceId, scope.connectionId, isRepNamed, object, named),
      },
    ];
  });
}
/** Rows deleted by one call: five collections of the vendor's 200. */
export const PAGE_ROWS = 1_000;
/** What has nothing behind it waits from one night to the next. */
const GRACE_MS = 20 * HOUR_MS;

const SweepRow = z.object({
  planned_at: z.date(),
  finished_at: z.date().nullable(),
  rep_metrics: z.string(),
});
const Computed = z.object({ is_computed: z.boolean() });

function lastNight(asOf: Date, timeZone: string): number {
  const now = DateTime.fromJSDate(asOf, { zone: timeZone });
  const tonight = now.startOf("day").set(SWEEP_AT);
  return (now >= tonight ? tonight : tonight.minus({ days: 1 })).toMillis();
}

function readSweep(db: Database, scope: SweepScope): Promise<z.infer<typeof SweepRow> | undefined> {
  return db.maybeOne(
    SweepRow,
    sql`select planned_at, finished_at, rep_metrics from writeback.sweep
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}`,
  );
}

/**
 * Whether a push also sweeps: always where the last sweep was cut short by the hourly limit or a failure, or where reps
 * are no longer to be named; a push by hand also where nobody has swept since last night.
 */
export async function isSweepDue(
  db: Database,
  settings: Settings,
  push: { readonly asOf: Date; readonly isByHand: boolean },
): Promise<boolean> {
  const scope = { workspaceId: settings.workspace.id, connectionId: settings.connectionId, asOf: push.asOf };
  const last = await readSweep(db, scope);
  if (last === undefined) return push.isByHand;
  if (last.finished_at === null || last.rep_metrics !== settings.writeback.repMetrics) return true;
  return push.isByHand && last.planned_at.getTime() < lastNight(push.asOf, settings.workspace.timeZone);
}

/**
 * Deletes from the CRM the rows of ours that should not be there any more: older than we keep them, without anything
 * behind them for a day, or naming reps where the settings say team_only. Only records that the CRM confirmed to us, by
 * the ids it gave; what is to be deleted is worked out in the store, so that a sweep with nothing to do costs no call.
 *
 * Each page's outcomes are committed before the next call. A refused row stays, with the CRM's words, and is tried at the
 * next sweep; a row that is gone already counts as deleted, so that a sweep that died may simply run again.
 * @throws ConnectorError of `connection.remove`; pages before it are committed
 */
export async function sweep(
  ctx: PushContext,
  settings: Settings,
  options: SweepOptions,
): Promise<SweepOutcome> {
  const { db, connection } = ctx;
  const scope = {
    workspaceId: settings.workspace.id,
    connectionId: settings.connectionId,
    asOf: options.asOf,
  };
  // An undo may have put back what is expired; it stays until somebody says so.
  if ((await readPause(db, scope)) !== null) return {};
  // Without numbers nothing is known to be expired.
  if (!(await isComputed(db, scope))) return {};
  const expired = expiredIn(connection.crm);
  await planRemovals(db, settings, scope, expired);
  const outcome: Record<string, ObjectRemoval> = {};
  for (const { object } of expired) {
    const due = await countDue(db, scope, object);
    if (due === 0) continue;
    const allowance = await allowanceOf(db, object, scope, settings);
    const done = await sendRemovals(ctx, { ...scope, runId: options.runId, object, allowance });
    const name = `${connection.crm}.${object}`;
    outcome[name] = { due, ...done, deferred: due - done.removed - done.refused };
    const facts = { runId: options.runId, object: name, ...outcome[name] };
    if (done.refused > 0) {
      ctx.log.warn(facts, "swept, with rows the CRM would not delete: `ripeline status` lists them");
    } else ctx.log.info(facts, "swept");
  }
  const counts = Object.values(outcome);
  await noteSweep(db, scope, {
    isFinished: counts.every((each) => each.deferred === 0),
    removed: counts.reduce((sum, each) => sum + each.removed, 0),
  });
  return outcome;
}

async function isComputed(db: Database, scope: SweepScope): Promise<boolean> {
  const { is_computed: isDone } = await db.one(
    Computed,
    sql`select exists (
            select from metrics.run
            join metrics.run_connection using (workspace_id)
            where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
        ) as is_computed`,
  );
  return isDone;
}

/** Brings `writeback.removal` up to date: new rows come in, rows that are wanted again go out. */
async function planRemovals(
  db: Database,
  settings: Settings,
  scope: SweepScope,
  expired: readonly ExpiredRows[],
): Promise<void> {
  const { workspaceId, connectionId, asOf } = scope;
  const isRepNamed = settings.writeback.repMetrics === "named";
  await db.transaction(async (tx) => {
    for (const { object, rows } of expired) {
      await tx.execute(sql`
with expired as materialized (${rows(scope, isRepNamed)}),
wanted_again as (
    delete from writeback.removal as removal
    where removal.workspace_id = ${workspaceId}
        and removal.connection_id = ${connectionId}
        and removal.object = ${object}
        and not exists (select from expired where expired.key = removal.key)
)
insert into writeback.removal (workspace_id, connection_id, object, key, record_id, reason, due_at)
select
    ${workspaceId},
    ${connectionId},
    ${object},
    expired.key,
    expired.record_id,
    expired.reason,
    case
        when expired.reason = 'gone' then ${new Date(asOf.getTime() + GRACE_MS)}::timestamptz
        else ${asOf}::timestamptz
    end
from expired
on conflict (workspace_id, connection_id, object, key) do update set
    record_id = excluded.record_id,
    reason = excluded.reason,
    due_at = least(removal.due_at, excluded.due_at)`);
    }
    await tx.execute(sql`
      insert into writeback.sweep (workspace_id, connection_id, planned_at, finished_at, rep_metrics)
      values (${workspaceId}, ${connectionId}, ${asOf}, null, ${settings.writeback.repMetrics})
      on conflict (workspace_id, connection_id) do update set
        planned_at = excluded.planned_at,
        finished_at = null,
        rep_metrics = excluded.rep_metrics`);
  });
}

async function noteSweep(
  db: Database,
  scope: SweepScope,
  result: { readonly isFinished: boolean; readonly removed: number },
): Promise<void> {
  await db.execute(sql`
    update writeback.sweep
    set finished_at = ${result.isFinished ? scope.asOf : null}::timestamptz, removed_count = ${result.removed}
    where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}`);
}

const Count = z.object({ count: z.number() });

async function countDue(db: Database, scope: SweepScope, object: string): Promise<number> {
  const { count } = await db.one(
    Count,
    sql`select count(*) as count from writeback.removal
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
            and object = ${object} and due_at <= ${scope.asOf}::timestamptz`,
  );
  return count;
}

interface RemovalJob extends SweepScope {
  readonly runId: string;
  readonly object: string;
}

const DueRow = z.object({ key: z.string(), record_id: z.string() });
type DueRow = z.infer<typeof DueRow>;

interface RefusedRemoval {
  readonly key: string;
  readonly code: string;
  /** The CRM's words. */
  readonly message: string;
}

async function sendRemovals(
  ctx: PushContext,
  job: RemovalJob & {
    /** Rows that may still be sent within the hour. */
    readonly allowance: number;
  },
): Promise<Pick<ObjectRemoval, "removed" | "refused" | "calls">> {
  const total = { removed: 0, refused: 0, calls: 0 };
  let left = job.allowance;
  let after = "";
  while (left > 0) {
    const page = await nextPage(ctx.db, job, after, Math.min(left, PAGE_ROWS));
    if (page.length === 0) break;
    after = page.at(-1)?.key ?? after;
    left -= page.length;
    const done = await removeRecords(ctx, job, page);
    total.calls += done.calls;
    total.removed += done.removed;
    total.refused += done.refused.length;
  }
  return total;
}

/**
 * Deletes records of ours by the ids that the CRM gave for them, at most a thousand, and commits what became of each:
 * out of what is acknowledged, into the audit. A record that is gone already counts as deleted.
 * @throws ConnectorError of `connection.remove`; then nothing is committed, and the same call may be made again
 */
export async function removeRecords(
  ctx: Pick<PushContext, "db" | "connection">,
  job: RemovalJob,
  page: readonly DueRow[],
): Promise<{
  readonly removed: number;
  readonly refused: readonly RefusedRemoval[];
  readonly calls: number;
}> {
  const { outcomes, calls } = await removePage(ctx.connection, job.object, page);
  const removed = page.filter((_, index) => outcomes[index]?.ok === true);
  const refused = page.flatMap((row, index) => {
    const outcome = outcomes[index];
    return outcome === undefined || outcome.ok
      ? []
      : [{ key: row.key, code: outcome.code, message: outcome.message.slice(0, LONGEST_MESSAGE) }];
  });
  await recordRemovals(ctx.db, job, { removed: removed.map((row) => row.key), refused, calls });
  return { removed: removed.length, refused, calls };
}

/** Longest message kept. */
const LONGEST_MESSAGE = 1_000;

function nextPage(db: Database, job: RemovalJob, after: string, size: number): Promise<readonly DueRow[]> {
  return db.any(
    DueRow,
    sql`select key, record_id from writeback.removal
        where workspace_id = ${job.workspaceId} and connection_id = ${job.connectionId}
            and object = ${job.object} and due_at <= ${job.asOf}::timestamptz and key > ${after}
        order by key
        limit ${size}`,
  );
}

/** The vendor's code for an id it has no record of: purged, or an object that our user does not see. */
const UNKNOWN_RECORD = "INVALID_CROSS_REFERENCE_KEY";

async function removePage(
  connection: Connection,
  object: string,
  page: readonly DueRow[],
): Promise<{ readonly outcomes: readonly RemoveOutcome[]; readonly calls: number }> {
  const { outcomes, calls } = await connection.remove({ object, ids: page.map((row) => row.record_id) });
  if (!outcomes.some((outcome) => !outcome.ok && outcome.code === UNKNOWN_RECORD)) return { outcomes, calls };
  // Who can count the object sees all its records, by the permission set: then an unknown one is purged, which is what
  // we wanted. Otherwise this throws and says what is missing.
  await connection.count(object);
  return {
    calls: calls + 1,
    outcomes: outcomes.map((outcome) =>
      !outcome.ok && outcome.code === UNKNOWN_RECORD ? { id: outcome.id, ok: true, isGone: true } : outcome,
    ),
  };
}

interface RemovalResults {
  readonly removed: readonly string[];
  readonly refused: readonly RefusedRemoval[];
  readonly calls: number;
}

/** One page's outcomes in one transaction: a crash before it costs a second deletion of records that are gone. */
async function recordRemovals(db: Database, job: RemovalJob, results: RemovalResults): Promise<void> {
  await db.transaction(async (tx) => {
    if (results.removed.length > 0) await keepRemoved(tx, job, results.removed);
    if (results.refused.length > 0) await keepRefused(tx, job, results.refused);
    await tx.execute(sql`
      insert into writeback.page (
          workspace_id, connection_id, run_id, object, page, sent_at, row_count, rejected_count, call_count
      )
      select
          ${job.workspaceId}, ${job.connectionId}, ${job.runId}, ${job.object}, coalesce(max(page.page), 0) + 1,
          ${job.asOf}::timestamptz, ${results.removed.length + results.refused.length}, ${results.refused.length},
          ${results.calls}
      from writeback.page as page
      where page.workspace_id = ${job.workspaceId} and page.connection_id = ${job.connectionId}
          and page.run_id = ${job.runId} and page.object = ${job.object}`);
  });
}

async function keepRemoved(tx: Transaction, job: RemovalJob, keys: readonly string[]): Promise<void> {
  const ofKeys = (alias: string): Sql => {
    const column = (name: string): Sql => sql.identifier([alias, name]);
    return sql`${column("workspace_id")} = ${job.workspaceId} and ${column("connection_id")} = ${job.connectionId}
        and ${column("object")} = ${job.object} and ${column("key")} = any(${[...keys]}::text[])`;
  };
  await tx.execute(sql`
with known as (
    delete from writeback.acknowledged as acknowledged
    where ${ofKeys("acknowledged")}
    returning acknowledged.key, acknowledged.record_id, acknowledged.fields
),
settled as (
    delete from writeback.removal as removal
    where ${ofKeys("removal")}
),
unrefused as (
    delete from writeback.rejection as rejection
    where ${ofKeys("rejection")}
),
unowned as (
    delete from writeback.withheld_owner as withheld
    where ${ofKeys("withheld")}
)
insert into writeback.audit (
    workspace_id, connection_id, run_id, object, key, record_id, written_at, is_created, is_removed, previous, written
)
select
    ${job.workspaceId}, ${job.connectionId}, ${job.runId}, ${job.object}, known.key, known.record_id,
    ${job.asOf}::timestamptz, false, true, known.fields, '{}'
from known
on conflict (workspace_id, run_id, connection_id, object, key) do update set
    is_removed = true,
    previous = excluded.previous || audit.previous`);
}

async function keepRefused(
  tx: Transaction,
  job: RemovalJob,
  refused: RemovalResults["refused"],
): Promise<void> {
  await tx.execute(sql`
update writeback.removal as removal
set attempts = removal.attempts + 1,
    code = sent.code,
    message = sent.message,
    last_at = ${job.asOf}::timestamptz,
    run_id = ${job.runId}
from jsonb_to_recordset(${sql.json(refused)}::jsonb) as sent (key text, code text, message text)
where removal.workspace_id = ${job.workspaceId} and removal.connection_id = ${job.connectionId}
    and removal.object = ${job.object} and removal.key = sent.key`);
}
