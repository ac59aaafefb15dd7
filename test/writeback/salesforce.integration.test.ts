import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { connectSalesforce } from "../../connectors/salesforce/connect.ts";
import { silentLog } from "../../connectors/shared/connector-log.ts";
import type { Connection } from "../../src/core/ports.ts";
import { createOrg, type EngineOrg } from "../../src/emulator/salesforce/engine/create-org.ts";
import { createEmulatorClock, type EmulatorClock } from "../../src/emulator/server/emulator-clock.ts";
import { type Emulator, startEmulator } from "../../src/emulator/server/start-emulator.ts";
import { desiredSchema, PERMISSION_SET } from "../../src/provision/desired-schema.ts";
import { packageFiles } from "../../src/provision/package-files.ts";
import { type PushOutcome, pushTargets } from "../../src/writeback/push-targets.ts";
import { PUBLISH_CLASSES } from "../../src/writeback/targets/target.ts";
import { targetObjects } from "../../src/writeback/targets.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";
import {
  hoursAfter,
  insertRun,
  putCampaign,
  putHandoff,
  putLead,
  putMetric,
  relaxRun,
  START,
} from "./metric-rows.ts";
import { SAMPLE_CATALOG } from "./sample-catalog.ts";
import { SETTINGS } from "./sample-settings.ts";

const TARGETS = targetObjects({ closedStatuses: ["Closed - Not Converted"], catalog: SAMPLE_CATALOG });
const LEADS = 60;

/** The whole write path over HTTP: our package and our rows, judged by an org that speaks Salesforce's protocol. */
let store: TestDatabase;
let org: EngineOrg;
let clock: EmulatorClock;
let emulator: Emulator;
let connection: Connection;
let leads: readonly string[];
let rep: string;
let campaign: string;
let runs = 0;

const Identified = z.looseObject({ Id: z.string() });

function ids(object: string): readonly string[] {
  return [...org.dump(object)].map((record) => Identified.parse(record).Id);
}

async function pushAt(asOf: Date): Promise<PushOutcome> {
  runs += 1;
  return pushTargets({ db: store.database, connection, log: silentLog }, SETTINGS, TARGETS, {
    runId: `run-${runs}`,
    asOf,
    classes: PUBLISH_CLASSES,
  });
}

function rotting(): readonly string[] {
  const session = { userId: org.integrationUser.id, username: org.integrationUser.username, isAdmin: false };
  const found = org.query(session, "SELECT Id FROM Lead WHERE Ripeline_Rotting__c = true ORDER BY Id", {
    all: false,
  });
  return Array.from({ length: found.totalSize }, (_, index) => String(found.cells(index)[0]));
}

beforeAll(async () => {
  store = await openTestDatabase();
  await relaxRun(store.database);
  clock = createEmulatorClock(START);
  clock.stop();
  org = createOrg({ clock });
  const users = ids("User");
  rep = users.find((id) => id !== org.integrationUser.id && id !== org.adminUser.id) ?? org.adminUser.id;
  org.load(
    "Lead",
    Array.from({ length: LEADS }, (_, index) => ({
      LastName: `Lead ${index}`,
      Company: "Acme",
      Status: "Open - Not Contacted",
      OwnerId: rep,
    })),
  );
  org.load("Campaign", [{ Name: "Webinar", IsActive: true }]);
  org.markStart();
  leads = ids("Lead");
  campaign = ids("Campaign")[0] ?? "";
  emulator = await startEmulator({ port: 0, org, clock });
  const { instanceUrl, accessToken } = emulator.ready.salesforce;
  connection = await connectSalesforce({ instanceUrl, accessToken, log: silentLog });
  await insertRun(store.database, { asOf: START });
  for (const [index, lead] of leads.entries()) {
    await putHandoff(store.database, { id: `h${index}`.padStart(64, "0"), lead, owner: rep });
    await putLead(store.database, { lead, openHandoff: `h${index}`.padStart(64, "0") });
  }
  await putCampaign(store.database, campaign);
  const row = { rowType: "campaign", member: campaign, label: "Webinar" };
  await putMetric(store.database, { ...row, metric: "investment", value: 10_000 });
  await putMetric(store.database, {
    ...row,
    metric: "cost_per_lead",
    value: 50,
    numerator: 10_000,
    denominator: 200,
  });
});

afterAll(async () => {
  await connection.close();
  await emulator.close();
  await store.close();
});

describe("against an org that speaks Salesforce's protocol", () => {
  it("deploys, flags, and stays quiet", async () => {
    const files = packageFiles(desiredSchema(TARGETS, connection.streams));
    const first = await connection.deploy(files, { checkOnly: false });
    expect(first.problems).toEqual([]);
    expect(first.succeeded).toBe(true);
    expect(await connection.assignPermissionSet(PERMISSION_SET)).toBe("assigned");
    const second = await connection.deploy(files, { checkOnly: false });
    expect([...second.created, ...second.changed]).toEqual([]);

    const outcome = await pushAt(START);
    expect(outcome["salesforce.Lead"]).toMatchObject({ changed: LEADS, written: LEADS, rejected: 0 });
    expect(outcome["salesforce.Ripeline_Handoff__c"]).toMatchObject({
      written: LEADS,
      rejected: 0,
      calls: 1,
    });
    expect(outcome["salesforce.Campaign"]).toMatchObject({ written: 1, rejected: 0 });
    expect(outcome["salesforce.Ripeline_Metric__c"]).toMatchObject({ written: 1, rejected: 0 });
    expect(outcome["salesforce.Ripeline_Status__c"]).toMatchObject({ written: 1, rejected: 0 });

    // The deadline is 24 hours after START: one second before it nothing rots, at it everything does, without a call.
    const writesBefore = org.writes.length;
    clock.set(new Date(hoursAfter(START, 24).getTime() - 1000));
    expect(rotting()).toEqual([]);
    clock.set(hoursAfter(START, 24));
    expect(rotting()).toHaveLength(LEADS);
    expect(org.writes.length).toBe(writesBefore);

    // A call by the owner and one push, and the lead is off the list.
    const [touched] = leads;
    await putHandoff(store.database, {
      id: "h0".padStart(64, "0"),
      lead: touched ?? "",
      owner: rep,
      firstTouchAt: hoursAfter(START, 25),
    });
    await pushAt(hoursAfter(START, 26));
    expect(rotting()).toHaveLength(LEADS - 1);
    expect(rotting()).not.toContain(touched);

    // No write of ours moved an owner, though the org's assignment rule is active; and nothing changed, nothing written.
    const owners = [...org.dump("Lead")].map((record) => record["OwnerId"]);
    expect(new Set(owners)).toEqual(new Set([rep]));
    const quiet = org.writes.length;
    await pushAt(hoursAfter(START, 26));
    await pushAt(new Date(hoursAfter(START, 26).getTime() + 60_000));
    expect(org.writes.length).toBe(quiet);

    const [metric] = [...org.dump("Ripeline_Metric__c")];
    expect(metric).toMatchObject({ Ripeline_Cost_Per_Lead__c: 50, Ripeline_Row_Type__c: "campaign" });
  });
});
