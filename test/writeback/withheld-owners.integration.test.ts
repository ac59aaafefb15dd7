import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { sql } from "../../src/database/sql.ts";
import { type ObjectOutcome, pushTargets } from "../../src/writeback/push-targets.ts";
import { PUBLISH_CLASSES } from "../../src/writeback/targets/target.ts";
import { targetObjects } from "../../src/writeback/targets.ts";
import { readWithheldOwners } from "../../src/writeback/withheld-owners.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { type FakeConnection, fakeConnection } from "./fake-connection.ts";
import { hoursAfter, insertRun, putMetric, REP, relaxRun, START } from "./metric-rows.ts";
import { SAMPLE_CATALOG } from "./sample-catalog.ts";
import { SETTINGS } from "./sample-settings.ts";

const SCOPE = { workspaceId: "acme", connectionId: "salesforce" };
const TARGETS = targetObjects({ closedStatuses: [], catalog: SAMPLE_CATALOG });
const NO_READ = {
  code: "TRANSFER_REQUIRES_READ",
  message: "The new owner must have read permission",
  retryable: false,
};

let store: TestDatabase;
let crm: FakeConnection;
let runs = 0;

beforeAll(async () => {
  store = await openTestDatabase();
  await relaxRun(store.database);
});
afterAll(() => store.close());
beforeEach(async () => {
  await store.empty();
  crm = fakeConnection({});
  await insertRun(store.database, { asOf: START });
  await putRepRow(7);
  crm.refuse = (row) => ("OwnerId" in row.fields ? NO_READ : undefined);
});

function putRepRow(value: number): Promise<void> {
  return putMetric(store.database, {
    metric: "in_process",
    value,
    rowType: "rep",
    member: REP,
    label: "Ann Lee",
  });
}

async function pushRows(asOf: Date): Promise<ObjectOutcome | undefined> {
  runs += 1;
  const log = { info: () => undefined, warn: () => undefined };
  const outcome = await pushTargets({ db: store.database, connection: crm, log }, SETTINGS, TARGETS, {
    runId: `run-${runs}`,
    asOf,
    classes: PUBLISH_CLASSES,
  });
  return outcome["salesforce.Ripeline_Metric__c"];
}

/** Fields of the metric rows sent since `before`. */
function sentSince(before: number): readonly (readonly string[])[] {
  return crm.requests
    .slice(before)
    .filter((request) => request.object === "Ripeline_Metric__c")
    .map((request) => request.rows.flatMap((row) => Object.keys(row.fields)));
}

function ownerInCrm(): unknown {
  return [...(crm.records.get("Ripeline_Metric__c")?.values() ?? [])].map((row) => row["OwnerId"])[0];
}

