import { resolve } from "node:path";
import { type Logger, pino } from "pino";
import { z } from "zod";
import { connectors } from "../connectors/registry.ts";
import {
  type Environment,
  parseEnvironment,
  readEnvironment,
  salesforceAccess,
} from "./config/environment.ts";
import { type Cadences, type ReadSettings, readSettings } from "./config/read-settings.ts";
import type { ComputeSummary, CycleProgress, PullSummary, PushSummary } from "./core/cycle.ts";
import { ConfigError, RipelineError } from "./core/errors.ts";
import { toJson } from "./core/json.ts";
import type { ApiUsage, Connection } from "./core/ports.ts";
import type { ReportRow } from "./core/report-data.ts";
import type { Settings } from "./core/settings.ts";
import type { Database } from "./database/database.ts";
import { withLease } from "./database/lease.ts";
import { migrate } from "./database/migrate.ts";
import { openDatabase } from "./database/open-database.ts";
import { acquireOwnership, type Owner, type Visitor } from "./database/owner-socket.ts";
import { sql } from "./database/sql.ts";
import { catalog } from "./metrics/catalog.ts";
import { compute } from "./metrics/compute.ts";
import { type Explanation, explain } from "./metrics/explain.ts";
import { type ReportQuery, readReport } from "./metrics/report.ts";
import { readStoredReport, type StoredReport } from "./metrics/report-data.ts";
import { pinConnection, readConnection } from "./mirror/connection-record.ts";
import { pullCycle } from "./mirror/pull-cycle.ts";
import { newestPull, recordRun } from "./mirror/run-ledger.ts";
import type { MirrorKey } from "./mirror/stream-state.ts";
import { type ApplyOutcome, apply } from "./provision/apply.ts";
import { type DoctorReport, doctor } from "./provision/doctor.ts";
import { type Plan, plan } from "./provision/plan.ts";
import { readStatus, type StatusReport } from "./provision/status.ts";
import { dueClasses, readPublished } from "./writeback/due-classes.ts";
import { push } from "./writeback/push.ts";
import { PUBLISH_CLASSES } from "./writeback/targets/target.ts";

export type { Owner, Visitor } from "./database/owner-socket.ts";
export type { Explanation } from "./metrics/explain.ts";
export type { ReportQuery } from "./metrics/report.ts";
export type { StoredReport } from "./metrics/report-data.ts";
export type { ApplyOutcome } from "./provision/apply.ts";
export type { DoctorReport } from "./provision/doctor.ts";
export type { Plan } from "./provision/plan.ts";
export type { StatusReport } from "./provision/status.ts";

export interface AppOptions {
  readonly configFile?: string;
  /** File of variables instead of `.env`. */
  readonly envFile?: string;
  /** Used instead of the process's environment; the demo brings its own. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Changes settings after they were read; the demo's company begins on a known day. */
  readonly adjust?: (settings: Settings) => Settings;
}

/** Everything a command or a job may do, on one store and one connection. */
export interface App {
  readonly settings: Settings;
  readonly cadences: Cadences;
  readonly log: Logger;
  readonly store: Database;
  readonly redisUrl: string | undefined;
  /** Names of all metrics, in the order of the dictionary. */
  readonly metricNames: readonly string[];
  pull(which: "due" | "all", onProgress: (progress: CycleProgress) => void): Promise<PullSummary>;
  compute(asOf: Date, onProgress: (progress: CycleProgress) => void): Promise<ComputeSummary>;
  push(
    classes: "due" | "all",
    asOf: Date,
    onProgress: (progress: CycleProgress) => void,
  ): Promise<PushSummary>;
  plan(): Promise<Plan>;
  apply(options: { readonly checkOnly: boolean }): Promise<ApplyOutcome>;
  doctor(): Promise<DoctorReport>;
  status(): Promise<StatusReport>;
  report(query: ReportQuery): Promise<readonly ReportRow[]>;
  storedReport(): Promise<StoredReport | undefined>;
  explain(metric: string, row: string): Promise<Explanation>;
  /** Calls of this process so far, and the org's own figures. */
  usage(): Promise<ApiUsage>;
  /** True where a later pull has ended since: whatever belongs to `asOf` is out of date. */
  isSuperseded(asOf: Date): Promise<boolean>;
  /** The instant whose numbers the store holds; null before the first compute. */
  computedAsOf(): Promise<Date | null>;
  /** Does `work` while no other process works on this connection. @throws BusyError when one does */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Ends the statement under way, for a step that took too long. */
  interrupt(): Promise<void>;
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
  const opened = await openStore(environment);
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
    connect: connectOnce(environment, settings, store, log),
  };
  return { app: buildApp(parts, read, owner), owner };
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
}

