import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type App, openApp } from "../../src/app.ts";
import { type LaunchedEmulator, launchEmulator } from "../../src/cli/launch-emulator.ts";
import { type Cycles, cyclesOf } from "../../src/cli/runtime.ts";
import { type CycleResult, cycleJson } from "../../src/core/cycle.ts";
import { sql } from "../../src/database/sql.ts";
import { prepareDataDirectory } from "../support/test-database.ts";

const MINUTE = 60_000;

/** One workspace with a portal, an org, or both, through the same queue that the commands use. */
let launched: LaunchedEmulator;
let folder: string;
let stores = 0;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ripeline-crms-"));
  launched = await launchEmulator({ port: 0, leads: 40, hasHubSpot: true });
  await launched.emulator.writeEnvFile(join(folder, "emulator.env"));
});
afterEach(async () => {
  await setFaults([]);
  await closeAll();
});
afterAll(async () => {
  await launched.emulator.close();
  await rm(folder, { recursive: true, force: true });
});

const salesforce = () => ({
  SALESFORCE_LOGIN_URL: launched.emulator.ready.salesforce.loginUrl,
  SALESFORCE_CLIENT_ID: launched.emulator.ready.salesforce.clientId,
  SALESFORCE_USERNAME: launched.emulator.ready.salesforce.username,
  SALESFORCE_PRIVATE_KEY_FILE: join(folder, "emulator.env.key.pem"),
});
const hubspot = () => ({
  HUBSPOT_BASE_URL: launched.emulator.ready.hubspot.baseUrl,
  HUBSPOT_ACCESS_TOKEN: launched.emulator.ready.hubspot.accessToken,
});

async function closeAll(): Promise<void> {
  for (const close of closing.splice(0)) await close();
}

interface Workspace {
  readonly app: App;
  readonly cycles: Cycles;
  readonly sync: (streams?: "all" | "due") => Promise<CycleResult>;
}

/** A store in a folder of its own, unless one is named. */
async function open(
  variables: Readonly<Record<string, string>>,
  { name, configFile }: { readonly name?: string; readonly configFile?: string } = {},
): Promise<Workspace> {
  stores += name === undefined ? 1 : 0;
  const dataDirectory = join(folder, name ?? `store-${stores}`);
  if (!existsSync(dataDirectory)) await prepareDataDirectory(dataDirectory);
  const opened = await openApp({
    variables: { RIPELINE_DATA_DIR: dataDirectory, RIPELINE_LOG_LEVEL: "silent", ...variables },
    ...(configFile === undefined ? {} : { configFile }),
    adjust: (settings) => ({ ...settings, report: { ...settings.report, months: 3 } }),
  });
  if (!("app" in opened)) throw new Error("somebody else owns a folder that was just made");
  const { app } = opened;
  const cycles = cyclesOf(app);
  closing.push(async () => {
    await cycles.close();
    await app.close();
  });
  return {
    app,
    cycles,
    sync: (streams = "all") => cycles.run({ streams, classes: "all" }, () => undefined),
  };
}

