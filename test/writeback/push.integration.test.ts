import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { ConfigError } from "../../src/core/errors.ts";
import type { Settings } from "../../src/core/settings.ts";
import { sql } from "../../src/database/sql.ts";
import { type PushOutcome, pushTargets } from "../../src/writeback/push-targets.ts";
import { readRejections } from "../../src/writeback/rejections.ts";
import { PUBLISH_CLASSES } from "../../src/writeback/targets/target.ts";
import { targetObjects } from "../../src/writeback/targets.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { type FakeConnection, fakeConnection } from "./fake-connection.ts";
import {
  hoursAfter,
  insertRun,
  leadId,
  OTHER_REP,
  putCampaign,
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
const NO_CHANGE = { changed: 0, written: 0, rejected: 0, deferred: 0, calls: 0, blocked: null };

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
});

async function pushAt(asOf: Date, settings: Settings = SETTINGS): Promise<PushOutcome> {
  runs += 1;
  return pushInSameRun(asOf, settings);
}

function pushInSameRun(asOf: Date, settings: Settings = SETTINGS): Promise<PushOutcome> {
  const log = { info: () => undefined, warn: () => undefined };
  return pushTargets({ db: store.database, connection: crm, log }, settings, TARGETS, {
    runId: `run-${runs}`,
    asOf,
    classes: PUBLISH_CLASSES,
  });
}

function leadInCrm(number: number): Record<string, unknown> {
  return crm.records.get("Lead")?.get(leadId(number)) ?? {};
}

describe("a lead whose clock starts", () => {
  it("gets the handoff's instants, the rep and an open clock in one update", async () => {
    await putOpenLead(store.database, 1);
    const outcome = await pushAt(START);
    expect(outcome["salesforce.Lead"]).toEqual({ ...NO_CHANGE, changed: 1, written: 1, calls: 1 });
    // Handed off on 1 June 08:00 under the 24-hour policy: at risk after 18 hours, rots on 2 June 08:00.
    expect(leadInCrm(1)).toEqual({
      Ripeline_Clock__c: "open",
      Ripeline_Handed_Off_At__c: "2026-06-01T08:00:00.000Z",
      Ripeline_Handed_Off_To__c: REP,
      Ripeline_At_Risk_At__c: "2026-06-02T02:00:00.000Z",
      Ripeline_Rots_At__c: "2026-06-02T08:00:00.000Z",
      Ripeline_First_Touch_At__c: null,
      Ripeline_First_Touch__c: null,
      Ripeline_Cold_At__c: null,
      Ripeline_Outcome__c: null,
      Ripeline_Handoff_Count__c: 1,
      Ripeline_Undelivered__c: false,
    });
  });

  it("is not written when its handoff is not flagged", async () => {
    await putOpenLead(store.database, 1, { flagged: false });
    const outcome = await pushAt(START);
    expect(outcome["salesforce.Lead"]).toEqual(NO_CHANGE);
  });

  it("is marked undelivered, and nothing else, when nobody holds it", async () => {
    await putLead(store.database, { lead: leadId(1), undelivered: true });
    await pushAt(START);
    expect(leadInCrm(1)).toEqual({ Ripeline_Undelivered__c: true });
  });
});

