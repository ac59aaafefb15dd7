import type { Logger } from "pino";
import {
  type ComputeSummary,
  type CycleProgress,
  isOnlyWaiting,
  type PullSummary,
  type PushSummary,
  type QuotaState,
  type RemovalCounts,
  type SweepSummary,
} from "../core/cycle.ts";
import { QuotaExhaustedError } from "../core/errors.ts";
import { toJson } from "../core/json.ts";
import { stoppable } from "../database/stoppable.ts";
import { compute } from "../metrics/compute.ts";
import { readConnection } from "../mirror/connection-record.ts";
import { pullWithinBudget, readQuotaState } from "../mirror/pull-within-budget.ts";
import { recordRun, WAITING } from "../mirror/run-ledger.ts";
import type { ChosenCadence } from "../provision/cadence.ts";
import { dueClasses, readPublished } from "../writeback/due-classes.ts";
import { push } from "../writeback/push.ts";
import { isSweepDue, sweep } from "../writeback/sweep.ts";
import { writtenTargets } from "../writeback/targets/provisioned.ts";
import { PUBLISH_CLASSES, type PublishClass } from "../writeback/targets/target.ts";
import type { Parts, Workspace } from "./parts.ts";

/** What a step tells while it works, and what ends it. */
export interface Watch {
  readonly onProgress: (progress: CycleProgress) => void;
  readonly signal: AbortSignal;
}

/** Reads one connection. */
export function pullStep(
  { crm, settings, key, environment, log, store, connect }: Parts,
  which: "due" | "all",
  cadence: () => Promise<ChosenCadence>,
  { onProgress, signal }: Watch,
): Promise<PullSummary> {
  return recordRun(
    store,
    key,
    "pull",
    async () => {
      const isNew = connect.opened() === undefined;
      const connection = await connect();
      // Who answers is a question that HubSpot counts.
      const opening = isNew ? connection.usage().metered : 0;
      const before = await readQuotaState(store, key);
      const written = await writtenTargets(store, settings, crm);
      const { summary, counts } = await pullWithinBudget(
        {
          db: stoppable(store, signal),
          connection: connection.during(signal),
          reserve: connection.during(signal, "reserve"),
          settings,
          secretKey: environment.RIPELINE_SECRET_KEY,
          cadenceMinutes: (await cadence()).minutes,
          // What runs on these decides how many rows go at once, where the CRM tells.
          writtenObjects: written.map(({ object }) => object),
          onProgress,
        },
        which,
      );
      const result = { ...summary, apiCalls: summary.apiCalls + opening };
      noteQuota(log, before, result.quota);
      const detail = { apiCalls: result.apiCalls, counts, quota: toJson(result.quota) };
      if (isOnlyWaiting(result)) return { result, asOf: null, detail, outcome: WAITING };
      return { result, asOf: new Date(result.asOf), detail };
    },
    signal,
  );
}

/** One line when the day's calls are spent and one when they are there again, over processes and restarts. */
function noteQuota(log: Logger, before: QuotaState | null, after: QuotaState | null): void {
  if (before === null && after !== null) {
    log.warn({ mode: after.mode, until: after.until }, after.message);
  } else if (before !== null && after === null) {
    log.info({ since: before.since }, "the day's calls are there again: all is read and written");
  }
}

/** See `App.compute`. Its line in the run ledger is the first connection's. */
export function computeStep(
  { settings, log, store, first: { key } }: Workspace,
  asOf: Date,
  { onProgress, signal }: Watch,
): Promise<ComputeSummary> {
  return recordRun(
    store,
    key,
    "compute",
    async () => {
      const outcome = await compute({ db: stoppable(store, signal) }, settings, {
        asOf,
        onModel: (model, done, total) => onProgress({ step: "compute", item: model, done, total }),
      });
      const result = {
        asOf: asOf.toISOString(),
        models: outcome.rows,
        seconds: outcome.milliseconds / 1000,
      };
      const slowest = outcome.models.toSorted((a, b) => b.milliseconds - a.milliseconds).slice(0, 8);
      log.debug({ slowest, milliseconds: outcome.milliseconds }, "computed");
      return { result, asOf, detail: { slowest: toJson(slowest) } };
    },
    signal,
  );
}

