import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { Connection, WireValue } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { describeLeadStop } from "./owner-guard.ts";
import { pauseWrites } from "./pause.ts";
import { allowanceOf, leadStop, type PushContext, readFacts, sendPages } from "./push-targets.ts";
import { PAGE_ROWS, removeRecords } from "./sweep.ts";
import { startingBatchSize } from "./targets/batch-size.ts";
import type { TargetObject } from "./targets/target.ts";
import { type Decision, decide, type Skip, undoableFields } from "./undo-decision.ts";

export interface UndoOptions {
  /** The run whose writes are taken back. */
  readonly runId: string;
  /** The run that takes them back; null: nothing is written, the outcome tells what would be. */
  readonly undoRunId: string | null;
  /** The CRM's clock, UTC. */
  readonly asOf: Date;
  readonly onProgress?: (progress: { readonly object: string; readonly done: number }) => void;
}

/** What became of one object's records; all of them counts. */
export interface UndoneObject {
  /** Records of which fields were put back. */
  readonly restored: number;
  /** Records of ours that the run had made and that were deleted. */
  readonly removed: number;
  /** Records of ours that the run had deleted and that were made again. */
  readonly recreated: number;
  /** Done before, or nothing to be done. */
  readonly unchanged: number;
  /** Fields, or whole records, left as they are: see `skipped`. */
  readonly skipped: number;
  /** The CRM would not. */
  readonly refused: number;
  /** Left for the next undo of this run, by the hourly limit or a stop of lead writes. */
  readonly deferred: number;
  readonly calls: number;
  /** Why nothing more was written to the object; null where nothing stood in the way. */
  readonly blocked: string | null;
}

export interface SkippedWrite extends Skip {
  readonly object: string;
  readonly recordId: string;
}

export interface RefusedWrite {
  readonly object: string;
  readonly key: string;
  /** The CRM's code and words. */
  readonly code: string;
  readonly message: string;
}

export interface UndoOutcome {
  readonly runId: string;
  /** Null in a dry run, and where the run wrote nothing. */
  readonly undoRunId: string | null;
  /** Keys are `salesforce.Lead` and so on; only objects that the run wrote to. */
  readonly objects: Readonly<Record<string, UndoneObject>>;
  /** The first of them; `objects` counts all. */
  readonly skipped: readonly SkippedWrite[];
  readonly refused: readonly RefusedWrite[];
  /** False where rows were refused or deferred: the same undo again does the rest. */
  readonly isFinished: boolean;
}

/** Skipped and refused rows that are named. */
const SHOWN_ROWS = 200;
/** Rows compared at a time: what one call reads. */
const READ_ROWS = 2_000;

interface UndoScope {
  readonly workspaceId: string;
  readonly connectionId: string;
  readonly asOf: Date;
}

interface Shown {
  readonly skipped: SkippedWrite[];
  readonly refused: RefusedWrite[];
}

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
const ObjectRow = z.object({ object: z.string() });
const Count = z.object({ count: z.number() });

/**
 * Takes back what a run wrote, where the CRM still holds what the run put there: fields get the value that stood in them
 * before (blank where we had never written them), records of ours that the run made are deleted, those it deleted are
 * made again. What somebody, or a later run of ours, has changed since is left and named.
 *
 * Nothing else is written until somebody says so (`pauseWrites`): the next push would write the same again. Rows go
 * through the writer of every push: hourly limit, harmless headers, audit. An undo that died is finished by running it
 * again: what it had put back is seen to be so.
 * @param targets what may be written, in the order of writing
 * @throws ConfigError for a run that the ledger does not know
 * @throws ConnectorError of the connection; what was written before it is committed
 */
