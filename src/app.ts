import { type Logger, pino } from "pino";
import { fastestCadence, learnQuota, rememberCadence } from "./app/cadence.ts";
import { computeStep } from "./app/cycle-steps.ts";
import { createFlagKeeper, type FlagKeeper } from "./app/flag-keeper.ts";
import { type Elsewhere, lent, openMigratedStore } from "./app/open-store.ts";
import { openWorkspace } from "./app/open-workspace.ts";
import { type AppOptions, environmentOf, type Parts, type Workspace } from "./app/parts.ts";
import { mergeAudits, type PerConnection, perConnection } from "./app/per-connection.ts";
import { type CadenceOf, pullAll } from "./app/pull-all.ts";
import { pushAll, sweepAll } from "./app/push-all.ts";
import { applyAll, reconcileAll, resumeAll, resumeLeads, undoOn } from "./app/repair-all.ts";
import { forgetStep } from "./app/repair-steps.ts";
import { type Connected, connectStep, type Resealed, rotateKeyStep, type SignInCode } from "./app/sign-in.ts";
import { type Exclusively, exclusivelyOn, inTurn, settle } from "./app/turns.ts";
import { receiveWebhook, type WebhookAnswer, type WebhookRequest } from "./app/webhooks.ts";
import { type ReadSettings, readSettings } from "./config/read-settings.ts";
import type {
  ComputeSummary,
  ConnectionPull,
  CycleProgress,
  QuotaState,
  SweepSummary,
  WorkspacePull,
  WorkspacePush,
} from "./core/cycle.ts";
import { ConfigError, type CrmName } from "./core/errors.ts";
import type { ApiUsage } from "./core/ports.ts";
import type { ReportRow } from "./core/report-data.ts";
import type { Settings } from "./core/settings.ts";
import { systemClock } from "./core/time.ts";
import type { Database } from "./database/database.ts";
import type { Owner } from "./database/owner-socket.ts";
import { catalog } from "./metrics/catalog.ts";
import { type CostImport, importCosts } from "./metrics/cost-ledger.ts";
import { type Explanation, explain } from "./metrics/explain.ts";
import { isWhole, publishedAsOf, readConsistently } from "./metrics/publication.ts";
import { type ReportQuery, readReport } from "./metrics/report.ts";
import { readStoredReport, type StoredReport } from "./metrics/report-data.ts";
import type { ComparedCounts } from "./metrics/report-trust.ts";
import { type CallBudget, readCallBudget } from "./mirror/call-ledger.ts";
import type { Forgotten } from "./mirror/forget-people.ts";
import { readQuotaState } from "./mirror/pull-within-budget.ts";
import { type Reconciliation, readReconciliation } from "./mirror/reconcile.ts";
import { type RecordCounts, readCounts } from "./mirror/record-counts.ts";
import { newestPull } from "./mirror/run-ledger.ts";
import type { ApplyOptions, ApplyOutcome } from "./provision/apply.ts";
import type { ChosenCadence } from "./provision/cadence.ts";
import { type DoctorReport, doctor, mergeReports } from "./provision/doctor.ts";
import { type Plan, plan } from "./provision/plan.ts";
import { readStatus, type StatusReport as StreamReport } from "./provision/status.ts";
import { type AuditList, type AuditQuery, readAudit } from "./writeback/audit.ts";
import type { LeadStop } from "./writeback/owner-guard.ts";
import type { WritePause } from "./writeback/pause.ts";
import type { UndoOutcome } from "./writeback/undo.ts";
import { readWritebackStatus, type WritebackStatus } from "./writeback/writeback-status.ts";

export type { FlagKeeper } from "./app/flag-keeper.ts";
export type { Elsewhere } from "./app/open-store.ts";
export type { AppOptions } from "./app/parts.ts";
export type { OfConnection, PerConnection } from "./app/per-connection.ts";
export {
  beginSignIn,
  type Connected,
  firstKeyId,
  prefersBrowser,
  type Resealed,
  type SignIn,
  type SignInCode,
} from "./app/sign-in.ts";
export type { WorkBounds } from "./app/turns.ts";
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

/** What `status` shows of one connection: writing first, since a stop stands there. */
export interface ConnectionStatus extends WritebackStatus, StreamReport {
  /** The CRM's own record counts beside ours; null before the first comparison. */
  readonly counts: RecordCounts | null;
  /** The last comparison of ids; null before the first. */
  readonly reconciliation: Reconciliation | null;
  /** Our calls of the last 24 hours; null before the first. */
  readonly budget: CallBudget | null;
  /** What waits since the day's calls are spent; null where nothing does. */
  readonly quota: QuotaState | null;
}

export type StatusReport = PerConnection<ConnectionStatus>;

