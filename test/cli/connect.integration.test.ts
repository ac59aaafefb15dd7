import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type App, beginSignIn, firstKeyId, openApp } from "../../src/app.ts";
import { type LaunchedEmulator, launchEmulator } from "../../src/cli/launch-emulator.ts";
import { ConfigError, WrongOrgError } from "../../src/core/errors.ts";
import { sql } from "../../src/database/sql.ts";
import { type Finished, startRipeline } from "../support/run-ripeline.ts";
import { createServerDatabase } from "../support/test-database.ts";

const newKey = (): string => randomBytes(32).toString("base64");
const Requests = z.object({ salesforce: z.object({ operations: z.record(z.string(), z.number()) }) });

let launched: LaunchedEmulator;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ripeline-connect-"));
  launched = await launchEmulator({ port: 0, isEmpty: true });
});
afterAll(async () => {
  await launched.emulator.close();
  await rm(folder, { recursive: true, force: true });
});

/** The app without any key: what a browser needs. */
const variables = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  SALESFORCE_LOGIN_URL: launched.emulator.ready.salesforce.loginUrl,
  SALESFORCE_CLIENT_ID: launched.emulator.ready.salesforce.clientId,
  RIPELINE_DATA_DIR: join(folder, "store"),
  RIPELINE_LOG_LEVEL: "silent",
  ...more,
});

const control = (path: string, body: unknown): Promise<Response> =>
  fetch(`${launched.emulator.ready.control}/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

async function operationsSeen(): Promise<Readonly<Record<string, number>>> {
  const answer = await fetch(`${launched.emulator.ready.control}/requests?writes=0`);
  return Requests.parse(await answer.json()).salesforce.operations;
}

const tokenCalls = async (): Promise<number> => (await operationsSeen())["oauth2/token"] ?? 0;

const expireSessions = () => control("faults", { salesforce: { expireSessions: "issued" } });

/** What a person does: opens the address, approves, and is sent back. */
async function approve(address: string): Promise<Response> {
  const approval = await fetch(address, { redirect: "manual" });
  expect(approval.status).toBe(302);
  return fetch(approval.headers.get("location") ?? "");
}

async function connectByBrowser(
  env: Readonly<Record<string, string>>,
): Promise<Finished & { address: string }> {
  const running = startRipeline(
    folder,
    ["connect", "salesforce", "--browser", "--port", "0", "--no-open", "--json"],
    env,
  );
  const address = await running.says(/http:\/\/127\.0\.0\.1:\d+\/services\/oauth2\/authorize\S+/);
  expect((await approve(address)).status).toBe(200);
  return { ...(await running.finished), address };
}

async function open(env: Readonly<Record<string, string>>): Promise<App> {
  const opened = await openApp({ variables: env, leaseMs: 2_000 });
  if (!("app" in opened)) throw new Error("somebody else holds the store");
  return opened.app;
}

async function withApp<T>(env: Readonly<Record<string, string>>, work: (app: App) => Promise<T>): Promise<T> {
  const app = await open(env);
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}

const signInCheck = async (app: App) => (await app.doctor()).checks.find(({ name }) => name === "sign-in");

/** Everything in the store as text, bytes as hex. */
async function dumpOf(app: App): Promise<string> {
  const tables = await app.store.any(
    z.object({ schema: z.string(), name: z.string() }),
    sql`select table_schema::text as schema, table_name::text as name from information_schema.tables
        where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  );
  const texts: string[] = [];
  for (const { schema, name } of tables) {
    const rows = await app.store.any(
      z.object({ text: z.string() }),
      sql`select r::text as text from ${sql.identifier([schema, name])} as r`,
    );
    texts.push(...rows.map(({ text }) => text));
  }
  return texts.join("\n");
}

const inHex = (text: string): string => Buffer.from(text, "utf8").toString("hex");

/** The same as the command, without a process of its own. */
async function signIn(app: App, env: Readonly<Record<string, string>>): ReturnType<App["connect"]> {
  const begun = await beginSignIn({ variables: env }, { port: 0, timeoutMs: 10_000 });
  try {
    const finished = begun.finished();
    await approve(begun.address);
    return await app.connect({ ...(await finished), keyId: begun.keyId });
  } finally {
    await begun.close();
  }
}