describe("nothing changed", () => {
  beforeEach(async () => {
    for (let number = 1; number <= 60; number += 1) {
      await putOpenLead(
        store.database,
        number,
        number % 3 === 0 ? { firstTouchAt: hoursAfter(START, 1) } : {},
      );
    }
    await putCampaign(store.database, "701000000000001AAA");
    await putMetric(store.database, {
      metric: "investment",
      value: 100,
      rowType: "campaign",
      member: "701000000000001AAA",
    });
    await putMetric(store.database, {
      metric: "in_process",
      value: 60,
      period: "day",
      start: "2026-06-01",
      basis: "point_in_time",
    });
    await pushAt(hoursAfter(START, 2));
  });

  it("writes nothing at a stopped clock", async () => {
    const before = crm.requests.length;
    const outcome = await pushAt(hoursAfter(START, 2));
    expect(Object.values(outcome)).toEqual(Array(6).fill(NO_CHANGE));
    expect(crm.records.get("Lead")?.size).toBe(60);
    expect(crm.requests.length).toBe(before);
  });

  it("writes nothing when the clock has moved on by a minute, though ages and data-as-of moved", async () => {
    const row = { rowType: "workspace", period: "day", start: "2026-06-01", basis: "point_in_time" } as const;
    await putMetric(store.database, { ...row, metric: "undelivered_age_hours_p50", value: 5 });
    await pushAt(hoursAfter(START, 2));
    const before = crm.requests.length;
    await putMetric(store.database, { ...row, metric: "undelivered_age_hours_p50", value: 5.02 });
    const later = new Date(hoursAfter(START, 2).getTime() + 60_000);
    await insertRun(store.database, { asOf: later });
    const outcome = await pushAt(later);
    expect(Object.values(outcome)).toEqual(Array(6).fill(NO_CHANGE));
    expect(crm.requests.length).toBe(before);
  });

  it("sends what rides along only with another change of the row", async () => {
    await putMetric(store.database, {
      metric: "in_process",
      value: 61,
      period: "day",
      start: "2026-06-01",
      basis: "point_in_time",
    });
    const later = hoursAfter(START, 2.5);
    const outcome = await pushAt(later);
    expect(outcome["salesforce.Ripeline_Metric__c"]).toMatchObject({ changed: 1, written: 1 });
    expect(crm.requests.at(-1)?.rows.map((row) => row.fields)).toEqual([
      { Ripeline_In_Process__c: 61, Ripeline_Data_As_Of__c: later.toISOString() },
    ]);
  });

  it("rewrites the status record once its copy is an hour old", async () => {
    const outcome = await pushAt(hoursAfter(START, 3));
    expect(outcome["salesforce.Ripeline_Status__c"]).toMatchObject({ changed: 1, written: 1 });
    expect(outcome["salesforce.Lead"]).toEqual(NO_CHANGE);
  });
});

describe("a clock that goes on", () => {
  it("takes three fields for a first touch, and names kind, person and link", async () => {
    await putOpenLead(store.database, 1);
    await pushAt(START);
    await putOpenLead(store.database, 1, { firstTouchAt: hoursAfter(START, 3) });
    await pushAt(hoursAfter(START, 4));
    expect(crm.requests.findLast((request) => request.object === "Lead")?.rows[0]?.fields).toEqual({
      Ripeline_First_Touch_At__c: "2026-06-01T11:00:00.000Z",
      Ripeline_First_Touch__c: "Call by Ann Lee, https://acme.example/00T000000000001AAA",
      Ripeline_Cold_At__c: "2026-06-15T11:00:00.000Z",
    });
  });

  it("renews the cold date at most once a day", async () => {
    const firstTouchAt = hoursAfter(START, 1);
    await putOpenLead(store.database, 1, { firstTouchAt });
    await pushAt(hoursAfter(START, 2));
    await putOpenLead(store.database, 1, { firstTouchAt, lastTouchAt: hoursAfter(START, 20) });
    const sameDay = await pushAt(hoursAfter(START, 21));
    expect(sameDay["salesforce.Lead"]).toEqual(NO_CHANGE);
    // 25 hours after the touch that the CRM knows of.
    await putOpenLead(store.database, 1, { firstTouchAt, lastTouchAt: hoursAfter(START, 26) });
    await pushAt(hoursAfter(START, 27));
    expect(crm.requests.findLast((request) => request.object === "Lead")?.rows[0]?.fields).toEqual({
      Ripeline_Cold_At__c: "2026-06-16T10:00:00.000Z",
    });
  });

  it("renews it at once when the date in the CRM runs out within a day, so that no worked lead looks cold", async () => {
    const firstTouchAt = hoursAfter(START, 1);
    await putOpenLead(store.database, 1, { firstTouchAt });
    await pushAt(hoursAfter(START, 2));
    await putOpenLead(store.database, 1, { firstTouchAt, lastTouchAt: hoursAfter(START, 20) });
    // Cold in the CRM on 15 June 09:00; twenty hours before that.
    const outcome = await pushAt(new Date("2026-06-14T13:00:00Z"));
    expect(outcome["salesforce.Lead"]).toMatchObject({ written: 1 });
    expect(leadInCrm(1)["Ripeline_Cold_At__c"]).toBe("2026-06-16T04:00:00.000Z");
  });

  it("rewrites the lead for the next rep", async () => {
    await putOpenLead(store.database, 1);
    await pushAt(START);
    const at = hoursAfter(START, 5);
    await putHandoff(store.database, { id: "h1", lead: leadId(1), endedAt: at, endedBy: "reassigned" });
    await putHandoff(store.database, {
      id: "h1b",
      lead: leadId(1),
      owner: OTHER_REP,
      handedOffAt: at,
      number: 2,
    });
    await putLead(store.database, { lead: leadId(1), openHandoff: "h1b" });
    await pushAt(at);
    expect(leadInCrm(1)).toMatchObject({
      Ripeline_Clock__c: "open",
      Ripeline_Handed_Off_To__c: OTHER_REP,
      Ripeline_Rots_At__c: "2026-06-02T13:00:00.000Z",
      Ripeline_Handoff_Count__c: 2,
      Ripeline_Outcome__c: null,
    });
  });
});

