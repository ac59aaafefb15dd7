import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { Settings } from "../../src/core/settings.ts";
import { sql } from "../../src/database/sql.ts";
import { pushTargets } from "../../src/writeback/push-targets.ts";
import { isSweepDue, type SweepOutcome, sweep } from "../../src/writeback/sweep.ts";
import { PUBLISH_CLASSES } from "../../src/writeback/targets/target.ts";
import { targetObjects } from "../../src/writeback/targets.ts";
import { readWritebackStatus } from "../../src/writeback/writeback-status.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { type FakeConnection, fakeConnection } from "./fake-connection.ts";
import {
  hoursAfter,
  insertRun,
  leadId,
  putHandoff,
  putLead,
  putMetric,
  putOpenLead,
  REP,
  relaxRun,
  START,
} from "./metric-rows.ts";
import { SAMPLE_CATALOG } from "./sample-catalog.ts";
import { SETTINGS } from "./sample-settings.ts";

const SCOPE = { workspaceId: "acme", connectionId: "salesforce" };
const TARGETS = targetObjects({ closedStatuses: [], catalog: SAMPLE_CATALOG });
const TEAM_ONLY: Settings = {
  ...SETTINGS,
  writeback: { ...SETTINGS.writeback, repMetrics: "team_only" },
};
const log = { info: () => undefined, warn: () => undefined };

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
  await computedAt(START);
});

/** As if the last compute had been at this instant: 24 months of report rows, the current one included. */
async function computedAt(asOf: Date): Promise<void> {
  await insertRun(store.database, { asOf });
  await store.database.execute(sql`
    update metrics.run set today = ${asOf}::timestamptz::date,
      first_month = (date_trunc('month', ${asOf}::timestamptz) - interval '23 months')::date`);
}

async function pushAt(asOf: Date, settings: Settings = SETTINGS): Promise<void> {
  runs += 1;
  await pushTargets({ db: store.database, connection: crm, log }, settings, TARGETS, {
    runId: `run-${runs}`,
    asOf,
    classes: PUBLISH_CLASSES,
  });
}

function sweepAt(asOf: Date, settings: Settings = SETTINGS): Promise<SweepOutcome> {
  runs += 1;
  return sweep({ db: store.database, connection: crm, log }, settings, { runId: `run-${runs}`, asOf });
}

function isDue(asOf: Date, isByHand: boolean, settings: Settings = SETTINGS): Promise<boolean> {
  return isSweepDue(store.database, settings, { asOf, isByHand });
}

const Key = z.object({ key: z.string() });

async function acknowledged(object: string): Promise<readonly string[]> {
  const rows = await store.database.any(
    Key,
    sql`select key from writeback.acknowledged where object = ${object} order by key`,
  );
  return rows.map((row) => row.key);
}

/** Period types and starts of the metric records in the CRM. */
function periodsInCrm(): readonly string[] {
  return [...(crm.records.get("Ripeline_Metric__c")?.values() ?? [])]
    .map((row) => `${String(row["Ripeline_Period_Type__c"])} ${String(row["Ripeline_Period_Start__c"])}`)
    .toSorted();
}

function handoffsInCrm(): readonly string[] {
  return [...(crm.records.get("Ripeline_Handoff__c")?.keys() ?? [])].toSorted();
}

const ALL_GONE = { refused: 0, deferred: 0, calls: 1 };

