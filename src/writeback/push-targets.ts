import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { desiredRows } from "./desired.ts";
import { forgetGone, planChanges } from "./diff.ts";
import { describeLeadStop } from "./owner-guard.ts";
import { describePause, readPause } from "./pause.ts";
import { allowanceOf, leadStop, readFacts } from "./push-bounds.ts";
import type { PushContext, PushLog } from "./push-context.ts";
import { noteObject } from "./refused-objects.ts";
import { type SentPages, sendPages } from "./send-pages.ts";
import { startingBatchSize } from "./targets/batch-size.ts";
import type { PublishClass, TargetObject } from "./targets/target.ts";
import { askAgain, forgetUnwanted } from "./withheld-owners.ts";

export type { PushContext } from "./push-context.ts";

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
export interface ObjectOutcome extends Omit<SentPages, "stopped" | "spent" | "refusal"> {
  /** Rows whose desired values differ from what the CRM has. */
  readonly changed: number;
  /** Left for later: by the hourly limit, a stop, the day's calls, or a CRM that takes no row of the object. */
  readonly deferred: number;
  /** Why nothing was written to the object, or not all; null where nothing stood in the way. */
  readonly blocked: string | null;
  /** The day's calls were spent before all rows were sent: the rest waits. */
  readonly isQuotaSpent?: true;
}

/** Keys are `salesforce.Lead` and so on, in the order of writing; only objects of the classes asked for. */
export type PushOutcome = Readonly<Record<string, ObjectOutcome>>;

/**
 * Brings the CRM to the desired state: for each object of `classes`, desired minus acknowledged is sent page by page, and
 * each page's outcomes are committed before the next call. Running it again, after a crash too, sends only what is not
 * yet confirmed; where nothing changed it sends nothing.
 *
 * Flags go first, and what the day's calls do not reach for waits. A refused row never stops its neighbours: it is tried
 * once more at the end where that may help, then by `retry-policy.ts`. An object that HubSpot refuses whole never stops the
 * others: it is noted (`readRefusedObjects`) and asked for again at the next push.
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
    const { stopped, spent, refusal, ...done } = await sendPages(ctx, {
      ...options,
      ...scope,
      target,
      batchSize,
      allowance,
      changed,
    });
    const found = stop ?? stopped;
    const deferred = changed - done.written - done.rejected;
    await noteObject(db, scope, target.object, { refusal, waiting: deferred });
    outcome[name] = {
      changed,
      ...done,
      deferred,
      blocked: found === null ? ((spent ?? refusal)?.message ?? null) : describeLeadStop(found),
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
