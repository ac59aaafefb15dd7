import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type LaunchedEmulator, launchEmulator } from "../../src/cli/launch-emulator.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import {
  addressesOf,
  type Forbidden,
  hexOf,
  redisAsText,
  type Seen,
  scan,
  secretsOf,
  storeAsText,
} from "../support/leak-scan.ts";
import { type Finished, runRipeline, startRipeline } from "../support/run-ripeline.ts";
import { createServerDatabase } from "../support/test-database.ts";

/** A database of Redis that nothing else uses; without TEST_DATABASE_URL and TEST_REDIS_URL all runs on the embedded store. */
const REDIS_DATABASE = 13;

interface Services {
  readonly variables: Readonly<Record<string, string>>;
  readonly redis: Redis;
  close(): Promise<void>;
}

async function openServices(): Promise<Services | undefined> {
  const server = process.env["TEST_DATABASE_URL"] ?? "";
  const address = process.env["TEST_REDIS_URL"] ?? "";
  if (server === "" || address === "") return undefined;
  const { url, drop } = await createServerDatabase(server);
  const redisUrl = `${address.replace(/\/\d*$/, "")}/${REDIS_DATABASE}`;
  const redis = new Redis(redisUrl);
  if ((await redis.dbsize()) > 0) throw new Error(`database ${REDIS_DATABASE} of Redis is not empty`);
  return {
    variables: { DATABASE_URL: url, REDIS_URL: redisUrl },
    redis,
    close: async () => {
      await redis.flushdb();
      await redis.quit();
      await drop();
    },
  };
}

/** What an admin's rule says may quote anything, the record's address too. */
const OLD_ADDRESS = "former.person@customer.example";
const QUOTED_ADDRESS = "quoted.person@customer.example";

