import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type SalesforceRoute, streams } from "../../connectors/registry.ts";
import { type App, openApp } from "../../src/app.ts";
import { type Cycles, cyclesOf } from "../../src/cli/runtime.ts";
import type { Settings } from "../../src/core/settings.ts";
import { sql } from "../../src/database/sql.ts";
import { seedCompany } from "../../src/emulator/salesforce/company/seed-company.ts";
import { createOrg, type EngineOrg } from "../../src/emulator/salesforce/engine/create-org.ts";
import { createEmulatorClock } from "../../src/emulator/server/emulator-clock.ts";
import { type Emulator, startEmulator } from "../../src/emulator/server/start-emulator.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { liveTwoHours, post } from "./company-days.ts";
import { keepStore } from "./kept-store.ts";
import { type OrgState, readOrgState } from "./org-state.ts";

/** `new`: nothing of ours in the org, an empty store. `synced`: applied, synced, and two hours of work since. */
export type Start = "new" | "synced";

interface Opened {
  readonly app: App;
  readonly cycles: Cycles;
  readonly close: () => Promise<void>;
}

/** A company's org and ripeline's store, put back to a start for each case. */
export interface ChaosWorld {
  /** The org's clock after `putBack`, which stands still. */
  readonly now: (start: Start) => Date;
  putBack(start: Start): Promise<void>;
  /** An app as a new process has it, on the org of the last `putBack`. */
  open(options: OpenOptions): Promise<Opened>;
  control(path: string, body: unknown): Promise<void>;
  /** How often each fault has met a request, in the order in which they were added. */
  faultsMet(): Promise<readonly number[]>;
  /** What `apply` has made of the org: what a plan would still change, and who has the permission set. */
  applied(): Promise<OrgState>;
  orgState(): Promise<OrgState>;
  /** Objects of which the store holds another number of living records than the org, in words. */
  mirrorGaps(): Promise<readonly string[]>;
  purgeLeads(count: number): Promise<void>;
  close(): Promise<void>;
}

/** A step that asks something of the org; `compute` does not. */
export type StepName = "apply" | "pull" | "push" | "sweep" | "reconcile";

interface OpenOptions {
  readonly route: SalesforceRoute;
  readonly adjust?: (settings: Settings) => Settings;
  /** Called as each step begins. */
  readonly onStep: (step: StepName) => Promise<void>;
}

const NOW = new Date("2026-06-01T08:00:00Z");
const LATER = new Date("2026-06-01T10:00:00Z");
const FLAGGED_BEFORE = new Date("2026-05-25T00:00:00Z");
const LEADS = 150;

/** Nobody waits: the org's clock stands still, and a fault is over when it has met what it was meant for. */
const instantPacing = { sleep: () => Promise.resolve(), random: () => 1 };

interface Company {
  readonly org: EngineOrg;
  readonly emulator: Emulator;
  readonly firstDay: Date;
  readonly keyFile: string;
}

async function startCompany(folder: string): Promise<Company> {
  const clock = createEmulatorClock(NOW, { stopped: true });
  const org = createOrg({ clock, seed: 1, multiCurrency: true });
  const { firstDay } = seedCompany(org, { leads: LEADS, seed: 1, now: NOW });
  const emulator = await startEmulator({ port: 0, org, clock });
  const envFile = join(folder, `${new URL(emulator.ready.control).port}.env`);
  await emulator.writeEnvFile(envFile);
  return { org, emulator, firstDay, keyFile: `${envFile}.key.pem` };
}

const MetFaults = z.object({ faults: z.array(z.object({ met: z.number() })) });

