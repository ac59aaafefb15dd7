import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { z } from "zod";
import { type App, openApp, type StatusReport } from "../../../src/app.ts";
import type { Answer, OperationContext } from "../../../src/cli/operation.ts";
import { operations } from "../../../src/cli/operations.ts";
import { cyclesOf } from "../../../src/cli/runtime.ts";
import { statusOperation } from "../../../src/cli/status.ts";
import { type CycleResult, cycleJson } from "../../../src/core/cycle.ts";
import type { Json } from "../../../src/core/json.ts";
import type { ReportRow } from "../../../src/core/report-data.ts";
import type { Settings } from "../../../src/core/settings.ts";
import { createOrg, type EngineOrg } from "../../../src/emulator/salesforce/engine/create-org.ts";
import type { OrgSettings } from "../../../src/emulator/salesforce/engine/settings.ts";
import { createEmulatorClock } from "../../../src/emulator/server/emulator-clock.ts";
import { startEmulator } from "../../../src/emulator/server/start-emulator.ts";
import { readWholeReport } from "../../../src/metrics/report.ts";
import { createServerDatabase } from "../../support/test-database.ts";
import { type HostileRecord, recordId, recordsOf } from "./read-records.ts";

/** Of every case unless it says otherwise. */
const START_FROM = "2026-01-01T00:00:00Z";
export const NOON = "2026-06-15T12:00:00Z";

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August"] as const;

const Writes = z.array(
  z.object({ object: z.string(), id: z.string(), operation: z.string(), fields: z.array(z.string()) }),
);
type Write = z.infer<typeof Writes>[number];

type LeadRecord = Readonly<Record<string, unknown>>;
type Expected = Readonly<Record<string, unknown>>;

export interface CaseOptions {
  /** Clock before the first step, if no step sets one. */
  readonly settings?: (settings: Settings) => Settings;
  readonly hasAnchor?: boolean;
  /** Ranges of `n` to load instead of the file's, where the case says that a smaller number is alike. */
  readonly repeats?: Readonly<Record<string, string>>;
  /** What is set in the org before `apply`. */
  readonly faults?: Expected;
  readonly automation?: Expected;
  /** False leaves `apply` to the case. */
  readonly isApplied?: boolean;
}

export interface StepOptions {
  /** Emulated instant of this step. */
  readonly at?: string;
  /** Nothing of the file is loaded. */
  readonly loads?: boolean;
  /** After the records are loaded and before the sync. */
  readonly prepare?: () => Promise<void> | void;
  /** Around the sync: the night's comparison of ids and its sweep. */
  readonly isNight?: boolean;
}

/** One emulated org and a fresh store for each case. */
export interface HostileWorld {
  open(name: string, options?: CaseOptions): Promise<HostileCase>;
  close(): Promise<void>;
}

/** What happens inside the org while a sync runs: told of each statement and each update before they take effect. */
export interface OrgHooks {
  readonly query?: (soql: string) => void;
  readonly update?: (object: string) => void;
}

export interface HostileCase {
  readonly app: App;
  /** Replaces the hooks of before. */
  hook(hooks: OrgHooks): void;
  /** A step's records, loaded now and from inside: for hooks. */
  loadNow(step: number): void;
  /** As the command line does it. @throws what the command fails with */
  run(name: keyof typeof operations, args: Json): Promise<Answer>;
  apply(): Promise<void>;
  readonly org: EngineOrg;
  /** Sets the clock, loads the step's records, runs one `sync --all` and reads everything there is to check. */
  step(step: number, options?: StepOptions): Promise<AfterStep>;
  control(path: string, body: unknown): Promise<void>;
  /** What our user's writes meet. */
  configure(changes: Partial<OrgSettings>): void;
  records(object: string): Promise<readonly LeadRecord[]>;
  /** Everything as it is now, without a sync. */
  look(at: string): Promise<AfterStep>;
  close(): Promise<void>;
}

