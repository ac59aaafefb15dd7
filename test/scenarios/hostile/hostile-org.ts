import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { z } from "zod";
import { type App, openApp } from "../../../src/app.ts";
import type { Answer, OperationContext } from "../../../src/cli/operation.ts";
import { operations } from "../../../src/cli/operations.ts";
import { cyclesOf } from "../../../src/cli/runtime.ts";
import type { CycleResult } from "../../../src/core/cycle.ts";
import type { Json } from "../../../src/core/json.ts";
import type { Settings } from "../../../src/core/settings.ts";
import { createOrg, type EngineOrg } from "../../../src/emulator/salesforce/engine/create-org.ts";
import type { OrgSettings } from "../../../src/emulator/salesforce/engine/settings.ts";
import { createEmulatorClock } from "../../../src/emulator/server/emulator-clock.ts";
import { startEmulator } from "../../../src/emulator/server/start-emulator.ts";
import { addressesOf, type Seen, scan, secretsOf, storeAsText } from "../../support/leak-scan.ts";
import { createServerDatabase } from "../../support/test-database.ts";
import { type AfterStep, readAfter } from "./read-after.ts";
import { type HostileRecord, recordsOf } from "./read-records.ts";
import { foreignNames, type Write, Writes } from "./write-log.ts";

/** Of every case unless it says otherwise. */
const START_FROM = "2026-01-01T00:00:00Z";
export const NOON = "2026-06-15T12:00:00Z";

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
  /** In an org of several cases: whose records are loaded; without it those of all. */
  readonly of?: string;
  /** After the records are loaded and before the sync. */
  readonly prepare?: () => Promise<void> | void;
  /** Around the sync: the night's comparison of ids and its sweep. */
  readonly isNight?: boolean;
}

/** What all cases together have written, and where what they said names a secret. */
export interface WholeRun {
  readonly cases: number;
  readonly writes: number;
  /** Names in writes that are not ours to write. */
  readonly foreignNames: readonly string[];
  /** Addresses and secrets that were looked for, and the characters that were looked at. */
  readonly forbidden: number;
  readonly characters: number;
  /** Log lines, of all levels. */
  readonly logLines: number;
  readonly leaks: readonly string[];
}

/** One emulated org and a fresh store for each case. */
export interface HostileWorld {
  /** @param name of one case, or of several that share the org: "H01+H02" */
  open(name: string, options?: CaseOptions): Promise<HostileCase>;
  /** What the cases closed so far left behind. */
  wholeRun(): WholeRun;
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
    RIPELINE_LOG_LEVEL: "debug",
  });
  const template = join(folder, "template");
  if (server === "") {
    const opened = await openApp({ variables: variables(template), logFile: join(folder, "template.log") });
    if (!("app" in opened)) throw new Error("somebody else owns a folder that was just made");
    await opened.app.close();
  }

  const secrets = secretsOf(salesforce, await readFile(`${envFile}.key.pem`, "utf8"));
  const run = { cases: 0, writes: 0, forbidden: 0, characters: 0, logLines: 0 };
  const foreign = new Set<string>();
  const leaks: string[] = [];

  const send = async (path: string, body: unknown): Promise<void> => {
    const response = await fetch(`${control}/${path}`, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} was refused: ${await response.text()}`);
  };
  const recordsText = async (object: string): Promise<string> =>
    (await fetch(`${control}/records/salesforce/${object}`)).text();
  const allWrites = async (): Promise<readonly Write[]> =>
    z.object({ writes: Writes }).parse(await (await fetch(`${control}/requests`)).json()).writes;
  const ndjson = async (object: string): Promise<readonly LeadRecord[]> => {
    const lines = (await recordsText(object)).split("\n").filter((line) => line !== "");
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
    const logFile = join(folder, `${name}.log`);
    const opened = await openApp({
      logFile,
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
    const seen: Seen[] = [];
    let isApplied = false;
    let written = 0;

    /** What a piece of work says when it fails is output too. */
    const heard = async <Result>(what: string, work: () => Promise<Result>): Promise<Result> => {
      try {
        return await work();
      } catch (error) {
        seen.push({ where: `${name}, error of ${what}`, text: inspect(error, { depth: 10 }) });
        throw error;
      }
    };
    /** Everything that the case said, kept or wrote, held against what nobody may say. */
    const noteRun = async (): Promise<void> => {
      const forbidden = [...secrets];
      for (const object of ["Lead", "Contact", "User"]) {
        forbidden.push(...addressesOf(object, await recordsText(object)));
      }
      const log = await readFile(logFile, "utf8");
      seen.push({ where: `${name}, log`, text: log });
      for (const { where, text } of await storeAsText(app.store)) {
        seen.push({ where: `${name}, ${where}`, text });
      }
      const writes = await allWrites();
      for (const write of writes) for (const found of foreignNames(write)) foreign.add(found);
      leaks.push(...scan(seen, forbidden));
      run.cases += 1;
      run.writes += writes.length;
      run.forbidden += forbidden.length;
      run.characters += seen.reduce((sum, { text }) => sum + text.length, 0);
      run.logLines += log.split("\n").length - 1;
    };

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
    /** With the first case come the base and the anchor. */
    const stepOf = (each: string, step: number): readonly HostileRecord[] =>
      recordsOf(each, step, known, { ...options, hasBase: name.startsWith(each) });
    const look = async (at: string, sync?: CycleResult): Promise<AfterStep> => {
      const writes = await allWrites();
      const newWrites = writes.slice(written);
      written = writes.length;
      const leads = await ndjson("Lead");
      const after = await readAfter({ app, context, at, sync, leads, writes, newWrites });
      seen.push({ where: `${name}, status`, text: after.statusText });
      seen.push({ where: `${name}, sync and report`, text: JSON.stringify([after.sync, after.rows]) });
      return after;
    };
    return {
      app,
      org,
      hook: (wanted) => {
        hooks = wanted;
      },
      loadNow: (step) => {
        for (const { object, rows } of inRuns(stepOf(name, step))) {
          org.load(
            object,
            rows.map(({ values }) => withId(org, object, values)),
          );
        }
      },
      run: (command, args) =>
        heard(command, async () => {
          const answer = await operations[command].run(context, args);
          seen.push({ where: `${name}, ${command}`, text: `${answer.text}\n${JSON.stringify(answer.json)}` });
          return answer;
        }),
      apply: async () => {
        await heard("apply", () => app.apply({ checkOnly: false }));
        isApplied = true;
      },
      control: send,
      configure: (changes) => org.configure(changes),
      records: ndjson,
      look: async (at) => {
        await send("clock", { now: at, stopped: true });
        return look(at);
      },
      step: async (step, { at = NOON, loads = true, of = name, prepare, isNight = false } = {}) => {
        await send("clock", { now: at, stopped: true });
        const records = loads ? of.split("+").map((each) => stepOf(each, step)) : [];
        await load(records.flat());
        if (!isApplied && options.isApplied !== false)
          await heard("apply", () => app.apply({ checkOnly: false }));
        isApplied = true;
        await prepare?.();
        if (isNight) await app.reconcileInTurn({ acceptVanished: false });
        const result = await heard("sync", () =>
          cycles.run({ streams: "all", classes: "all" }, () => undefined),
        );
        if (isNight) await app.sweep();
        return look(at, result);
      },
      close: async () => {
        hooks = {};
        await noteRun();
        await cycles.close();
        await app.close();
        await postgres?.drop();
        if (postgres === undefined) await rm(dataDirectory, { recursive: true, force: true });
      },
    };
  };
  return {
    open,
    wholeRun: () => ({ ...run, foreignNames: [...foreign], leaks }),
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
