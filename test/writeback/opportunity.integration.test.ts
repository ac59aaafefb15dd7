import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { connectSalesforce } from "../../connectors/salesforce/connect.ts";
import { silentLog } from "../../connectors/shared/connector-log.ts";
import type { Connection } from "../../src/core/ports.ts";
import { sql } from "../../src/database/sql.ts";
import { createOrg, type EngineOrg } from "../../src/emulator/salesforce/engine/create-org.ts";
import { createEmulatorClock, type EmulatorClock } from "../../src/emulator/server/emulator-clock.ts";
import { type Emulator, startEmulator } from "../../src/emulator/server/start-emulator.ts";
import { desiredSchema, PERMISSION_SET } from "../../src/provision/desired-schema.ts";
import { packageFiles } from "../../src/provision/package-files.ts";
import { type ObjectOutcome, pushTargets } from "../../src/writeback/push-targets.ts";
import { targetObjects } from "../../src/writeback/targets.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { hoursAfter, insertRun, putCampaign, relaxRun, START } from "./metric-rows.ts";
import { SAMPLE_CATALOG } from "./sample-catalog.ts";
import { SETTINGS } from "./sample-settings.ts";

const TARGETS = targetObjects({ closedStatuses: [], catalog: SAMPLE_CATALOG });
const DAY = 24;

/** What stands on opportunities, written over HTTP to an org that speaks Salesforce's protocol. */
let store: TestDatabase;
let org: EngineOrg;
let clock: EmulatorClock;
let emulator: Emulator;
let connection: Connection;
let deal = "";
let other = "";
let campaign = "";
let runs = 0;

const Identified = z.looseObject({ Id: z.string() });
const ids = (object: string): readonly string[] =>
  [...org.dump(object)].map((record) => Identified.parse(record).Id);
const record = (id: string) => [...org.dump("Opportunity")].find((row) => row["Id"] === id) ?? {};

beforeAll(async () => {
  store = await openTestDatabase();
  await relaxRun(store.database);
  clock = createEmulatorClock(START);
  clock.stop();
  org = createOrg({ clock });
  const open = { StageName: "Prospecting", CloseDate: "2026-12-31" };
  org.load("Opportunity", [
    { Name: "Deal", ...open },
    { Name: "Other", ...open },
  ]);
  org.load("Campaign", [{ Name: "Webinar", IsActive: true }]);
  org.markStart();
  [deal = "", other = ""] = ids("Opportunity");
  [campaign = ""] = ids("Campaign");
  emulator = await startEmulator({ port: 0, org, clock });
  const { instanceUrl, accessToken } = emulator.ready.salesforce;
  connection = await connectSalesforce({ instanceUrl, accessToken, log: silentLog });
  const deployed = await connection.deploy(packageFiles(desiredSchema(TARGETS, connection.streams)), {
    checkOnly: false,
  });
  expect(deployed.problems).toEqual([]);
  await connection.assignPermissionSet(PERMISSION_SET);
});
afterAll(async () => {
  await connection.close();
  await emulator.close();
  await store.close();
});
beforeEach(async () => {
  await store.empty();
  await insertRun(store.database, { asOf: START });
  await putCampaign(store.database, campaign);
});

interface Row {
  readonly id: string;
  readonly since: Date;
  readonly source?: string | null;
  readonly campaign?: string | null;
  readonly isOpen?: boolean;
}

async function put(row: Row): Promise<void> {
  await store.database.execute(
    sql`insert into metrics.int_opportunity (
            workspace_id, connection_id, opportunity_id, type, counts_in_pipeline, is_open, is_won, is_lost, created_at,
            created_on, has_contact_role, source, first_touch_campaign_id, stalled_since
        ) values (
            'acme', 'salesforce', ${row.id}, 'new', true, ${row.isOpen ?? true}, false, false, ${START}, '2026-06-01',
            true, ${row.source ?? null}, ${row.campaign ?? null}, ${row.since}
        )
        on conflict (workspace_id, connection_id, opportunity_id) do update set
            is_open = excluded.is_open,
            source = excluded.source,
            first_touch_campaign_id = excluded.first_touch_campaign_id,
            stalled_since = excluded.stalled_since`,
  );
}