const countGrants = async (app: App): Promise<number> =>
  (await app.store.any(z.object({}), sql`select 1 as one from mirror.credential`)).length;

describe("connect salesforce", { shuffle: false }, () => {
  const [old, fresh] = [newKey(), newKey()];
  const orgId = (): string => launched.emulator.ready.salesforce.accessToken.split("!")[0] ?? "";
  /** With client credentials beside the browser's grant, and a key that is being replaced. */
  let env: Record<string, string>;
  let connected: Finished & { address: string };
  let app: App;
  beforeAll(async () => {
    const { clientSecret } = launched.emulator.ready.salesforce;
    env = variables({ SALESFORCE_CLIENT_SECRET: clientSecret, RIPELINE_SECRET_KEY: `${fresh},${old}` });
    connected = await connectByBrowser({ ...env, RIPELINE_SECRET_KEY: old });
    app = await open(env);
  });
  afterAll(() => app.close());

  test("with a browser says which org it is, and leaves nothing in the browser that is of use to anybody", () => {
    expect([connected.code, connected.err.includes("FAULT")], connected.err).toEqual([0, false]);
    expect(JSON.parse(connected.out)).toMatchObject({ orgId: orgId(), by: "browser" });
    const query = new URL(connected.address).searchParams;
    expect([...query.keys()].toSorted()).toEqual([
      "client_id",
      "code_challenge",
      "code_challenge_method",
      "redirect_uri",
      "response_type",
      "scope",
      "state",
    ]);
    expect(query.get("code_challenge_method")).toBe("S256");
    expect(query.get("redirect_uri")).toMatch(/^http:\/\/localhost:\d+\/callback$/);
  });

  test("stores tokens nowhere in the clear", async () => {
    const dump = (await dumpOf(app)).toLowerCase();
    for (const start of ["5Aep861", `${orgId()}!`]) {
      for (const form of [start, inHex(start)]) expect(dump).not.toContain(form.toLowerCase());
    }
    // What is looked through has the sealed bytes in it, and the id that tokens begin with.
    expect(dump).toContain(`,"\\\\x01`);
    expect(dump).toContain(orgId().toLowerCase());
  });

  test("is what every command signs in with, before client credentials, and refreshes where the token is dead", async () => {
    const before = await tokenCalls();
    expect(await signInCheck(app)).toMatchObject({ level: "ok" });
    expect(await tokenCalls()).toBe(before);
    await expireSessions();
    expect(await signInCheck(app)).toMatchObject({ level: "ok" });
    expect(await tokenCalls()).toBe(before + 1);
  });

  test("stores nothing of another org, and gives its grant back", async () => {
    const pin = (org: string) => app.store.execute(sql`update mirror.connection set org_id = ${org}`);
    await pin("00D00000000000XEAX");
    await expect(signIn(app, env)).rejects.toThrow(WrongOrgError);
    await pin(orgId());
    expect((await operationsSeen())["oauth2/revoke"]).toBe(1);
    expect(await signInCheck(app)).toMatchObject({ level: "ok" });
  });

  test("seals anew under a new key; a process with other variables is told so", async () => {
    await expect(app.rotateKey("0123456789ab")).rejects.toThrow(/was started with other variables/);
    const keyId = firstKeyId({ variables: env });
    expect(await app.rotateKey(keyId)).toEqual({ keyId, grant: true, emailKey: false });
    await app.close();
    app = await open({ ...env, RIPELINE_SECRET_KEY: fresh });
    expect(await signInCheck(app)).toMatchObject({ level: "ok" });
  });

  test("with a key of the environment checks it and takes the place of the browser's grant", async () => {
    expect(await countGrants(app)).toBe(1);
    const before = await tokenCalls();
    expect(await app.connect(null)).toMatchObject({ by: "environment", orgId: orgId() });
    expect(await tokenCalls()).toBe(before + 1);
    expect(await countGrants(app)).toBe(0);
    expect(await signInCheck(app)).toMatchObject({ level: "ok" });
    expect(await tokenCalls()).toBe(before + 2);
  });

  test("refuses before anybody signs in where it could not keep the grant, or would not use it", async () => {
    const { accessToken, instanceUrl } = launched.emulator.ready.salesforce;
    const session = { SALESFORCE_ACCESS_TOKEN: accessToken, SALESFORCE_INSTANCE_URL: instanceUrl };
    for (const [more, message] of [
      [{}, /RIPELINE_SECRET_KEY is missing: the sign-in .* is kept encrypted, or not at all/],
      [{ RIPELINE_SECRET_KEY: "changeme" }, /RIPELINE_SECRET_KEY: expected 32 random bytes/],
      [{ RIPELINE_SECRET_KEY: fresh, ...session }, /would be used in place of the sign-in/],
    ] as const) {
      const begun = beginSignIn({ variables: variables(more) }, { port: 0, timeoutMs: 1 });
      await expect(begun).rejects.toThrow(ConfigError);
      await expect(begun).rejects.toThrow(message);
    }
    const { code, err } = await startRipeline(folder, ["connect", "salesforce", "--browser"], variables())
      .finished;
    expect(code).toBe(1);
    expect(err).toMatch(/RIPELINE_SECRET_KEY is missing/);
    expect(err).not.toMatch(/authorize/);
  });
});