describe("a clock that ends", () => {
  beforeEach(async () => {
    await putOpenLead(store.database, 1);
    await pushAt(START);
  });

  it("is blanked with its outcome, and only that is sent", async () => {
    await putOpenLead(store.database, 1, { endedAt: hoursAfter(START, 3), endedBy: "disqualified" });
    await pushAt(hoursAfter(START, 4));
    expect(crm.requests.findLast((request) => request.object === "Lead")?.rows[0]?.fields).toEqual({
      Ripeline_Clock__c: null,
      Ripeline_Outcome__c: "disqualified",
    });
    expect(
      crm.requests.findLast((request) => request.object === "Ripeline_Handoff__c")?.rows[0]?.fields,
    ).toEqual({
      Ripeline_Ended_At__c: "2026-06-01T11:00:00.000Z",
      Ripeline_Ended_By__c: "disqualified",
      Ripeline_Outcome__c: "untouched",
    });
  });

  it("is not written on a converted lead, whose handoff row still ends", async () => {
    await putHandoff(store.database, {
      id: "h1",
      lead: leadId(1),
      endedAt: hoursAfter(START, 3),
      endedBy: "converted",
    });
    await putLead(store.database, { lead: leadId(1), converted: true });
    const outcome = await pushAt(hoursAfter(START, 4));
    expect(outcome["salesforce.Lead"]).toEqual(NO_CHANGE);
    expect(outcome["salesforce.Ripeline_Handoff__c"]).toMatchObject({ written: 1 });
  });

  it("is forgotten when the lead is deleted, and a restored lead is written anew", async () => {
    await store.database.execute(sql`delete from metrics.int_lead`);
    await store.database.execute(sql`delete from metrics.int_handoff`);
    expect((await pushAt(hoursAfter(START, 1)))["salesforce.Lead"]).toEqual(NO_CHANGE);
    await putOpenLead(store.database, 1);
    await pushAt(hoursAfter(START, 2));
    expect(
      Object.keys(crm.requests.findLast((r) => r.object === "Lead")?.rows[0]?.fields ?? {}),
    ).toHaveLength(11);
  });

  it("is cleared when the capture gate closes, with every other field left alone", async () => {
    await putOpenLead(store.database, 1, { flagged: false });
    await pushAt(hoursAfter(START, 1));
    expect(crm.requests.findLast((request) => request.object === "Lead")?.rows[0]?.fields).toEqual({
      Ripeline_Clock__c: null,
    });
  });

  it("is cleared, and nothing more is written to leads, when the mode becomes side_object", async () => {
    await putOpenLead(store.database, 2);
    const side: Settings = { ...SETTINGS, writeback: { ...SETTINGS.writeback, mode: "side_object" } };
    const outcome = await pushAt(hoursAfter(START, 1), side);
    expect(outcome["salesforce.Lead"]).toMatchObject({ changed: 1, written: 1 });
    // Every field of ours, not the flag alone; the checkbox is unticked already.
    expect(Object.values(leadInCrm(1)).filter((value) => value !== null)).toEqual([false]);
    expect(leadInCrm(2)).toEqual({});
    expect(crm.records.get("Ripeline_Handoff__c")?.size).toBe(2);
    expect(outcome["salesforce.Campaign"]).toMatchObject({ changed: 0 });
    expect((await pushAt(hoursAfter(START, 2), side))["salesforce.Lead"]).toMatchObject({ changed: 0 });
  });
});

