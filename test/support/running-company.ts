import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type App, type AppOptions, openApp } from "../../src/app.ts";
import { type LaunchOptions, launchEmulator } from "../../src/cli/launch-emulator.ts";
import { type Cycles, cyclesOf } from "../../src/cli/runtime.ts";
import type { CycleResult } from "../../src/core/cycle.ts";
import type { Settings } from "../../src/core/settings.ts";
import { createServerDatabase, prepareDataDirectory } from "./test-database.ts";

const Requests = z.object({
  salesforce: z.object({
    operations: z.record(z.string(), z.number()),
    metered: z.number(),
    unknownParameters: z.array(z.unknown()),
  }),
  writes: z
    .array(
      z.object({ object: z.string(), id: z.string(), operation: z.string(), fields: z.array(z.string()) }),
    )
    .optional(),
});

/** An emulated org with a company, and a ripeline that is connected to it. */
export interface RunningCompany {
  readonly app: App;
  readonly cycles: Cycles;
  readonly instanceUrl: string;
  readonly adminToken: string;
  /** One cycle of all streams (or those due), all publishing classes. */
  sync(streams?: "all" | "due"): Promise<CycleResult>;
  /** What the emulator counted since its start. */
  requests(): Promise<z.infer<typeof Requests>>;
  clock(change: Readonly<Record<string, unknown>>): Promise<void>;
  control(path: string, init?: RequestInit): Promise<Response>;
  /** As the admin: SOQL rows. */
  query(soql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** As the admin: any REST call below the version's path. */
  rest(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export interface CompanyOptions extends Partial<LaunchOptions>, Pick<AppOptions, "leaseMs"> {
  readonly adjust?: (settings: Settings) => Settings;
  /** Of the report; 3 unless told otherwise, since the usual 24 make the most of a small company's work. */
  readonly months?: number;
}

/**
 * Starts the emulator with a company and opens an app on a store of its own: PGlite, or Postgres (and Redis) where
 * TEST_DATABASE_URL (and TEST_REDIS_URL) name them.
 */
export async function runCompany(options: CompanyOptions = {}): Promise<RunningCompany> {
  const folder = await mkdtemp(join(tmpdir(), "ripeline-scenario-"));
  const { emulator, firstDay } = await launchEmulator({ port: 0, leads: 300, ...options });
  const envFile = join(folder, "emulator.env");
  await emulator.writeEnvFile(envFile);
  const { salesforce, control } = emulator.ready;
  const server = process.env["TEST_DATABASE_URL"];
  const postgres = server === undefined || server === "" ? undefined : await createServerDatabase(server);
  const redis = process.env["TEST_REDIS_URL"];
  const dataDirectory = join(folder, "store");
  if (postgres === undefined) await prepareDataDirectory(dataDirectory);
  const opened = await openApp({
    variables: {
      SALESFORCE_LOGIN_URL: salesforce.loginUrl,
      SALESFORCE_CLIENT_ID: salesforce.clientId,
      SALESFORCE_USERNAME: salesforce.username,
      SALESFORCE_PRIVATE_KEY_FILE: `${envFile}.key.pem`,
      RIPELINE_DATA_DIR: dataDirectory,
      RIPELINE_LOG_LEVEL: "silent",
      ...(postgres === undefined ? {} : { DATABASE_URL: postgres.url }),
      ...(postgres === undefined || redis === undefined ? {} : { REDIS_URL: redis }),
    },
    ...(options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs }),
    adjust: (settings) => {
      const flagged = {
        ...settings,
        rot: { ...settings.rot, startFrom: firstDay.toISOString() },
        report: { ...settings.report, months: options.months ?? 3 },
      };
      // Several scenarios may share one Redis: a workspace of its own gives each a queue of its own.
      const own = {
        ...flagged,
        workspace: { ...flagged.workspace, id: `w${folder.slice(-6).toLowerCase()}` },
      };
      return options.adjust?.(own) ?? own;
    },
  });
  if (!("app" in opened)) throw new Error("somebody else owns a folder that was just made");
  const { app } = opened;
  const cycles = cyclesOf(app);
  const rest = (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${salesforce.adminAccessToken}`);
    headers.set("content-type", "application/json");
    return fetch(`${salesforce.instanceUrl}/services/data/v67.0/${path}`, { ...init, headers });
  };
  return {
    app,
    cycles,
    instanceUrl: salesforce.instanceUrl,
    adminToken: salesforce.adminAccessToken,
    sync: (streams = "all") => cycles.run({ streams, classes: "all" }, () => undefined),
    requests: async () => Requests.parse(await (await fetch(`${control}/requests`)).json()),
    clock: async (change) => {
      const response = await fetch(`${control}/clock`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(change),
      });
      if (!response.ok) throw new Error(`the clock refused: ${await response.text()}`);
    },
    control: (path, init) => fetch(`${control}/${path}`, init),
    query: async (soql) => {
      const response = await rest(`query?q=${encodeURIComponent(soql)}`);
      const body: unknown = await response.json();
      return z.object({ records: z.array(z.record(z.string(), z.unknown())) }).parse(body).records;
    },
    rest,
    close: async () => {
      await cycles.close();
      await app.close();
      await emulator.close();
      await postgres?.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