interface PushOptions extends Watch {
  readonly which: "due" | "all" | "flags";
  readonly asOf: Date;
}

/** Writes to one connection. */
export function pushStep(parts: Parts, options: PushOptions): Promise<PushSummary> {
  return recordRun(
    parts.store,
    parts.key,
    "push",
    async (runId) => {
      const result = await pushRun(parts, { ...options, runId });
      return { result, asOf: options.asOf, detail: { apiCalls: result.apiCalls } };
    },
    options.signal,
  );
}

async function pushRun(parts: Parts, step: PushOptions & { readonly runId: string }): Promise<PushSummary> {
  const { settings, key, log } = parts;
  const started = performance.now();
  const store = stoppable(parts.store, step.signal);
  const record = await readConnection(store, key);
  if (record?.applied_at == null) {
    log.info({ connection: key.connectionId }, "nothing is written before apply");
    const seconds = (performance.now() - started) / 1000;
    return { objects: {}, removed: {}, waiting: [], apiCalls: 0, seconds };
  }
  const connection = (await parts.connect()).during(step.signal);
  const callsBefore = connection.usage().metered;
  const classes: readonly PublishClass[] =
    step.which === "flags"
      ? ["record_flags"]
      : step.which === "all"
        ? PUBLISH_CLASSES
        : dueClasses(await readPublished(store, key), step.asOf, settings.workspace.timeZone);
  const outcome = await push({ db: store, connection, log }, settings, {
    runId: step.runId,
    asOf: step.asOf,
    classes,
    onProgress: ({ object, done, total }) => step.onProgress({ step: "push", item: object, done, total }),
  });
  const objects = Object.fromEntries(
    Object.entries(outcome).map(([object, { changed, written, rejected, calls }]) => [
      object,
      { changed, written, rejected, calls },
    ]),
  );
  const { asOf, runId } = step;
  const waiting = Object.keys(outcome).filter((object) => outcome[object]?.isQuotaSpent === true);
  const mayRemove =
    step.which !== "flags" &&
    waiting.length === 0 &&
    (await isSweepDue(store, settings, { asOf, isByHand: step.which === "all" }));
  const removed: RemovalCounts = mayRemove
    ? await whileCallsLast(() => sweep({ db: store, connection, log }, settings, { runId, asOf }))
    : {};
  return {
    objects,
    removed,
    waiting,
    apiCalls: connection.usage().metered - callsBefore,
    seconds: (performance.now() - started) / 1000,
  };
}

/** What is not deleted for want of calls is due at the next sweep. */
async function whileCallsLast(remove: () => Promise<RemovalCounts>): Promise<RemovalCounts> {
  try {
    return await remove();
  } catch (error) {
    if (error instanceof QuotaExhaustedError) return {};
    throw error;
  }
}

/** Sweeps one connection. */
export function sweepStep(parts: Parts, signal: AbortSignal): Promise<SweepSummary> {
  return recordRun(
    parts.store,
    parts.key,
    "sweep",
    async (runId) => {
      const result = await sweepRun(parts, runId, signal);
      return { result, asOf: new Date(result.asOf), detail: { apiCalls: result.apiCalls } };
    },
    signal,
  );
}

async function sweepRun(parts: Parts, runId: string, signal: AbortSignal): Promise<SweepSummary> {
  const { store, key, settings, log } = parts;
  const started = performance.now();
  const connection = (await parts.connect()).during(signal);
  const callsBefore = connection.usage().metered;
  const asOf = await connection.serverTime();
  const isApplied = (await readConnection(store, key))?.applied_at != null;
  const removed = isApplied
    ? await sweep({ db: stoppable(store, signal), connection, log }, settings, { runId, asOf })
    : {};
  return {
    asOf: asOf.toISOString(),
    removed,
    apiCalls: connection.usage().metered - callsBefore,
    seconds: (performance.now() - started) / 1000,
  };
}