describe("handoff rows", () => {
  it("go 13 months after the handoff ended, to the second; open ones stay however old", async () => {
    const handedOffAt = new Date("2025-04-01T08:00:00Z");
    // 2026-06-01 08:00 less 13 months is 2025-05-01 08:00.
    const ends: Readonly<Record<string, Date | null>> = {
      h1: null,
      h2: new Date("2025-05-01T08:00:00Z"),
      h3: new Date("2025-05-01T08:00:01Z"),
    };
    for (const [index, [id, endedAt]] of Object.entries(ends).entries()) {
      const endedBy = endedAt === null ? null : "disqualified";
      await putHandoff(store.database, { id, lead: leadId(index + 1), handedOffAt, endedAt, endedBy });
      await putLead(store.database, { lead: leadId(index + 1), openHandoff: endedAt === null ? id : null });
    }
    await pushAt(new Date("2025-06-01T08:00:00Z"));
    expect(handoffsInCrm()).toEqual(["h1", "h2", "h3"]);

    expect(await sweepAt(START)).toEqual({
      "salesforce.Ripeline_Handoff__c": { due: 1, removed: 1, ...ALL_GONE },
    });
    expect(handoffsInCrm()).toEqual(["h1", "h3"]);
    expect(await acknowledged("Ripeline_Handoff__c")).toEqual(["h1", "h3"]);

    // Nothing is due: not a call; and the push does not bring it back.
    expect(await sweepAt(START)).toEqual({});
    await pushAt(START);
    expect(crm.removals).toHaveLength(1);
    expect(handoffsInCrm()).toEqual(["h1", "h3"]);
  });

  it("stay when the capture gate closes, and go a day after the handoff is no more", async () => {
    await putOpenLead(store.database, 1);
    await putOpenLead(store.database, 2);
    await pushAt(START);
    await putOpenLead(store.database, 1, { flagged: false });
    await store.database.execute(sql`delete from metrics.int_handoff where handoff_id = 'h2'`);
    await store.database.execute(sql`delete from metrics.int_lead where lead_id = ${leadId(2)}`);

    expect(await sweepAt(START)).toEqual({});
    const status = await readWritebackStatus(store.database, SCOPE);
    expect(status.sweep?.waiting).toEqual([
      {
        object: "Ripeline_Handoff__c",
        reason: "gone",
        rows: 1,
        dueAt: hoursAfter(START, 20).toISOString(),
        refusal: null,
      },
    ]);
    expect(await sweepAt(hoursAfter(START, 24))).toMatchObject({
      "salesforce.Ripeline_Handoff__c": { due: 1, removed: 1 },
    });
    expect(handoffsInCrm()).toEqual(["h1"]);
  });

  it("stay when the handoff comes back within the day", async () => {
    await putOpenLead(store.database, 1);
    await pushAt(START);
    await store.database.execute(sql`delete from metrics.int_handoff`);
    await sweepAt(START);
    await putOpenLead(store.database, 1);
    expect(await sweepAt(hoursAfter(START, 24))).toEqual({});
    expect(handoffsInCrm()).toEqual(["h1"]);
    expect((await readWritebackStatus(store.database, SCOPE)).sweep?.waiting).toEqual([]);
  });
});

describe("metric rows", () => {
  const row = { metric: "in_process", value: 7 } as const;
  const putDay = (start: string): Promise<void> =>
    putMetric(store.database, { ...row, period: "day", start, basis: "point_in_time" });
  const putMonth = (start: string): Promise<void> =>
    putMetric(store.database, { ...row, period: "month", start });

  it("of single days stay for 35 days and then only the last of each month, 24 months long", async () => {
    // 2026-06-01 less 35 days is 2026-04-27. February's last day with a row is the 27th.
    const kept = [
      "day 2024-07-31",
      "day 2026-02-27",
      "day 2026-03-31",
      "day 2026-04-28",
      "day 2026-04-30",
      "day 2026-06-01",
      "lifetime null",
      "month 2024-07-01",
      "month 2026-06-01",
    ];
    const swept = [
      "day 2024-06-30",
      "day 2026-02-26",
      "day 2026-03-30",
      "day 2026-04-27",
      "month 2024-06-01",
    ];
    for (const each of [...kept, ...swept]) {
      const [period, start] = each.split(" ");
      if (period === "day") await putDay(start ?? "");
      if (period === "month") await putMonth(start ?? "");
    }
    await putMetric(store.database, row);
    await pushAt(START);
    expect(periodsInCrm()).toEqual([...kept, ...swept].toSorted());
    // A compute reports today, its window of months, and lifetime.
    await store.database.execute(sql`
      delete from metrics.metric_value
      where (period_type = 'day' and period_start < '2026-06-01') or period_start < '2024-07-01'`);

    expect(await sweepAt(START)).toEqual({
      "salesforce.Ripeline_Metric__c": { due: 5, removed: 5, ...ALL_GONE },
    });
    expect(periodsInCrm()).toEqual(kept);
    await pushAt(START);
    expect(await sweepAt(START)).toEqual({});
    expect(periodsInCrm()).toEqual(kept);
  });

  it("that are no longer reported are emptied at once and go a day later", async () => {
    await putMetric(store.database, { ...row, rowType: "source", member: "Web" });
    await pushAt(START);
    await store.database.execute(sql`delete from metrics.metric_value`);
    await pushAt(START);
    expect(await sweepAt(START)).toEqual({});
    expect(periodsInCrm()).toHaveLength(1);
    expect(await sweepAt(hoursAfter(START, 24))).toMatchObject({
      "salesforce.Ripeline_Metric__c": { removed: 1 },
    });
    expect(periodsInCrm()).toEqual([]);
  });

  it("of reps go at the next push when the settings say team_only, unwritten before, and come back with named", async () => {
    await putMetric(store.database, { ...row, rowType: "rep", member: REP, label: "Ann Lee" });
    await putMetric(store.database, { ...row, rowType: "team", member: "00E000000000001AAA", label: "East" });
    await pushAt(START);
    await sweepAt(START);
    expect(await isDue(hoursAfter(START, 1), false)).toBe(false);
    expect(await isDue(hoursAfter(START, 1), false, TEAM_ONLY)).toBe(true);

    const before = crm.requests.length;
    await pushAt(hoursAfter(START, 1), TEAM_ONLY);
    expect(crm.requests.slice(before).filter((each) => each.object === "Ripeline_Metric__c")).toEqual([]);
    await sweepAt(hoursAfter(START, 1), TEAM_ONLY);
    expect(await isDue(hoursAfter(START, 1), false, TEAM_ONLY)).toBe(false);
    const labels = (): unknown[] =>
      [...(crm.records.get("Ripeline_Metric__c")?.values() ?? [])].map((each) => each["Ripeline_Label__c"]);
    expect(labels()).toEqual(["East"]);

    await pushAt(hoursAfter(START, 2));
    expect(new Set(labels())).toEqual(new Set(["Ann Lee", "East"]));
  });
});

