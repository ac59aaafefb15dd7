import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LaunchedEmulator, launchEmulator } from "../../src/cli/launch-emulator.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import {
  addressesOf,
  type Forbidden,
  type Seen,
  scan,
  secretsOf,
  storeAsText,
} from "../support/leak-scan.ts";
import { runRipeline } from "../support/run-ripeline.ts";

/** What an admin's rule says may quote anything, the record's address too. */
const QUOTED_ADDRESS = "quoted.person@customer.example";

describe("logs, errors, job payloads and status of a run in which much fails", () => {
  let launched: LaunchedEmulator;
  let folder: string;
  let forbidden: Forbidden[];
  const seen: Seen[] = [];

  const control = (path: string, body?: unknown): Promise<Response> =>
    fetch(`${launched.emulator.ready.control}/${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const ripeline = async (label: string, ...args: readonly string[]): Promise<number | null> => {
    const variables = { RIPELINE_DATA_DIR: join(folder, "data"), RIPELINE_LOG_LEVEL: "debug" };
    const run = await runRipeline(folder, [...args, "--env", join(folder, "emulator.env")], variables);
    seen.push({ where: `${label}, stdout`, text: run.out }, { where: `${label}, stderr`, text: run.err });
    return run.code;
  };
  const emails = async (object: string): Promise<readonly Forbidden[]> =>
    addressesOf(object, await (await control(`records/salesforce/${object}`)).text());

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ripeline-leaks-"));
    launched = await launchEmulator({ port: 0, leads: 120 });
    await launched.emulator.writeEnvFile(join(folder, "emulator.env"));
    // Without it only leads from now on are flagged, and no rule would meet one.
    await writeFile(
      join(folder, "ripeline.yaml"),
      `rot:\n  start_from: ${launched.firstDay.toISOString()}\n`,
    );
    const { salesforce } = launched.emulator.ready;
    const pem = await readFile(join(folder, "emulator.env.key.pem"), "utf8");
    forbidden = [
      ...(await emails("Lead")),
      ...(await emails("Contact")),
      ...(await emails("User")),
      { what: "an address quoted by a rule", text: QUOTED_ADDRESS },
      ...secretsOf(salesforce, pem),
    ];
  });
  afterAll(async () => {
    await launched.emulator.close();
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

    const db = await openDatabase({ dataDirectory: join(folder, "data") });
    try {
      const tables = await storeAsText(db);
      expect(tables.map(({ where }) => where)).toEqual(
        expect.arrayContaining([
          expect.stringContaining("table bullmq."),
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
    expect(refused).toMatch(/FIELD_CUSTOM_VALIDATION_EXCEPTION/);
    expect(scan(seen, forbidden)).toEqual([]);
  });

  test("and the scanner finds what is planted", () => {
    const [address] = forbidden;
    if (address === undefined) return expect.fail("nothing is forbidden");
    const planted = [
      { where: "a log", text: `refused: ${address.text.toUpperCase()}` },
      { where: "a job", text: '{"token":"00DRp0000000001!AQEAQ.secret.value"}' },
    ];
    expect(scan(planted, forbidden)).toEqual(
      expect.arrayContaining([`a log: ${address.what}`, "a job: an access token"]),
    );
  });
});