const server = process.env["TEST_DATABASE_URL"] ?? "";

describe.skipIf(server === "")("two processes on one Postgres", () => {
  let database: Awaited<ReturnType<typeof createServerDatabase>>;
  let env: Record<string, string>;
  beforeEach(async () => {
    database = await createServerDatabase(server);
    env = variables({ RIPELINE_SECRET_KEY: newKey(), DATABASE_URL: database.url });
    expect((await connectByBrowser(env)).code).toBe(0);
  });
  afterEach(async () => {
    await control("faults", { faults: [] });
    await database.drop();
  });

  const startProcess = () => {
    const script = fileURLToPath(new URL("./fixtures/sign-in-once.ts", import.meta.url));
    const child = spawn(process.execPath, [script, JSON.stringify(env)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString("utf8");
    });
    const { promise: ended, resolve } = Promise.withResolvers<string>();
    child.once("close", () => resolve(out));
    return { ended, kill: () => child.kill("SIGKILL") };
  };

  test("whose token has expired refresh it once, with rotation, time after time", async () => {
    await withApp(env, (one) =>
      withApp(env, async (other) => {
        for (let round = 1; round <= 3; round += 1) {
          await Promise.all([signInCheck(one), signInCheck(other)]);
          await expireSessions();
          const before = await tokenCalls();
          // Both hold the dead token and ask at once; a third process starts with what the store has.
          const third = startProcess();
          const checks = await Promise.all([
            one.learnQuota(),
            other.learnQuota(),
            askOrg(one),
            askOrg(other),
          ]);
          expect(checks).toHaveLength(4);
          expect(await third.ended).toContain('"level":"ok"');
          expect(await tokenCalls()).toBe(before + 1);
        }
      }),
    );
  });

  /** A metered call: it fails where the token cannot be renewed. */
  const askOrg = (app: App) => app.reconcileInTurn({ acceptVanished: false });

  test("of which one is killed with the new token on its way: the other tells what to do", async () => {
    await expireSessions();
    await control("faults", { faults: [{ operation: "oauth2/token", when: "after", stallAfterBytes: 0 }] });
    const before = await tokenCalls();
    const victim = startProcess();
    await expect.poll(tokenCalls, { timeout: 20_000 }).toBe(before + 1);
    victim.kill();
    await victim.ended;
    await withApp(env, async (app) => {
      const failed = (await app.doctor()).checks.find(({ level }) => level === "fail");
      expect(JSON.stringify(failed)).toMatch(
        /connect salesforce` again\. A refresh that began at .* did not end/,
      );
    });
    // And with a new sign-in everything goes on.
    expect((await connectByBrowser(env)).code).toBe(0);
    await withApp(env, async (app) => {
      expect(await signInCheck(app)).toMatchObject({ level: "ok" });
    });
  });

  test("of which one is cut off before the org heard it: the same token is used again", async () => {
    await expireSessions();
    await control("faults", { faults: [{ operation: "oauth2/token", reset: true }] });
    const before = await tokenCalls();
    await withApp(env, async (app) => {
      expect(await signInCheck(app)).toMatchObject({ level: "ok" });
    });
    expect(await tokenCalls()).toBe(before + 2);
  });
});