/** Signs in at the first call. `opened` is the connection of earlier calls, if there was one. */
type LazyConnection = (() => Promise<Connection>) & {
  readonly opened: () => Promise<Connection> | undefined;
};

/** Signs in when first asked, checks that it is the org of this store, and keeps the connection. */
function connectOnce(
  environment: Environment,
  settings: Settings,
  store: Database,
  log: Logger,
): LazyConnection {
  let opened: Promise<Connection> | undefined;
  const open = async (): Promise<Connection> => {
    const access = salesforceAccess(environment);
    if (access === null) {
      throw new ConfigError(
        "No CRM is configured. Set SALESFORCE_CLIENT_ID, SALESFORCE_USERNAME and SALESFORCE_PRIVATE_KEY_FILE in .env " +
          "(README, Connect a real org), or try `npm run demo`, which brings its own org.",
      );
    }
    const connection = await connectors.salesforce({ ...access, log, ceilingShare: settings.api.ceiling });
    await pinConnection(store, keyOf(settings), await connection.identity());
    return connection;
  };
  const connect = (): Promise<Connection> => {
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
    ttlMs: LEASE_MS,
  };
  const { cadences } = read;
  return {
    settings,
    cadences,
    log,
    store,
    redisUrl: environment.REDIS_URL,
    metricNames: catalog.map((entry) => entry.name),
    pull: (which, onProgress) =>
      recordRun(store, key, "pull", async () => {
        const result = await pullCycle(
          {
            db: store,
            connection: await parts.connect(),
            settings,
            secretKey: environment.RIPELINE_SECRET_KEY,
            cadenceMinutes: {
              fast: cadences.fastMinutes,
              money: cadences.moneyMinutes,
              slow: cadences.slowMinutes,
            },
            onProgress,
          },
          which,
        );
        return { result, asOf: new Date(result.asOf), detail: { apiCalls: result.apiCalls } };
      }),
    compute: (asOf, onProgress) =>
      recordRun(store, key, "compute", async () => {
        const outcome = await compute({ db: store }, settings, {
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
      }),
    push: (which, asOf, onProgress) =>
      recordRun(store, key, "push", async (runId) => {
        const result = await pushStep(parts, key, { which, asOf, runId, onProgress });
        return { result, asOf, detail: { apiCalls: result.apiCalls } };
      }),
    plan: async () =>
      plan({ db: store, connection: await parts.connect() }, settings, {
        fast: cadences.fastMinutes,
        money: cadences.moneyMinutes,
        slow: cadences.slowMinutes,
      }),
    apply: (options) =>
      recordRun(store, key, "apply", async () => {
        const connection = await parts.connect();
        const result = await apply({ db: store, connection }, settings, options);
        // What our user may see has changed: the next pull describes anew.
        await store.execute(sql`
          update mirror.connection set facts_read_at = null
          where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}`);
        return { result, asOf: null, detail: {} };
      }),
    doctor: () => doctor({ db: store, settings, settingsFile: read.file, connect: parts.connect }),
    status: () => readStatus(store, settings),
    report: (query) => readReport(store, key.workspaceId, query),
    storedReport: () => readStoredReport(store, settings),
    explain: (metric, row) => explain(store, settings, metric, row),
    usage: async () => (await parts.connect()).usage(),
    isSuperseded: async (asOf) => {
      const newest = await newestPull(store, key);
      return newest !== null && newest.getTime() > asOf.getTime();
    },
    computedAsOf: async () =>
      (
        await store.maybeOne(
          ComputedRow,
          sql`
      select as_of from metrics.run where workspace_id = ${key.workspaceId}`,
        )
      )?.as_of ?? null,
    exclusively: (work) => withLease(lease, work),
    interrupt: () => store.interrupt(),
    close: async () => {
      await parts.connect.opened()?.then((connection) => connection.close());
      await store.close();
      await owner?.release();
    },
  };
}

const ComputedRow = z.object({ as_of: z.date() });

/** Long enough for a slow statement between two renewals, short enough to wait for after a process has died. */
const LEASE_MS = 60_000;

async function pushStep(
  { store, settings, log, connect }: Parts,
  key: MirrorKey,
  step: {
    readonly which: "due" | "all";
    readonly asOf: Date;
    readonly runId: string;
    readonly onProgress: (progress: CycleProgress) => void;
  },
): Promise<PushSummary> {
  const started = performance.now();
  const connection = await connect();
  const callsBefore = connection.usage().metered;
  const record = await readConnection(store, key);
  if (record?.applied_at == null) {
    log.info("nothing is written before apply");
    return { objects: {}, apiCalls: 0, seconds: (performance.now() - started) / 1000 };
  }
  const classes =
    step.which === "all"
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
  return {
    objects,
    apiCalls: connection.usage().metered - callsBefore,
    seconds: (performance.now() - started) / 1000,
  };
}