describe("rows the CRM refuses", () => {
  const LOCKED = {
    code: "UNABLE_TO_LOCK_ROW",
    message: "unable to obtain exclusive access to this record",
    retryable: true,
  };
  const RULE = {
    code: "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    message: "Fill in the budget first",
    retryable: false,
  };

  beforeEach(async () => {
    for (let number = 1; number <= 3; number += 1) await putOpenLead(store.database, number);
  });

  it("leave their neighbours written and are kept with the CRM's own words", async () => {
    crm.refuse = (row) => (row.key === leadId(2) ? RULE : undefined);
    const outcome = await pushAt(START);
    expect(outcome["salesforce.Lead"]).toMatchObject({ changed: 3, written: 2, rejected: 1 });
    const [kept] = await readRejections(store.database, SCOPE, 10);
    expect(kept).toMatchObject({
      object: "Lead",
      key: leadId(2),
      state: "quarantined",
      code: "FIELD_CUSTOM_VALIDATION_EXCEPTION",
      message: "Fill in the budget first",
      attempts: 1,
    });
  });

  it("are tried once more in the same push when a lock was in the way", async () => {
    let refusals = 0;
    crm.refuse = (row) => {
      if (row.key !== leadId(2) || refusals > 0) return undefined;
      refusals += 1;
      return LOCKED;
    };
    const outcome = await pushAt(START);
    expect(outcome["salesforce.Lead"]).toMatchObject({ changed: 3, written: 3, rejected: 0, calls: 2 });
    expect(leadInCrm(2)["Ripeline_Clock__c"]).toBe("open");
  });

  it("wait in quarantine for a day, or until another value is desired", async () => {
    crm.refuse = (row) => (row.key === leadId(2) ? RULE : undefined);
    await pushAt(START);
    expect((await pushAt(hoursAfter(START, 1)))["salesforce.Lead"]).toEqual(NO_CHANGE);
    await putOpenLead(store.database, 2, { firstTouchAt: hoursAfter(START, 1) });
    expect((await pushAt(hoursAfter(START, 2)))["salesforce.Lead"]).toMatchObject({ rejected: 1 });
    crm.refuse = () => undefined;
    expect((await pushAt(hoursAfter(START, 3)))["salesforce.Lead"]).toEqual(NO_CHANGE);
    expect((await pushAt(hoursAfter(START, 27)))["salesforce.Lead"]).toMatchObject({ written: 1 });
    expect(await readRejections(store.database, SCOPE, 10)).toEqual([]);
  });

  it("are listed first and tried hourly when the refused change is a clear", async () => {
    await pushAt(START);
    await putOpenLead(store.database, 3, { firstTouchAt: hoursAfter(START, 1) });
    await putOpenLead(store.database, 1, { endedAt: hoursAfter(START, 1), endedBy: "recycled" });
    await putOpenLead(store.database, 0);
    crm.refuse = (_row, object) => (object === "Lead" ? RULE : undefined);
    await pushAt(hoursAfter(START, 2));
    const kept = await readRejections(store.database, SCOPE, 10);
    expect(kept.map((row) => [row.key, row.is_clear, row.next_try_at.toISOString()])).toEqual([
      [leadId(1), true, "2026-06-01T11:00:00.000Z"],
      // The first touch turns the flag off: refused, it stays on.
      [leadId(3), true, "2026-06-01T11:00:00.000Z"],
      [leadId(0), false, "2026-06-02T10:00:00.000Z"],
    ]);
  });

  it("are forgotten when the record is gone, and not tried again within the hour", async () => {
    await pushAt(START);
    await putOpenLead(store.database, 2, { firstTouchAt: hoursAfter(START, 1) });
    crm.refuse = (row) =>
      row.key === leadId(2)
        ? { code: "ENTITY_IS_DELETED", message: "entity is deleted", retryable: false }
        : undefined;
    expect((await pushAt(hoursAfter(START, 2)))["salesforce.Lead"]).toMatchObject({ rejected: 1 });
    const held = await store.database.any(
      z.object({ key: z.string() }),
      sql`select key from writeback.acknowledged where object = 'Lead' order by key`,
    );
    expect(held.map((row) => row.key)).toEqual([leadId(1), leadId(3)]);
    expect((await pushAt(hoursAfter(START, 2)))["salesforce.Lead"]).toEqual(NO_CHANGE);
  });
});

