import { rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type App, openApp } from "../app.ts";
import { renderHtmlReport } from "../console/html-report/render-html-report.ts";
import { type CycleProgress, type CycleResult, cycleJson } from "../core/cycle.ts";
import { BusyError, type CrmName } from "../core/errors.ts";
import { type Json, toJson } from "../core/json.ts";
import type { ReportData, ReportRow } from "../core/report-data.ts";
import type { Settings } from "../core/settings.ts";
import { systemClock } from "../core/time.ts";
import { type CommonOptions, print, printJson, UsageError } from "./command-line.ts";
import { type LaunchedEmulator, launchEmulator } from "./launch-emulator.ts";
import { createProgress } from "./report/create-progress.ts";
import { renderReportTables } from "./report/render-report-tables.ts";
import { cyclesOf } from "./runtime.ts";
import { exitCodeOfSignal } from "./stop-signals.ts";

export interface DemoOptions extends CommonOptions {
  readonly data?: string;
  readonly leads?: number;
  readonly crm: readonly CrmName[];
  readonly html: string;
}

/** The demo writes everything at once: its org has nobody whom a wave of writes could disturb. */
const NO_HOURLY_LIMIT = 100_000_000;

/** Open leads and opportunities a rep of the demo company can carry. */
const REP_CAPACITY = 40;

/**
 * `ripeline demo`: an emulated org or portal with a company in it, or both, ripeline's fields applied, one whole cycle
 * through the job queue on the embedded store, and the report. Uses nothing of the environment and leaves nothing but the
 * HTML file.
 * @throws UsageError where files of an org are to be shown in a portal
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  if (options.data !== undefined && options.crm.includes("hubspot")) {
    throw new UsageError(
      "--data: the files are those of a Salesforce org; leave --crm out, or give --crm salesforce",
    );
  }
  const progress = createProgress({
    stream: process.stderr,
    isTerminal: process.stderr.isTTY === true,
    clock: systemClock,
  });
  const seconds = stopwatch();
  const launched = await launchEmulator({
    port: 0,
    crm: options.crm,
    ...(options.leads === undefined ? {} : { leads: options.leads }),
    ...(options.data === undefined ? {} : { dataDirectory: options.data }),
  });
  const folder = await mkdtemp(join(tmpdir(), "ripeline-demo-"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      rmSync(folder, { recursive: true, force: true });
      process.exit(exitCodeOfSignal(signal));
    });
  }
  try {
    progress.say(
      `An emulated ${placesOf(options.crm)} with ${launched.leads.toLocaleString("en")} leads answers.`,
    );
    seconds.lap("start the emulated CRM");
    const shown = await runOnce(options, launched, folder, (line) => progress.show(line), seconds);
    progress.close();
    const html = resolve(options.html);
    await writeFile(html, renderHtmlReport(shown.data), "utf8");
    if (options.json === true) {
      await printJson({
        sync: cycleJson(shown.result),
        report: reportByMetric(shown.data.rows, shown.metricNames),
        html,
      });
      return;
    }
    const isTerminal = process.stdout.isTTY === true;
    const text = renderReportTables(shown.data, {
      width: process.stdout.columns ?? 120,
      color: isTerminal && process.env["NO_COLOR"] === undefined ? "always" : "never",
    });
    await print(`${text}\n\nThe same with charts and the records behind every number: ${html}`);
  } finally {
    progress.close();
    await launched.emulator.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const PLACE: Readonly<Record<CrmName, string>> = { salesforce: "Salesforce org", hubspot: "HubSpot portal" };

const placesOf = (crms: readonly CrmName[]): string => crms.map((crm) => PLACE[crm]).join(" and ");

/** What lets ripeline into the emulated CRMs that take part, and into no other. */
function accessTo(
  crms: readonly CrmName[],
  { salesforce, hubspot }: LaunchedEmulator["emulator"]["ready"],
  keyFile: string,
): Readonly<Record<string, string>> {
  return {
    ...(crms.includes("salesforce")
      ? {
          SALESFORCE_LOGIN_URL: salesforce.loginUrl,
          SALESFORCE_CLIENT_ID: salesforce.clientId,
          SALESFORCE_USERNAME: salesforce.username,
          SALESFORCE_PRIVATE_KEY_FILE: keyFile,
        }
      : {}),
    ...(crms.includes("hubspot")
      ? { HUBSPOT_BASE_URL: hubspot.baseUrl, HUBSPOT_ACCESS_TOKEN: hubspot.accessToken }
      : {}),
  };
}

