import { z } from "zod";
import { ConfigError, PermissionError, QuotaExhaustedError, RequestRefusedError } from "../core/errors.ts";
import type { Connection, WriteOutcome } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import { MINUTE_MS } from "../core/time.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { desiredRows } from "./desired.ts";
import { forgetGone, planChanges, refreshStatistics } from "./diff.ts";
import {
  checkLeadOwners,
  describeLeadStop,
  type LeadStop,
  leadsWrittenBy,
  stopLeadWrites,
} from "./owner-guard.ts";
import { describePause, readPause } from "./pause.ts";
import { type RowResult, recordPage } from "./record-page.ts";
import { nextTry } from "./retry-policy.ts";
import { KeptAutomation, startingBatchSize } from "./targets/batch-size.ts";
import type { PublishClass, TargetObject } from "./targets/target.ts";
import { assertOurNames, ridingFields } from "./targets.ts";
import { askAgain, forgetUnwanted, isOwnerRefused, OWNER_RETRY_MS } from "./withheld-owners.ts";

/** Where a push tells what it did: one line an object, ids and counts only. A pino logger fits. */
export interface PushLog {
  info(facts: Readonly<Record<string, unknown>>, message: string): void;
  warn(facts: Readonly<Record<string, unknown>>, message: string): void;
}

export interface PushContext {
  readonly db: Database;
  readonly connection: Connection;
  readonly log: PushLog;
}

export interface PushOptions {
  readonly runId: string;
  /** The CRM's clock the metrics were computed for. */
  readonly asOf: Date;
  /** `PUBLISH_CLASSES` for a run by hand, `dueClasses(...)` for a scheduled one. */
  readonly classes: readonly PublishClass[];
  readonly onProgress?: (progress: {
    readonly object: string;
    readonly done: number;
    readonly total: number;
  }) => void;
}

/** What became of one object's rows. */
export interface ObjectOutcome {
  /** Rows whose desired values differ from what the CRM has. */
  readonly changed: number;
  readonly written: number;
  /** Refused by the CRM for now; see `readRejections`. */
  readonly rejected: number;
  /** Left for later: by the hourly limit, a stop, or the day's calls. */
  readonly deferred: number;
  /** Metered calls. */
  readonly calls: number;
  /** Why nothing was written to the object, or not all; null where nothing stood in the way. */
  readonly blocked: string | null;
  /** The day's calls were spent before all rows were sent: the rest waits. */
  readonly isQuotaSpent?: true;
}

/** Keys are `salesforce.Lead` and so on, in the order of writing; only objects of the classes asked for. */
export type PushOutcome = Readonly<Record<string, ObjectOutcome>>;

const Facts = z.object({
  automation: KeptAutomation.nullable(),
  has_multiple_currencies: z.boolean(),
  is_computed: z.boolean(),
});
const Sent = z.object({ rows: z.number() });
const PendingRow = z.object({
  position: z.number(),
  key: z.string(),
  changes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  attempts: z.number(),
  is_clear: z.boolean(),
  earlier_attempts: z.number(),
});