describe("a push that breaks off", () => {
  it("sends only what was not confirmed when it runs again", async () => {
    // 1,000 rows a page at full batches; the second page's call breaks.
    for (let number = 1; number <= 1_100; number += 1) {
      await putLead(store.database, { lead: leadId(number), undelivered: true });
    }
    crm.failAt = 2;
    await expect(pushAt(START)).rejects.toThrow("the line broke");
    crm.failAt = null;
    const outcome = await pushAt(START);
    expect(outcome["salesforce.Lead"]).toMatchObject({ changed: 100, written: 100, calls: 1 });
    expect(crm.records.get("Lead")?.size).toBe(1_100);
  });

  it("holds back what is over the hourly limit and sends it an hour later", async () => {
    for (let number = 1; number <= 30; number += 1) await putOpenLead(store.database, number);
    const slow: Settings = { ...SETTINGS, writeback: { ...SETTINGS.writeback, maxPerHour: 20 } };
    expect((await pushAt(START, slow))["salesforce.Lead"]).toMatchObject({
      changed: 30,
      written: 20,
      deferred: 10,
    });
    expect((await pushAt(hoursAfter(START, 0.5), slow))["salesforce.Lead"]).toMatchObject({
      written: 0,
      deferred: 10,
    });
    expect((await pushAt(hoursAfter(START, 1), slow))["salesforce.Lead"]).toMatchObject({
      written: 10,
      deferred: 0,
    });
  });

  it("refuses to start before anything has been computed", async () => {
    await store.database.execute(sql`delete from metrics.run`);
    await expect(pushAt(START)).rejects.toThrow(ConfigError);
    await expect(pushAt(START)).rejects.toThrow("run `ripeline sync` first");
  });
});

