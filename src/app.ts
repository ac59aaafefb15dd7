import { resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Logger, pino } from "pino";
import { connectors, type SalesforceRoute, streams } from "../connectors/registry.ts";
import {
  type Environment,
  parseEnvironment,
  readEnvironment,
  salesforceAccess,
} from "./config/environment.ts";
import { type ReadSettings, readSettings } from "./config/read-settings.ts";
import type {
  ComputeSummary,
  CycleProgress,
  PullSummary,
  PushSummary,
  RemovalCounts,
  SweepSummary,
} from "./core/cycle.ts";
import { BusyError, ConfigError, RipelineError, type StuckError } from "./core/errors.ts";
import { toJson } from "./core/json.ts";
import type { ApiUsage, OpenConnection } from "./core/ports.ts";
import type { ReportRow } from "./core/report-data.ts";
import type { Settings } from "./core/settings.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "./core/time.ts";
import type { Database } from "./database/database.ts";
import { withLease } from "./database/lease.ts";
import { migrate } from "./database/migrate.ts";
import { openDatabase } from "./database/open-database.ts";
import { acquireOwnership, type Owner, type Visitor } from "./database/owner-socket.ts";
import { sql } from "./database/sql.ts";
import { stoppable } from "./database/stoppable.ts";
import { withTimeout } from "./database/with-timeout.ts";
import { catalog } from "./metrics/catalog.ts";
import { compute } from "./metrics/compute.ts";
import { type CostImport, importCosts } from "./metrics/cost-ledger.ts";
import { type Explanation, explain } from "./metrics/explain.ts";
import { isWhole, publishedAsOf, readConsistently } from "./metrics/publication.ts";
import { type ReportQuery, readReport } from "./metrics/report.ts";
import { readStoredReport, type StoredReport } from "./metrics/report-data.ts";
import { type CallBudget, readCallBudget, storedCallLedger } from "./mirror/call-ledger.ts";
import { noteDailyCallLimit, pinConnection, readConnection } from "./mirror/connection-record.ts";
import { readEmailKey } from "./mirror/email-key.ts";
import { type Forgotten, forgetPeople, isPerson, recordsOfPerson } from "./mirror/forget-people.ts";
import { pullCycle } from "./mirror/pull-cycle.ts";
import { type Reconciliation, readReconciliation, reconcile } from "./mirror/reconcile.ts";
import { type RecordCounts, readCounts } from "./mirror/record-counts.ts";
import { newestPull, recordRun } from "./mirror/run-ledger.ts";
import type { MirrorKey } from "./mirror/stream-state.ts";
import { type ApplyOptions, type ApplyOutcome, apply } from "./provision/apply.ts";
import type { ChosenCadence, WantedCadence } from "./provision/cadence.ts";
import { type DoctorReport, doctor } from "./provision/doctor.ts";
import { cadenceOfStore, type Plan, plan } from "./provision/plan.ts";
import { readStatus, type StatusReport as StreamReport } from "./provision/status.ts";
import { type AuditList, type AuditQuery, readAudit } from "./writeback/audit.ts";
import { dueClasses, readPublished } from "./writeback/due-classes.ts";
import { type LeadStop, resumeLeadWrites } from "./writeback/owner-guard.ts";
import { resumeWrites, type WritePause } from "./writeback/pause.ts";
import { push } from "./writeback/push.ts";
import { isSweepDue, sweep } from "./writeback/sweep.ts";
import { PUBLISH_CLASSES, type PublishClass } from "./writeback/targets/target.ts";
import { targetObjects } from "./writeback/targets.ts";
import { type UndoOutcome, undoRun } from "./writeback/undo.ts";
import { readWritebackStatus, type WritebackStatus } from "./writeback/writeback-status.ts";