/** Rows of one object that stand in `writeback.pending`, and how they may be sent. */
export interface SendJob extends Omit<PushOptions, "classes"> {
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

/**
 * Brings the CRM to the desired state: for each object of `classes`, desired minus acknowledged is sent page by page, and
 * each page's outcomes are committed before the next call. Running it again, after a crash too, sends only what is not
 * yet confirmed; where nothing changed it sends nothing.
 *
 * Flags go first, and what the day's calls do not reach for waits. A refused row never stops its neighbours: it is tried once more at the end where that may help, then
 * by `retry-policy.ts`.
 * @param targets what may be written, in the order of writing
 * @throws ConfigError when nothing has been computed yet
 * @throws ConnectorError of `connection.write` (network, sign-in); pages before it are committed
 */
export async function pushTargets(
  ctx: PushContext,
  settings: Settings,
  targets: readonly TargetObject[],
  options: PushOptions,
): Promise<PushOutcome> {
  const { db, connection } = ctx;
  const scope = {
    workspaceId: settings.workspace.id,
    connectionId: settings.connectionId,
    asOf: options.asOf,
  };
  const facts = await readFacts(db, scope);
  const outcome: Record<string, ObjectOutcome> = {};
  const wanted = targets.filter(({ class: ofClass }) => options.classes.includes(ofClass));
  const pause = await readPause(db, scope);
  if (pause !== null) {
    const blocked = describePause(pause);
    ctx.log.warn({ runId: options.runId }, blocked);
    const nothing = { changed: 0, written: 0, rejected: 0, deferred: 0, calls: 0, blocked };
    return Object.fromEntries(wanted.map(({ object }) => [`${connection.crm}.${object}`, nothing]));
  }
  for (const target of wanted) {
    const model = desiredRows(target, {
      settings,
      asOf: options.asOf,
      hasMultipleCurrencies: facts.has_multiple_currencies,
      usage: connection.usage(),
    });
    await forgetGone(db, target, scope);
    await askAgain(db, target, scope);
    const changed = await planChanges(db, target, model, scope);
    await forgetUnwanted(db, target, scope);
    const name = `${connection.crm}.${target.object}`;
    const stop = await leadStop(ctx, target, scope);
    const allowance = stop === null ? await allowanceOf(db, target.object, scope, settings) : 0;
    const batchSize = startingBatchSize(target.object, facts.automation);
    const { stopped, spent, ...done } = await sendPages(ctx, {
      ...options,
      ...scope,
      target,
      batchSize,
      allowance,
      changed,
    });
    const found = stop ?? stopped;
    const blocked = found === null ? (spent?.message ?? null) : describeLeadStop(found);
    const deferred = changed - done.written - done.rejected;
    outcome[name] = {
      changed,
      ...done,
      deferred,
      blocked,
      ...(spent === null ? {} : { isQuotaSpent: true }),
    };
    report(ctx.log, name, outcome[name], options.runId);
  }
  // A class of which anything was held back is due again at the next push.
  const held = new Set(
    targets
      .filter(({ object }) => (outcome[`${connection.crm}.${object}`]?.deferred ?? 0) > 0)
      .map((each) => each.class),
  );
  await markPublished(
    db,
    scope,
    options.classes.filter((each) => !held.has(each)),
  );
  return outcome;
}

function report(log: PushLog, object: string, outcome: ObjectOutcome, runId: string): void {
  const facts = { runId, object, ...outcome };
  // Said once, where the state begins: see `noteQuota` of the pull.
  if (outcome.isQuotaSpent === true) log.info(facts, "pushed in part: the day's calls are spent");
  else if (outcome.blocked !== null) log.warn(facts, outcome.blocked);
  else if (outcome.rejected > 0)
    log.warn(facts, "pushed, with rows the CRM refused: `ripeline status` lists them");
  else log.info(facts, "pushed");
}

/** @throws ConfigError before the first compute */
export async function readFacts(
  db: Database,
  scope: { readonly workspaceId: string; readonly connectionId: string },
): Promise<z.infer<typeof Facts>> {
  const facts = await db.maybeOne(
    Facts,
    sql`select
            case when connection.facts_read_at is not null then connection.automation end as automation,
            connection.has_multiple_currencies,
            exists (
                select from metrics.run as run
                where run.workspace_id = connection.workspace_id and run.connection_id = connection.connection_id
            ) as is_computed
        from mirror.connection as connection
        where connection.workspace_id = ${scope.workspaceId} and connection.connection_id = ${scope.connectionId}`,
  );
  if (facts === undefined || !facts.is_computed) {
    throw new ConfigError(
      `nothing has been computed for connection "${scope.connectionId}", so there is nothing to write: run \`ripeline sync\` first`,
    );
  }
  return facts;
}

/** Why nothing may be written to the target, or null. */
export async function leadStop(
  ctx: PushContext,
  target: TargetObject,
  scope: { readonly workspaceId: string; readonly connectionId: string; readonly asOf: Date },
): Promise<LeadStop | null> {
  if (target.object !== "Lead") return null;
  const { userId } = await ctx.connection.identity();
  return checkLeadOwners(ctx.db, scope, userId);
}

/** Rows of an object that may still be written or deleted within the hour. */
export async function allowanceOf(
  db: Database,
  object: string,
  scope: { readonly workspaceId: string; readonly connectionId: string; readonly asOf: Date },
  settings: Settings,
): Promise<number> {
  const { rows } = await db.one(
    Sent,
    sql`select coalesce(sum(row_count), 0)::integer as rows from writeback.page
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
            and object = ${object} and sent_at > ${scope.asOf}::timestamptz - interval '1 hour'`,
  );
  return Math.max(0, settings.writeback.maxPerHour - rows);
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

/** What a sending did, and why it ended early. */
type Sending = Pick<ObjectOutcome, "written" | "rejected" | "calls"> & {
  /** Writes of ours were seen to move owners of leads. */
  readonly stopped: LeadStop | null;
  /** The day's calls were spent. */
  readonly spent: QuotaExhaustedError | null;
};

/**
 * Sends what stands in `writeback.pending` for one object, page by page, each page's outcomes committed before the next
 * page. Ends early where writes of ours are seen to move owners of leads, or the day's calls are spent: what was not
 * sent stays pending.
 */
export async function sendPages(ctx: PushContext, job: SendJob): Promise<Sending> {
  const total = { written: 0, rejected: 0, calls: 0 };
  try {
    const stopped = await sendAll(ctx, job, total);
    return { ...total, stopped, spent: null };
  } catch (error) {
    if (!(error instanceof QuotaExhaustedError)) throw error;
    return { ...total, stopped: null, spent: error };
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

async function markPublished(
  db: Database,
  scope: { readonly workspaceId: string; readonly connectionId: string; readonly asOf: Date },
  classes: readonly PublishClass[],
): Promise<void> {
  await db.execute(
    sql`insert into writeback.published (workspace_id, connection_id, class, published_at)
        select ${scope.workspaceId}, ${scope.connectionId}, class, ${scope.asOf}::timestamptz
        from unnest(${[...classes]}::text[]) as class
        on conflict (workspace_id, connection_id, class) do update set published_at = excluded.published_at`,
  );
}