interface Shown {
  readonly result: CycleResult;
  readonly data: ReportData;
  readonly metricNames: readonly string[];
}

async function runOnce(
  options: DemoOptions,
  { emulator, firstDay }: LaunchedEmulator,
  folder: string,
  onProgress: (progress: CycleProgress) => void,
  seconds: Stopwatch,
): Promise<Shown> {
  const envFile = join(folder, "emulator.env");
  await emulator.writeEnvFile(envFile);
  const opened = await openApp({
    ...(options.config === undefined ? {} : { configFile: options.config }),
    variables: {
      ...accessTo(options.crm, emulator.ready, `${envFile}.key.pem`),
      RIPELINE_DATA_DIR: join(folder, "store"),
      RIPELINE_LOG_LEVEL: "warn",
    },
    adjust: (settings): Settings => ({
      ...settings,
      workspace: {
        ...settings.workspace,
        name: options.data === undefined ? "Demo company" : "Demo on your data",
      },
      reps: { ...settings.reps, capacity: settings.reps.capacity ?? REP_CAPACITY },
      // The seeded company's whole story is flagged; a real org starts at its first apply.
      rot: { ...settings.rot, startFrom: settings.rot.startFrom ?? firstDay.toISOString() },
      writeback: { ...settings.writeback, maxPerHour: NO_HOURLY_LIMIT },
    }),
  });
  if ("visitor" in opened)
    throw new BusyError(`another process took the demo's folder ${folder}; run it again`);
  const { app } = opened;
  const cycles = cyclesOf(app);
  try {
    await app.apply({ checkOnly: false });
    seconds.lap("apply");
    const applied = await app.usageByConnection();
    const result = await cycles.run({ streams: "all", classes: "all" }, onProgress);
    seconds.lap("read, compute and write");
    return { result, data: await reportOf(app, result, applied, seconds), metricNames: app.metricNames };
  } finally {
    await cycles.close();
    await app.close();
  }
}

async function reportOf(
  app: App,
  result: CycleResult,
  applied: Usages,
  seconds: Stopwatch,
): Promise<ReportData> {
  const stored = await app.storedReport();
  if (stored === undefined) throw new Error("the cycle ended without a compute");
  const used = await app.usageByConnection();
  return {
    ...stored,
    // Org and portal go away with this process: a link to one of their records would lead nowhere.
    run: {
      ...stored.run,
      connections: stored.run.connections.map((each) => ({ ...each, instanceUrl: null })),
    },
    written: Object.entries(result.push.objects).map(([object, each]) => ({
      connectionId: connectionOf(stored, object),
      object: object.slice(object.indexOf(".") + 1),
      ...each,
    })),
    calls: used.map(({ connectionId, usage }) => {
      const ours = (each: { readonly connectionId: string }) => each.connectionId === connectionId;
      return {
        connectionId,
        byPurpose: [
          { purpose: "apply", calls: applied.find(ours)?.usage.metered ?? 0 },
          { purpose: "read", calls: result.pull.connections.find(ours)?.apiCalls ?? 0 },
          { purpose: "write", calls: result.push.connections.find(ours)?.apiCalls ?? 0 },
        ],
        total: usage.metered,
        dailyLimit: usage.dailyLimit,
      };
    }),
    phases: [
      ...seconds.laps().filter(({ phase }) => !phase.startsWith("read")),
      { phase: "read", seconds: result.pull.seconds },
      { phase: "compute", seconds: result.compute.seconds },
      { phase: "write", seconds: result.push.seconds },
    ],
  };
}

type Usages = Awaited<ReturnType<App["usageByConnection"]>>;

/** `hubspot.contacts` belongs to the connection of that CRM. */
function connectionOf({ run }: Pick<ReportData, "run">, object: string): string {
  const crm = object.slice(0, object.indexOf("."));
  return run.connections.find((each) => each.crm === crm)?.id ?? crm;
}

interface Stopwatch {
  lap(phase: string): void;
  laps(): readonly { readonly phase: string; readonly seconds: number }[];
}

function stopwatch(): Stopwatch {
  let last = performance.now();
  const laps: { phase: string; seconds: number }[] = [];
  return {
    lap: (phase) => {
      const now = performance.now();
      laps.push({ phase, seconds: (now - last) / 1000 });
      last = now;
    },
    laps: () => laps,
  };
}

/** `report.METRIC`: all rows that have that key. */
function reportByMetric(rows: readonly ReportRow[], names: readonly string[]): Json {
  return toJson(
    Object.fromEntries(names.map((name) => [name, rows.filter((row) => Object.hasOwn(row, name))])),
  );
}