export type { Owner, Visitor } from "./database/owner-socket.ts";
export type { CostImport } from "./metrics/cost-ledger.ts";
export type { Explanation } from "./metrics/explain.ts";
export type { ReportQuery } from "./metrics/report.ts";
export type { StoredReport } from "./metrics/report-data.ts";
export type { Forgotten } from "./mirror/forget-people.ts";
export type { Reconciliation } from "./mirror/reconcile.ts";
export type { ApplyOutcome } from "./provision/apply.ts";
export type { DoctorReport } from "./provision/doctor.ts";
export type { Plan } from "./provision/plan.ts";
export type { AuditLine, AuditList, AuditQuery } from "./writeback/audit.ts";
export type { UndoneObject, UndoOutcome } from "./writeback/undo.ts";

/** What `status` shows: writing first, since a stop stands there. */
export interface StatusReport extends WritebackStatus, StreamReport {
  /** The CRM's own record counts beside ours; null before the first comparison. */
  readonly counts: RecordCounts | null;
  /** The last comparison of ids; null before the first. */
  readonly reconciliation: Reconciliation | null;
  /** Our calls of the last 24 hours; null before the first. */
  readonly budget: CallBudget | null;
}

export interface AppOptions {
  readonly configFile?: string;
  /** File of variables instead of `.env`. */
  readonly envFile?: string;
  /** Used instead of the process's environment; the demo brings its own. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Changes settings after they were read; the demo's company begins on a known day. */
  readonly adjust?: (settings: Settings) => Settings;
  /** An open and migrated store instead of the environment's; `close` leaves it open. For tests, which use one often. */
  readonly store?: Database;
  /** How the connection reads and writes, where that is not to be decided by sizes; for tests with few records. */
  readonly route?: SalesforceRoute;
  /** How long another process leaves the connection alone after the last sign of life of one that works on it. */
  readonly leaseMs?: number;
}

/** What may end a piece of work, and who is told when it does not end. */
export interface WorkBounds {
  /** For messages: `compute`. */
  readonly name: string;
  readonly timeoutMs: number;
  /** Ends the work before its time, for its own reason. */
  readonly stop?: AbortSignal;
  /** See `withTimeout`. */
  readonly onStuck?: (error: StuckError) => void;
}