export async function undoRun(
  ctx: PushContext,
  settings: Settings,
  targets: readonly TargetObject[],
  options: UndoOptions,
): Promise<UndoOutcome> {
  const { db, connection } = ctx;
  const scope = {
    workspaceId: settings.workspace.id,
    connectionId: settings.connectionId,
    asOf: options.asOf,
  };
  await assertKnownRun(db, scope, options.runId);
  const written = await objectsOf(db, scope, options.runId);
  const { runId, undoRunId } = options;
  if (written.length === 0) {
    return { runId, undoRunId: null, objects: {}, skipped: [], refused: [], isFinished: true };
  }
  if (undoRunId !== null) await begin(db, scope, runId, undoRunId);
  const shown: Shown = { skipped: [], refused: [] };
  const objects: Record<string, UndoneObject> = {};
  for (const object of written) {
    const target = targets.find((each) => each.object === object);
    const name = `${connection.crm}.${object}`;
    objects[name] =
      target === undefined
        ? await skipObject(db, scope, { object, runId }, shown)
        : await undoObject(ctx, settings, target, { ...options, scope, shown });
    ctx.log.info({ runId: undoRunId, undone: runId, object: name, ...objects[name] }, "undone");
  }
  if (undoRunId !== null) shown.refused.push(...(await refusedBy(db, scope, undoRunId)));
  const isFinished = Object.values(objects).every((each) => each.refused === 0 && each.deferred === 0);
  if (undoRunId !== null && isFinished) await finish(db, scope, runId);
  return {
    runId,
    undoRunId,
    objects,
    skipped: shown.skipped,
    refused: shown.refused.slice(0, SHOWN_ROWS),
    isFinished,
  };
}

async function assertKnownRun(db: Database, scope: UndoScope, runId: string): Promise<void> {
  const { count } = await db.one(
    Count,
    sql`select (
            (select count(*) from mirror.run
             where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId} and run_id = ${runId})
            + (select count(*) from writeback.audit
               where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
                 and run_id = ${runId})
        ) as count`,
  );
  if (count > 0) return;
  throw new ConfigError(
    `undo: this store knows no run "${runId}" of connection "${scope.connectionId}"; ` +
      "`ripeline audit` lists writes with their runs. Nothing was changed",
  );
}

async function objectsOf(db: Database, scope: UndoScope, runId: string): Promise<readonly string[]> {
  const rows = await db.any(
    ObjectRow,
    sql`select distinct object from writeback.audit
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId} and run_id = ${runId}
        order by object`,
  );
  return rows.map((row) => row.object);
}

/** Before the first write: from here on no push writes, whatever becomes of the undo. */
async function begin(db: Database, scope: UndoScope, runId: string, undoRunId: string): Promise<void> {
  await pauseWrites(db, scope, { at: scope.asOf, runId });
  await db.execute(sql`
    insert into writeback.undo (workspace_id, connection_id, run_id, undo_run_id, started_at)
    values (${scope.workspaceId}, ${scope.connectionId}, ${runId}, ${undoRunId}, ${scope.asOf})
    on conflict (workspace_id, connection_id, run_id) do update set
        undo_run_id = excluded.undo_run_id,
        started_at = excluded.started_at,
        finished_at = null`);
}

async function finish(db: Database, scope: UndoScope, runId: string): Promise<void> {
  await db.execute(sql`
    update writeback.undo set finished_at = ${scope.asOf}
    where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId} and run_id = ${runId}`);
}

const NOTHING: UndoneObject = {
  restored: 0,
  removed: 0,
  recreated: 0,
  unchanged: 0,
  skipped: 0,
  refused: 0,
  deferred: 0,
  calls: 0,
  blocked: null,
};

/** An object of an earlier version of ripeline: nothing of it is known any more. */
async function skipObject(
  db: Database,
  scope: UndoScope,
  { object, runId }: { readonly object: string; readonly runId: string },
  shown: Shown,
): Promise<UndoneObject> {
  const { count } = await db.one(
    Count,
    sql`select count(*) as count from writeback.audit
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
          and run_id = ${runId} and object = ${object}`,
  );
  shown.skipped.push({ object, recordId: "every record", field: null, reason: "unknown" });
  return { ...NOTHING, skipped: count };
}

interface ObjectJob extends UndoOptions {
  readonly scope: UndoScope;
  readonly shown: Shown;
}

type Decided = { readonly row: AuditRow; readonly decision: Decision };