/** Starts the emulator once and makes one migrated store, of which each case gets a copy. */
export async function openHostileWorld(): Promise<HostileWorld> {
  const folder = await mkdtemp(join(tmpdir(), "ripeline-hostile-"));
  const clock = createEmulatorClock(new Date(NOON), { stopped: true });
  const org = createOrg({ clock, seed: 1 });
  org.markStart();
  let hooks: OrgHooks = {};
  const served = Object.create(org, {
    query: {
      value: (...args: Parameters<EngineOrg["query"]>) => {
        hooks.query?.(args[1]);
        return org.query(...args);
      },
    },
    update: {
      value: (...args: Parameters<EngineOrg["update"]>) => {
        hooks.update?.(args[1]);
        return org.update(...args);
      },
    },
  }) as EngineOrg;
  const emulator = await startEmulator({ port: 0, org: served, clock });
  const envFile = join(folder, "emulator.env");
  await emulator.writeEnvFile(envFile);
  const { salesforce, control } = emulator.ready;
  const server = process.env["TEST_DATABASE_URL"] ?? "";
  const variables = (dataDirectory: string): Readonly<Record<string, string>> => ({
    SALESFORCE_LOGIN_URL: salesforce.loginUrl,
    SALESFORCE_CLIENT_ID: salesforce.clientId,
    SALESFORCE_USERNAME: salesforce.username,
    SALESFORCE_PRIVATE_KEY_FILE: `${envFile}.key.pem`,
    RIPELINE_DATA_DIR: dataDirectory,
    RIPELINE_LOG_LEVEL: "silent",
  });
  const template = join(folder, "template");
  if (server === "") {
    const opened = await openApp({ variables: variables(template) });
    if (!("app" in opened)) throw new Error("somebody else owns a folder that was just made");
    await opened.app.close();
  }

  const send = async (path: string, body: unknown): Promise<void> => {
    const response = await fetch(`${control}/${path}`, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} was refused: ${await response.text()}`);
  };
  const ndjson = async (object: string): Promise<readonly LeadRecord[]> => {
    const text = await (await fetch(`${control}/records/salesforce/${object}`)).text();
    const lines = text.split("\n").filter((line) => line !== "");
    return lines.map((line) => z.record(z.string(), z.unknown()).parse(JSON.parse(line)));
  };

  const open = async (name: string, options: CaseOptions = {}): Promise<HostileCase> => {
    await send("reset", {});
    await send("clock", { now: NOON, stopped: true });
    if (options.faults !== undefined) await send("faults", options.faults);
    if (options.automation !== undefined) await send("automation", options.automation);
    const dataDirectory = join(folder, name);
    const postgres = server === "" ? undefined : await createServerDatabase(server);
    if (postgres === undefined) await cp(template, dataDirectory, { recursive: true });
    const opened = await openApp({
      variables: {
        ...variables(dataDirectory),
        ...(postgres === undefined ? {} : { DATABASE_URL: postgres.url }),
      },
      adjust: (settings) => {
        const flagged = { ...settings, rot: { ...settings.rot, startFrom: START_FROM } };
        return options.settings?.(flagged) ?? flagged;
      },
    });
    if (!("app" in opened)) throw new Error("somebody else owns a folder that was just made");
    const { app } = opened;
    const cycles = cyclesOf(app);
    const known = new Set<string>();
    let isApplied = false;
    let written = 0;

    const context: OperationContext = {
      app,
      onProgress: () => undefined,
      runCycle: (request, report) => cycles.run(request, report),
      schedules: () => cycles.schedules(),
    };
    const load = async (records: readonly HostileRecord[]): Promise<void> => {
      const hidden = new Map<string, string[]>();
      for (const { object, rows } of inRuns(records)) {
        await send(`load/salesforce/${object}`, rows.map(({ values }) => JSON.stringify(values)).join("\n"));
        const ids = rows.filter(({ isHidden }) => isHidden).map(({ values }) => String(values["Id"]));
        if (ids.length > 0) hidden.set(object, [...(hidden.get(object) ?? []), ...ids]);
      }
      if (hidden.size === 0) return;
      const hiddenRecords = [...hidden].map(([object, ids]) => ({ object, ids }));
      await send("automation", { salesforce: { hiddenRecords } });
    };
    const look = async (at: string, sync?: CycleResult): Promise<AfterStep> => {
      const requests = z.object({ writes: Writes }).parse(await (await fetch(`${control}/requests`)).json());
      const newWrites = requests.writes.slice(written);
      written = requests.writes.length;
      return readAfter({
        app,
        context,
        at,
        sync,
        leads: await ndjson("Lead"),
        writes: requests.writes,
        newWrites,
      });
    };
    return {
      app,
      org,
      hook: (wanted) => {
        hooks = wanted;
      },
      loadNow: (step) => {
        for (const { object, rows } of inRuns(recordsOf(name, step, known, options))) {
          org.load(
            object,
            rows.map(({ values }) => withId(org, object, values)),
          );
        }
      },
      run: (command, args) => operations[command].run(context, args),
      apply: async () => {
        await app.apply({ checkOnly: false });
        isApplied = true;
      },
      control: send,
      configure: (changes) => org.configure(changes),
      records: ndjson,
      look: async (at) => {
        await send("clock", { now: at, stopped: true });
        return look(at);
      },
      step: async (step, { at = NOON, loads = true, prepare, isNight = false } = {}) => {
        await send("clock", { now: at, stopped: true });
        if (loads) await load(recordsOf(name, step, known, options));
        if (!isApplied && options.isApplied !== false) await app.apply({ checkOnly: false });
        isApplied = true;
        await prepare?.();
        if (isNight) await app.reconcileInTurn({ acceptVanished: false });
        const result = await cycles.run({ streams: "all", classes: "all" }, () => undefined);
        if (isNight) await app.sweep();
        return look(at, result);
      },
      close: async () => {
        hooks = {};
        await cycles.close();
        await app.close();
        await postgres?.drop();
        if (postgres === undefined) await rm(dataDirectory, { recursive: true, force: true });
      },
    };
  };
  return {
    open,
    close: async () => {
      await emulator.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A row that hostile.md names by its label: "(Id of the row whose MasterLabel is ...)". */
function withId(
  org: EngineOrg,
  object: string,
  values: HostileRecord["values"],
): Readonly<Record<string, unknown>> {
  const label = /^\(Id of the row whose MasterLabel is (.+)\)$/.exec(String(values["Id"]))?.[1];
  if (label === undefined) return values;
  const Id = [...org.dump(object)].find((row) => row["MasterLabel"] === label)?.["Id"];
  return { ...values, Id };
}

/** Neighbours of one object, to be loaded with one call in the file's order. */
function inRuns(
  records: readonly HostileRecord[],
): readonly { readonly object: string; readonly rows: readonly HostileRecord[] }[] {
  const runs: { object: string; rows: HostileRecord[] }[] = [];
  for (const record of records) {
    const last = runs.at(-1);
    if (last?.object === record.object) last.rows.push(record);
    else runs.push({ object: record.object, rows: [record] });
  }
  return runs;
}

interface Looked {
  readonly app: App;
  readonly context: OperationContext;
  readonly at: string;
  readonly sync: CycleResult | undefined;
  readonly leads: readonly LeadRecord[];
  readonly writes: readonly Write[];
  readonly newWrites: readonly Write[];
}

const Pushed = z.object({
  pulled: z.record(z.string(), z.object({ rows: z.number(), calls: z.number() })),
  pushed: z.record(
    z.string(),
    z.object({ changed: z.number(), written: z.number(), rejected: z.number(), calls: z.number() }),
  ),
  hiddenFields: z.record(z.string(), z.array(z.string())),
});

/** What stands in the org, the report and the status after a step, with hostile.md's ways of saying what must. */
export interface AfterStep {
  /** `sync --json` of this step. */
  readonly sync: z.infer<typeof Pushed> | undefined;
  readonly rows: readonly ReportRow[];
  readonly leads: ReadonlyMap<string, LeadRecord>;
  readonly status: StatusReport;
  /** What `status` and `status --json` print. */
  readonly statusText: string;
  /** Writes of this step. */
  readonly newWrites: readonly Write[];
  /** `source[H01] pit`, `campaign[p] in June`, `workspace in lifetime`, `campaign[c] cohort June`; undefined where there is none. */
  row(spec: string): ReportRow | undefined;
  /** Each metric of the row is as given: numbers to 1e-9 of their size, money to half a cent; texts contain what is given. */
  has(spec: string, metrics: Expected): void;
  /** The row's reasons for a metric contain `text`. */
  reason(spec: string, metric: string, text: string): void;
  noReason(spec: string, metric: string, text: string): void;
  /** Fields of leads by their symbol or id; instants are compared as instants, blank is null, false or "". */
  lead(symbols: string | readonly string[], fields: Expected): void;
  /** Writes to a record since the start. */
  writesTo(object: string, symbol: string): number;
  /** Rows in quarantine, and rows waiting for another try. */
  refused(state: "quarantined" | "retry"): number;
}

async function readAfter(looked: Looked): Promise<AfterStep> {
  const { app, context, at, leads, writes, newWrites } = looked;
  const { store, settings } = app;
  const rows = (
    await Promise.all(
      (["day", "month", "lifetime"] as const).map((period) =>
        readWholeReport(store, settings.workspace.id, { period }),
      ),
    )
  ).flat();
  const shown = await statusOperation.run(context, {});
  const status = await app.status();
  const statusText = `${shown.text}\n${JSON.stringify(shown.json)}`;
  const byId = new Map(leads.map((lead) => [String(lead["Id"]), lead]));
  const idOf = (symbol: string): string => (symbol.includes(":") ? recordId(symbol) : symbol);

  const rowsOf = (spec: string): readonly ReportRow[] => {
    const wanted = parseSpec(spec, at);
    return rows.filter(
      (row) =>
        row.row_type === wanted.rowType &&
        row.member === wanted.member &&
        row.period_type === wanted.periodType &&
        row.period_start === wanted.periodStart &&
        wanted.bases.includes(row.basis) &&
        row.age_days === null,
    );
  };
  /** Chains are counted in the period that made them, whenever they end: rot_cohort metrics stand in its cohort row. */
  const rowWith = (spec: string, metric: string): ReportRow | undefined => {
    const rowsThere = rowsOf(spec);
    const basis = metric.startsWith("rot_cohort") ? "cohort" : "in_period";
    return (
      rowsThere.find((row) => row.basis === basis && metric in row) ?? rowsThere.find((row) => metric in row)
    );
  };

  return {
    sync: looked.sync === undefined ? undefined : Pushed.parse(cycleJson(looked.sync)),
    rows,
    leads: byId,
    status,
    statusText,
    newWrites,
    row: (spec) => rowsOf(spec).findLast(() => true),
    has: (spec, metrics) => {
      for (const [metric, value] of Object.entries(metrics)) {
        const row = rowWith(spec, metric);
        const found = row?.[metric];
        const name = `${spec} ${metric} (reason: ${row?.reasons[metric] ?? "none"})`;
        if (typeof value === "number" && typeof found === "number") {
          expect
            .soft(Math.abs(found - value), `${name}: ${found} instead of ${value}`)
            .toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(value)));
        } else if (typeof value === "string" && typeof found === "string") {
          expect.soft(found, name).toContain(value);
        } else expect.soft(found, name).toEqual(value);
      }
    },
    reason: (spec, metric, text) =>
      expect.soft(rowWith(spec, metric)?.reasons[metric], `${spec} ${metric}`).toContain(text),
    noReason: (spec, metric, text) =>
      expect.soft(rowWith(spec, metric)?.reasons[metric] ?? "", `${spec} ${metric}`).not.toContain(text),
    lead: (symbols, fields) => {
      for (const symbol of typeof symbols === "string" ? [symbols] : symbols) {
        const lead = byId.get(idOf(symbol));
        expect.soft(lead, `${symbol} is in the org`).toBeDefined();
        for (const [field, value] of Object.entries(fields)) {
          const found = lead?.[field];
          expect.soft(comparable(found), `${symbol}.${field}`).toEqual(comparable(value));
        }
      }
    },
    writesTo: (object, symbol) =>
      writes.filter((write) => write.object === object && write.id === idOf(symbol)).length,
    refused: (state) => status.refusedRows.filter((row) => row.state === state).length,
  };
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$/;

/** Instants as milliseconds; symbols as ids; blank text as null. */
function comparable(value: unknown): unknown {
  if (typeof value !== "string") return value ?? null;
  if (value === "") return null;
  if (INSTANT.test(value)) return new Date(value.replace(/([+-]\d\d)(\d\d)$/, "$1:$2")).toISOString();
  return /^[a-z]+:H\d\d-/.test(value) ? recordId(value) : value;
}

interface Wanted {
  readonly rowType: string;
  readonly member: string | null;
  readonly periodType: string;
  readonly periodStart: string | null;
  readonly bases: readonly string[];
}

/** `ROWTYPE[MEMBER] PERIOD`; the member is an exact text or a symbol, and may hold anything but `] ` before the period. */
function parseSpec(spec: string, at: string): Wanted {
  const [, rowType = "", , text, period = ""] =
    /^(\w+)(\[(.*)\])? (pit|(?:in|cohort) \w+)$/su.exec(spec) ?? [];
  if (rowType === "") throw new RangeError(`${spec}: write for example source[H01] pit`);
  const member =
    text === undefined || text === "" ? null : /^[a-z]+:H\d\d-/.test(text) ? recordId(text) : text;
  const of = { rowType, member };
  if (period === "pit") {
    return { ...of, periodType: "day", periodStart: at.slice(0, 10), bases: ["point_in_time"] };
  }
  const [basis, month = ""] = period.split(" ");
  const bases = basis === "cohort" ? ["cohort"] : ["in_period", "cohort"];
  if (month === "lifetime") return { ...of, periodType: "lifetime", periodStart: null, bases };
  const number = MONTHS.findIndex((name) => name === month) + 1;
  if (number === 0) throw new RangeError(`${spec}: no month ${month}`);
  const periodStart = `2026-${String(number).padStart(2, "0")}-01`;
  return { ...of, periodType: "month", periodStart, bases };
}
