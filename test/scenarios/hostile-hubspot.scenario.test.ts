import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { sql } from "../../src/database/sql.ts";
import {
  type HostilePortal,
  NOON,
  openHostilePortal,
  type PortalStep,
} from "./hostile-hubspot/hostile-portal.ts";
import { recordId, resolved } from "./hostile-hubspot/read-records.ts";

/** As many rows as the page says, which take minutes; else fewer, of which more than one page is left. */
const isFull = process.env["RIPELINE_HOSTILE_FULL"] === "1";

/** Of HS14: beyond what one search can see; else seven pages of a search. */
const ROWS = isFull ? 10_050 : 1_250;

/**
 * What the product does not do yet, by the page's table: left out of a run, and asked for with RIPELINE_HOSTILE_OPEN=1 by
 * whoever mends it.
 */
const openTest = test.runIf(process.env["RIPELINE_HOSTILE_OPEN"] === "1");

const SOURCE = "source[PAID_SEARCH]";

/** `contact:HS04-`, [1, 5]: contact:HS04-1, contact:HS04-5. */
const each = (prefix: string, numbers: readonly number[]): readonly string[] =>
  numbers.map((number) => `${prefix}${number}`);

const range = (prefix: string, from: number, to: number): readonly string[] =>
  each(
    prefix,
    Array.from({ length: to - from + 1 }, (_, index) => from + index),
  );

const valueOf = (after: PortalStep, symbol: string, property: string): unknown =>
  after.leads.get(resolved(symbol))?.[property];

/** "false or blank" */
function isOff(after: PortalStep, symbols: readonly string[], property: string): void {
  for (const symbol of symbols) {
    expect.soft(valueOf(after, symbol, property) ?? "false", `${symbol}.${property}`).toBe("false");
  }
}

function nothingWritten(after: PortalStep): void {
  for (const [object, pushed] of Object.entries(after.sync?.pushed ?? {})) {
    expect.soft(pushed, object).toMatchObject({ written: 0 });
  }
  expect.soft(after.newWrites).toEqual([]);
}

