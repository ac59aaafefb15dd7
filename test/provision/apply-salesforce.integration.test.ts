import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectSalesforce } from "../../connectors/salesforce/connect.ts";
import { silentLog } from "../../connectors/shared/connector-log.ts";
import type { Connection } from "../../src/core/ports.ts";
import { createOrg } from "../../src/emulator/salesforce/engine/create-org.ts";
import { createEmulatorClock } from "../../src/emulator/server/emulator-clock.ts";
import { type Emulator, startEmulator } from "../../src/emulator/server/start-emulator.ts";
import { apply } from "../../src/provision/apply.ts";
import { plan } from "../../src/provision/plan.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { SETTINGS } from "../writeback/sample-settings.ts";

const NOW = new Date("2026-06-01T08:00:00Z");

let store: TestDatabase;
let emulator: Emulator;
let connection: Connection;

beforeAll(async () => {
  store = await openTestDatabase();
  const clock = createEmulatorClock(NOW, { stopped: true });
  const org = createOrg({ clock, multiCurrency: true });
  org.markStart();
  emulator = await startEmulator({ port: 0, org, clock });
  const { instanceUrl, accessToken } = emulator.ready.salesforce;
  connection = await connectSalesforce({ instanceUrl, accessToken, log: silentLog });
});

afterAll(async () => {
  await connection.close();
  await emulator.close();
  await store.close();
});

describe("apply against an org that speaks Salesforce's protocol", () => {
  it("turns a plan that creates everything into a plan that creates nothing, and changes nothing the second time", async () => {
    const ctx = { db: store.database, connection };
    const before = await plan(ctx, SETTINGS);
    expect(before.objects.filter((object) => object.action === "nothing")).toEqual([]);
    const first = await apply(ctx, SETTINGS, { checkOnly: false });
    expect(first.deploy.problems).toEqual([]);
    expect(first).toMatchObject({ permissionSet: "assigned", appliedAt: NOW });
    expect(first.deploy.created).toEqual(
      expect.arrayContaining([
        expect.stringContaining("Lead.Ripeline_Rotting__c"),
        expect.stringContaining("Ripeline_Metric__c"),
      ]),
    );
    const after = await plan(ctx, SETTINGS);
    expect(after.objects.map((object) => [object.object, object.action, object.fieldsToCreate])).toEqual(
      before.objects.map((object) => [object.object, "nothing", []]),
    );
    const second = await apply(ctx, SETTINGS, { checkOnly: false });
    expect([...second.deploy.created, ...second.deploy.changed, ...second.deploy.deleted]).toEqual([]);
    expect(second.permissionSet).toBe("already assigned");
  });
});