/** Everything a command or a job may do, on one store and the workspace's connections. A step whose `signal` aborts throws its reason. */
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
  ): Promise<WorkspacePull>;
  compute(
    asOf: Date,
    onProgress: (progress: CycleProgress) => void,
    signal?: AbortSignal,
  ): Promise<ComputeSummary>;
  /**
   * @param classes `flags`: those on records, whatever is due
   * @param how.pulled how each connection's pull before it went: one that could not be read is not written to
   */
  push(
    classes: "due" | "all" | "flags",
    asOf: Date,
    onProgress: (progress: CycleProgress) => void,
    how?: { readonly signal?: AbortSignal; readonly pulled?: readonly ConnectionPull[] },
  ): Promise<WorkspacePush>;
  /**
   * Checks a key of the environment, or redeems and stores what somebody granted in a browser, and ties the connection
   * to the org or portal. @param crm whose key, where nobody signed in; Salesforce's unless told. @throws ConfigError, AuthError, WrongOrgError; then the connection signs in as before
   */
  connect(signedIn: (SignInCode & { readonly keyId: string }) | null, crm?: CrmName): Promise<Connected>;
  /**
   * Seals all that is encrypted in this workspace anew under the first key of RIPELINE_SECRET_KEY.
   * @param keyId what the asking process has for its first key @throws ConfigError where this process has another
   */
  rotateKey(keyId: string): Promise<Resealed>;
  plan(): Promise<PerConnection<Plan>>;
  /** Waits for a step that is under way on this connection. @throws BusyError when it does not end soon */
  apply(options: ApplyOptions): Promise<PerConnection<ApplyOutcome>>;
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
  doctor(): Promise<PerConnection<DoctorReport>>;
  status(): Promise<StatusReport>;
  report(query: ReportQuery): Promise<readonly ReportRow[]>;
  storedReport(): Promise<StoredReport | undefined>;
  explain(metric: string, row: string): Promise<Explanation>;
  /** Takes a cost file into the ledger, all of its lines or none. @throws ConfigError naming the lines that are wrong */
  importCosts(source: { readonly file: string; readonly text: string }): Promise<CostImport>;
  /** Keeps the rot flags of each connection whose CRM cannot work them out itself. */
  readonly flags: readonly FlagKeeper[];
  /** Where webhooks are received, and by whom; null where ripeline is no app of a portal. */
  readonly webhooks: {
    readonly listen: string;
    receive(request: WebhookRequest): Promise<WebhookAnswer>;
  } | null;
  /** Calls of this process so far, and the org's own figures. */
  usage(): Promise<ApiUsage>;
  /** The same by connection, in the order of the settings. */
  usageByConnection(): Promise<readonly { readonly connectionId: string; readonly usage: ApiUsage }[]>;
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
  readonly exclusively: Exclusively;
  close(): Promise<void>;
}

/**
 * Opens the store and joins the parts. The org is contacted when a command first needs it.
 * @returns `Elsewhere` when another process owns the embedded store
 * @throws ConfigError for a wrong environment or ripeline.yaml; SchemaTooNewError for a newer store
 */
export async function openApp(
  options: AppOptions,
): Promise<{ readonly app: App; readonly owner: Owner | null } | Elsewhere> {
  const environment = environmentOf(options);
  const read = readSettings(options.configFile);
  const log = pino(
    { level: environment.RIPELINE_LOG_LEVEL, base: null },
    pino.destination({ dest: options.logFile ?? 2, sync: true }),
  );
  const opened = options.store === undefined ? await openMigratedStore(environment) : lent(options.store);
  if ("visitor" in opened) return opened;
  const { store, owner } = opened;
  try {
    const workspace = await openWorkspace({ environment, log, store, options, read });
    return { app: buildApp(workspace, read, owner), owner };
  } catch (error) {
    await store.close();
    await owner?.release();
    throw error;
  }
}

/** For work that nobody ends. */
const never = new AbortController().signal;