describe("house rules", () => {
  it("writes only names of ours on other people's objects", async () => {
    await putOpenLead(store.database, 1);
    await putCampaign(store.database, "701000000000001AAA");
    await putMetric(store.database, {
      metric: "investment",
      value: 100,
      rowType: "campaign",
      member: "701000000000001AAA",
    });
    await pushAt(START);
    const names = crm.requests
      .filter((request) => !request.object.startsWith("Ripeline_"))
      .flatMap((request) => request.rows.flatMap((row) => Object.keys(row.fields)));
    expect(names.length).toBeGreaterThan(11);
    expect(names.filter((name) => !name.startsWith("Ripeline_"))).toEqual([]);
  });

  it("stops lead writes and says so when our own write moved an owner", async () => {
    await putOpenLead(store.database, 1);
    await pushAt(START);
    await store.database.execute(
      sql`insert into mirror.salesforce_lead_history (
              workspace_id, connection_id, id, leadid, field, createddate, createdbyid, changed_at, valid_from
          ) values (
              'acme', 'salesforce', '017000000000001AAA', ${leadId(1)}, 'Owner', ${START}, '005000000000009AAA', ${START},
              ${START}
          )`,
    );
    await putOpenLead(store.database, 2);
    const outcome = await pushAt(hoursAfter(START, 1));
    expect(outcome["salesforce.Lead"]).toMatchObject({ changed: 1, written: 0, deferred: 1 });
    expect(outcome["salesforce.Lead"]?.blocked).toContain("1 lead(s) changed owner by our own user");
    expect(outcome["salesforce.Ripeline_Handoff__c"]).toMatchObject({ written: 1 });
  });

  it("keeps for each write what stood there and what was put there", async () => {
    await putOpenLead(store.database, 1);
    await pushAt(START);
    await putOpenLead(store.database, 1, { endedAt: hoursAfter(START, 1), endedBy: "recycled" });
    await pushAt(hoursAfter(START, 2));
    const rows = await store.database.any(
      z.object({ field: z.string(), previous_value: z.unknown(), written_value: z.unknown() }),
      sql`select field, previous_value, written_value from writeback.audit_field
          where object = 'Lead' and run_id = ${`run-${runs}`} order by field`,
    );
    expect(rows).toEqual([
      { field: "Ripeline_Clock__c", previous_value: "open", written_value: null },
      { field: "Ripeline_Outcome__c", previous_value: null, written_value: "recycled" },
    ]);
  });
});

describe("a record that one run writes twice", () => {
  it("keeps what stood there before the first write, and what the last one put there", async () => {
    await putOpenLead(store.database, 1);
    await pushAt(START);
    // The next run sets an outcome, then another: before it there was none.
    await putOpenLead(store.database, 1, { endedAt: hoursAfter(START, 1), endedBy: "recycled" });
    await pushAt(hoursAfter(START, 2));
    await putOpenLead(store.database, 1, { endedAt: hoursAfter(START, 1), endedBy: "disqualified" });
    await pushInSameRun(hoursAfter(START, 2));
    const row = await store.database.one(
      z.object({ previous_value: z.unknown(), written_value: z.unknown() }),
      sql`select previous_value, written_value from writeback.audit_field
          where object = 'Lead' and run_id = ${`run-${runs}`} and field = 'Ripeline_Outcome__c'`,
    );
    expect(row).toEqual({ previous_value: null, written_value: "disqualified" });
  });
});