describe("the hostile portal of hostile-hubspot.md", () => {
  let open: HostilePortal | undefined;
  const given = async (...args: Parameters<typeof openHostilePortal>): Promise<HostilePortal> => {
    open = await openHostilePortal(...args);
    return open;
  };
  afterEach(async () => {
    await open?.close();
    open = undefined;
  });

  test("HS01 a validation rule refuses seven of a hundred", async () => {
    const portal = await given("HS01");
    const first = await portal.step(1);
    const pushed = first.sync?.pushed["hubspot.contacts"];
    expect.soft(pushed).toMatchObject({ changed: 100, written: 93, rejected: 7 });
    // 7 x 2 x log2(100/7) + 14
    expect.soft(pushed?.calls).toBeLessThanOrEqual(68);
    first.record("contact:HS01-1", {
      ripeline_handed_off_at: "2026-03-02T09:00:00Z",
      ripeline_at_risk_at: "2026-03-03T03:00:00Z",
      ripeline_rots_at: "2026-03-03T09:00:00Z",
    });
    first.record("contact:HS01-93", {
      ripeline_rots_at: "2026-03-03T10:32:00Z",
      ripeline_rotting: "true",
      ripeline_rot_status: "rotting",
    });
    first.untouched(range("contact:HS01-", 94, 100));
    first.has(`${SOURCE} pit`, { rotting_lead_rate: 1, open_leads: 100 });
    first.noReason(`${SOURCE} pit`, "rotting_lead_rate", "small");
    expect.soft(first.refused("quarantined")).toBe(7);
    expect.soft(first.statusText).toContain("HS01: Industry is required");
    expect.soft(first.statusText).not.toMatch(/@hs01\.example/i);

    const second = await portal.step(2);
    nothingWritten(second);
    expect.soft(second.writesTo("contacts", "contact:HS01-1")).toBe(1);
    expect.soft(second.refused("quarantined")).toBe(7);

    const third = await portal.step(3, { at: "2026-06-16T12:00:00Z" });
    third.record("contact:HS01-94", { ripeline_rots_at: "2026-03-03T10:33:00Z" });
    third.record("contact:HS01-100", { ripeline_rots_at: "2026-03-03T10:39:00Z" });
    expect.soft(third.refused("quarantined")).toBe(0);
    expect.soft(third.writesTo("contacts", "contact:HS01-1")).toBe(1);
  });

  test("HS02 contacts merged between the pull and the push", async () => {
    const portal = await given("HS02");
    const first = await portal.step(1);
    first.record(["contact:HS02-1", "contact:HS02-3"], {
      ripeline_rots_at: "2026-06-15T00:00:00Z",
      ripeline_rotting: "true",
    });
    expect.soft(first.sync?.pushed["hubspot.contacts"]).toMatchObject({ changed: 3, written: 2 });
    expect.soft(first.statusText).toContain(recordId("contact:HS02-2"));

    const second = await portal.step(2, { at: "2026-06-15T12:20:00Z" });
    second.has(`${SOURCE} pit`, { open_leads: 2, rotting_lead_rate: 1 });
    second.has(`${SOURCE} in June`, { leads: 2 });
    expect.soft(second.refused("quarantined")).toBe(0);
    // Its end stays on record as "vanished": nobody waits for it.
    expect.soft(second.refused("retry")).toBe(0);

    nothingWritten(await portal.step(3, { at: "2026-06-15T12:20:00Z" }));
  });

  test("HS03 marketing mail and sequence mail", async () => {
    const portal = await given("HS03");
    const after = await portal.step(1);
    after.has(`${SOURCE} pit`, { rotting_lead_rate: 4 / 6, open_leads: 6 });
    after.record("contact:HS03-1", {
      ripeline_first_touch_at: "2026-06-10T01:00:00Z",
      ripeline_cold_at: "2026-06-24T01:00:00Z",
    });
    after.record("contact:HS03-4", {
      ripeline_first_touch_at: "2026-06-10T01:00:00Z",
      ripeline_rot_status: "worked",
    });
    after.record(each("contact:HS03-", [2, 3, 5, 6]), { ripeline_rotting: "true" });
    after.has(`${SOURCE} in June`, { rot_cohort_rate: 4 / 6 });
  });

  test("HS04 inbound, missed and planned", async () => {
    const portal = await given("HS04");
    const after = await portal.step(1);
    after.has(`${SOURCE} pit`, { rotting_lead_rate: 6 / 13, open_leads: 13 });
    after.noReason(`${SOURCE} pit`, "rotting_lead_rate", "small");
    after.record(each("contact:HS04-", [1, 5, 6, 8, 10, 12]), {
      ripeline_rot_status: "rotting",
      ripeline_first_touch_at: null,
    });
    after.record(each("contact:HS04-", [2, 3, 4, 13]), { ripeline_first_touch_at: "2026-06-10T02:00:00Z" });
    after.record("contact:HS04-11", { ripeline_first_touch_at: "2026-06-10T03:00:00Z" });
    after.record(each("contact:HS04-", [7, 9]), { ripeline_rot_status: "worked" });
    after.has(`${SOURCE} in June`, { rot_cohort_rate: 6 / 13 });
  });

  test("HS05 nobody logs e-mail: the gate opens, shuts and opens", async () => {
    const portal = await given("HS05");
    const first = await portal.step(1);
    first.has(`${SOURCE} pit`, { rotting_lead_rate: 4 / 11, unlogged_work_share: 0 });
    first.reason(`${SOURCE} pit`, "rotting_lead_rate", "capture not proven");
    first.reason(`${SOURCE} pit`, "unlogged_work_share", "small");
    first.record("contact:HS05-1", {
      ripeline_clock: "open",
      ripeline_first_touch_at: "2026-06-04T12:00:00Z",
    });
    first.record("contact:HS05-11", { ripeline_rots_at: "2026-06-11T00:00:00Z", ripeline_rotting: "true" });

    const second = await portal.step(2, { at: "2026-06-15T13:00:00Z" });
    const unlogged = "activity is not logged in the CRM";
    for (const row of [`${SOURCE} pit`, "rep[owner:HS00-1] pit"]) {
      second.has(row, {
        unlogged_work_share: 3 / 10,
        rotting_lead_rate: null,
        rotting_share_of_untouched: null,
        gone_cold_rate: null,
      });
      for (const metric of ["rotting_lead_rate", "rotting_share_of_untouched", "gone_cold_rate"]) {
        second.reason(row, metric, unlogged);
      }
    }
    for (const metric of ["rot_cohort_rate", "disposed_untouched_rate"]) {
      second.has(`${SOURCE} in June`, { [metric]: null });
      second.reason(`${SOURCE} in June`, metric, unlogged);
    }
    second.has(`${SOURCE} pit`, { open_leads: 11 });
    const all = range("contact:HS05-", 1, 11);
    second.record(all, { ripeline_clock: null, ripeline_rot_status: null });
    isOff(second, all, "ripeline_rotting");
    expect.soft(second.statusText).toContain(unlogged);
    expect.soft(second.statusText).toContain("e-mail");

    const third = await portal.step(3, { at: "2026-06-15T14:00:00Z" });
    third.has(`${SOURCE} pit`, { unlogged_work_share: 2 / 10, rotting_lead_rate: 3 / 11 });
    third.noReason(`${SOURCE} pit`, "rotting_lead_rate", "capture not proven");
    third.record("contact:HS05-8", {
      ripeline_first_touch_at: "2026-06-15T13:30:00Z",
      ripeline_rot_status: "worked_late",
    });
    third.record(each("contact:HS05-", [9, 10, 11]), { ripeline_rotting: "true" });
  });

  test("HS06 redacted e-mail is unknown, not zero", async () => {
    const portal = await given("HS06");
    const first = await portal.step(1);
    const scope = "sales-email-read";
    for (const metric of ["rotting_lead_rate", "rotting_share_of_untouched", "gone_cold_rate"]) {
      first.has(`${SOURCE} pit`, { [metric]: null });
      first.reason(`${SOURCE} pit`, metric, scope);
    }
    for (const metric of ["rot_cohort_rate", "lead_first_response_hours_median"]) {
      first.has(`${SOURCE} in June`, { [metric]: null });
      first.reason(`${SOURCE} in June`, metric, scope);
    }
    first.has(`${SOURCE} pit`, { open_leads: 2 });
    isOff(first, range("contact:HS06-", 1, 2), "ripeline_rotting");
    expect.soft(JSON.stringify(await portal.app.doctor())).toContain(scope);
    expect.soft(first.statusText).toContain(scope);
  });

  openTest("HS06 redacted e-mail is read anew once the scope is granted", async () => {
    const portal = await given("HS06");
    await portal.step(1);
    const second = await portal.step(2, { at: "2026-06-15T12:20:00Z" });
    second.has(`${SOURCE} pit`, { rotting_lead_rate: 0 });
    second.record("contact:HS06-2", { ripeline_rot_status: "worked" });
  });

  test("HS07 deals without contacts", async () => {
    const portal = await given("HS07");
    const after = await portal.step(1);
    expect.soft(after.refused("quarantined")).toBe(0);
    after.has("workspace in June", {
      opportunities: 4,
      opportunities_without_amount: 1,
      pipeline_without_cost: 3500,
      lost: 1,
      win_rate: 0,
    });
    expect.soft(after.row("workspace in June")?.["pipeline"] ?? 0).toBe(0);
    after.has("rep[owner:HS00-1] pit", { open_opportunities: 4 });
    after.reason("workspace in June", "win_rate", "small");
    expect.soft(after.writesTo("deals", "deal:HS07-5")).toBe(0);
  });

  test("HS08 leads without a primary association", async () => {
    const portal = await given("HS08");
    const first = await portal.step(1);
    first.has("workspace pit", { open_leads: 4, rotting_lead_rate: 1 });
    first.record(range("lead:HS08-", 1, 4), {
      ripeline_rots_at: "2026-06-15T00:00:00Z",
      ripeline_rotting: "true",
    });
    first.record("contact:HS08-1", { ripeline_rot_status: "rotting" });
    first.untouched(["contact:HS08-3"]);
    first.has("workspace in June", { leads: 4 });
    first.has(`${SOURCE} pit`, { open_leads: 2 });
    first.has("source[] pit", { open_leads: 2 });

    const second = await portal.step(2, { at: "2026-06-15T12:20:00Z" });
    second.has("workspace pit", { open_leads: 3 });
    second.record("contact:HS08-2", { ripeline_rot_status: null });
    expect.soft(second.newWrites.map(({ id }) => id)).not.toContain(recordId("lead:HS08-4"));
  });

  test("HS09 an engagement associated a day late", async () => {
    const portal = await given("HS09");
    const first = await portal.step(1, { at: "2026-06-14T12:00:00Z" });
    first.has(`${SOURCE} pit`, { rotting_lead_rate: 0 });
    first.record("contact:HS09-1", {
      ripeline_rot_status: "waiting",
      ripeline_rots_at: "2026-06-15T00:00:00Z",
    });

    const second = await portal.step(2, { at: "2026-06-15T11:31:00Z" });
    second.record("contact:HS09-1", {
      ripeline_first_touch_at: "2026-06-14T11:30:00Z",
      ripeline_rot_status: "worked",
      ripeline_rotting: "false",
    });
    second.record("contact:HS09-2", { ripeline_rot_status: "rotting" });
    second.has(`${SOURCE} pit`, { rotting_lead_rate: 0.5 });
    second.has(`${SOURCE} in June`, { rot_cohort_rate: 0.5 });
  });

  test("HS10 two leads of one person", async () => {
    const portal = await given("HS10");
    const after = await portal.step(1);
    after.has("workspace pit", { open_leads: 2, rotting_lead_rate: 0.5 });
    after.record("lead:HS10-1", { ripeline_rot_status: "rotting" });
    after.record("lead:HS10-2", { ripeline_rot_status: "waiting", ripeline_rots_at: "2026-06-16T06:00:00Z" });
    after.record("contact:HS10-1", { ripeline_rot_status: "rotting" });
    after.has("workspace in June", { leads: 1 });
    after.has("rep[owner:HS00-1] in June", { leads: 1 });
    after.has("rep[owner:HS00-2] in June", { leads: 1 });
  });

  test("HS11 archived owners", async () => {
    const portal = await given("HS11");
    const after = await portal.step(1);
    after.has(`${SOURCE} pit`, {
      rotting_lead_rate: 2 / 3,
      open_leads: 3,
      undelivered_count: 2,
      undelivered_past_expiry_rate: 1,
      undelivered_age_hours_median: 36,
    });
    const leaver = "rep[owner:HS11-1] pit";
    after.has(leaver, { rotting_lead_rate: 0.5 });
    const row = after.row(leaver);
    expect.soft(`${row?.label} ${JSON.stringify(row?.reasons)}`).toContain("inactive");
    for (const metric of ["load", "headroom"]) expect.soft(row?.[metric] ?? null, metric).toBeNull();
    const queues = after.rows.filter(({ member }) => member === recordId("owner:HS00-9"));
    expect.soft(queues.filter(({ row_type }) => row_type === "rep")).toEqual([]);
    after.record("contact:HS11-1", {
      ripeline_rotting: "true",
      ripeline_handed_off_to: "owner:HS11-1",
    });
    after.record("contact:HS11-2", { ripeline_rot_status: "worked" });
    after.record(["contact:HS11-4", "contact:HS11-5"], {
      ripeline_undelivered: "true",
      ripeline_rots_at: null,
    });
  });

  test("HS12 a portal of Enterprise has the report rows", async () => {
    const portal = await given("HS12");
    const first = await portal.step(1);
    expect.soft(first.sync?.pushed["hubspot.contacts"]?.written).toBe(3);
    expect.soft(await portal.records("ripeline_handoff")).toHaveLength(3);
    const days = (await portal.records("ripeline_metric")).filter(
      ({ properties: row }) =>
        row["ripeline_member"] === "PAID_SEARCH" && row["ripeline_period_type"] === "day",
    );
    expect.soft(days.length).toBeGreaterThan(0);
  });

  openTest("HS12 a portal that is downgraded", async () => {
    const portal = await given("HS12");
    await portal.step(1);
    const second = await portal.step(2, { at: "2026-06-15T12:20:00Z" });
    second.record("contact:HS12-4", {
      ripeline_rots_at: "2026-06-15T13:00:00Z",
      ripeline_rot_status: "at_risk",
    });
    second.has(`${SOURCE} pit`, { rotting_lead_rate: 3 / 4 });
    expect.soft(second.statusText).toMatch(/custom object/i);
    expect.soft(second.statusText).toMatch(/enterprise/i);
    const doctor = JSON.stringify(await portal.app.doctor());
    expect.soft(doctor).toMatch(/console/);
    expect.soft(doctor).toMatch(/file|export/);
    for (const object of ["ripeline_handoff", "ripeline_metric"]) {
      expect
        .soft(second.sync?.pushed[`hubspot.${object}`]?.calls ?? 0, `calls to ${object}`)
        .toBeLessThanOrEqual(1);
    }

    const third = await portal.step(3, { at: "2026-06-15T13:20:00Z" });
    third.record("contact:HS12-4", { ripeline_rotting: "true" });
    expect.soft(third.refused("quarantined")).toBe(0);
  });

  test("HS13 an index that lags", async () => {
    const portal = await given("HS13");
    const first = await portal.step(1);
    first.has("workspace pit", { open_leads: 2 });
    const second = await portal.step(2, { at: "2026-06-15T12:10:00Z" });
    second.has("workspace pit", { open_leads: 2 });
    const third = await portal.step(3, { at: "2026-06-15T12:16:00Z" });
    third.has("workspace pit", { open_leads: 3 });
    third.record("contact:HS13-1", {
      ripeline_handed_off_to: "owner:HS00-2",
      ripeline_rots_at: "2026-06-16T12:10:00Z",
    });
    nothingWritten(await portal.step(4, { at: "2026-06-15T12:16:00Z" }));
  });

  test("HS14 contacts with one lastmodified", async () => {
    const portal = await given("HS14", {
      repeats: { "1..10050": `1..${ROWS}` },
      settings: (settings) => ({
        ...settings,
        writeback: { ...settings.writeback, maxPerHour: 20_000 },
      }),
    });
    const first = await portal.step(1);
    first.has("workspace pit", { open_leads: ROWS, rotting_lead_rate: 1 });
    expect.soft(first.sync?.pushed["hubspot.contacts"]?.written).toBe(ROWS);
    const second = await portal.step(2, { at: "2026-06-15T12:20:00Z" });
    second.has("workspace pit", { open_leads: ROWS });
    expect.soft(second.sync?.pulled["hubspot.contacts"]?.rows).toBe(ROWS);
    expect.soft(second.sync?.pushed["hubspot.contacts"]?.written ?? 0).toBe(0);
    // One page of 200 after the other, and perhaps an empty one.
    expect.soft(second.contactSearches).toBeGreaterThanOrEqual(Math.ceil(ROWS / 200));
    expect.soft(second.contactSearches).toBeLessThanOrEqual(Math.ceil(ROWS / 200) + 1);
    nothingWritten(await portal.step(3, { at: "2026-06-15T12:20:00Z" }));
  });

  test("HS15 owner changed while untouched, owner cleared", async () => {
    const portal = await given("HS15");
    const after = await portal.step(1);
    after.record("contact:HS15-1", {
      ripeline_handed_off_at: "2026-06-14T20:00:00Z",
      ripeline_rots_at: "2026-06-15T20:00:00Z",
      ripeline_rot_status: "waiting",
    });
    after.record("contact:HS15-2", { ripeline_undelivered: "true", ripeline_rots_at: null });
    after.record("contact:HS15-3", {
      ripeline_handed_off_to: "owner:HS00-2",
      ripeline_rots_at: "2026-06-14T00:00:00Z",
      ripeline_rot_status: "worked",
    });
    after.has(`${SOURCE} pit`, {
      open_leads: 2,
      rotting_lead_rate: 0,
      undelivered_count: 1,
      undelivered_age_hours_median: 16,
    });
  });

  test("HS16 a contact deleted and restored", async () => {
    const portal = await given("HS16");
    const first = await portal.step(1, { at: NOON });
    first.has("workspace pit", { open_leads: 3, rotting_lead_rate: 1 });
    const second = await portal.step(2, { at: "2026-06-16T02:00:00Z", isNight: true });
    const gone = ["contact:HS16-1", "contact:HS16-2"].map(recordId);
    expect.soft(second.newWrites.filter(({ id }) => gone.includes(id))).toEqual([]);
    const third = await portal.step(3, { at: "2026-06-17T02:00:00Z", isNight: true });
    third.record("contact:HS16-1", {
      ripeline_rots_at: "2026-06-15T00:00:00Z",
      ripeline_rotting: "true",
      ripeline_handoff_count: "1",
    });
  });

  openTest("HS16 a contact forgotten", async () => {
    const portal = await given("HS16");
    await portal.step(1, { at: NOON });
    const second = await portal.step(2, { at: "2026-06-16T02:00:00Z", isNight: true });
    second.has("workspace pit", { open_leads: 1 });
    const { hashes } = await portal.app.store.one(
      z.object({ hashes: z.number() }),
      sql`select count(email_hash)::integer as hashes from mirror.hubspot_contact
          where id = ${recordId("contact:HS16-2")}`,
    );
    expect.soft(hashes, "hashes of the address of somebody forgotten, in any version").toBe(0);
    const third = await portal.step(3, { at: "2026-06-17T02:00:00Z", isNight: true });
    third.has("workspace pit", { open_leads: 2 });
  });
});
