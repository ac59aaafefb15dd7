import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type LaunchedEmulator, launchEmulator } from "../../src/cli/launch-emulator.ts";
import { runRipeline } from "../support/run-ripeline.ts";
import { prepareDataDirectory } from "../support/test-database.ts";

/** What a person reads, and what a script gets, when a command is wrong or cannot do its work. */
describe("the command line", () => {
  const folder = mkdtempSync(join(tmpdir(), "ripeline-cli-"));
  const data = { RIPELINE_DATA_DIR: join(folder, "data") };
  let launched: LaunchedEmulator;
  beforeAll(async () => {
    launched = await launchEmulator({ port: 0, leads: 40 });
    await launched.emulator.writeEnvFile(join(folder, "emulator.env"));
    await prepareDataDirectory(data.RIPELINE_DATA_DIR);
  });
  afterAll(async () => {
    await launched.emulator.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("the help names every command and the help of a command has examples", async () => {
    const help = await runRipeline(folder, ["--help"]);
    expect(help.code).toBe(0);
    for (const command of "demo emulator doctor plan apply sync report explain start worker status".split(
      " ",
    )) {
      expect(help.out).toMatch(new RegExp(`^  ${command}\\b`, "m"));
    }
    const sync = await runRipeline(folder, ["sync", "--help"]);
    expect(sync.out).toMatch(/Examples:\n {2}\$ ripeline sync/);
  });

  test.each([
    ["an unknown command", ["frobnicate"], /unknown command 'frobnicate'/],
    ["an unknown option", ["sync", "--al"], /unknown option '--al'[\s\S]*Did you mean --all\?/],
    [
      "a number that is none",
      ["demo", "--leads", "many"],
      /--leads: "many" is not a whole number from 1 to 1000000/,
    ],
    ["an instant that is none", ["emulator", "--now", "soon"], /--now: "soon" is no instant/],
  ])("%s exits with 2 and says what is wrong", async (_, args, message) => {
    const run = await runRipeline(folder, args);
    expect(run.err).toMatch(message);
    expect(run.code).toBe(2);
    expect(run.out).toBe("");
  });

  test("without a CRM a sync says how to get one", async () => {
    const run = await runRipeline(folder, ["sync"], data);
    expect(run.code).toBe(1);
    expect(run.err).toMatch(/No CRM is configured\. Set SALESFORCE_CLIENT_ID/);
    expect(run.out).toBe("");
  });

  test("a wrong key in ripeline.yaml is named with its line", async () => {
    const file = join(folder, "wrong.yaml");
    writeFileSync(file, "rot:\n  max_unloged: 0.3\n");
    const run = await runRipeline(folder, ["status", "--config", file], data);
    expect(run.code).toBe(1);
    expect(run.err).toMatch(/wrong\.yaml:2: rot\.max_unloged: unknown key; known here: .*max_unlogged/);
  });

  test("a wrong client id names the variable to look at", async () => {
    const { salesforce } = launched.emulator.ready;
    const run = await runRipeline(folder, ["sync"], {
      ...data,
      SALESFORCE_LOGIN_URL: salesforce.loginUrl,
      SALESFORCE_CLIENT_ID: "nobody",
      SALESFORCE_USERNAME: salesforce.username,
      SALESFORCE_PRIVATE_KEY_FILE: join(folder, "emulator.env.key.pem"),
    });
    expect(run.code).toBe(1);
    expect(run.err).toMatch(/SALESFORCE_CLIENT_ID/);
    expect(run.err).toMatch(/\[AUTH\]/);
  });

  test("an org that does not answer is named by its host", async () => {
    const run = await runRipeline(folder, ["doctor", "--json"], {
      ...data,
      SALESFORCE_INSTANCE_URL: "http://127.0.0.1:9",
      SALESFORCE_ACCESS_TOKEN: "00D000000000000AAA!none",
    });
    expect(run.code).toBe(1);
    const report = z
      .object({
        checks: z.array(
          z.object({
            name: z.string(),
            level: z.string(),
            found: z.string(),
            next: z.string().optional(),
          }),
        ),
      })
      .parse(JSON.parse(run.out));
    expect(report.checks.find((check) => check.name === "sign-in")).toBeUndefined();
    const network = report.checks.find((check) => check.name === "network");
    expect(network?.level).toBe("fail");
    expect(network?.found).toContain("127.0.0.1:9");
    expect(network?.next).toMatch(/then run `ripeline doctor` again$/);
  });

  test("plan, apply, sync, report and explain answer with one JSON document each", async () => {
    const env = ["--env", "emulator.env", "--json"];
    const own = { RIPELINE_DATA_DIR: join(folder, "own") };
    for (const args of [["plan"], ["plan", "--api"], ["apply"], ["sync", "--all"], ["report"], ["status"]]) {
      const run = await runRipeline(folder, [...args, ...env], own);
      expect(run.code, `${args.join(" ")}: ${run.err}`).toBe(0);
      expect(z.json().safeParse(JSON.parse(run.out)).success, args.join(" ")).toBe(true);
    }
    const explained = await runRipeline(folder, ["explain", "undelivered_count", "workspace", ...env], own);
    expect(JSON.parse(explained.out)).toMatchObject({ metric: "undelivered_count", rowType: "workspace" });
    const unknown = await runRipeline(folder, ["explain", "rotten", "workspace", ...env], own);
    expect(unknown.code).not.toBe(0);
    expect(unknown.err).toMatch(/There is no metric "rotten"\. Known: .*rotting_lead_rate/);
    // Eight processes, each of which opens the embedded store.
  }, 180_000);
});