describe("a sweep that does not go through", () => {
  const LOCKED = { code: "UNABLE_TO_LOCK_ROW", message: "unable to obtain exclusive access to this record" };

  /** Handoffs 1 to `count`, in the CRM and ended more than 13 months ago. */
  async function putExpired(count: number): Promise<void> {
    const handedOffAt = new Date("2025-04-01T08:00:00Z");
    const endedAt = new Date("2025-04-20T08:00:00Z");
    for (let number = 1; number <= count; number += 1) {
      const id = `h${String(number).padStart(4, "0")}`;
      await putHandoff(store.database, {
        id,
        lead: leadId(number),
        handedOffAt,
        endedAt,
        endedBy: "recycled",
      });
    }
    await pushAt(new Date("2025-05-01T08:00:00Z"));
  }

  it("keeps a refused row with the CRM's words and tries it at the next one; its neighbours go", async () => {
    await putExpired(3);
    crm.refuseRemoval = (id) => (id === "a01h0002" ? LOCKED : undefined);
    expect(await sweepAt(START)).toEqual({
      "salesforce.Ripeline_Handoff__c": { due: 3, removed: 2, refused: 1, deferred: 0, calls: 1 },
    });
    expect(handoffsInCrm()).toEqual(["h0002"]);
    expect((await readWritebackStatus(store.database, SCOPE)).sweep).toMatchObject({
      finishedAt: START.toISOString(),
      removed: 2,
      waiting: [{ object: "Ripeline_Handoff__c", reason: "retention", rows: 1, refusal: LOCKED }],
    });
    crm.refuseRemoval = () => undefined;
    expect(await sweepAt(hoursAfter(START, 24))).toMatchObject({
      "salesforce.Ripeline_Handoff__c": { due: 1, removed: 1 },
    });
    expect(handoffsInCrm()).toEqual([]);
    expect((await readWritebackStatus(store.database, SCOPE)).sweep?.waiting).toEqual([]);
  });

  it("counts what is gone already as done when it runs again after a crash", async () => {
    await putExpired(3);
    crm.failRemovalAt = 1;
    await expect(sweepAt(START)).rejects.toThrow("the line broke");
    // The CRM has deleted them, we do not know it yet.
    expect(handoffsInCrm()).toEqual([]);
    expect(await acknowledged("Ripeline_Handoff__c")).toHaveLength(3);
    expect(await isDue(START, false)).toBe(true);
    expect(await sweepAt(START)).toMatchObject({
      "salesforce.Ripeline_Handoff__c": { due: 3, removed: 3, refused: 0 },
    });
    expect(await acknowledged("Ripeline_Handoff__c")).toEqual([]);
    expect(await isDue(START, false)).toBe(false);
  });

  it("takes an id that the CRM does not know for gone only where it can see the object", async () => {
    await putExpired(1);
    crm.refuseRemoval = () => ({
      code: "INVALID_CROSS_REFERENCE_KEY",
      message: "invalid cross reference id",
    });
    crm.count = () => Promise.reject(new Error("no such object for this user"));
    await expect(sweepAt(START)).rejects.toThrow("no such object for this user");
    expect(await acknowledged("Ripeline_Handoff__c")).toHaveLength(1);
    crm.count = () => Promise.resolve(0);
    expect(await sweepAt(START)).toEqual({
      "salesforce.Ripeline_Handoff__c": { due: 1, removed: 1, refused: 0, deferred: 0, calls: 2 },
    });
    expect(await acknowledged("Ripeline_Handoff__c")).toEqual([]);
  });

  it("sends a thousand ids a call, and no more than the hourly limit allows", async () => {
    const many: Settings = { ...SETTINGS, writeback: { ...SETTINGS.writeback, maxPerHour: 1_300 } };
    await putExpired(1_400);
    await store.database.execute(sql`delete from writeback.page`);
    expect(await sweepAt(START, many)).toEqual({
      "salesforce.Ripeline_Handoff__c": { due: 1_400, removed: 1_300, refused: 0, deferred: 100, calls: 2 },
    });
    expect(crm.removals.map((request) => request.ids.length)).toEqual([1_000, 300]);
    // A scheduled push goes on with the rest, and then there is nothing to go on with.
    expect(await isDue(hoursAfter(START, 1), false, many)).toBe(true);
    expect(await sweepAt(hoursAfter(START, 1), many)).toMatchObject({
      "salesforce.Ripeline_Handoff__c": { due: 100, removed: 100, deferred: 0 },
    });
    expect(await isDue(hoursAfter(START, 1), false, many)).toBe(false);
  });

  it("leaves in the write log what it deleted", async () => {
    await putExpired(1);
    await sweepAt(START);
    const Removed = z.object({
      record_id: z.string(),
      is_removed: z.boolean(),
      previous: z.looseObject({ Ripeline_Lead_Id__c: z.string() }),
      written: z.record(z.string(), z.unknown()),
    });
    const rows = await store.database.any(
      Removed,
      sql`select record_id, is_removed, previous, written from writeback.audit where run_id = ${`run-${runs}`}`,
    );
    expect(rows).toMatchObject([
      { record_id: "a01h0001", is_removed: true, previous: { Ripeline_Lead_Id__c: leadId(1) }, written: {} },
    ]);
    const Field = z.object({ previous_value: z.unknown(), written_value: z.unknown() });
    const fields = await store.database.any(
      Field,
      sql`select previous_value, written_value from writeback.audit_field
          where run_id = ${`run-${runs}`} and field = 'Ripeline_Ended_By__c'`,
    );
    expect(fields).toEqual([{ previous_value: "recycled", written_value: null }]);
  });

  it("does nothing while nothing has been computed", async () => {
    await putExpired(1);
    await store.database.execute(sql`delete from metrics.run`);
    expect(await sweepAt(START)).toEqual({});
    expect(crm.removals).toEqual([]);
  });
});

describe("when a push sweeps", () => {
  it("is once a night for a push by hand, and never for a scheduled one that has nothing left over", async () => {
    // Nights are cut at 02:30 of the workspace's zone, here UTC.
    expect(await isDue(START, true)).toBe(true);
    expect(await isDue(START, false)).toBe(false);
    await sweepAt(START);
    expect(await isDue(hoursAfter(START, 18), true)).toBe(false);
    expect(await isDue(new Date("2026-06-02T02:29:59Z"), true)).toBe(false);
    expect(await isDue(new Date("2026-06-02T02:30:00Z"), true)).toBe(true);
    expect(await isDue(new Date("2026-06-02T02:30:00Z"), false)).toBe(false);
  });
});