async function setFaults(faults: readonly unknown[]): Promise<void> {
  const set = await fetch(`${launched.emulator.ready.control}/faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ clear: true, faults }),
  });
  if (!set.ok) throw new Error(`the faults were refused: ${await set.text()}`);
}

const Requests = z.object({
  salesforce: z.object({ metered: z.number() }),
  hubspot: z.object({ metered: z.number() }),
});

/** Metered requests by the emulator's own count since its start. */
async function metered(): Promise<{ readonly salesforce: number; readonly hubspot: number }> {
  const answer = Requests.parse(await (await fetch(`${launched.emulator.ready.control}/requests`)).json());
  return { salesforce: answer.salesforce.metered, hubspot: answer.hubspot.metered };
}

async function rowsOf(app: App, table: string): Promise<number> {
  const { rows } = await app.store.one(
    z.object({ rows: z.number() }),
    sql`select count(*)::integer as rows from mirror.${sql.identifier([table])} where valid_to is null`,
  );
  return rows;
}

const namesOf = (result: CycleResult, prefix: string): readonly string[] =>
  Object.keys(result.pull.streams).filter((name) => name.startsWith(`${prefix}.`));

test("a token of HubSpot's alone makes a workspace of one portal", async () => {
  const { app, sync } = await open(hubspot());
  expect(app.settings.connections).toEqual([{ id: "hubspot", crm: "hubspot", processObject: null }]);
  const before = await metered();
  const result = await sync();
  const after = await metered();
  expect(namesOf(result, "hubspot")).toContain("hubspot.contacts");
  expect(namesOf(result, "salesforce")).toEqual([]);
  // The seeded portal has a contact for each of its 40 leads at least.
  expect(await rowsOf(app, "hubspot_contact")).toBeGreaterThanOrEqual(40);
  expect(cycleJson(result)["apiCalls"]).toEqual({
    salesforce: 0,
    hubspot: after.hubspot - before.hubspot,
  });
  expect(after.salesforce).toBe(before.salesforce);
});

test("where neither answers, the sync fails with what one of them said", async () => {
  const { sync } = await open({
    SALESFORCE_INSTANCE_URL: launched.emulator.ready.salesforce.instanceUrl,
    SALESFORCE_ACCESS_TOKEN: "00D000000000001!wrong",
    ...hubspot(),
    HUBSPOT_ACCESS_TOKEN: "pat-wrong",
  });
  await expect(sync()).rejects.toMatchObject({ code: "AUTH" });
});

test("where ripeline.yaml turns a CRM off, its token is of no account", async () => {
  const configFile = join(folder, "off.yaml");
  await writeFile(configFile, "connections:\n  hubspot:\n    enabled: false\n");
  const { app } = await open({ ...salesforce(), ...hubspot() }, { configFile });
  expect(app.settings.connections.map(({ id }) => id)).toEqual(["salesforce"]);
});

describe("an org and a portal in one workspace", { shuffle: false, timeout: 3 * MINUTE }, () => {
  const store = { name: "both" };

  test("one sync reads both and counts the calls of each", async () => {
    const { app, sync } = await open({ ...salesforce(), ...hubspot() }, store);
    expect(app.settings.connections.map(({ id }) => id)).toEqual(["salesforce", "hubspot"]);
    const before = await metered();
    const result = await sync();
    const after = await metered();
    expect(namesOf(result, "salesforce")).toContain("salesforce.Lead");
    expect(namesOf(result, "hubspot")).toContain("hubspot.contacts");
    expect(await rowsOf(app, "salesforce_lead")).toBe(40);
    expect(await rowsOf(app, "hubspot_contact")).toBeGreaterThanOrEqual(40);
    expect(cycleJson(result)["apiCalls"]).toEqual({
      salesforce: after.salesforce - before.salesforce,
      hubspot: after.hubspot - before.hubspot,
    });
    expect(result.pull.connections.map(({ failure }) => failure)).toEqual([null, null]);
  });

  test("plan, apply, doctor and status tell of both, and the next sync writes to both, once", async () => {
    const { app, sync } = await open({ ...salesforce(), ...hubspot() }, store);
    const both = [
      { id: "salesforce", crm: "salesforce" },
      { id: "hubspot", crm: "hubspot" },
    ];
    expect((await app.plan()).connections).toMatchObject(both);
    const applied = await app.apply({ checkOnly: false });
    expect(applied.connections).toMatchObject(both.map((each) => ({ ...each, deploy: { succeeded: true } })));
    const { checks } = await app.doctor();
    expect(checks.filter(({ level }) => level === "fail")).toEqual([]);
    expect(checks.filter(({ name }) => name === "sign-in").map(({ connection }) => connection)).toEqual([
      "salesforce",
      "hubspot",
    ]);
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["account", "scopes", "room for properties", "what is worked"]),
    );
    const first = await sync();
    const written = (prefix: string): number =>
      Object.entries(first.push.objects)
        .filter(([name]) => name.startsWith(prefix))
        .reduce((sum, [, each]) => sum + each.written, 0);
    expect(written("salesforce.")).toBeGreaterThan(0);
    expect(written("hubspot.")).toBeGreaterThan(0);
    expect(Object.values(first.push.objects).map(({ rejected }) => rejected)).not.toContain(1);
    const { lines } = await app.audit({ runId: null, record: null, object: null, limit: 100_000 });
    const objects = new Set(lines.map(({ object }) => object));
    expect([...objects]).toEqual(expect.arrayContaining(["Ripeline_Metric__c", "ripeline_metric"]));
    const status = await app.status();
    expect(status.connections.map(({ id, appliedAt }) => [id, appliedAt !== null])).toEqual([
      ["salesforce", true],
      ["hubspot", true],
    ]);
    // A run was on one connection: its undo asks that one, and nothing is taken back from the other.
    const onPortal = lines.find(({ object }) => object === "deals")?.runId ?? "";
    const undone = await app.undo(onPortal, { isDryRun: true }, () => undefined);
    expect(Object.keys(undone.objects).every((name) => name.startsWith("hubspot."))).toBe(true);
    expect(Object.keys(undone.objects)).toContain("hubspot.deals");
  });

  test("a portal that refuses us does not keep the org from being read, measured and written to", async () => {
    const { app, sync } = await open({ ...salesforce(), ...hubspot() }, store);
    await setFaults([{ crm: "hubspot", preset: "revoked_token", times: null }]);
    const result = await sync();
    expect(namesOf(result, "salesforce")).toContain("salesforce.Lead");
    expect(namesOf(result, "hubspot")).toEqual([]);
    const [org, portal] = result.pull.connections;
    expect(org).toMatchObject({ connectionId: "salesforce", failure: null });
    expect(portal).toMatchObject({ connectionId: "hubspot", asOf: null, failure: { code: "AUTH" } });
    // The numbers are those of now, and the portal is left alone.
    expect(await app.isComputed(new Date(result.pull.asOf))).toBe(true);
    expect(result.push.connections).toMatchObject([
      { connectionId: "salesforce" },
      { connectionId: "hubspot", apiCalls: 0, skipped: "it could not be read (AUTH)" },
    ]);
    // Each connection has its own line: the portal's says that it failed.
    const lines = await app.store.any(
      z.object({ connection_id: z.string(), outcome: z.string() }),
      sql`select distinct on (connection_id) connection_id, outcome from mirror.run where step = 'pull'
          order by connection_id, started_at desc`,
    );
    expect(lines).toEqual([
      { connection_id: "hubspot", outcome: "failed: AUTH" },
      { connection_id: "salesforce", outcome: "done" },
    ]);
    await setFaults([]);
    expect((await sync()).pull.connections.map(({ failure }) => failure)).toEqual([null, null]);
  });

  test("a portal whose token was lost stays in the workspace and says what to set", async () => {
    const { app, sync } = await open(salesforce(), store);
    expect(app.settings.connections.map(({ id }) => id)).toEqual(["salesforce", "hubspot"]);
    const [, portal] = (await sync()).pull.connections;
    expect(portal?.failure).toMatchObject({ code: "CONFIG" });
    expect(portal?.failure?.message).toMatch(
      /set HUBSPOT_ACCESS_TOKEN .*connections\.hubspot\.enabled to false/,
    );
  });
});
