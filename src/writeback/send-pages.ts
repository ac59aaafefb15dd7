import { z } from "zod";
import { PermissionError, QuotaExhaustedError, RequestRefusedError } from "../core/errors.ts";
import type { WriteOutcome } from "../core/ports.ts";
import { MINUTE_MS } from "../core/time.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { refreshStatistics } from "./diff.ts";
import { type LeadStop, leadsWrittenBy, stopLeadWrites } from "./owner-guard.ts";
import type { PushContext } from "./push-context.ts";
import { type RowResult, recordPage } from "./record-page.ts";
import { isObjectRefusal, type ObjectRefusal } from "./refused-objects.ts";
import { nextTry } from "./retry-policy.ts";
import type { TargetObject } from "./targets/target.ts";
import { assertOurNames, ridingFields } from "./targets.ts";
import { isOwnerRefused, OWNER_RETRY_MS } from "./withheld-owners.ts";

const PendingRow = z.object({
  position: z.number(),
  key: z.string(),
  changes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  attempts: z.number(),
  is_clear: z.boolean(),
  earlier_attempts: z.number(),
});

/** Rows of one object that stand in `writeback.pending`, and how they may be sent. */
export interface SendJob {
  readonly runId: string;
  /** The CRM's clock the rows were worked out for. */
  readonly asOf: Date;
  readonly onProgress?: (progress: {
    readonly object: string;
    readonly done: number;
    readonly total: number;
  }) => void;
  readonly target: TargetObject;
  readonly workspaceId: string;
  readonly connectionId: string;
  /** Rows a transaction to begin with; the connector goes on from there. */
  readonly batchSize: number;
  /** Rows that may still be sent within the hour. */
  readonly allowance: number;
  /** Rows that differ. */
  readonly changed: number;
}

/** What became of the rows that were sent. */
export interface SentPages {
  readonly written: number;
  /** Refused by the CRM for now; see `readRejections`. */
  readonly rejected: number;
  /** Metered calls. */
  readonly calls: number;
  /** Writes of ours were seen to move owners of leads: sending ended before the last row. */
  readonly stopped: LeadStop | null;
  /** The day's calls were spent: sending ended before the last row. */
  readonly spent: QuotaExhaustedError | null;
  /** The CRM takes no row of this object: sending ended before the last row. */
  readonly refusal: ObjectRefusal | null;
}

/**
 * How often a long push asks the org itself whether owners moved: the pulled history ends where the push began. A push
 * that ends sooner costs no call.
 */
const LOOK_AT_OWNERS_EVERY_MS = 10 * MINUTE_MS;

/** Looks at the owners of leads while they are written. */
function ownerWatch(ctx: PushContext, job: SendJob): (answeredAt: Date) => Promise<LeadStop | null> {
  let lookedAt = job.asOf;
  return async (answeredAt) => {
    if (job.target.object !== "Lead") return null;
    if (answeredAt.getTime() - lookedAt.getTime() < LOOK_AT_OWNERS_EVERY_MS) return null;
    lookedAt = answeredAt;
    const moved = await ownersMoved(ctx, job.asOf);
    const ours = moved.length === 0 ? [] : await leadsWrittenBy(ctx.db, job, job.runId, moved);
    return ours.length === 0 ? null : stopLeadWrites(ctx.db, { ...job, asOf: answeredAt }, ours);
  };
}

async function ownersMoved(ctx: PushContext, since: Date): Promise<readonly string[]> {
  try {
    return await ctx.connection.ownersMoved(since);
  } catch (error) {
    // An org that keeps no history of leads, or hides it: `doctor` says so.
    if (!(error instanceof RequestRefusedError || error instanceof PermissionError)) throw error;
    ctx.log.warn({ code: error.code }, "the org does not show whether our writes move owners of leads");
    return [];
  }
}

/** Rows acknowledged in one push after which the table's statistics are renewed, and again at each fourfold. */
const FIRST_STATISTICS = 500;

/**
 * Sends what stands in `writeback.pending` for one object, page by page, each page's outcomes committed before the next
 * page. Ends early where writes of ours are seen to move owners of leads, the day's calls are spent, or the CRM takes no
 * row of the object: what was not sent stays pending.
 */
export async function sendPages(ctx: PushContext, job: SendJob): Promise<SentPages> {
  const total = { written: 0, rejected: 0, calls: 0 };
  try {
    const stopped = await sendAll(ctx, job, total);
    return { ...total, stopped, spent: null, refusal: null };
  } catch (error) {
    const early = { ...total, stopped: null, spent: null, refusal: null };
    if (error instanceof QuotaExhaustedError) return { ...early, spent: error };
    if (isObjectRefusal(error)) return { ...early, refusal: error };
    throw error;
  }
}

