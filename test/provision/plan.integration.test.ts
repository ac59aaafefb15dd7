import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { ConfigError, PermissionError } from "../../src/core/errors.ts";
import type { Settings } from "../../src/core/settings.ts";
import { sql } from "../../src/database/sql.ts";
import { apply } from "../../src/provision/apply.ts";
import { plan } from "../../src/provision/plan.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { fakeConnection } from "../writeback/fake-connection.ts";
import {
  insertRun,
  leadId,
  putLead,
  putMetric,
  putOpenLead,
  relaxRun,
  START,
} from "../writeback/metric-rows.ts";
import { SETTINGS } from "../writeback/sample-settings.ts";

let store: TestDatabase;

beforeAll(async () => {
  store = await openTestDatabase();
  await relaxRun(store.database);
});
afterAll(() => store.close());
beforeEach(() => store.empty());

describe("the plan", () => {
  it("lists every object and field as new in an org that has none of ours", async () => {
    const connection = fakeConnection({
      access: [{ object: "Lead", visible: true, readable: new Set(["Id"]), updateable: new Set() }],
    });
    const { objects } = await plan({ db: store.database, connection }, SETTINGS);
    expect(objects.map((object) => [object.object, object.action])).toEqual([
      ["Lead", "add fields"],
      ["Opportunity", "add fields"],
      ["Ripeline_Handoff__c", "create"],
      ["Campaign", "add fields"],
      ["Ripeline_Metric__c", "create"],
      ["Ripeline_Status__c", "create"],
    ]);
    expect(objects[0]?.fieldsToCreate).toHaveLength(16);
  });

  it("names the automation that our writes wake and starts with small batches there", async () => {
    const flow = { object: "Lead", kind: "Flow", name: "Lead_Router" } as const;
    const connection = fakeConnection({ facts: { automation: [flow] } });
    const { objects } = await plan({ db: store.database, connection }, SETTINGS);
    expect(objects.find((object) => object.object === "Lead")).toMatchObject({
      automation: [flow],
      batchSize: 50,
    });
    expect(objects.find((object) => object.object === "Campaign")).toMatchObject({
      automation: [],
      batchSize: 200,
    });
  });

  it("predicts rows from what has been computed, at 2 KB a record", async () => {
    await insertRun(store.database, { asOf: START });
    await putOpenLead(store.database, 1);
    await putOpenLead(store.database, 2, { endedAt: START, endedBy: "recycled" });
    await putLead(store.database, { lead: leadId(3), undelivered: true });
    await putMetric(store.database, { metric: "in_process", value: 1 });
    await putMetric(store.database, { metric: "won", value: 1 });
    const connection = fakeConnection({});
    const { rows, rowsFrom, storage } = await plan({ db: store.database, connection }, SETTINGS);
    // One running clock and one undelivered lead; two handoffs; both metrics stand in one report row.
    expect(rows.map((row) => [row.object, row.rowsFirst])).toEqual([
      ["Lead", 2],
      ["Opportunity", 0],
      ["Ripeline_Handoff__c", 2],
      ["Campaign", 0],
      ["Ripeline_Metric__c", 1],
      ["Ripeline_Status__c", 1],
    ]);
    expect(rowsFrom).toBe("store");
    // Steady: both handoffs are of the last 30 days, so 2 x 396 / 30 = 26.4 in 13 months; one report row; one status
    // record. At 2 KB: 0.05, 0.002 and 0.002 MB, each rounded up to a tenth.
    expect(rows.map((row) => row.rowsSteady)).toEqual([0, 0, 27, 0, 1, 1]);
    expect(storage.megabytes).toBeCloseTo(0.3, 9);
    expect(storage.shareOfFree).toBeCloseTo(0.0003, 9);
  });

  it("predicts report rows for the time when every retention is full", async () => {
    await insertRun(store.database, { asOf: START });
    await store.database.execute(sql`update metrics.run set today = '2026-06-01'`);
    const row = { metric: "in_process", value: 1 } as const;
    for (const start of ["2026-03-01", "2026-04-01", "2026-05-01"]) {
      await putMetric(store.database, { ...row, period: "month", start });
      await putMetric(store.database, { ...row, period: "month", start, rowType: "source", member: "Web" });
    }
    await putMetric(store.database, { ...row, period: "month", start: "2026-06-01" });
    await putMetric(store.database, { ...row, period: "day", start: "2026-06-01" });
    await putMetric(store.database, {
      ...row,
      period: "day",
      start: "2026-06-01",
      rowType: "rep",
      member: "x",
    });
    await putMetric(store.database, row);
    const metricRows = async (settings: Settings): Promise<unknown> =>
      (await plan({ db: store.database, connection: fakeConnection({}) }, settings)).rows.find(
        (each) => each.object === "Ripeline_Metric__c",
      );
    // Two rows a whole month, 24 months; two rows a day for 35 days and 24 month ends; one for lifetime.
    expect(await metricRows(SETTINGS)).toMatchObject({ rowsFirst: 10, rowsSteady: 48 + 2 * 59 + 1 });
    // Without the rep's row a day has one.
    const teams: Settings = { ...SETTINGS, writeback: { ...SETTINGS.writeback, repMetrics: "team_only" } };
    expect(await metricRows(teams)).toMatchObject({ rowsFirst: 9, rowsSteady: 48 + 59 + 1 });
  });

  it("counts what our records take already as free for us", async () => {
    await store.database.execute(sql`
      insert into writeback.acknowledged (
          workspace_id, connection_id, object, key, record_id, fields, run_id, confirmed_at
      )
      select 'acme', 'salesforce', 'Ripeline_Metric__c', number::text, number::text, '{}', 'run', ${START}
      from generate_series(1, 1024) as number`);
    const connection = fakeConnection({ facts: { storageMegabytesFree: 10 } });
    // 1,024 records of 2 KB are 2 MB.
    expect((await plan({ db: store.database, connection }, SETTINGS)).storage.megabytesFree).toBe(12);
  });

  describe("before the first sync", () => {
    const size = {
      openLeads: 5,
      queueLeads: 3,
      openOpportunities: 9,
      newLeads: 3_960,
      ownerChanges: 0,
      users: 10,
      roles: 2,
      sources: 4,
      campaigns: 20,
      campaignMonths: 60,
    };

    it("predicts rows, storage and the first writes from what the org counts", async () => {
      const connection = fakeConnection({ size });
      const { rows, rowsFrom, notCounted, storage, calls } = await plan(
        { db: store.database, connection },
        SETTINGS,
      );
      expect([rowsFrom, notCounted]).toEqual(["org", []]);
      // Sources (4 + none) x 2 + 20 others = 30. A month: 31 members x (2 + 3 ages) + 12 reps and teams x 2 = 179 rows, and
      // 60 months of campaigns x 5. Lifetime: 63 members x 2. A day: 43 rows, for 35 days and 24 month ends.
      const months = 179 * 24 + 60 * 5;
      expect(rows.map((row) => [row.object, row.rowsFirst, row.rowsSteady])).toEqual([
        ["Lead", 8, 0],
        ["Opportunity", 9, 0],
        // Flags begin now: no handoff of the past gets a row, and in 13 months there will be as many as in the last.
        ["Ripeline_Handoff__c", 0, 3_960],
        ["Campaign", 20, 0],
        ["Ripeline_Metric__c", 126 + 43 + months, 126 + months + 43 * 59],
        ["Ripeline_Status__c", 1, 1],
      ]);
      // 3,960 and 7,259 records of 2 KB: 7.8 and 14.2 MB, and 0.1 for one.
      expect(storage.megabytes).toBeCloseTo(22.1, 9);
      expect(calls.firstWrites).toContainEqual({
        object: "Ripeline_Metric__c",
        rows: 4_765,
        calls: 5,
        hours: 0,
      });
      expect(calls.cadence.minutes.fast).toBe(1);
    });

    it("gives handoffs since rot.start_from their rows in the first write", async () => {
      const startFrom = new Date(START.getTime() - 30 * 86_400_000).toISOString();
      const settings: Settings = { ...SETTINGS, rot: { ...SETTINGS.rot, startFrom } };
      const { rows } = await plan(
        { db: store.database, connection: fakeConnection({ size, now: START }) },
        settings,
      );
      // 3,960 in 396 days are ten a day.
      expect(rows.find((row) => row.object === "Ripeline_Handoff__c")?.rowsFirst).toBe(300);
    });

    it("says what the org did not count", async () => {
      const connection = fakeConnection({ size: { ...size, newLeads: null, campaignMonths: null } });
      const { notCounted, rows } = await plan({ db: store.database, connection }, SETTINGS);
      expect(notCounted).toEqual(["new leads", "months of campaigns"]);
      // Twenty campaigns at work for six months each, instead of the 60 months that were not counted.
      expect(rows.find((row) => row.object === "Ripeline_Metric__c")?.rowsFirst).toBe(
        126 + 43 + 179 * 24 + 120 * 5,
      );
    });

    it.each([
      [400, 1],
      [500, 0],
    ])(
      "with %s MB free makes %s refusal: 22.1 MB are 5.5% and 4.4%",
      async (storageMegabytesFree, refusals) => {
        const connection = fakeConnection({ size, facts: { storageMegabytesFree } });
        const { refusals: found } = await plan({ db: store.database, connection }, SETTINGS);
        expect(found.filter((each) => each.includes("22.1 MB"))).toHaveLength(refusals);
      },
    );
  });

  it("spells the closed statuses as the org does", async () => {
    await store.database.execute(
      sql`insert into mirror.salesforce_lead_status (
              workspace_id, connection_id, id, masterlabel, apiname, changed_at, valid_from
          ) values ('acme', 'salesforce', '01J000000000001AAA', 'UNQUALIFIED', 'UNQUALIFIED', ${START}, ${START})`,
    );
    const { statusesWithoutRot } = await plan(
      { db: store.database, connection: fakeConnection({}) },
      SETTINGS,
    );
    expect(statusesWithoutRot).toEqual(["UNQUALIFIED", "Nurture"]);
  });
});