/** Everything a command or a job may do, on one store and one connection. A step whose `signal` aborts throws its reason. */
export interface App {
  readonly settings: Settings;
  readonly log: Logger;
  readonly store: Database;
  readonly redisUrl: string | undefined;
  /** Names of all metrics, in the order of the dictionary. */
  readonly metricNames: readonly string[];
  pull(
    which: "due" | "all",
    onProgress: (progress: CycleProgress) => void,
    signal?: AbortSignal,
  ): Promise<PullSummary>;
  compute(
    asOf: Date,
    onProgress: (progress: CycleProgress) => void,
    signal?: AbortSignal,
  ): Promise<ComputeSummary>;
  /** @param classes `flags`: those on records, whatever is due */
  push(
    classes: "due" | "all" | "flags",
    asOf: Date,
    onProgress: (progress: CycleProgress) => void,
    signal?: AbortSignal,
  ): Promise<PushSummary>;
  plan(): Promise<Plan>;
  /** Waits for a step that is under way on this connection. @throws BusyError when it does not end soon */
  apply(options: ApplyOptions): Promise<ApplyOutcome>;
  /** Deletes rows of ours that should not be in the CRM any more, as of its clock now. */
  sweep(signal?: AbortSignal): Promise<SweepSummary>;
  /**
   * Compares the ids of every stream with the CRM's and repairs what differs, see `mirror/reconcile.ts`.
   * @param acceptVanished closes vanished records also where suspiciously many are
   */
  reconcile(options: { readonly acceptVanished: boolean }, signal?: AbortSignal): Promise<Reconciliation>;
  /** As `reconcile`, after waiting for a step that is under way. @throws BusyError when it does not end soon */
  reconcileInTurn(options: { readonly acceptVanished: boolean }): Promise<Reconciliation>;
  /** Writes to leads again after a stop. @returns the stop that was lifted, or null */
  resumeLeadWrites(): Promise<LeadStop | null>;
  /** Writes to the CRM, newest first. */
  audit(query: AuditQuery): Promise<AuditList>;
  /**
   * Takes back what a run wrote, where the CRM still holds it, and pauses writing; a dry run only tells what it would
   * do. Waits for a step that is under way. @throws ConfigError for an unknown run; BusyError
   */
  undo(
    runId: string,
    options: { readonly isDryRun: boolean },
    onProgress: (progress: CycleProgress) => void,
  ): Promise<UndoOutcome>;
  /** Writes again after an undo. @returns the pause that was lifted, or null */
  resumeWrites(): Promise<WritePause | null>;
  /**
   * Erases a person from the store, and keeps pulls from bringing it back; the CRM is not touched. Waits for a step that
   * is under way. @param person a lead's or contact's id, or an e-mail address
   * @throws ConfigError for anything else; BusyError
   */
  forget(person: string): Promise<Forgotten>;
  /** How often streams are read: as ripeline.yaml says, or by the org's calls a day as far as they are known. */
  cadence(): Promise<ChosenCadence>;
  /** Asks the org for its calls a day where nobody has yet; an org that cannot be reached is no failure. */
  learnQuota(): Promise<void>;
  doctor(): Promise<DoctorReport>;
  status(): Promise<StatusReport>;
  report(query: ReportQuery): Promise<readonly ReportRow[]>;
  storedReport(): Promise<StoredReport | undefined>;
  explain(metric: string, row: string): Promise<Explanation>;
  /** Takes a cost file into the ledger, all of its lines or none. @throws ConfigError naming the lines that are wrong */
  importCosts(source: { readonly file: string; readonly text: string }): Promise<CostImport>;
  /** Calls of this process so far, and the org's own figures. */
  usage(): Promise<ApiUsage>;
  /** True where a later pull has ended since: whatever belongs to `asOf` is out of date. */
  isSuperseded(asOf: Date): Promise<boolean>;
  /** The instant whose numbers the store holds; null before the first compute. */
  computedAsOf(): Promise<Date | null>;
  /** Whether the store holds the whole of the numbers of `asOf`; not so during a compute, or after one that died. */
  isComputed(asOf: Date): Promise<boolean>;
  /**
   * Does `work` while no other process works on this connection, within `bounds` (a day). `signal` aborts when the
   * time is up, somebody asks to stop, or another process has taken the connection over.
   * @throws BusyError when another process works on the connection, or has taken it over; TimedOutError
   */
  exclusively<T>(work: (signal: AbortSignal) => Promise<T>, bounds?: WorkBounds): Promise<T>;
  close(): Promise<void>;
}

/** The command must be sent to the process that owns the embedded store. */
export interface Elsewhere {
  readonly visitor: Visitor;
}

/**
 * Opens the store and joins the parts. The org is contacted when a command first needs it.
 * @returns `Elsewhere` when another process owns the embedded store
 * @throws ConfigError for a wrong environment or ripeline.yaml; SchemaTooNewError for a newer store
 */
export async function openApp(
  options: AppOptions,
): Promise<{ readonly app: App; readonly owner: Owner | null } | Elsewhere> {
  const environment =
    options.variables === undefined ? readEnvironment(options.envFile) : parseEnvironment(options.variables);
  const read = readSettings(options.configFile);
  const settings = options.adjust?.(read.settings) ?? read.settings;
  const log = pino(
    { level: environment.RIPELINE_LOG_LEVEL, base: null },
    pino.destination({ dest: 2, sync: true }),
  );
  const opened = options.store === undefined ? await openStore(environment) : lent(options.store);
  if ("visitor" in opened) return opened;
  const { store, owner } = opened;
  try {
    await migrate(store);
    // We own the embedded store alone: a lease in it was left by a process that died.
    if (owner !== null) await store.execute(sql`delete from ripeline.lease`);
  } catch (error) {
    await store.close();
    await owner?.release();
    throw error;
  }
  const parts: Parts = {
    settings,
    environment,
    log,
    store,
    connect: connectOnce(environment, settings, store, log, options.route ?? {}),
    leaseMs: options.leaseMs ?? LEASE_MS,
  };
  return { app: buildApp(parts, read, owner), owner };
}

