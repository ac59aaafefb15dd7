import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import type { UndoOutcome } from "../../src/app.ts";
import { auditOperation } from "../../src/cli/audit.ts";
import { statusOperation } from "../../src/cli/status.ts";
import { syncOperation } from "../../src/cli/sync.ts";
import { undoOperation } from "../../src/cli/undo.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { sql } from "../../src/database/sql.ts";
import { type RunningCompany, runCompany } from "../support/running-company.ts";

const Run = z.object({ run_id: z.string() });
const quiet = (): void => undefined;
const FIELDS =
  "Id, OwnerId, Status, Ripeline_Clock__c, Ripeline_Handed_Off_At__c, Ripeline_Rots_At__c, Ripeline_Handoff_Count__c, Ripeline_Undelivered__c";

/** One company whose runs are taken back, one after the other. */
describe("undo", { shuffle: false }, () => {
  let company: RunningCompany;
  const writeback: { mode: "fields"; maxPerHour: number; repMetrics: "named" } = {
    mode: "fields",
    maxPerHour: 100_000,
    repMetrics: "named",
  };
  let first: string;

  beforeAll(async () => {
    company = await runCompany({
      leads: 150,
      // Two months of rows and the lifetime's are hundreds already.
      months: 2,
      adjust: (settings) => ({ ...settings, writeback }),
    });
    await company.app.apply({ checkOnly: false });
    await company.clock({ stopped: true });
    await company.sync();
    first = await lastRun("push");
  }, 180_000);
  afterAll(() => company.close());

  async function lastRun(step: string): Promise<string> {
    const row = await company.app.store.one(
      Run,
      sql`select run_id from mirror.run where step = ${step} order by started_at desc limit 1`,
    );
    return row.run_id;
  }

  async function leads(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return company.query(`SELECT ${FIELDS} FROM Lead ORDER BY Id`);
  }

  async function count(object: string): Promise<number> {
    return (await company.query(`SELECT Id FROM ${object} LIMIT 2000`)).length;
  }

  function isMarked(lead: Readonly<Record<string, unknown>>): boolean {
    return lead["Ripeline_Clock__c"] !== null || lead["Ripeline_Undelivered__c"] === true;
  }

  function context() {
    return {
      app: company.app,
      runCycle: (...[request, report]: Parameters<RunningCompany["cycles"]["run"]>) =>
        company.cycles.run(request, report),
      onProgress: quiet,
      schedules: () => company.cycles.schedules(),
    };
  }

  const undo = (runId: string): Promise<UndoOutcome> => company.app.undo(runId, { isDryRun: false }, quiet);

  let before: readonly Readonly<Record<string, unknown>>[];
  let rowsBefore: Readonly<Record<string, number>>;
  let changed: string;

  test("a dry run tells what it would do and changes nothing", async () => {
    before = await leads();
    rowsBefore = {
      Ripeline_Handoff__c: await count("Ripeline_Handoff__c"),
      Ripeline_Metric__c: await count("Ripeline_Metric__c"),
    };
    expect(Math.min(...Object.values(rowsBefore))).toBeGreaterThan(10);
    expect(before.filter(isMarked).length).toBeGreaterThan(8);
    const writes = (await company.requests()).writes?.length;
    const answer = await undoOperation.run(context(), { runId: first, isDryRun: true });
    expect(answer.text).toContain("nothing was changed");
    expect(answer.json).toMatchObject({
      undoRunId: null,
      objects: {
        "salesforce.Lead": { restored: before.filter(isMarked).length, skipped: 0 },
        "salesforce.Ripeline_Handoff__c": { removed: rowsBefore["Ripeline_Handoff__c"] },
      },
    });
    expect((await company.requests()).writes?.length).toBe(writes);
    expect((await company.app.status()).writesPaused).toBeNull();
  });

  test("only as much as the hourly limit allows is taken back; the same undo later finishes it", async () => {
    // All rows of the first push were written within this hour: nothing is left of 5.
    writeback.maxPerHour = 5;
    const none = await undo(first);
    expect(none).toMatchObject({ isFinished: false, objects: { "salesforce.Lead": { restored: 0 } } });
    expect(none.objects["salesforce.Lead"]?.deferred).toBe(before.filter(isMarked).length);
    expect(await leads()).toEqual(before);
    // Nothing more is written meanwhile, and status says so first.
    const status = await statusOperation.run(context(), {});
    expect(status.text).toMatch(/^PAUSED: nothing has been written/);
    expect(status.text).toContain(`ripeline undo ${first}`);

    await company.clock({ advanceSeconds: 3_700 });
    const some = await undo(first);
    expect(some.objects["salesforce.Lead"]).toMatchObject({ restored: 5, refused: 0 });
    expect(some.objects["salesforce.Ripeline_Handoff__c"]).toMatchObject({ removed: 5 });
    writeback.maxPerHour = 100_000;
  });

  test("what somebody changed since is left and named; the rest goes, and owners and statuses stay", async () => {
    const marked = (await leads()).filter((lead) => lead["Ripeline_Clock__c"] === "open");
    changed = String(marked.at(-1)?.["Id"]);
    const headers = { "Sforce-Auto-Assign": "FALSE" };
    const body = JSON.stringify({ Ripeline_Handoff_Count__c: 77 });
    expect((await company.rest(`sobjects/Lead/${changed}`, { method: "PATCH", headers, body })).status).toBe(
      204,
    );
    const done = await undo(first);
    expect(done.isFinished).toBe(true);
    expect(done.skipped.filter(({ object }) => object === "Lead")).toEqual([
      { object: "Lead", recordId: changed, field: "Ripeline_Handoff_Count__c", reason: "changed" },
    ]);
    // Five of them had been put back before.
    expect(done.objects["salesforce.Lead"]).toMatchObject({ unchanged: 5, refused: 0, deferred: 0 });

    const after = await leads();
    expect(after.filter(isMarked)).toEqual([]);
    expect(after.map(({ Id, OwnerId, Status }) => [Id, OwnerId, Status])).toEqual(
      before.map(({ Id, OwnerId, Status }) => [Id, OwnerId, Status]),
    );
    expect(after.filter((lead) => lead["Ripeline_Handoff_Count__c"] !== null)).toMatchObject([
      { Id: changed, Ripeline_Handoff_Count__c: 77 },
    ]);
    expect([await count("Ripeline_Handoff__c"), await count("Ripeline_Metric__c")]).toEqual([0, 0]);
  });

  test("nothing is written until somebody says so", async () => {
    const writes = (await company.requests()).writes?.length;
    const paused = await syncOperation.run(context(), { all: true });
    expect(paused.text).toMatch(/^PAUSED: nothing has been written/);
    expect(await company.app.sweep()).toMatchObject({ removed: {}, apiCalls: 0 });
    expect((await company.requests()).writes?.length).toBe(writes);
  });

  test("it is a run like any other: audited, and undone, made again as it was", async () => {
    const undone = await lastRun("undo");
    const answer = await auditOperation.run(context(), {
      runId: undone,
      record: changed,
      object: null,
      limit: 5,
    });
    const lines = z.array(z.looseObject({ field: z.string(), new: z.unknown() })).parse(answer.json);
    expect(lines).toContainEqual(
      expect.objectContaining({ field: "Ripeline_Clock__c", old: "open", new: null, recordId: changed }),
    );

    const back = await undo(undone);
    expect(back.isFinished).toBe(true);
    expect(back).toMatchObject({ refused: [], skipped: [] });
    for (const [object, had] of Object.entries(rowsBefore)) {
      // The five handoffs and metric rows of the first, limited undo were not its: they stay away.
      expect(back.objects[`salesforce.${object}`], object).toMatchObject({ recreated: had - 5, deferred: 0 });
      expect(await count(object), object).toBe(had - 5);
    }
    const lead = (await leads()).find(({ Id }) => Id === changed);
    const was = before.find(({ Id }) => Id === changed);
    expect(lead).toEqual({ ...was, Ripeline_Handoff_Count__c: 77 });
  });

  test("after --resume-writes the numbers come back, and the write that a later run made is named", async () => {
    const resumed = await syncOperation.run(context(), { all: true, resumeWrites: true });
    expect(resumed.text).toMatch(/^Writes resumed/);
    expect((await company.app.status()).writesPaused).toBeNull();
    // Owner, status and clock as after the first push: the same leads are marked.
    expect((await leads()).filter(isMarked).map(({ Id }) => Id)).toEqual(
      before.filter(isMarked).map(({ Id }) => Id),
    );
    // The status record was written by each run since, so the first run's is not the last word.
    const dry = await company.app.undo(first, { isDryRun: true }, quiet);
    expect(dry.skipped.map(({ reason }) => reason)).toContain("later_run");
  });

  test("a run that nobody knows is refused, and pauses nothing", async () => {
    await expect(undo("no-such-run")).rejects.toThrow(ConfigError);
    expect((await company.app.status()).writesPaused).toBeNull();
  });
});