/** Store: PGlite in memory, or Postgres (and Redis) where TEST_DATABASE_URL (and TEST_REDIS_URL) name them. */
export async function openChaosWorld(): Promise<ChaosWorld> {
  const folder = await mkdtemp(join(tmpdir(), "ripeline-faults-"));
  const store = await openTestDatabase();
  const companies = { new: await startCompany(folder), synced: await startCompany(folder) };
  const redis = process.env["TEST_REDIS_URL"] ?? "";
  const workspaceId = `faults${folder.slice(-6).toLowerCase()}`;
  let company: Company = companies.new;
  const controlUrl = (path: string): string => `${company.emulator.ready.control}/${path}`;

  const open: ChaosWorld["open"] = async ({ route, adjust, onStep }) => {
    const { salesforce } = company.emulator.ready;
    const opened = await openApp({
      variables: {
        SALESFORCE_LOGIN_URL: salesforce.loginUrl,
        SALESFORCE_CLIENT_ID: salesforce.clientId,
        SALESFORCE_USERNAME: salesforce.username,
        SALESFORCE_PRIVATE_KEY_FILE: company.keyFile,
        RIPELINE_LOG_LEVEL: "silent",
        ...(store.url === undefined ? {} : { DATABASE_URL: store.url }),
        ...(store.url === undefined || redis === "" ? {} : { REDIS_URL: redis }),
      },
      store: store.database,
      route: { pacing: instantPacing, ...route },
      adjust: (settings) => {
        const own = {
          ...settings,
          workspace: { ...settings.workspace, id: workspaceId },
          rot: { ...settings.rot, startFrom: company.firstDay.toISOString() },
          // Fewer rows of the report are computed and written: that is most of a case's time.
          report: { ...settings.report, months: 2, cohortAges: [30] },
        };
        return adjust?.(own) ?? own;
      },
    });
    if (!("app" in opened)) throw new Error("a store that is handed in has no other owner");
    const { app } = opened;
    const told = async <R>(step: StepName, work: () => Promise<R>): Promise<R> => {
      await onStep(step);
      return work();
    };
    const watched: App = {
      ...app,
      apply: (...args) => told("apply", () => app.apply(...args)),
      pull: (...args) => told("pull", () => app.pull(...args)),
      push: (...args) => told("push", () => app.push(...args)),
      sweep: (...args) => told("sweep", () => app.sweep(...args)),
      reconcileInTurn: (...args) => told("reconcile", () => app.reconcileInTurn(...args)),
    };
    const cycles = cyclesOf(watched);
    const close = async (): Promise<void> => {
      await cycles.close();
      await app.close();
    };
    return { app: watched, cycles, close };
  };

  const prepare = async (): Promise<void> => {
    company = companies.synced;
    // Flags from later on than the cases ask for: then a case has many of them to write.
    const adjust: OpenOptions["adjust"] = (settings) => ({
      ...settings,
      rot: { ...settings.rot, startFrom: FLAGGED_BEFORE.toISOString() },
    });
    const first = await open({ route: {}, adjust, onStep: () => Promise.resolve() });
    await first.app.apply({ checkOnly: false });
    await first.cycles.run({ streams: "all", classes: "all" }, () => undefined);
    await first.close();
    await liveTwoHours({ emulator: company.emulator }, NOW);
    for (const each of Object.values(companies)) each.org.markStart();
  };
  await prepare();
  const kept = await keepStore(store.database);

  return {
    now: (start) => (start === "new" ? NOW : LATER),
    putBack: async (start) => {
      company = companies[start];
      await post(controlUrl("reset"));
      await post(controlUrl("clock"), {
        now: (start === "new" ? NOW : LATER).toISOString(),
        stopped: true,
      });
      await store.empty();
      if (start === "synced") await kept.putBack();
    },
    open,
    control: (path, body) => post(controlUrl(path), body),
    faultsMet: async () => {
      const { faults } = MetFaults.parse(await (await fetch(controlUrl("faults"))).json());
      return faults.map(({ met }) => met);
    },
    applied: async () => {
      const { app, close } = await open({ route: {}, onStep: () => Promise.resolve() });
      const { objects } = await app.plan();
      await close();
      return {
        plan: Object.fromEntries(objects.map(({ object, ...change }) => [object, change])),
        assignments: {
          users: [...company.org.dump("PermissionSetAssignment")].map(
            (row) => `${String(row["AssigneeId"])} ${String(row["PermissionSetId"])}`,
          ),
        },
      };
    },
    orgState: () => readOrgState(company.emulator.ready.control),
    mirrorGaps: () => mirrorGaps(store, company.org, workspaceId),
    purgeLeads: async (count) => {
      const ids = [...company.org.dump("Lead")]
        .filter((lead) => lead["IsDeleted"] !== true && lead["IsConverted"] !== true)
        .map((lead) => String(lead["Id"]))
        .toSorted();
      const gone = ids.slice(0, count);
      const { instanceUrl, adminAccessToken } = company.emulator.ready.salesforce;
      await fetch(`${instanceUrl}/services/data/v67.0/composite/sobjects?ids=${gone.join(",")}`, {
        method: "DELETE",
        headers: { authorization: `Bearer ${adminAccessToken}` },
      });
      await post(controlUrl("recycle-bin"), { salesforce: { purge: { ids: gone } } });
    },
    close: async () => {
      for (const { emulator } of Object.values(companies)) await emulator.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const Rows = z.object({ rows: z.number() });

async function mirrorGaps(
  store: TestDatabase,
  org: EngineOrg,
  workspaceId: string,
): Promise<readonly string[]> {
  const gaps: string[] = [];
  for (const { object, table, fields } of streams.salesforce) {
    const living = fields.some(({ name }) => name === "IsDeleted") ? sql`and isdeleted is not true` : sql``;
    const { rows } = await store.database.one(
      Rows,
      sql`select count(*) as rows from ${sql.identifier(["mirror", table])}
          where workspace_id = ${workspaceId} and valid_to is null ${living}`,
    );
    const inOrg = [...org.dump(object)].filter((record) => record["IsDeleted"] !== true).length;
    if (rows !== inOrg) gaps.push(`${object}: ${rows} in the store, ${inOrg} in the org`);
  }
  return gaps;
}