function buildApp(workspace: Workspace, read: ReadSettings, owner: Owner | null): App {
  const { settings, environment, log, store, connections, first } = workspace;
  const { key } = first;
  const wanted = {
    fast: read.cadences.fastMinutes,
    money: read.cadences.moneyMinutes,
    slow: read.cadences.slowMinutes,
  };
  const cadences = new Map(connections.map((parts) => [parts, rememberCadence(parts, wanted)]));
  const cadenceOf: CadenceOf = (parts) => cadences.get(parts) ?? rememberCadence(parts, wanted);
  const exclusively = exclusivelyOn(workspace);
  return {
    settings,
    cadence: () => fastestCadence(connections.map(cadenceOf)),
    log,
    store,
    redisUrl: environment.REDIS_URL,
    metricNames: catalog.map((entry) => entry.name),
    pull: (which, onProgress, signal = never) => pullAll(workspace, which, cadenceOf, { onProgress, signal }),
    compute: (asOf, onProgress, signal = never) => computeStep(workspace, asOf, { onProgress, signal }),
    push: (which, asOf, onProgress, { signal = never, pulled = [] } = {}) =>
      pushAll(workspace, { which, asOf, onProgress, signal, pulled }),
    connect: (signedIn, crm = "salesforce") => connectStep(workspace.partsOf(signedIn?.crm ?? crm), signedIn),
    rotateKey: (keyId) => rotateKeyStep(workspace, keyId),
    plan: () =>
      perConnection(connections, async (parts) =>
        plan({ db: store, connection: await parts.connect() }, parts.settings, wanted),
      ),
    apply: (options) => inTurn(exclusively, (signal) => applyAll(workspace, options, signal)),
    sweep: (signal = never) => sweepAll(workspace, signal),
    reconcile: (options, signal = never) => reconcileAll(workspace, options, signal),
    reconcileInTurn: (options) => inTurn(exclusively, (signal) => reconcileAll(workspace, options, signal)),
    resumeLeadWrites: () => resumeLeads(workspace),
    audit: (query) => mergeAudits(query, connections, (parts) => readAudit(store, parts.key, query)),
    undo: (runId, { isDryRun }, onProgress) =>
      inTurn(exclusively, (signal) => undoOn(workspace, { runId, isDryRun, onProgress, signal })),
    resumeWrites: () => resumeAll(workspace),
    forget: (person) => inTurn(exclusively, (signal) => forgetStep(workspace, person, signal)),
    learnQuota: async () => {
      for (const parts of connections) await learnQuota(parts);
    },
    doctor: () => examine(workspace, read.file),
    status: () => perConnection(connections, statusOf),
    report: (query) => readReport(store, key.workspaceId, query),
    storedReport: async () => {
      const counts = await countsOfEach(store, connections);
      return readConsistently(store, key.workspaceId, (published) =>
        readStoredReport(published, settings, counts),
      );
    },
    explain: (metric, row) =>
      readConsistently(store, key.workspaceId, (published) => explain(published, settings, metric, row)),
    importCosts: (source) => importCosts(store, settings, source),
    flags: connections
      .filter(({ crm }) => crm === "hubspot")
      .map((parts) => createFlagKeeper({ ...parts, leaseMs: workspace.leaseMs })),
    webhooks: webhooksOf(workspace),
    usage: async () =>
      sumOfUsage(await Promise.all(connections.map(async ({ connect }) => (await connect()).usage()))),
    usageByConnection: () =>
      Promise.all(
        connections.map(async ({ key: { connectionId }, connect }) => ({
          connectionId,
          usage: (await connect()).usage(),
        })),
      ),
    isSuperseded: async (asOf) => {
      const newest = await Promise.all(connections.map((parts) => newestPull(store, parts.key)));
      return newest.some((at) => at !== null && at.getTime() > asOf.getTime());
    },
    computedAsOf: () => publishedAsOf(store, key.workspaceId),
    isComputed: (asOf) => isWhole(store, key.workspaceId, asOf),
    exclusively,
    close: async () => {
      for (const parts of connections) {
        await settle(parts);
        await parts.connect.opened()?.then((connection) => connection.close());
      }
      await store.close();
      await owner?.release();
    },
  };
}

async function examine(
  { connections, store }: Workspace,
  settingsFile: string | null,
): Promise<PerConnection<DoctorReport>> {
  const { connections: each } = await perConnection(connections, (parts) =>
    doctor({ db: store, settings: parts.settings, settingsFile, connect: parts.connect }),
  );
  return { ...mergeReports(each.map((report) => ({ id: report.id, report }))), connections: each };
}

async function statusOf({ store, key, settings }: Parts): Promise<ConnectionStatus> {
  return {
    ...(await readWritebackStatus(store, key)),
    ...(await readStatus(store, settings)),
    counts: (await readCounts(store, key)) ?? null,
    reconciliation: (await readReconciliation(store, key)) ?? null,
    budget: await readCallBudget(store, key, settings.api.ceiling),
    quota: await readQuotaState(store, key),
  };
}

/** Both the app's secret and the address that HubSpot calls are needed to tell a webhook from a forged one. */
function webhooksOf({ environment, store, log, settings }: Workspace): App["webhooks"] {
  const { HUBSPOT_CLIENT_SECRET: clientSecret, HUBSPOT_WEBHOOK_URL: publicUrl } = environment;
  if (publicUrl === undefined) return null;
  if (clientSecret === undefined) {
    throw new ConfigError(
      "HUBSPOT_WEBHOOK_URL is set without HUBSPOT_CLIENT_SECRET: no webhook could be told from a forged one. Set the client secret of your app too.",
    );
  }
  const workspaceId = settings.workspace.id;
  const parts = { store, workspaceId, log, clock: systemClock, clientSecret, publicUrl };
  return {
    listen: environment.RIPELINE_LISTEN,
    receive: (request) => receiveWebhook(parts, request),
  };
}

/** Calls of all connections; the CRM's own figures are of one, so they stand only where there is one. */
function sumOfUsage(usages: readonly ApiUsage[]): ApiUsage {
  const [only, ...others] = usages;
  if (only !== undefined && others.length === 0) return only;
  return {
    metered: usages.reduce((sum, { metered }) => sum + metered, 0),
    dailyUsed: null,
    dailyLimit: null,
  };
}

/** The last comparison with each CRM that was asked. */
async function countsOfEach(
  store: Database,
  connections: readonly Parts[],
): Promise<readonly ComparedCounts[]> {
  const each = await Promise.all(
    connections.map(async ({ key }) => ({
      connectionId: key.connectionId,
      counts: await readCounts(store, key),
    })),
  );
  return each.flatMap(({ connectionId, counts }) =>
    counts === undefined ? [] : [{ connectionId, ...counts }],
  );
}