/** A store that somebody else closes. */
function lent(store: Database): { readonly store: Database; readonly owner: null } {
  return { store: { ...store, close: () => Promise.resolve() }, owner: null };
}

async function openStore(
  environment: Environment,
): Promise<{ readonly store: Database; readonly owner: Owner | null } | Elsewhere> {
  if (environment.DATABASE_URL !== undefined) {
    return { store: await openDatabase({ url: environment.DATABASE_URL }), owner: null };
  }
  const dataDirectory = resolve(environment.RIPELINE_DATA_DIR);
  const ownership = await acquireOwnership(dataDirectory);
  if (!ownership.owned) return { visitor: ownership };
  try {
    return { store: await openDatabase({ dataDirectory, owner: ownership }), owner: ownership };
  } catch (error) {
    await ownership.release();
    if (error instanceof RipelineError) throw error;
    throw new ConfigError(
      `The embedded store in ${dataDirectory} cannot be opened: is the folder readable, and made by this version? ` +
        "Move it away to start anew (nothing in the CRM is lost), or point RIPELINE_DATA_DIR elsewhere.",
      { cause: error },
    );
  }
}

interface Parts {
  readonly settings: Settings;
  readonly environment: Environment;
  readonly log: Logger;
  readonly store: Database;
  readonly connect: LazyConnection;
  readonly leaseMs: number;
}

/** Signs in at the first call. `opened` is the connection of earlier calls, if there was one. */
type LazyConnection = (() => Promise<OpenConnection>) & {
  readonly opened: () => Promise<OpenConnection> | undefined;
};

/** Signs in when first asked, checks that it is the org of this store, and keeps the connection. */
function connectOnce(
  environment: Environment,
  settings: Settings,
  store: Database,
  log: Logger,
  route: SalesforceRoute,
): LazyConnection {
  let opened: Promise<OpenConnection> | undefined;
  const open = async (): Promise<OpenConnection> => {
    const access = salesforceAccess(environment);
    if (access === null) {
      throw new ConfigError(
        "No CRM is configured. Set SALESFORCE_CLIENT_ID, SALESFORCE_USERNAME and SALESFORCE_PRIVATE_KEY_FILE in .env " +
          "(README, Connect a real org), or try `npm run demo`, which brings its own org.",
      );
    }
    const connection = await connectors.salesforce({
      ...access,
      ...route,
      log,
      ceilingShare: settings.api.ceiling,
      ledger: storedCallLedger(store, keyOf(settings)),
    });
    await pinConnection(store, keyOf(settings), await connection.identity());
    return connection;
  };
  const connect = (): Promise<OpenConnection> => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  return Object.assign(connect, { opened: () => opened });
}

function keyOf(settings: Settings): MirrorKey {
  return { workspaceId: settings.workspace.id, connectionId: settings.connectionId };
}

