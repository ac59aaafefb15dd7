import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type LaunchedEmulator, launchEmulator } from "../../src/cli/launch-emulator.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { sql } from "../../src/database/sql.ts";
import { runRipeline } from "../support/run-ripeline.ts";

/** A text in which nothing secret may stand, and where it comes from. */
interface Seen {
  readonly where: string;
  readonly text: string;
}

interface Forbidden {
  readonly what: string;
  readonly text: string;
}

/** Where each forbidden text stands; never the text itself. */
function scan(seen: readonly Seen[], forbidden: readonly Forbidden[]): readonly string[] {
  return seen.flatMap(({ where, text }) => {
    const lower = text.toLowerCase();
    const found = forbidden.filter((each) => lower.includes(each.text.toLowerCase()));
    const token = /00D\w{9,15}![\w.]{10,}/.exec(text) === null ? [] : [`${where}: an access token`];
    return [...found.map(({ what }) => `${where}: ${what}`), ...token];
  });
}

const Person = z.looseObject({ Email: z.string().nullish(), LastName: z.string().nullish() });

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
  const emails = async (object: string): Promise<Forbidden[]> => {
    const lines = (await (await control(`records/salesforce/${object}`)).text()).split("\n");
    return lines
      .filter((line) => line !== "")
      .flatMap((line) => {
        const { Email } = Person.parse(JSON.parse(line));
        return Email == null || Email === "" ? [] : [{ what: `the address of a ${object}`, text: Email }];
      });
  };

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
      { what: "the client secret", text: salesforce.clientSecret },
      { what: "the access token", text: salesforce.accessToken },
      { what: "the admin's token", text: salesforce.adminAccessToken },
      ...pem
        .split("\n")
        .filter((line) => line.length > 40)
        .map((text) => ({ what: "the private key", text })),
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
      const tables = await db.any(
        z.object({ schema: z.string(), name: z.string() }),
        sql`select table_schema::text as schema, table_name::text as name from information_schema.tables
            where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
      );
      expect(tables.map(({ schema }) => schema)).toEqual(
        expect.arrayContaining(["bullmq", "mirror", "writeback"]),
      );
      for (const { schema, name } of tables) {
        const rows = await db.any(
          z.object({ text: z.string() }),
          sql`select row_in_it::text as text from ${sql.identifier([schema, name])} as row_in_it`,
        );
        seen.push({ where: `table ${schema}.${name}`, text: rows.map(({ text }) => text).join("\n") });
      }
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
