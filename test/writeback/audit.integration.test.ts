import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { Settings } from "../../src/core/settings.ts";
import { sql } from "../../src/database/sql.ts";
import { provisionFor } from "../../src/provision/provision-for.ts";
import { type AuditQuery, readAudit } from "../../src/writeback/audit.ts";
import { pushTargets } from "../../src/writeback/push-targets.ts";
import { sweep } from "../../src/writeback/sweep.ts";
import { PUBLISH_CLASSES } from "../../src/writeback/targets/target.ts";
import { targetObjects } from "../../src/writeback/targets.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { type FakeConnection, fakeConnection } from "./fake-connection.ts";
import { hoursAfter, insertRun, leadId, putOpenLead, relaxRun, START } from "./metric-rows.ts";
import { SAMPLE_CATALOG } from "./sample-catalog.ts";
import { SETTINGS } from "./sample-settings.ts";

const SCOPE = { workspaceId: "acme", connectionId: "salesforce" };
const TARGETS = targetObjects({ closedStatuses: [], catalog: SAMPLE_CATALOG });
const ALL: AuditQuery = { runId: null, record: null, object: null, limit: 1_000 };
const log = { info: () => undefined, warn: () => undefined };

let store: TestDatabase;
let crm: FakeConnection;

beforeAll(async () => {
  store = await openTestDatabase();
  await relaxRun(store.database);
});
afterAll(() => store.close());
beforeEach(async () => {
  await store.empty();
  crm = fakeConnection({});
  await insertRun(store.database, { asOf: START });
});

async function pushAs(runId: string, asOf: Date, settings: Settings = SETTINGS): Promise<void> {
  await pushTargets({ db: store.database, connection: crm, log }, settings, TARGETS, {
    runId,
    asOf,
    classes: PUBLISH_CLASSES,
  });
}

it("lists every write newest first, with what stood there before, and says how many more there are", async () => {
  await putOpenLead(store.database, 1);
  await pushAs("run-1", START);
  await putOpenLead(store.database, 1, { flagged: false });
  await pushAs("run-2", hoursAfter(START, 1));

  const lead = await readAudit(store.database, SCOPE, { ...ALL, record: leadId(1), object: "Lead" });
  expect(lead.lines[0]).toEqual({
    at: hoursAfter(START, 1).toISOString(),
    runId: "run-2",
    object: "Lead",
    recordId: leadId(1),
    action: "update",
    field: "Ripeline_Clock__c",
    old: "open",
    new: null,
  });
  expect(
    lead.lines.find(({ runId, field }) => runId === "run-1" && field === "Ripeline_Clock__c"),
  ).toMatchObject({
    old: null,
    new: "open",
  });
  expect([lead.writes, lead.more]).toEqual([2, 0]);

  // Lead, its handoff and the status record in the first run; the lead and the status record in the second.
  const all = await readAudit(store.database, SCOPE, { ...ALL, limit: 2 });
  expect(new Set(all.lines.map(({ runId }) => runId))).toEqual(new Set(["run-2"]));
  expect([all.writes, all.more]).toEqual([2, 3]);
  const ofRun = await readAudit(store.database, SCOPE, { ...ALL, runId: "run-1" });
  expect(new Set(ofRun.lines.map(({ object }) => object))).toEqual(
    new Set(["Lead", "Ripeline_Handoff__c", "Ripeline_Status__c"]),
  );
  expect(ofRun.lines.find(({ object }) => object === "Ripeline_Handoff__c")?.action).toBe("create");
});

it("lists a deletion, also of a row of which nothing is known any more", async () => {
  await putOpenLead(store.database, 1);
  await pushAs("run-1", START);
  await store.database.execute(sql`delete from metrics.int_handoff`);
  await store.database.execute(sql`
    update writeback.acknowledged set fields = '{}' where object = 'Ripeline_Handoff__c'`);
  const options = { runId: "run-2", asOf: START };
  await sweep({ db: store.database, connection: crm, log }, SETTINGS, options);
  const night = { runId: "run-3", asOf: hoursAfter(START, 24) };
  await sweep({ db: store.database, connection: crm, log }, SETTINGS, night);
  const { lines } = await readAudit(store.database, SCOPE, { ...ALL, runId: "run-3" });
  expect(lines).toMatchObject([
    { object: "Ripeline_Handoff__c", action: "delete", field: null, old: null, new: null },
  ]);
});

it("side_object deploys nothing on leads, once what stood there is cleared", async () => {
  const side: Settings = { ...SETTINGS, writeback: { ...SETTINGS.writeback, mode: "side_object" } };
  const objects = async (): Promise<readonly string[]> =>
    (await provisionFor({ db: store.database, connection: crm }, side)).objects.map(({ object }) => object);
  const ours = ["Ripeline_Handoff__c", "Ripeline_Metric__c", "Ripeline_Status__c"];
  expect(await objects()).toEqual(ours);
  await putOpenLead(store.database, 1);
  await pushAs("run-1", START, side);
  expect(crm.records.get("Lead")).toBeUndefined();
  expect(crm.records.get("Ripeline_Handoff__c")?.size).toBe(1);

  await pushAs("run-2", START);
  expect(await objects()).toEqual(["Lead", ...ours]);
  await pushAs("run-3", hoursAfter(START, 1), side);
  expect(
    Object.values(crm.records.get("Lead")?.get(leadId(1)) ?? {}).filter((value) => value !== null),
  ).toEqual([false]);
  expect(await objects()).toEqual(ours);
});
