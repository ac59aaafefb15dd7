import { z } from "zod";
import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { describeLeadStop } from "./owner-guard.ts";
import { allowanceOf, leadStop, readFacts } from "./push-bounds.ts";
import type { PushContext } from "./push-context.ts";
import { sendPages } from "./send-pages.ts";
import { PAGE_ROWS, removeRecords } from "./sweep.ts";
import { startingBatchSize } from "./targets/batch-size.ts";
import type { TargetObject } from "./targets/target.ts";
import type { Decision, Skip } from "./undo-decision.ts";
import { addPending, clearPending, type Decided, decidePage, nextPage, type UndoScope } from "./undo-page.ts";

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

/** The first rows that were left or refused, by name. */
export interface ShownRows {
  readonly skipped: SkippedWrite[];
  readonly refused: RefusedWrite[];
}

/** Skipped and refused rows that are named. */
export const SHOWN_ROWS = 200;

const Count = z.object({ count: z.number() });

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
export async function skipObject(
  db: Database,
  scope: UndoScope,
  { object, runId }: { readonly object: string; readonly runId: string },
  shown: ShownRows,
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

export interface ObjectJob {
  /** The run whose writes are taken back. */
  readonly runId: string;
  /** The run that takes them back; null: nothing is written. */
  readonly undoRunId: string | null;
  readonly scope: UndoScope;
  readonly shown: ShownRows;
  readonly onProgress?: ((progress: { readonly object: string; readonly done: number }) => void) | undefined;
}

/**
 * Takes back what a run wrote to one object: rows of ours that it made are deleted, the rest is put back.
 * @throws ConnectorError of the connection; what was written before it is committed
 */
export async function undoObject(
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
    const done = await removeRows(ctx, { ...scope, runId: undoRunId, object }, allowed);
    total.removed += done.removed;
    total.refused += done.refused.length;
    total.calls += done.calls;
    job.shown.refused.push(...done.refused);
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
    blocked:
      sent.stopped === null
        ? ((sent.spent ?? sent.refusal)?.message ?? total.blocked)
        : describeLeadStop(sent.stopped),
  };
}

/** Deletes rows that the run made, a call's worth at a time. */
async function removeRows(
  ctx: PushContext,
  job: UndoScope & { readonly runId: string; readonly object: string },
  rows: readonly Decided["row"][],
): Promise<{
  readonly removed: number;
  readonly refused: readonly RefusedWrite[];
  readonly calls: number;
}> {
  let [removed, calls] = [0, 0];
  const refused: RefusedWrite[] = [];
  for (let start = 0; start < rows.length; start += PAGE_ROWS) {
    const done = await removeRecords(ctx, job, rows.slice(start, start + PAGE_ROWS));
    removed += done.removed;
    calls += done.calls;
    refused.push(...done.refused.map((each) => ({ object: job.object, ...each })));
  }
  return { removed, refused, calls };
}

function isUnchanged(decision: Decision): boolean {
  return decision.action === "none" && decision.skips.length === 0;
}

/** Names the first skips. @returns how many there are */
function noteSkips(decided: readonly Decided[], object: string, { skipped }: ShownRows): number {
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