async function undoObject(
  ctx: PushContext,
  settings: Settings,
  target: TargetObject,
  job: ObjectJob,
): Promise<UndoneObject> {
  const { db } = ctx;
  const { scope, undoRunId } = job;
  const { object } = target;
  const stop = undoRunId === null ? null : await leadStop(ctx, target, scope);
  let left = stop === null ? await allowanceOf(db, object, scope, settings) : 0;
  const total = { ...NOTHING, blocked: stop === null ? null : describeLeadStop(stop) };
  const isRecreated = new Set<string>();
  let planned = 0;
  if (undoRunId !== null) await clearPending(db, scope, object);
  for (let after = ""; ; ) {
    const page = await nextPage(db, scope, { runId: job.runId, object, after });
    if (page.length === 0) break;
    after = page.at(-1)?.key ?? after;
    const { decided, calls } = await decidePage(ctx.connection, target, page);
    total.calls += calls;
    total.skipped += noteSkips(decided, object, job.shown);
    total.unchanged += decided.filter(({ decision }) => isUnchanged(decision)).length;
    const removals = decided.filter(({ decision }) => decision.action === "remove").map(({ row }) => row);
    const writes = decided.filter(({ decision }) => "changes" in decision);
    for (const { row, decision } of writes) if (decision.action === "recreate") isRecreated.add(row.key);
    planned += writes.length;
    if (undoRunId === null) {
      total.removed += removals.length;
      continue;
    }
    await addPending(db, scope, object, writes);
    const allowed = removals.slice(0, left);
    left -= allowed.length;
    total.deferred += removals.length - allowed.length;
    for (let start = 0; start < allowed.length; start += PAGE_ROWS) {
      const done = await removeRecords(
        ctx,
        { ...scope, runId: undoRunId, object },
        allowed.slice(start, start + PAGE_ROWS),
      );
      total.removed += done.removed;
      total.refused += done.refused.length;
      total.calls += done.calls;
      job.shown.refused.push(...done.refused.map((each) => ({ object, ...each })));
    }
  }
  if (undoRunId === null) {
    return { ...total, restored: planned - isRecreated.size, recreated: isRecreated.size };
  }
  if (planned === 0) return total;
  const facts = await readFacts(db, scope);
  const sent = await sendPages(ctx, {
    ...scope,
    runId: undoRunId,
    target,
    batchSize: startingBatchSize(object, facts.automation),
    allowance: left,
    changed: planned,
    onProgress: ({ done }) => job.onProgress?.({ object, done }),
  });
  const recreated = await countWritten(db, scope, { undoRunId, object, keys: [...isRecreated] });
  return {
    ...total,
    restored: sent.written - recreated,
    recreated,
    refused: total.refused + sent.rejected,
    deferred: total.deferred + planned - sent.written - sent.rejected,
    calls: total.calls + sent.calls,
    blocked: sent.stopped === null ? (sent.spent?.message ?? total.blocked) : describeLeadStop(sent.stopped),
  };
}

function isUnchanged(decision: Decision): boolean {
  return decision.action === "none" && decision.skips.length === 0;
}

/** Names the first skips. @returns how many there are */
function noteSkips(decided: readonly Decided[], object: string, { skipped }: Shown): number {
  let count = 0;
  for (const { row, decision } of decided) {
    count += decision.skips.length;
    const room = SHOWN_ROWS - skipped.length;
    skipped.push(
      ...decision.skips.slice(0, room).map((skip) => ({ object, recordId: row.record_id, ...skip })),
    );
  }
  return count;
}

function nextPage(
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

async function decidePage(
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
    fields: fields.length === 0 ? ["Id"] : fields,
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

async function clearPending(db: Database, scope: UndoScope, object: string): Promise<void> {
  await db.execute(
    sql`delete from writeback.pending
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId} and object = ${object}`,
  );
}

/** No desired row has this fingerprint: after the undo the next push looks at the row again. */
const NO_FINGERPRINT = 0;

async function addPending(
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

async function countWritten(
  db: Database,
  scope: UndoScope,
  made: { readonly undoRunId: string; readonly object: string; readonly keys: readonly string[] },
): Promise<number> {
  if (made.keys.length === 0) return 0;
  const { count } = await db.one(
    Count,
    sql`select count(*) as count from writeback.audit
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
          and run_id = ${made.undoRunId} and object = ${made.object} and key = any(${[...made.keys]}::text[])`,
  );
  return count;
}

const RefusedRow = z.object({ object: z.string(), key: z.string(), code: z.string(), message: z.string() });

function refusedBy(db: Database, scope: UndoScope, undoRunId: string): Promise<readonly RefusedWrite[]> {
  return db.any(
    RefusedRow,
    sql`select object, key, code, message from writeback.rejection
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
          and run_id = ${undoRunId}
        order by object, key
        limit ${SHOWN_ROWS}`,
  );
}
