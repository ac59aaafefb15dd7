import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PermissionError } from "../../src/core/errors.ts";
import { sql } from "../../src/database/sql.ts";
import { resumeLeadWrites } from "../../src/writeback/owner-guard.ts";
import { type ObjectOutcome, pushTargets } from "../../src/writeback/push-targets.ts";
import { PUBLISH_CLASSES } from "../../src/writeback/targets/target.ts";
import { targetObjects } from "../../src/writeback/targets.ts";
import { readWritebackStatus } from "../../src/writeback/writeback-status.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { type FakeConnection, fakeConnection } from "./fake-connection.ts";
import { hoursAfter, insertRun, leadId, putLead, putOpenLead, relaxRun, START } from "./metric-rows.ts";
import { SAMPLE_CATALOG } from "./sample-catalog.ts";
import { SETTINGS } from "./sample-settings.ts";

const SCOPE = { workspaceId: "acme", connectionId: "salesforce" };
const TARGETS = targetObjects({ closedStatuses: [], catalog: SAMPLE_CATALOG });
const OUR_USER = "005000000000009AAA";

let store: TestDatabase;
let crm: FakeConnection;
let runs = 0;
let histories = 0;

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

async function pushLeads(asOf: Date): Promise<ObjectOutcome | undefined> {
  runs += 1;
  const log = { info: () => undefined, warn: () => undefined };
  const outcome = await pushTargets({ db: store.database, connection: crm, log }, SETTINGS, TARGETS, {
    runId: `run-${runs}`,
    asOf,
    classes: PUBLISH_CLASSES,
  });
  return outcome["salesforce.Lead"];
}

/** The pulled history says that somebody changed a lead's owner then. */
async function ownerChanged(number: number, at: Date, by: string = OUR_USER): Promise<void> {
  histories += 1;
  await store.database.execute(
    sql`insert into mirror.salesforce_lead_history (
            workspace_id, connection_id, id, leadid, field, createddate, createdbyid, changed_at, valid_from
        ) values (
            'acme', 'salesforce', ${`017${String(histories).padStart(12, "0")}AAA`}, ${leadId(number)}, 'Owner', ${at},
            ${by}, ${at}, ${at}
        )`,
  );
}

function minutesAfter(from: Date, minutes: number): Date {
  return hoursAfter(from, minutes / 60);
}

describe("an owner that moved when we wrote", () => {
  it("stops lead writes until somebody resumes them, however long ago it was", async () => {
    await putOpenLead(store.database, 1);
    await pushLeads(START);
    await ownerChanged(1, minutesAfter(START, 1));
    await putOpenLead(store.database, 2);
    expect(await pushLeads(hoursAfter(START, 1))).toMatchObject({ changed: 1, written: 0, deferred: 1 });

    const stopped = await pushLeads(hoursAfter(START, 24 * 30));
    expect(stopped).toMatchObject({ written: 0, deferred: 1 });
    expect(stopped?.blocked).toContain("sync --resume-lead-writes");
    expect((await readWritebackStatus(store.database, SCOPE)).leadWritesStopped).toMatchObject({
      since: hoursAfter(START, 1).toISOString(),
      leads: 1,
      leadIds: [leadId(1)],
    });

    const at = hoursAfter(START, 24 * 30 + 1);
    expect(await resumeLeadWrites(store.database, SCOPE, at)).toMatchObject({ movedLeads: 1 });
    expect(await resumeLeadWrites(store.database, SCOPE, at)).toBeNull();
    expect((await readWritebackStatus(store.database, SCOPE)).leadWritesStopped).toBeNull();
    expect(await pushLeads(hoursAfter(at, 1))).toMatchObject({ written: 1, deferred: 0, blocked: null });

    // What was known when writes were resumed does not stop them again; what comes after does.
    expect(await pushLeads(hoursAfter(at, 2))).toMatchObject({ blocked: null });
    await ownerChanged(2, hoursAfter(at, 1));
    expect((await pushLeads(hoursAfter(at, 3)))?.blocked).toContain("1 lead(s) changed owner");
  });

  it("is told from changes by other people, of other leads and at other times", async () => {
    await putOpenLead(store.database, 1);
    await pushLeads(START);
    await ownerChanged(1, minutesAfter(START, 1), "005000000000001AAA");
    await ownerChanged(3, minutesAfter(START, 1));
    await ownerChanged(1, minutesAfter(START, 16));
    expect(await pushLeads(hoursAfter(START, 1))).toMatchObject({ blocked: null });
  });

  it("is found though the history came days after the push", async () => {
    await putOpenLead(store.database, 1);
    await pushLeads(START);
    // ripeline stood still for five days; the history row is from the minute after the push.
    await ownerChanged(1, minutesAfter(START, 1));
    expect((await pushLeads(hoursAfter(START, 24 * 5)))?.blocked).toContain("1 lead(s)");
  });

  it("is found after a push that took longer than a quarter of an hour", async () => {
    await putOpenLead(store.database, 1);
    crm.minutesAWrite = 40;
    await pushLeads(START);
    // 50 minutes after the instant the push computed for, 10 after the CRM had taken the page.
    await ownerChanged(1, minutesAfter(START, 50));
    expect((await pushLeads(hoursAfter(START, 2)))?.blocked).toContain("1 lead(s)");
  });
});

describe("a push that takes long", () => {
  beforeEach(async () => {
    // Three pages of 1,000 leads.
    for (let number = 1; number <= 2_100; number += 1) {
      await putLead(store.database, { lead: leadId(number), undelivered: true });
    }
  });

  it("asks the org every ten minutes, and stops at the page at which owners moved", async () => {
    crm.minutesAWrite = 11;
    crm.moved = [leadId(5), "00Q000000009999AAA"];
    const outcome = await pushLeads(START);
    expect(outcome).toMatchObject({ changed: 2_100, written: 1_000, deferred: 1_100, calls: 1 });
    expect(outcome?.blocked).toContain(
      `1 lead(s) changed owner by our own user when we wrote to them (${leadId(5)})`,
    );
    expect(crm.looks).toBe(1);
    expect(await pushLeads(hoursAfter(START, 2))).toMatchObject({ written: 0, deferred: 1_100 });
  });

  it("goes on when the leads that moved are none of those it wrote", async () => {
    crm.minutesAWrite = 6;
    crm.moved = ["00Q000000009999AAA"];
    expect(await pushLeads(START)).toMatchObject({ written: 2_100, deferred: 0, blocked: null });
    // Answers after 6, 12 and 18 minutes: one look, at 12.
    expect(crm.looks).toBe(1);
  });

  it("does not ask when it is done within ten minutes, and goes on where the org hides its history", async () => {
    crm.minutesAWrite = 3;
    expect(await pushLeads(START)).toMatchObject({ written: 2_100 });
    expect(crm.looks).toBe(0);

    await store.database.execute(sql`delete from writeback.acknowledged`);
    crm.minutesAWrite = 20;
    crm.ownersMoved = () => Promise.reject(new PermissionError("salesforce", "LeadHistory is hidden"));
    expect(await pushLeads(hoursAfter(START, 2))).toMatchObject({ written: 2_100, blocked: null });
  });
});