/** @param total counted up as pages are committed */
async function sendAll(
  ctx: PushContext,
  job: SendJob,
  total: { written: number; rejected: number; calls: number },
): Promise<LeadStop | null> {
  const riding = ridingFields(job.target);
  const watch = ownerWatch(ctx, job);
  let left = job.allowance;
  let statisticsDue = FIRST_STATISTICS;
  // Everything once; then, once more, what a lock or the like refused.
  for (const attempts of [0, 1]) {
    let after = 0;
    while (left > 0) {
      const size = Math.min(left, ctx.connection.rowsPerCall(job.target.object, job.batchSize));
      const page = await nextPage(ctx.db, job, { attempts, after, size });
      if (page.length === 0) break;
      after = page.at(-1)?.position ?? after;
      left -= page.length;
      const { results, calls, answeredAt, interrupted } = await sendPage(ctx, job, page);
      await recordPage(ctx.db, { ...job, object: job.target.object, riding, calls, answeredAt }, results);
      total.calls += calls;
      total.written += results.filter((row) => row.result === "written").length;
      total.rejected += results.filter(isRejected).length;
      const done = total.written + total.rejected;
      if (done >= statisticsDue) {
        await refreshStatistics(ctx.db, "acknowledged");
        statisticsDue = done * 4;
      }
      job.onProgress?.({ object: job.target.object, done, total: job.changed });
      if (interrupted !== undefined) throw interrupted;
      const stopped = await watch(answeredAt);
      if (stopped !== null) return stopped;
    }
  }
  return null;
}

/** Refused, or nothing but an owner was to be sent and the CRM would not have it. */
function isRejected(row: RowResult): boolean {
  return row.result === "refused" || (row.result === "without_owner" && row.isDone);
}

async function nextPage(
  db: Database,
  job: SendJob,
  from: { readonly attempts: number; readonly after: number; readonly size: number },
): Promise<readonly z.infer<typeof PendingRow>[]> {
  return db.any(
    PendingRow,
    sql`select pending.position, pending.key, pending.changes, pending.attempts, pending.is_clear,
            coalesce(rejection.attempts, 0) as earlier_attempts
        from writeback.pending as pending
        left join writeback.rejection as rejection using (workspace_id, connection_id, object, key)
        where pending.workspace_id = ${job.workspaceId} and pending.connection_id = ${job.connectionId}
            and pending.object = ${job.target.object}
            and pending.attempts = ${from.attempts} and pending.position > ${from.after}
        order by pending.position
        limit ${from.size}`,
  );
}

async function sendPage(
  ctx: PushContext,
  job: SendJob,
  page: readonly z.infer<typeof PendingRow>[],
): Promise<{
  readonly results: readonly RowResult[];
  readonly calls: number;
  readonly answeredAt: Date;
  readonly interrupted: Error | undefined;
}> {
  const { target } = job;
  const rows = page.map((row) => {
    const entries = Object.entries(row.changes).filter(([name]) => name !== target.keyField);
    assertOurNames(
      target,
      entries.map(([name]) => name),
    );
    return { key: row.key, fields: Object.fromEntries(entries) };
  });
  const { outcomes, calls, answeredAt, interrupted } = await ctx.connection.write({
    object: target.object,
    keyField: target.keyField,
    rows,
    batchSize: job.batchSize,
  });
  // What broke off may go on at the end of this push, once; not so where the day's calls are spent.
  const isOver = interrupted instanceof QuotaExhaustedError || page.some((row) => row.attempts > 0);
  const results = page.flatMap((row, index) => {
    const outcome = outcomes[index];
    // Still pending, and not refused by anybody: the next push sends it.
    return isOver && outcome?.ok === false && outcome.isUnsent === true ? [] : judge(job, row, outcome);
  });
  return { results, calls, answeredAt, interrupted: isOver ? interrupted : undefined };
}

function judge(job: SendJob, row: z.infer<typeof PendingRow>, outcome: WriteOutcome | undefined): RowResult {
  const { position } = row;
  if (outcome === undefined) {
    throw new TypeError(`the connector gave no outcome for ${job.target.object} ${row.key}`);
  }
  if (outcome.ok) return { position, result: "written", recordId: outcome.id, created: outcome.created };
  if ("OwnerId" in row.changes && isOwnerRefused(outcome.code)) {
    // What only rides along is no reason to write the row.
    const carried = new Set(["OwnerId", job.target.keyField, ...ridingFields(job.target)]);
    const others = Object.keys(row.changes).filter((name) => !carried.has(name));
    return {
      position,
      result: "without_owner",
      isDone: others.length === 0,
      nextTryAt: new Date(job.asOf.getTime() + OWNER_RETRY_MS),
      code: outcome.code,
      message: outcome.message,
    };
  }
  if (row.attempts === 0 && outcome.retryable) return { position, result: "again" };
  const next = nextTry(
    {
      code: outcome.code,
      retryable: outcome.retryable,
      isClear: row.is_clear,
      canVanish: !job.target.isOurs,
      attempts: row.earlier_attempts + 1,
    },
    job.asOf,
  );
  return {
    position,
    result: "refused",
    state: next.state,
    nextTryAt: next.at,
    code: outcome.code,
    message: outcome.message,
  };
}
