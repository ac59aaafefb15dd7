import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { Connection, WriteOutcome } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { desiredRows } from "./desired.ts";
import { forgetGone, planChanges, refreshStatistics } from "./diff.ts";
import { ownersMovedByUs } from "./owner-guard.ts";
import { type RowResult, recordPage } from "./record-page.ts";
import { nextTry } from "./retry-policy.ts";
import { BATCHES_PER_CALL, KeptAutomation, startingBatchSize } from "./targets/batch-size.ts";
import type { PublishClass, TargetObject } from "./targets/target.ts";
import { assertOurNames, ridingFields } from "./targets.ts";

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
  /** Left for later by the hourly limit. */
  readonly deferred: number;
  /** Metered calls. */
  readonly calls: number;
  /** Why nothing was written to the object; null where nothing stood in the way. */
  readonly blocked: string | null;
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

/** The new owner may not own such a row: it is written without, and stays the integration user's. */
const OWNER_REFUSED: ReadonlySet<string> = new Set(["TRANSFER_REQUIRES_READ", "INACTIVE_OWNER_OR_USER"]);

interface Job extends PushOptions {
  readonly target: TargetObject;
  readonly workspaceId: string;
  readonly connectionId: string;
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
 * Flags go first. A refused row never stops its neighbours: it is tried once more at the end where that may help, then
 * by `retry-policy.ts`.
 * @param targets what may be written, in the order of writing
 * @throws ConfigError when nothing has been computed yet
 * @throws ConnectorError of `connection.write` (network, quota, sign-in); pages before it are committed
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
  for (const target of targets.filter(({ class: ofClass }) => options.classes.includes(ofClass))) {
    const model = desiredRows(target, {
      settings,
      asOf: options.asOf,
      hasMultipleCurrencies: facts.has_multiple_currencies,
      usage: connection.usage(),
    });
    if (model === undefined) continue;
    await forgetGone(db, target, scope);
    const changed = await planChanges(db, target, model, scope);
    const name = `${connection.crm}.${target.object}`;
    const blocked = changed > 0 ? await whyBlocked(ctx, target, scope) : null;
    const sent = await sentWithinTheHour(db, target, scope);
    const allowance = blocked === null ? Math.max(0, settings.writeback.maxPerHour - sent) : 0;
    const batchSize = startingBatchSize(target.object, facts.automation);
    const done = await sendPages(ctx, { ...options, ...scope, target, batchSize, allowance, changed });
    outcome[name] = { changed, ...done, deferred: changed - done.written - done.rejected, blocked };
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
  if (outcome.blocked !== null) log.warn(facts, outcome.blocked);
  else if (outcome.rejected > 0)
    log.warn(facts, "pushed, with rows the CRM refused: `ripeline status` lists them");
  else log.info(facts, "pushed");
}

async function readFacts(
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

async function whyBlocked(
  ctx: PushContext,
  target: TargetObject,
  scope: { readonly workspaceId: string; readonly connectionId: string; readonly asOf: Date },
): Promise<string | null> {
  if (target.object !== "Lead") return null;
  const { userId } = await ctx.connection.identity();
  const moved = await ownersMovedByUs(ctx.db, scope, userId);
  if (moved === 0) return null;
  return (
    `lead writes have stopped: ${moved} lead(s) changed owner by our own user just after we wrote to them. ` +
    "Find the assignment rule, flow or trigger that runs on our writes (docs: $Permission.Ripeline_Bypass); " +
    "writes resume a day after the last such change"
  );
}

async function sentWithinTheHour(
  db: Database,
  target: TargetObject,
  scope: { readonly workspaceId: string; readonly connectionId: string; readonly asOf: Date },
): Promise<number> {
  const { rows } = await db.one(
    Sent,
    sql`select coalesce(sum(row_count), 0)::integer as rows from writeback.page
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
            and object = ${target.object} and sent_at > ${scope.asOf}::timestamptz - interval '1 hour'`,
  );
  return rows;
}

/** Rows acknowledged in one push after which the table's statistics are renewed, and again at each fourfold. */
const FIRST_STATISTICS = 500;

async function sendPages(
  ctx: PushContext,
  job: Job,
): Promise<Pick<ObjectOutcome, "written" | "rejected" | "calls">> {
  const total = { written: 0, rejected: 0, calls: 0 };
  const riding = ridingFields(job.target);
  let left = job.allowance;
  let statisticsDue = FIRST_STATISTICS;
  // Everything once; then, once more, what a lock or the like refused.
  for (const attempts of [0, 1]) {
    let after = 0;
    while (left > 0) {
      const size = Math.min(left, job.batchSize * BATCHES_PER_CALL);
      const page = await nextPage(ctx.db, job, { attempts, after, size });
      if (page.length === 0) break;
      after = page.at(-1)?.position ?? after;
      left -= page.length;
      const { results, calls } = await sendPage(ctx, job, page);
      await recordPage(ctx.db, { ...job, object: job.target.object, riding, calls }, results);
      total.calls += calls;
      total.written += results.filter((row) => row.result === "written").length;
      total.rejected += results.filter((row) => row.result === "refused").length;
      const done = total.written + total.rejected;
      if (done >= statisticsDue) {
        await refreshStatistics(ctx.db, "acknowledged");
        statisticsDue = done * 4;
      }
      job.onProgress?.({ object: job.target.object, done, total: job.changed });
    }
  }
  return total;
}

async function nextPage(
  db: Database,
  job: Job,
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
  job: Job,
  page: readonly z.infer<typeof PendingRow>[],
): Promise<{ readonly results: readonly RowResult[]; readonly calls: number }> {
  const { target } = job;
  const rows = page.map((row) => {
    const entries = Object.entries(row.changes).filter(([name]) => name !== target.keyField);
    assertOurNames(
      target,
      entries.map(([name]) => name),
    );
    return { key: row.key, fields: Object.fromEntries(entries) };
  });
  const { outcomes, calls } = await ctx.connection.write({
    object: target.object,
    keyField: target.keyField,
    rows,
    batchSize: job.batchSize,
  });
  const results = page.map((row, index) => judge(job, row, outcomes[index]));
  return { results, calls };
}

function judge(job: Job, row: z.infer<typeof PendingRow>, outcome: WriteOutcome | undefined): RowResult {
  const { position } = row;
  if (outcome === undefined) {
    throw new TypeError(`the connector gave no outcome for ${job.target.object} ${row.key}`);
  }
  if (outcome.ok) return { position, result: "written", recordId: outcome.id, created: outcome.created };
  const ownerRefused = OWNER_REFUSED.has(outcome.code) && "OwnerId" in row.changes;
  if (row.attempts === 0 && (outcome.retryable || ownerRefused)) {
    return { position, result: "again", withheld: ownerRefused ? ["OwnerId"] : [] };
  }
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
