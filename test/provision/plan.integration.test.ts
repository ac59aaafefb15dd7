import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { ConfigError, PermissionError } from "../../src/core/errors.ts";
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
    const { objects, rows } = await plan({ db: store.database, connection }, SETTINGS);
    expect(objects.map((object) => [object.object, object.action])).toEqual([
      ["Lead", "add fields"],
      ["Ripeline_Handoff__c", "create"],
      ["Campaign", "add fields"],
      ["Ripeline_Metric__c", "create"],
      ["Ripeline_Status__c", "create"],
    ]);
    expect(objects[0]?.fieldsToCreate).toHaveLength(16);
    expect(rows).toBeNull();
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
    const { rows, storage } = await plan({ db: store.database, connection }, SETTINGS);
    // One running clock and one undelivered lead; two handoffs; both metrics stand in one report row.
    expect(rows?.map((row) => [row.object, row.rowsFirst])).toEqual([
      ["Lead", 2],
      ["Ripeline_Handoff__c", 2],
      ["Campaign", 0],
      ["Ripeline_Metric__c", 1],
      ["Ripeline_Status__c", 1],
    ]);
    // 2 + 1 + 1 records of 2 KB, each object rounded up to a tenth of a megabyte.
    expect(storage.megabytes).toBeCloseTo(0.3, 9);
    expect(storage.shareOfFree).toBeCloseTo(0.0003, 9);
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