function buildApp(parts: Parts, read: ReadSettings, owner: Owner | null): App {
  const { settings, environment, log, store } = parts;
  const key = keyOf(settings);
  const lease = {
    database: store,
    workspaceId: key.workspaceId,
    name: `connection ${key.connectionId}`,
    ttlMs: parts.leaseMs,
  };
  const wanted = {
    fast: read.cadences.fastMinutes,
    money: read.cadences.moneyMinutes,
    slow: read.cadences.slowMinutes,
  };
  const cadence = rememberCadence(parts, key, wanted);
  const exclusively: App["exclusively"] = (work, { stop, ...bounds } = A_DAY) =>
    withLease(lease, (lost) => {
      const ended = stop === undefined ? lost : AbortSignal.any([lost, stop]);
      return settled(parts, () => withTimeout({ ...bounds, database: store, stop: ended }, work));
    });
  return {
    settings,
    cadence,
    log,
    store,
    redisUrl: environment.REDIS_URL,
    metricNames: catalog.map((entry) => entry.name),
    pull: (which, onProgress, signal = never) =>
      recordRun(
        store,
        key,
        "pull",
        async () => {
          const { summary: result, counts } = await pullCycle(
            {
              db: stoppable(store, signal),
              connection: (await parts.connect()).during(signal),
              settings,
              secretKey: environment.RIPELINE_SECRET_KEY,
              cadenceMinutes: (await cadence()).minutes,
              onProgress,
            },
            which,
          );
          return { result, asOf: new Date(result.asOf), detail: { apiCalls: result.apiCalls, counts } };
        },
        signal,
      ),
    compute: (asOf, onProgress, signal = never) =>
      recordRun(
        store,
        key,
        "compute",
        async () => {
          const outcome = await compute({ db: stoppable(store, signal) }, settings, {
            asOf,
            connectionId: key.connectionId,
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
      ),
    push: (which, asOf, onProgress, signal = never) =>
      recordRun(
        store,
        key,
        "push",
        async (runId) => {
          const result = await pushStep(parts, key, { which, asOf, runId, onProgress, signal });
          return { result, asOf, detail: { apiCalls: result.apiCalls } };
        },
        signal,
      ),
    plan: async () => plan({ db: store, connection: await parts.connect() }, settings, wanted),
    apply: (options) =>
      inTurn(exclusively, (signal) =>
        recordRun(
          store,
          key,
          "apply",
          async () => {
            const connection = (await parts.connect()).during(signal);
            const result = await apply({ db: stoppable(store, signal), connection }, settings, options);
            // What our user may see has changed: the next pull describes anew.
            await store.execute(sql`
              update mirror.connection set facts_read_at = null
              where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}`);
            return { result, asOf: null, detail: {} };
          },
          signal,
        ),
      ),
    sweep: (signal = never) =>
      recordRun(
        store,
        key,
        "sweep",
        async (runId) => {
          const result = await sweepStep(parts, key, runId, signal);
          return { result, asOf: new Date(result.asOf), detail: { apiCalls: result.apiCalls } };
        },
        signal,
      ),
    reconcile: (options, signal = never) => reconcileStep(parts, key, options, signal),
    reconcileInTurn: (options) => inTurn(exclusively, (signal) => reconcileStep(parts, key, options, signal)),
    resumeLeadWrites: async () => resumeLeadWrites(store, key, await (await parts.connect()).serverTime()),
    audit: (query) => readAudit(store, key, query),
    undo: (runId, { isDryRun }, onProgress) =>
      inTurn(exclusively, (signal) =>
        isDryRun
          ? undoStep(parts, { runId, undoRunId: null, onProgress, signal })
          : recordRun(
              store,
              key,
              "undo",
              async (undoRunId) => {
                const result = await undoStep(parts, { runId, undoRunId, onProgress, signal });
                return { result, asOf: null, detail: { undone: runId, isFinished: result.isFinished } };
              },
              signal,
            ),
      ),
    resumeWrites: () => resumeWrites(store, key),
    forget: (person) =>
      inTurn(exclusively, (signal) =>
        recordRun(
          store,
          key,
          "forget",
          async () => {
            const result = await forgetStep(parts, key, person, signal);
            return { result, asOf: null, detail: { records: result.records, rows: result.rows } };
          },
          signal,
        ),
      ),
    learnQuota: () => learnQuota(parts, key),
    doctor: () => doctor({ db: store, settings, settingsFile: read.file, connect: parts.connect }),
    status: async () => ({
      ...(await readWritebackStatus(store, key)),
      ...(await readStatus(store, settings)),
      counts: (await readCounts(store, key)) ?? null,
      reconciliation: (await readReconciliation(store, key)) ?? null,
      budget: await readCallBudget(store, key, settings.api.ceiling),
    }),
    report: (query) => readReport(store, key.workspaceId, query),
    storedReport: async () => {
      const counts = await readCounts(store, key);
      return readConsistently(store, key.workspaceId, (published) =>
        readStoredReport(published, settings, counts),
      );
    },
    explain: (metric, row) =>
      readConsistently(store, key.workspaceId, (published) => explain(published, settings, metric, row)),
    importCosts: (source) => importCosts(store, settings, source),
    usage: async () => (await parts.connect()).usage(),
    isSuperseded: async (asOf) => {
      const newest = await newestPull(store, key);
      return newest !== null && newest.getTime() > asOf.getTime();
    },
    computedAsOf: () => publishedAsOf(store, key.workspaceId),
    isComputed: (asOf) => isWhole(store, key.workspaceId, asOf),
    exclusively,
    close: async () => {
      await settle(parts);
      await parts.connect.opened()?.then((connection) => connection.close());
      await store.close();
      await owner?.release();
    },
  };
}

/** Does the work; whatever became of it, calls that it booked and did not send are given back. */
async function settled<T>(parts: Parts, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await settle(parts);
  }
}

/** The store may be what failed: then a few calls too many stay counted until the next piece of work ends. */
async function settle({ connect, log }: Parts): Promise<void> {
  try {
    await (await connect.opened())?.settle();
  } catch (error) {
    log.debug({ reason: error instanceof Error ? error.message : "unknown" }, "calls were not given back");
  }
}

/** Long enough for a slow statement between two renewals, short enough to wait for after a process has died. */
const LEASE_MS = 60_000;

/** For work that nobody ends. */
const never = new AbortController().signal;
const A_DAY: WorkBounds = { name: "the command", timeoutMs: DAY_MS };

/** As long as somebody at a terminal waits for a step to end; longer than the lease of a process that died. */
const TURN_MS = 2 * MINUTE_MS;

/** Does the work when the connection is free, waiting a while for it. @throws BusyError when it stays taken */
async function inTurn<T>(
  exclusively: App["exclusively"],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const until = Date.now() + TURN_MS;
  let hasBegun = false;
  for (;;) {
    try {
      return await exclusively((signal) => {
        hasBegun = true;
        return work(signal);
      });
    } catch (error) {
      if (!(error instanceof BusyError) || hasBegun || Date.now() > until) throw error;
      await setTimeout(SECOND_MS);
    }
  }
}

/** The cadence costs a count of report rows: worked out hourly, and anew when the quota becomes known. */
function rememberCadence(
  { store, settings }: Parts,
  key: MirrorKey,
  wanted: WantedCadence,
): () => Promise<ChosenCadence> {
  let last:
    | { readonly at: number; readonly limit: number | null; readonly chosen: ChosenCadence }
    | undefined;
  return async () => {
    const record = await readConnection(store, key);
    const limit = record?.daily_call_limit ?? null;
    if (last !== undefined && last.limit === limit && Date.now() - last.at < HOUR_MS) return last.chosen;
    const org = {
      streams: streams.salesforce,
      dailyLimit: limit,
      automation: record?.automation ?? [],
    };
    const chosen = await cadenceOfStore(store, settings, org, wanted);
    last = { at: Date.now(), limit, chosen };
    return chosen;
  };
}

async function learnQuota({ store, connect, log }: Parts, key: MirrorKey): Promise<void> {
  const known = await readConnection(store, key);
  if (known?.daily_call_limit != null) return;
  try {
    const connection = await connect();
    // Any metered answer names the calls a day.
    if (connection.usage().dailyLimit === null) await connection.count("User");
    const { dailyLimit } = connection.usage();
    if (dailyLimit !== null) await noteDailyCallLimit(store, key, dailyLimit);
  } catch (error) {
    if (!(error instanceof RipelineError)) throw error;
    log.warn({ code: error.code }, "the org did not tell its calls a day; the usual cadence applies");
  }
}

async function sweepStep(
  { store, settings, log, connect }: Parts,
  key: MirrorKey,
  runId: string,
  signal: AbortSignal,
): Promise<SweepSummary> {
  const started = performance.now();
  const connection = (await connect()).during(signal);
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

async function undoStep(
  parts: Parts,
  step: {
    readonly runId: string;
    readonly undoRunId: string | null;
    readonly onProgress: (progress: CycleProgress) => void;
    readonly signal: AbortSignal;
  },
): Promise<UndoOutcome> {
  const { runId, undoRunId, signal } = step;
  const db = stoppable(parts.store, signal);
  const connection = (await parts.connect()).during(signal);
  const asOf = await connection.serverTime();
  const targets = targetObjects({ closedStatuses: [], catalog });
  return undoRun({ db, connection, log: parts.log }, parts.settings, targets, {
    runId,
    undoRunId,
    asOf,
    onProgress: ({ object, done }) => step.onProgress({ step: "push", item: object, done, total: null }),
  });
}

function reconcileStep(
  { store, settings, environment, log, connect }: Parts,
  key: MirrorKey,
  options: { readonly acceptVanished: boolean },
  signal: AbortSignal,
): Promise<Reconciliation> {
  return recordRun(
    store,
    key,
    "reconcile",
    async () => {
      const result = await reconcile(
        {
          db: stoppable(store, signal),
          connection: (await connect()).during(signal),
          settings,
          secretKey: environment.RIPELINE_SECRET_KEY,
        },
        options,
      );
      for (const { object, held } of result.objects) {
        if (held > 0) log.warn({ object, held }, "many records vanished at once: `ripeline status` tells");
      }
      return { result, asOf: new Date(result.at), detail: toJson(result) };
    },
    signal,
  );
}

async function forgetStep(
  { store, environment }: Parts,
  key: MirrorKey,
  person: string,
  signal: AbortSignal,
): Promise<Forgotten> {
  if (!isPerson(person)) {
    throw new ConfigError(
      "forget: expected a lead's or contact's id (15 or 18 letters and digits, beginning with 00Q or 003) or an e-mail " +
        "address. Nothing was changed",
    );
  }
  const db = stoppable(store, signal);
  const emails = await readEmailKey(db, key.workspaceId, environment.RIPELINE_SECRET_KEY);
  const ids = await recordsOfPerson(db, key, person, emails);
  return forgetPeople(db, key, ids, new Date());
}

async function pushStep(
  parts: Parts,
  key: MirrorKey,
  step: {
    readonly which: "due" | "all" | "flags";
    readonly asOf: Date;
    readonly runId: string;
    readonly onProgress: (progress: CycleProgress) => void;
    readonly signal: AbortSignal;
  },
): Promise<PushSummary> {
  const { settings, log } = parts;
  const started = performance.now();
  const store = stoppable(parts.store, step.signal);
  const connection = (await parts.connect()).during(step.signal);
  const callsBefore = connection.usage().metered;
  const record = await readConnection(store, key);
  if (record?.applied_at == null) {
    log.info("nothing is written before apply");
    return { objects: {}, removed: {}, apiCalls: 0, seconds: (performance.now() - started) / 1000 };
  }
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
  const mayRemove =
    step.which !== "flags" && (await isSweepDue(store, settings, { asOf, isByHand: step.which === "all" }));
  const removed: RemovalCounts = mayRemove
    ? await sweep({ db: store, connection, log }, settings, { runId, asOf })
    : {};
  return {
    objects,
    removed,
    apiCalls: connection.usage().metered - callsBefore,
    seconds: (performance.now() - started) / 1000,
  };
}
