import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type App, beginSignIn, openApp } from "../../src/app.ts";
import { type LaunchedEmulator, launchEmulator } from "../../src/cli/launch-emulator.ts";
import { sql } from "../../src/database/sql.ts";
import { startRipeline } from "../support/run-ripeline.ts";
import { prepareDataDirectory } from "../support/test-database.ts";

const MINUTE = 60_000;
let launched: LaunchedEmulator;
let folder: string;
let oauthApp: Readonly<Record<string, string>>;
const secretKey = randomBytes(32).toString("base64");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ripeline-connect-hubspot-"));
  launched = await launchEmulator({ port: 0, leads: 20, hasHubSpot: true });
  const envFile = join(folder, "emulator.env");
  await launched.emulator.writeEnvFile(envFile);
  const { HUBSPOT_CLIENT_ID = "", HUBSPOT_CLIENT_SECRET = "" } = parseEnv(await readFile(envFile, "utf8"));
  oauthApp = { HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET };
});
afterAll(async () => {
  await launched.emulator.close();
  await rm(folder, { recursive: true, force: true });
});

/** The app without any key: what a browser needs. */
const variables = (store: string): Record<string, string> => ({
  HUBSPOT_BASE_URL: launched.emulator.ready.hubspot.baseUrl,
  ...oauthApp,
  RIPELINE_DATA_DIR: join(folder, store),
  RIPELINE_LOG_LEVEL: "silent",
  RIPELINE_SECRET_KEY: secretKey,
});

/** What a person does: opens the address, approves, and is sent back. */
async function approve(address: string): Promise<void> {
  const approval = await fetch(address, { redirect: "manual" });
  expect(approval.status).toBe(302);
  expect((await fetch(approval.headers.get("location") ?? "")).status).toBe(200);
}

async function withApp<T>(env: Readonly<Record<string, string>>, work: (app: App) => Promise<T>): Promise<T> {
  const opened = await openApp({ variables: env, leaseMs: 2_000 });
  if (!("app" in opened)) throw new Error("somebody else holds the store");
  try {
    return await work(opened.app);
  } finally {
    await opened.app.close();
  }
}

const signInCheck = async (app: App) => (await app.doctor()).checks.find(({ name }) => name === "sign-in");

async function control(path: string, body: unknown): Promise<void> {
  const answer = await fetch(`${launched.emulator.ready.control}/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(answer.ok).toBe(true);
}

async function tokenCalls(): Promise<number> {
  const answer = await fetch(`${launched.emulator.ready.control}/requests?writes=0`);
  const { hubspot } = z
    .object({ hubspot: z.object({ operations: z.record(z.string(), z.number()) }) })
    .parse(await answer.json());
  return hubspot.operations["hubspot/oauth/token"] ?? 0;
}

const generation = async (app: App): Promise<number> => {
  const row = await app.store.one(
    z.object({ generation: z.number() }),
    sql`select generation from mirror.credential where connection_id = 'hubspot'`,
  );
  return row.generation;
};

test("a token of the environment is checked, ties the store to the portal, and another portal's is refused", async () => {
  const env = { ...variables("key"), HUBSPOT_ACCESS_TOKEN: launched.emulator.ready.hubspot.accessToken };
  await prepareDataDirectory(join(folder, "key"));
  const running = startRipeline(folder, ["connect", "hubspot", "--json"], env);
  const { code, out } = await running.finished;
  expect(code).toBe(0);
  const connected = z.object({ crm: z.string(), orgId: z.string(), by: z.string() }).parse(JSON.parse(out));
  expect(connected).toMatchObject({ crm: "hubspot", by: "environment" });
  expect(connected.orgId).toMatch(/^\d+$/);
  await withApp(env, async (app) => {
    await app.store.execute(sql`update mirror.connection set org_id = '1' where connection_id = 'hubspot'`);
    await expect(app.connect(null, "hubspot")).rejects.toThrow(
      /belongs to org 1, .*connections\.hubspot\.id/,
    );
  });
});

describe("a sign-in with a browser", { shuffle: false, timeout: 3 * MINUTE }, () => {
  test("is stored, found by the next process, and asks for every scope", async () => {
    const env = variables("browser");
    await prepareDataDirectory(join(folder, "browser"));
    const running = startRipeline(folder, ["connect", "hubspot", "--port", "0", "--no-open", "--json"], env);
    const address = await running.says(/http:\/\/127\.0\.0\.1:\d+\/oauth\/authorize\S+/);
    const asked = new URL(address).searchParams;
    expect(asked.get("scope")).toContain("crm.objects.contacts.read");
    expect(asked.get("optional_scope")).toContain("crm.objects.leads.read");
    expect(address).not.toContain(oauthApp["HUBSPOT_CLIENT_SECRET"]);
    await approve(address);
    const { code, out } = await running.finished;
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ crm: "hubspot", by: "browser" });
    await withApp(env, async (app) => {
      expect(app.settings.connections.map(({ id }) => id)).toEqual(["hubspot"]);
      expect(await signInCheck(app)).toMatchObject({ level: "ok" });
    });
  });

  test("is renewed once its access token has ended, and the refresh token that came with it is kept", async () => {
    const env = variables("browser");
    const before = await tokenCalls();
    await withApp(env, async (app) => {
      expect(await generation(app)).toBe(1);
      // HubSpot's access tokens live for 30 minutes.
      await control("clock", { advanceSeconds: 31 * 60 });
      expect(await signInCheck(app)).toMatchObject({ level: "ok" });
      expect(await generation(app)).toBe(2);
    });
    // The old refresh token is void by now: only the stored new one can renew again.
    await control("clock", { advanceSeconds: 31 * 60 });
    await withApp(env, async (app) => {
      expect(await signInCheck(app)).toMatchObject({ level: "ok" });
      expect(await generation(app)).toBe(3);
    });
    expect((await tokenCalls()) - before).toBe(2);
  });

  test("is not begun where a token of the environment would be used in its place", async () => {
    const env = { ...variables("browser"), HUBSPOT_ACCESS_TOKEN: "pat-na1-x" };
    await expect(
      beginSignIn({ variables: env }, { crm: "hubspot", port: 0, timeoutMs: MINUTE }),
    ).rejects.toThrow(/HUBSPOT_ACCESS_TOKEN is set/);
    const { HUBSPOT_CLIENT_SECRET: _secret, ...half } = variables("browser");
    await expect(
      beginSignIn({ variables: half }, { crm: "hubspot", port: 0, timeoutMs: MINUTE }),
    ).rejects.toThrow(/HUBSPOT_CLIENT_ID or HUBSPOT_CLIENT_SECRET is missing/);
  });
});