describe("apply", () => {
  const AppliedAt = z.object({ applied_at: z.date() });
  const appliedAt = () => store.database.any(AppliedAt, sql`select applied_at from mirror.connection`);

  it("deploys, assigns the permission set and keeps the CRM's clock at the first success", async () => {
    const connection = fakeConnection({ now: new Date("2026-06-01T08:00:00Z") });
    const outcome = await apply({ db: store.database, connection }, SETTINGS, { checkOnly: false });
    expect(outcome).toMatchObject({ permissionSet: "assigned", appliedAt: new Date("2026-06-01T08:00:00Z") });
    expect(connection.deployed).toHaveLength(1);
    expect(connection.assigned).toEqual(["Ripeline"]);
    const later = fakeConnection({ now: new Date("2026-06-05T08:00:00Z") });
    const again = await apply({ db: store.database, connection: later }, SETTINGS, { checkOnly: false });
    expect(again.appliedAt).toEqual(new Date("2026-06-01T08:00:00Z"));
    expect(await appliedAt()).toEqual([{ applied_at: new Date("2026-06-01T08:00:00Z") }]);
  });

  it("gives the permission set to another user where it is told one", async () => {
    const users = { "ripeline@acme.example": { id: "005000000000007AAA", isActive: true } };
    const connection = fakeConnection({ users });
    const options = { checkOnly: false, assignTo: "ripeline@acme.example" };
    expect(await apply({ db: store.database, connection }, SETTINGS, options)).toMatchObject({
      permissionSet: "assigned",
      assignedTo: "ripeline@acme.example",
    });
    expect(connection.assignees).toEqual(["005000000000007AAA"]);
  });

  it.each([
    ["nobody@acme.example", "has no user with this name"],
    ["gone@acme.example", "this user is inactive"],
  ])("refuses to assign to %s, before anything is deployed", async (assignTo, reason) => {
    const users = { "gone@acme.example": { id: "005000000000008AAA", isActive: false } };
    const connection = fakeConnection({ users });
    const refused = apply({ db: store.database, connection }, SETTINGS, { checkOnly: false, assignTo });
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(reason);
    expect(connection.deployed).toEqual([]);
    expect(connection.assignees).toEqual([]);
  });

  it("has owners that the org refused asked for at the next push", async () => {
    await store.database.execute(sql`
      insert into writeback.withheld_owner (
          workspace_id, connection_id, object, key, owner_id, code, message, attempts, first_at, last_at, next_try_at
      ) values (
          'acme', 'salesforce', 'Ripeline_Metric__c', 'k', '005000000000001AAA', 'TRANSFER_REQUIRES_READ', 'm', 1,
          ${START}, ${START}, ${new Date(START.getTime() + 86_400_000)}
      )`);
    await apply({ db: store.database, connection: fakeConnection({}) }, SETTINGS, { checkOnly: false });
    const Next = z.object({ next_try_at: z.date() });
    expect(await store.database.any(Next, sql`select next_try_at from writeback.withheld_owner`)).toEqual([
      { next_try_at: START },
    ]);
  });

  it("only validates with checkOnly: nothing is deployed, assigned or kept", async () => {
    const connection = fakeConnection({});
    const outcome = await apply({ db: store.database, connection }, SETTINGS, { checkOnly: true });
    expect(outcome).toMatchObject({ permissionSet: "not asked", appliedAt: null });
    expect(connection.deployed).toEqual([]);
    expect(connection.assigned).toEqual([]);
    expect(await appliedAt()).toEqual([]);
  });

  it("refuses when our rows would take more than 5% of the free storage, and says what to change", async () => {
    await insertRun(store.database, { asOf: START });
    await putOpenLead(store.database, 1);
    const connection = fakeConnection({ facts: { storageMegabytesFree: 3 } });
    const refused = apply({ db: store.database, connection }, SETTINGS, { checkOnly: false });
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow("lower report.months");
    expect(connection.deployed).toEqual([]);
  });

  it("names the component the org refused, assigns nothing, and keeps no date", async () => {
    const connection = fakeConnection({
      deploy: {
        succeeded: false,
        created: [],
        changed: [],
        unchanged: [],
        deleted: [],
        problems: [
          { component: "CustomField Lead.Ripeline_Rotting__c", problem: "Field Status does not exist." },
        ],
      },
    });
    const refused = apply({ db: store.database, connection }, SETTINGS, { checkOnly: false });
    await expect(refused).rejects.toThrow(PermissionError);
    await expect(refused).rejects.toThrow(
      "CustomField Lead.Ripeline_Rotting__c: Field Status does not exist.",
    );
    expect(connection.assigned).toEqual([]);
    expect(await appliedAt()).toEqual([]);
  });
});