describe("logs, errors, job payloads and status of a run in which much fails", () => {
  let launched: LaunchedEmulator;
  let folder: string;
  let forbidden: Forbidden[];
  const secretKey = randomBytes(32).toString("base64");
  const seen: Seen[] = [];
  let services: Services | undefined;

  const control = (path: string, body?: unknown): Promise<Response> =>
    fetch(`${launched.emulator.ready.control}/${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const common = (): Record<string, string> => ({
    RIPELINE_DATA_DIR: join(folder, "data"),
    RIPELINE_LOG_LEVEL: "debug",
    RIPELINE_SECRET_KEY: secretKey,
    ...services?.variables,
  });
  const ripeline = async (label: string, ...args: readonly string[]): Promise<number | null> => {
    const run = await runRipeline(folder, [...args, "--env", join(folder, "emulator.env")], common());
    seen.push({ where: `${label}, stdout`, text: run.out }, { where: `${label}, stderr`, text: run.err });
    return run.code;
  };
  /** Signs in with a browser, then does something with what was granted, also after the token has died. */
  const byBrowser = async (): Promise<void> => {
    const { loginUrl, clientId } = launched.emulator.ready.salesforce;
    const variables = { ...common(), SALESFORCE_LOGIN_URL: loginUrl, SALESFORCE_CLIENT_ID: clientId };
    const running = startRipeline(folder, ["connect", "salesforce", "--port", "0", "--no-open"], variables);
    const address = await running.says(/http:\S+\/services\/oauth2\/authorize\S+/);
    const back = (await fetch(address, { redirect: "manual" })).headers.get("location") ?? "";
    forbidden.push({ what: "the sign-in's code", text: new URL(back).searchParams.get("code") ?? "" });
    await fetch(back);
    const note = (label: string, run: Finished): void => {
      seen.push({ where: `${label}, stdout`, text: run.out }, { where: `${label}, stderr`, text: run.err });
    };
    const connected = await running.finished;
    note("connect", connected);
    expect(connected.code, connected.err).toBe(0);
    await control("faults", { salesforce: { expireSessions: "issued" } });
    const refreshed = await runRipeline(folder, ["sync"], variables);
    note("sync by browser's grant", refreshed);
    expect(refreshed.code, refreshed.err).toBe(0);
    await control("faults", { salesforce: { appRevoked: true } });
    note("sync by revoked grant", await runRipeline(folder, ["sync"], variables));
    const wrongKey = { ...variables, RIPELINE_SECRET_KEY: randomBytes(32).toString("base64") };
    note("sync with another key", await runRipeline(folder, ["sync"], wrongKey));
    await control("faults", { salesforce: { appRevoked: false } });
  };
  /** The org keeps the history of addresses too. */
  const trackAddresses = async (): Promise<void> => {
    const [lead = "{}"] = (await (await control("records/salesforce/Lead")).text()).split("\n");
    const { Id } = z.looseObject({ Id: z.string() }).parse(JSON.parse(lead));
    const change = { LeadId: Id, Field: "Email", OldValue: OLD_ADDRESS, NewValue: `new.${OLD_ADDRESS}` };
    const loaded = await fetch(`${launched.emulator.ready.control}/load/salesforce/LeadHistory`, {
      method: "POST",
      body: JSON.stringify(change),
    });
    expect(loaded.status, await loaded.text()).toBe(200);
  };
  const emails = async (object: string): Promise<readonly Forbidden[]> =>
    addressesOf(object, await (await control(`records/salesforce/${object}`)).text());

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ripeline-leaks-"));
    services = await openServices();
    launched = await launchEmulator({ port: 0, leads: 120 });
    await launched.emulator.writeEnvFile(join(folder, "emulator.env"));
    // Without it only leads from now on are flagged, and no rule would meet one.
    await writeFile(
      join(folder, "ripeline.yaml"),
      `rot:\n  start_from: ${launched.firstDay.toISOString()}\n`,
    );
    await trackAddresses();
    const { salesforce } = launched.emulator.ready;
    const pem = await readFile(join(folder, "emulator.env.key.pem"), "utf8");
    forbidden = [
      ...(await emails("Lead")),
      ...(await emails("Contact")),
      ...(await emails("User")),
      { what: "an address quoted by a rule", text: QUOTED_ADDRESS },
      { what: "an address in a field's history", text: OLD_ADDRESS },
      { what: "the secret key", text: secretKey },
      { what: "the secret key's bytes", text: Buffer.from(secretKey, "base64").toString("hex") },
      ...secretsOf(salesforce, pem),
    ];
  });
  afterAll(async () => {
    await launched.emulator.close();
    await services?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("hold no secret and no address of anybody", async () => {
    const faults = (...list: readonly unknown[]) => control("faults", { faults: list });
    await ripeline("doctor", "doctor");
    await ripeline("plan", "plan", "--json");
    expect(await ripeline("apply", "apply"), seen.at(-1)?.text).toBe(0);
    await control("automation", {
      salesforce: {
        validationRules: [
          {
            object: "Lead",
            name: "Quoting",
            formula: "NOT(ISBLANK(Ripeline_Clock__c))",
            message: `Ask ${QUOTED_ADDRESS} first`,
          },
        ],
      },
    });
    await faults({
      operation: "composite",
      times: 2,
      answer: { status: 500, body: `<p>${QUOTED_ADDRESS}</p>` },
    });
    await ripeline("sync after a 500", "sync", "--all");
    await faults({
      operation: "composite",
      times: 1,
      answer: {
        status: 400,
        body: [
          { errorCode: "INVALID_FIELD", message: `No such column '${QUOTED_ADDRESS}' on entity 'Lead'` },
        ],
      },
    });
    await ripeline("sync with a refused query", "sync", "--all");
    await faults({
      operation: "token",
      times: null,
      answer: {
        status: 400,
        body: { error: "invalid_grant", error_description: `user ${QUOTED_ADDRESS} hasn't approved` },
      },
    });
    await ripeline("sync without a token", "sync", "--all");
    await control("faults", { faults: [] });
    await ripeline("sync with refused rows", "sync", "--all", "--json");
    await ripeline("status", "status");
    await ripeline("status as JSON", "status", "--json");
    await ripeline("report", "report", "--json");
    await ripeline("explain", "explain", "rotting_lead_rate", "workspace");
    await ripeline("audit", "audit", "--json");
    await byBrowser();

    const url = services?.variables["DATABASE_URL"];
    const db = await openDatabase(url === undefined ? { dataDirectory: join(folder, "data") } : { url });
    try {
      const tables = [
        ...(await storeAsText(db)),
        ...(services === undefined ? [] : await redisAsText(services.redis)),
      ];
      expect(tables.map(({ where }) => where)).toEqual(
        expect.arrayContaining([
          expect.stringContaining(services === undefined ? "table bullmq." : "redis "),
          expect.stringContaining("table mirror."),
          expect.stringContaining("table writeback."),
        ]),
      );
      seen.push(...tables);
    } finally {
      await db.close();
    }

    expect(forbidden.length).toBeGreaterThan(150);
    expect(seen.reduce((sum, { text }) => sum + text.length, 0)).toBeGreaterThan(500_000);
    const refused = seen.find(({ where }) => where === "status, stdout")?.text ?? "";
    const credentials = seen.find(({ where }) => where === "table mirror.credential")?.text ?? "";
    expect(credentials).toMatch(/"\\\\x01[0-9a-f]{400,}"/);
    expect(refused).toMatch(/FIELD_CUSTOM_VALIDATION_EXCEPTION/);
    expect(scan(seen, forbidden)).toEqual([]);
  });

  test("and the scanner finds what is planted", () => {
    const [address] = forbidden;
    if (address === undefined) return expect.fail("nothing is forbidden");
    const tokens = ["00DRp0000000001!AQEAQ.secret.value", "5Aep861.0123456789abcdef"];
    const planted = [
      { where: "a log", text: `refused: ${address.text.toUpperCase()}` },
      { where: "a job", text: tokens.join(",").replace("5Aep861.", "5Aep861") },
      { where: "a table", text: tokens.map((token) => `\\x${hexOf(token)}`).join(",") },
    ];
    expect(scan(planted, forbidden)).toEqual(
      expect.arrayContaining([
        `a log: ${address.what}`,
        "a job: an access token",
        "a job: a refresh token",
        "a table: an access token as bytes",
        "a table: a refresh token as bytes",
      ]),
    );
  });
});
