import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type App, openApp } from "../../src/app.ts";
import { type LaunchedEmulator, launchEmulator } from "../../src/cli/launch-emulator.ts";
import { type Cycles, cyclesOf } from "../../src/cli/runtime.ts";
import { sql } from "../../src/database/sql.ts";
import { prepareDataDirectory } from "../support/test-database.ts";

/** What stands in the portal is asked of its API, not of ripeline. */
const Names = z.object({ results: z.array(z.object({ name: z.string() })) });
const Schemas = z.object({ results: z.array(z.object({ name: z.string(), objectTypeId: z.string() })) });
const Page = z.object({
  results: z.array(z.object({ id: z.string(), properties: z.record(z.string(), z.string().nullable()) })),
  paging: z.object({ next: z.object({ after: z.string() }) }).optional(),
});
type Standing = Readonly<Record<string, Readonly<Record<string, string>>>>;

describe("undo of a push to a portal", { shuffle: false, timeout: 180_000 }, () => {
  let launched: LaunchedEmulator;
  let folder: string;
  let app: App;
  let cycles: Cycles;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ripeline-undo-"));
    launched = await launchEmulator({ port: 0, leads: 40, hasHubSpot: true });
    const { baseUrl, accessToken } = launched.emulator.ready.hubspot;
    const dataDirectory = join(folder, "store");
    await prepareDataDirectory(dataDirectory);
    const opened = await openApp({
      variables: {
        RIPELINE_DATA_DIR: dataDirectory,
        RIPELINE_LOG_LEVEL: "silent",
        HUBSPOT_BASE_URL: baseUrl,
        HUBSPOT_ACCESS_TOKEN: accessToken,
      },
      adjust: (settings) => ({
        ...settings,
        report: { ...settings.report, months: 2 },
        rot: { ...settings.rot, startFrom: launched.firstDay.toISOString() },
        // Both pushes and both undos are of one hour.
        writeback: { ...settings.writeback, maxPerHour: 1_000_000 },
      }),
    });
    if (!("app" in opened)) throw new Error("somebody else owns a folder that was just made");
    ({ app } = opened);
    cycles = cyclesOf(app);
  }, 180_000);
  afterAll(async () => {
    await cycles.close();
    await app.close();
    await launched.emulator.close();
    await rm(folder, { recursive: true, force: true });
  });

  const sync = () => cycles.run({ streams: "all", classes: "all" }, () => undefined);

  async function ask(path: string, method = "GET", body?: unknown): Promise<unknown> {
    const { baseUrl, accessToken } = launched.emulator.ready.hubspot;
    const answer = await fetch(baseUrl + path, {
      method,
      headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${path} was refused: ${await answer.text()}`);
    return answer.json();
  }

  /** Properties of ours that hold anything, by record; a record of ours by its key, since one made anew has another id. */
  async function standing(type: string): Promise<Standing> {
    const { results } = Names.parse(await ask(`/crm/v3/properties/${type}`));
    const names = results.map(({ name }) => name).filter((name) => name.startsWith("ripeline_"));
    const found: Record<string, Readonly<Record<string, string>>> = {};
    for (let after: string | null = "0"; after !== null; ) {
      const path = `/crm/v3/objects/${type}?limit=100&after=${after}&properties=${names.join(",")}`;
      const page: z.infer<typeof Page> = Page.parse(await ask(path));
      for (const { id, properties } of page.results) {
        const ours = names.flatMap((name) => {
          const value = properties[name] ?? "";
          return value === "" || value === "false" ? [] : [[name, value] as const];
        });
        if (ours.length > 0) found[properties["ripeline_key"] ?? id] = Object.fromEntries(ours);
      }
      after = page.paging?.next.after ?? null;
    }
    return found;
  }

  async function portal(): Promise<Readonly<Record<string, Standing>>> {
    const { results } = Schemas.parse(await ask("/crm/v3/schemas"));
    const types = ["contacts", "leads", "deals"].map((name) => [name, name] as const);
    const own = results.map(({ name, objectTypeId }) => [name, objectTypeId] as const);
    const all: Record<string, Standing> = {};
    for (const [name, type] of [...types, ...own]) all[name] = await standing(type);
    return all;
  }

  const counts = (all: Readonly<Record<string, Standing>>) =>
    Object.fromEntries(Object.entries(all).map(([name, records]) => [name, Object.keys(records).length]));

  async function lastPush(): Promise<string> {
    const row = await app.store.one(
      z.object({ run_id: z.string() }),
      sql`select run_id from writeback.audit order by written_at desc, run_id desc limit 1`,
    );
    return row.run_id;
  }

  test("a later push is taken back to what the first wrote, and the first to what was there before", async () => {
    await sync();
    await app.apply({ checkOnly: false });
    const before = await portal();
    expect(counts(before)).toMatchObject({ contacts: 0, leads: 0, deals: 0, ripeline_metric: 0 });
    await sync();
    const pushed = await portal();
    const first = await lastPush();
    expect((counts(pushed)["contacts"] ?? 0) + (counts(pushed)["leads"] ?? 0)).toBeGreaterThan(0);
    expect(counts(pushed)["deals"]).toBeGreaterThan(0);
    expect(counts(pushed)["ripeline_metric"]).toBeGreaterThan(0);
    // 30 days later whoever waited is lost or cold, and a new month has rows of its own.
    await fetch(`${launched.emulator.ready.control}/clock`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ advanceSeconds: 30 * 86_400 }),
    });
    await sync();
    const second = await lastPush();
    expect(second).not.toBe(first);
    expect(await portal()).not.toEqual(pushed);

    for (const [run, then] of [
      [second, pushed],
      [first, before],
    ] as const) {
      const undone = await app.undo(run, { isDryRun: false }, () => undefined);
      expect(undone).toMatchObject({ isFinished: true, refused: [], skipped: [] });
      expect(Object.keys(undone.objects)).toContain("hubspot.deals");
      expect(await portal()).toEqual(then);
    }
    // Nothing is written while the undo holds.
    await sync();
    expect(await portal()).toEqual(before);
  });
});