describe("metric rows", () => {
  it("store a ratio as its two parts and leave the division to the CRM", async () => {
    const row = { rowType: "campaign", member: "701000000000001AAA", label: "Webinar" };
    await putCampaign(store.database, row.member);
    await putMetric(store.database, {
      ...row,
      metric: "cost_per_lead",
      value: 50,
      numerator: 10_000,
      denominator: 200,
    });
    await putMetric(store.database, { ...row, metric: "trap", text: "cheap_but_poor", reason: "small" });
    await pushAt(START);
    const [written] = [...(crm.records.get("Ripeline_Metric__c")?.values() ?? [])];
    expect(written).toMatchObject({
      Ripeline_Row_Type__c: "campaign",
      Ripeline_Member__c: "701000000000001AAA",
      Ripeline_Campaign__c: "701000000000001AAA",
      Ripeline_Period_Type__c: "lifetime",
      Ripeline_Period_Start__c: null,
      Ripeline_Cost_Per_Lead_Num__c: 10_000,
      Ripeline_Cost_Per_Lead_Den__c: 200,
      Ripeline_Trap__c: "cheap_but_poor",
      Ripeline_Reasons__c: "trap: small",
      Ripeline_Currency__c: "EUR",
    });
    expect(written).not.toHaveProperty("Ripeline_Cost_Per_Lead__c");
    expect(written).not.toHaveProperty("OwnerId");
    expect(written).not.toHaveProperty("CurrencyIsoCode");
  });

  it("show no ratio where the report has none, though its parts are known", async () => {
    await putMetric(store.database, {
      metric: "rotting_lead_rate",
      value: null,
      numerator: 3,
      denominator: 12,
      reason: "activity is not logged in the CRM",
    });
    await pushAt(START);
    const [written] = [...(crm.records.get("Ripeline_Metric__c")?.values() ?? [])];
    expect(written).toMatchObject({
      Ripeline_Rotting_Lead_Rate_Num__c: null,
      Ripeline_Rotting_Lead_Rate_Den__c: null,
      Ripeline_Reasons__c: "rotting_lead_rate: activity is not logged in the CRM",
    });
  });

  it("give a rep's row to the rep, and to the integration user where the CRM refuses that", async () => {
    await putMetric(store.database, {
      metric: "in_process",
      value: 7,
      rowType: "rep",
      member: REP,
      label: "Ann Lee",
    });
    crm.refuse = (row) =>
      "OwnerId" in row.fields
        ? {
            code: "TRANSFER_REQUIRES_READ",
            message: "the new owner must have read permission",
            retryable: false,
          }
        : undefined;
    const outcome = await pushAt(START);
    expect(outcome["salesforce.Ripeline_Metric__c"]).toMatchObject({ changed: 1, written: 1, rejected: 0 });
    const before = crm.requests.length;
    expect((await pushAt(START))["salesforce.Ripeline_Metric__c"]).toEqual(NO_CHANGE);
    expect(crm.requests.length).toBe(before);
  });

  it("leave reps out where the settings say team_only", async () => {
    await putMetric(store.database, {
      metric: "in_process",
      value: 7,
      rowType: "rep",
      member: REP,
      label: "Ann Lee",
    });
    const teams: Settings = { ...SETTINGS, writeback: { ...SETTINGS.writeback, repMetrics: "team_only" } };
    expect((await pushAt(START, teams))["salesforce.Ripeline_Metric__c"]).toEqual(NO_CHANGE);
  });

  it("are emptied, with the reason, when the report no longer has the row", async () => {
    await putMetric(store.database, { metric: "in_process", value: 7, rowType: "source", member: "Web" });
    await pushAt(START);
    await store.database.execute(sql`delete from metrics.metric_value`);
    await pushAt(START);
    expect(crm.requests.findLast((r) => r.object === "Ripeline_Metric__c")?.rows[0]?.fields).toMatchObject({
      Ripeline_In_Process__c: null,
      Ripeline_Reasons__c: "no longer reported",
    });
    expect((await pushAt(START))["salesforce.Ripeline_Metric__c"]).toEqual(NO_CHANGE);
  });

  it("keep yesterday's point-in-time row as it was", async () => {
    const row = { metric: "in_process", period: "day", basis: "point_in_time" } as const;
    await putMetric(store.database, { ...row, value: 7, start: "2026-06-01" });
    await pushAt(START);
    await store.database.execute(sql`delete from metrics.metric_value`);
    await putMetric(store.database, { ...row, value: 9, start: "2026-06-02" });
    await pushAt(hoursAfter(START, 24));
    const values = [...(crm.records.get("Ripeline_Metric__c")?.values() ?? [])].map(
      (r) => r["Ripeline_In_Process__c"],
    );
    expect(values).toEqual([7, 9]);
  });
});