describe("an owner that the CRM refuses", () => {
  it("is kept with its words and what to do, while the row is written without", async () => {
    expect(await pushRows(START)).toMatchObject({ changed: 1, written: 1, rejected: 0 });
    expect(ownerInCrm()).toBeUndefined();
    const withheld = await readWithheldOwners(store.database, SCOPE);
    expect(withheld).toMatchObject([
      {
        object: "Ripeline_Metric__c",
        code: "TRANSFER_REQUIRES_READ",
        message: "The new owner must have read permission",
        rows: 1,
        ownerIds: [REP],
        since: START.toISOString(),
        nextTryAt: hoursAfter(START, 24).toISOString(),
      },
    ]);
    expect(withheld[0]?.next).toContain("permission set Ripeline Reader");
  });

  it("costs its row no push: it is written without the owner though the rows behind it went through", async () => {
    // 20 rows of campaigns beside the rep's: wherever that one stands among them, all are written by one push.
    for (let number = 1; number <= 20; number += 1) {
      const member = `701${String(number).padStart(12, "0")}AAA`;
      await putMetric(store.database, { metric: "investment", value: number, rowType: "campaign", member });
    }
    for (const rep of ["005000000000021AAA", "005000000000022AAA", "005000000000023AAA"]) {
      await putMetric(store.database, { metric: "in_process", value: 1, rowType: "rep", member: rep });
    }
    expect(await pushRows(START)).toMatchObject({ changed: 24, written: 24, rejected: 0, deferred: 0 });
    expect(crm.records.get("Ripeline_Metric__c")?.size).toBe(24);
  });

  it("is asked for once a day with nothing but what rides along; a refusal then sends nothing more", async () => {
    await pushRows(START);
    const before = crm.requests.length;
    expect(await pushRows(hoursAfter(START, 23))).toMatchObject({ changed: 0, calls: 0 });
    expect(sentSince(before)).toEqual([]);
    expect(await pushRows(hoursAfter(START, 24))).toMatchObject({
      changed: 1,
      written: 0,
      rejected: 1,
      deferred: 0,
      calls: 1,
    });
    expect(sentSince(before)).toEqual([["OwnerId", "Ripeline_Data_As_Of__c"]]);
    expect(await pushRows(hoursAfter(START, 25))).toMatchObject({ changed: 0, calls: 0 });
    expect(await readWithheldOwners(store.database, SCOPE)).toMatchObject([
      { since: START.toISOString(), nextTryAt: hoursAfter(START, 48).toISOString() },
    ]);
  });

  it("is the rep's at the next try after the rights were granted, and is listed no more", async () => {
    await pushRows(START);
    crm.refuse = () => undefined;
    expect(await pushRows(hoursAfter(START, 24))).toMatchObject({ changed: 1, written: 1 });
    expect(ownerInCrm()).toBe(REP);
    expect(await readWithheldOwners(store.database, SCOPE)).toEqual([]);
    expect(await pushRows(hoursAfter(START, 72))).toMatchObject({ changed: 0 });
  });

  it("does not hold back the row's numbers in between", async () => {
    await pushRows(START);
    await putRepRow(8);
    const before = crm.requests.length;
    expect(await pushRows(hoursAfter(START, 1))).toMatchObject({ changed: 1, written: 1, rejected: 0 });
    expect(sentSince(before).flat()).not.toContain("OwnerId");
    expect(sentSince(before).flat()).toContain("Ripeline_In_Process__c");
  });

  it("costs no call of its own where the last page has room for the rows", async () => {
    for (let number = 1; number <= 1_100; number += 1) {
      await putMetric(store.database, {
        metric: "in_process",
        value: number,
        rowType: "source",
        member: `Source ${number}`,
      });
    }
    // Rows are sent in the order of "rep|..." and "source|...": the rep's row is the first of all.
    expect(await pushRows(START)).toMatchObject({ changed: 1_101, written: 1_101, rejected: 0, calls: 2 });
    const sizes = crm.requests
      .filter((request) => request.object === "Ripeline_Metric__c")
      .map((request) => request.rows.length);
    expect(sizes).toEqual([1_000, 102]);
    expect(await pushRows(hoursAfter(START, 1))).toMatchObject({ changed: 0 });
  });

  it("does not keep the row from the same push where others of its page come after it", async () => {
    // One page: "rep|...", then "source|A" and "source|B". Both are written and leave the queue; the rep's row is still to come.
    for (const [index, member] of ["A", "B"].entries()) {
      await putMetric(store.database, { metric: "in_process", value: index, rowType: "source", member });
    }
    expect(await pushRows(START)).toMatchObject({ changed: 3, written: 3, rejected: 0, deferred: 0 });
    const before = crm.requests.length;
    expect(await pushRows(START)).toMatchObject({ changed: 0, written: 0 });
    expect(sentSince(before)).toEqual([]);
  });

  it("is forgotten when the rep has left: the row is the integration user's for good", async () => {
    await pushRows(START);
    await store.database.execute(sql`update mirror.salesforce_user set isactive = false`);
    const before = crm.requests.length;
    expect(await pushRows(hoursAfter(START, 24))).toMatchObject({ changed: 0 });
    expect(sentSince(before)).toEqual([]);
    expect(await readWithheldOwners(store.database, SCOPE)).toEqual([]);
  });

  it("leaves nothing in the write log that was not written", async () => {
    await pushRows(START);
    const Written = z.object({ has_owner: z.boolean() });
    const rows = await store.database.any(
      Written,
      sql`select written ? 'OwnerId' as has_owner from writeback.audit where object = 'Ripeline_Metric__c'`,
    );
    expect(rows).toEqual([{ has_owner: false }]);
  });
});