async function pushAt(asOf: Date): Promise<ObjectOutcome | undefined> {
  runs += 1;
  const outcome = await pushTargets({ db: store.database, connection, log: silentLog }, SETTINGS, TARGETS, {
    runId: `run-${runs}`,
    asOf,
    classes: ["record_flags"],
  });
  return outcome["salesforce.Opportunity"];
}

it("shows an opportunity as stalled from the stored instant on, without a call, and never a closed one", async () => {
  const since = hoursAfter(START, 14 * DAY);
  await put({ id: deal, since, source: "Web", campaign });
  await put({ id: other, since: hoursAfter(START, 15 * DAY), source: "Web" });
  expect(await pushAt(START)).toMatchObject({ changed: 2, written: 2, rejected: 0, calls: 1 });
  expect(record(deal)).toMatchObject({
    Ripeline_Stalled_Since__c: "2026-06-15T08:00:00.000+0000",
    Ripeline_Original_Source__c: "Web",
    Ripeline_Original_Campaign__c: campaign,
  });
  const stalled = (): unknown => record(deal)["Ripeline_Stalled__c"];
  const writes = org.writes.length;
  clock.set(new Date(since.getTime() - 1000));
  expect(stalled()).toBe(false);
  clock.set(since);
  expect([stalled(), record(other)["Ripeline_Stalled__c"]]).toEqual([true, false]);
  expect(org.writes.length).toBe(writes);

  // Won meanwhile: the formula turns it off at once, and nothing of ours is written to it, then or later.
  org.load("Opportunity", [{ Id: deal, StageName: "Closed Won" }]);
  expect(stalled()).toBe(false);
  await put({ id: deal, since: hoursAfter(since, 100 * DAY), source: "Event", isOpen: false });
  expect(await pushAt(since)).toMatchObject({ changed: 0, written: 0 });
  expect(record(deal)["Ripeline_Original_Source__c"]).toBe("Web");
});

it("moves the date on at most once a day, unless the one in the CRM runs out first", async () => {
  const since = hoursAfter(START, 14 * DAY);
  await put({ id: other, since });
  await pushAt(START);
  // Touched 23 hours later: a day has not passed, and the date in the CRM is far.
  await put({ id: other, since: hoursAfter(since, 23) });
  expect((await pushAt(hoursAfter(START, 23)))?.changed).toBe(0);
  await put({ id: other, since: hoursAfter(since, 24) });
  expect((await pushAt(hoursAfter(START, 24)))?.changed).toBe(1);
  // A day before the date in the CRM an hour more is written too: else it would be shown as stalled.
  await put({ id: other, since: hoursAfter(since, 25) });
  expect((await pushAt(hoursAfter(since, 0)))?.changed).toBe(1);
  // Stalled earlier than the CRM says (a touch was deleted): written at once.
  await put({ id: other, since: hoursAfter(since, -48) });
  expect((await pushAt(hoursAfter(since, 0)))?.changed).toBe(1);
});

it("keeps source and campaign as first written, and clears the date where activity is not logged", async () => {
  await put({ id: other, since: hoursAfter(START, 14 * DAY), source: "Web", campaign });
  await pushAt(START);
  await put({ id: other, since: hoursAfter(START, 14 * DAY), source: "Event", campaign: null });
  expect((await pushAt(START))?.changed).toBe(0);
  await insertRun(store.database, { asOf: START, gate: "closed" });
  expect((await pushAt(START))?.changed).toBe(1);
  expect(record(other)).toMatchObject({
    Ripeline_Stalled_Since__c: null,
    Ripeline_Stalled__c: false,
    Ripeline_Original_Source__c: "Web",
  });
});
