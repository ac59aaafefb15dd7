import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { connectHubspot } from "../../connectors/hubspot/connect.ts";
import { hubspotScopes } from "../../connectors/hubspot/scopes.ts";
import { silentLog } from "../../connectors/shared/connector-log.ts";
import type { OpenConnection } from "../../src/core/ports.ts";
import type { Settings } from "../../src/core/settings.ts";
import { sql } from "../../src/database/sql.ts";
import { apply } from "../../src/provision/apply.ts";
import { plan } from "../../src/provision/plan.ts";
import { acknowledgeWrites } from "../../src/writeback/acknowledge.ts";
import { desiredRows } from "../../src/writeback/desired.ts";
import { push } from "../../src/writeback/push.ts";
import type { PushOutcome } from "../../src/writeback/push-targets.ts";
import { readRejections } from "../../src/writeback/rejections.ts";
import { writtenTargets } from "../../src/writeback/targets/provisioned.ts";
import { PUBLISH_CLASSES } from "../../src/writeback/targets/target.ts";
import { targetObjects } from "../../src/writeback/targets.ts";
import { undoRun } from "../../src/writeback/undo.ts";
import { readWritebackStatus } from "../../src/writeback/writeback-status.ts";
import { type HubSpotClient, startHubSpot } from "../emulator/hubspot/hubspot-client.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { hoursAfter, putMetric, START } from "./metric-rows.ts";
import { PORTAL, putDeal, putPortal, putUnit, relaxPortal } from "./portal-rows.ts";

const containing = (text: string): unknown => expect.stringContaining(text);

/** The whole write path over HTTP: our definitions and our rows, judged by a portal that speaks HubSpot's protocol. */
let hub: HubSpotClient;
let store: TestDatabase;
let connection: OpenConnection;
let runs = 0;

const SCOPE = { workspaceId: PORTAL.workspace.id, connectionId: PORTAL.connectionId };

beforeAll(async () => {
  hub = await startHubSpot();
});
afterAll(() => hub.emulator.close());

beforeEach(async () => {
  await hub.control("POST", "reset");
  // The clock stands, so that no window would ever pass.
  await hub.set({ tenSecondlyLimit: 100_000, searchesPerSecond: 100_000 });
  store = await openTestDatabase();
  await relaxPortal(store.database);
  const { baseUrl, accessToken } = hub.emulator.ready.hubspot;
  connection = await connectHubspot({
    baseUrl,
    accessToken,
    log: silentLog,
    pacing: { random: () => 1, sleep: () => Promise.resolve() },
  });
  runs = 0;
});
afterEach(async () => {
  await connection.close();
  await store.close();
});

const ctx = () => ({ db: store.database, connection, log: silentLog });

async function pushAt(asOf: Date, settings: Settings = PORTAL): Promise<PushOutcome> {
  runs += 1;
  return push(ctx(), settings, { runId: `run-${runs}`, asOf, classes: PUBLISH_CLASSES });
}

async function contact(id: string, ...names: readonly string[]) {
  const { records } = await connection.read({ object: "contacts", ids: [id], fields: names });
  return records[0];
}

async function load(type: string, ids: readonly string[]): Promise<void> {
  await hub.load(
    type,
    ...ids.map((id) => ({
      id,
      properties:
        type === "contacts"
          ? { email: `c${id}@example.com` }
          : type === "leads"
            ? { hs_lead_name: `Lead ${id}` }
            : { dealname: `Deal ${id}`, dealstage: "appointmentscheduled", pipeline: "default" },
    })),
  );
}

const people = (count: number) => Array.from({ length: count }, (_, index) => String(2_000 + index));

/** Contacts with a running clock each. */
async function company(count: number): Promise<readonly string[]> {
  const ids = people(count);
  await load("contacts", ids);
  await putPortal(store.database, "contacts", START);
  for (const id of ids) await putUnit(store.database, { unit: id, contact: id });
  return ids;
}

async function members(name: string): Promise<readonly string[]> {
  const found = await hub.call(
    "GET",
    `/crm/lists/2026-09/object-type-id/0-1/name/${encodeURIComponent(name)}`,
  );
  const reply = await hub.call("GET", `/crm/lists/2026-09/${String(found.at("list.listId"))}/memberships`);
  const results: unknown = reply.at("results");
  return Array.isArray(results) ? results.map((each: { recordId: string }) => each.recordId).toSorted() : [];
}

describe("apply and push over a portal", () => {
  it("asks once whether campaigns take properties, and goes on without where they do not", async () => {
    await company(1);
    const { deploy } = await apply(ctx(), PORTAL, { checkOnly: false });
    expect(deploy.succeeded).toBe(true);
    expect(deploy.problems).toEqual([
      { component: "0-35.ripeline_investment", problem: containing("campaigns take no properties") },
    ]);
    const outcome = await pushAt(START);
    expect(outcome["hubspot.0-35"]).toBeUndefined();
    expect(outcome["hubspot.contacts"]).toMatchObject({ written: 1, rejected: 0 });
  });

  it("makes everything once, flags, and writes nothing where nothing changed", async () => {
    await hub.set({ campaignProperties: true });
    const ids = await company(60);
    await load("deals", ["5000"]);
    await putDeal(store.database, "5000");
    await putMetric(store.database, { metric: "investment", value: 10_000 });
    const planned = await plan(ctx(), PORTAL);
    expect(planned.leftOut).toEqual([]);
    expect(planned.refusals).toEqual([]);
    const first = await apply(ctx(), PORTAL, { checkOnly: false });
    expect(first.deploy.problems).toEqual([]);
    expect(first.permissionSet).toBe("not needed");
    expect(first.deploy.created).toEqual(
      expect.arrayContaining([
        "contacts.ripeline (group)",
        "contacts.ripeline_rots_at",
        "ripeline_metric",
        "ripeline_metric.ripeline_key",
        'list "Rotting leads"',
      ]),
    );
    const second = await apply(ctx(), PORTAL, { checkOnly: false });
    expect([second.deploy.created, second.deploy.changed, second.deploy.problems]).toEqual([[], [], []]);
    const after = await plan(ctx(), PORTAL);
    expect(after.objects.map(({ object, action }) => [object, action])).toEqual(
      planned.objects.map(({ object }) => [object, "nothing"]),
    );

    const outcome = await pushAt(START);
    expect(outcome["hubspot.contacts"]).toMatchObject({ changed: 60, written: 60, rejected: 0, calls: 1 });
    expect(outcome["hubspot.deals"]).toMatchObject({ written: 1, rejected: 0 });
    expect(outcome["hubspot.ripeline_handoff"]).toMatchObject({ written: 60, rejected: 0, calls: 1 });
    expect(outcome["hubspot.ripeline_metric"]).toMatchObject({ written: 1, rejected: 0 });
    expect(await contact(ids[0] ?? "", "ripeline_rots_at", "ripeline_rot_status", "ripeline_clock")).toEqual({
      ripeline_rots_at: hoursAfter(START, 24).toISOString().replace(".000", ""),
      ripeline_rot_status: "waiting",
      ripeline_clock: "open",
    });

    // Nothing changed: neither at the same instant nor a minute later.
    for (const asOf of [START, new Date(START.getTime() + 60_000)]) {
      await putPortal(store.database, "contacts", asOf);
      const again = await pushAt(asOf);
      expect(Object.values(again).map(({ written, calls }) => [written, calls])).toEqual(
        Object.values(again).map(() => [0, 0]),
      );
    }
  });

  it("shows rot in the list though no flag came, and takes a touched contact out of it", async () => {
    const ids = await company(3);
    await apply(ctx(), PORTAL, { checkOnly: false });
    await pushAt(START);
    expect(await members("Rotting leads")).toEqual([]);
    // 24 hours later nobody has written anything, and the list knows.
    hub.clock.set(hoursAfter(START, 25));
    expect(await members("Rotting leads")).toEqual(ids);
    const [touched = ""] = ids;
    await putUnit(store.database, { unit: touched, contact: touched, firstTouchAt: hoursAfter(START, 23) });
    await pushAt(hoursAfter(START, 25));
    expect(await members("Rotting leads")).toEqual(ids.slice(1));
    const names = ["ripeline_rot_status", "ripeline_rotting", "ripeline_first_touch_at"];
    expect(await contact(touched, ...names)).toEqual({
      ripeline_rot_status: "worked",
      ripeline_rotting: "false",
      ripeline_first_touch_at: hoursAfter(START, 23).toISOString().replace(".000", ""),
    });
    expect(await contact(ids[1] ?? "", ...names)).toMatchObject({
      ripeline_rot_status: "rotting",
      ripeline_rotting: "true",
    });
    hub.clock.set(START);
  });

  it("clears the flag of a handoff that ended, and an undo of that puts it back", async () => {
    const [id = ""] = await company(1);
    await apply(ctx(), PORTAL, { checkOnly: false });
    await pushAt(hoursAfter(START, 30));
    expect(await contact(id, "ripeline_rot_status", "ripeline_clock")).toEqual({
      ripeline_rot_status: "rotting",
      ripeline_clock: "open",
    });
    await putUnit(store.database, { unit: id, contact: id, endedAt: hoursAfter(START, 31) });
    await pushAt(hoursAfter(START, 32));
    expect(await contact(id, "ripeline_rot_status", "ripeline_clock", "ripeline_rotting")).toEqual({
      ripeline_rot_status: null,
      ripeline_clock: null,
      ripeline_rotting: "false",
    });
    const targets = await writtenTargets(store.database, PORTAL, "hubspot");
    const undone = await undoRun(ctx(), PORTAL, targets, {
      runId: "run-2",
      undoRunId: "undo-1",
      asOf: hoursAfter(START, 33),
    });
    expect(undone.objects["hubspot.contacts"]).toMatchObject({ restored: 1, skipped: 0, refused: 0 });
    expect(await contact(id, "ripeline_rot_status", "ripeline_clock", "ripeline_rotting")).toEqual({
      ripeline_rot_status: "rotting",
      ripeline_clock: "open",
      ripeline_rotting: "true",
    });
  });

  it("quarantines the row that an admin's rule refuses, in the portal's words, and writes its neighbours", async () => {
    const ids = await company(5);
    await apply(ctx(), PORTAL, { checkOnly: false });
    await hub.call("PATCH", `/crm/v3/objects/contacts/${ids[2]}`, { properties: { firstname: "Vip" } });
    await hub.control("POST", "automation", {
      hubspot: {
        validationRules: [
          {
            objectType: "contacts",
            property: "phone",
            when: { property: "firstname", value: "Vip" },
            message: "A VIP needs a phone",
          },
        ],
      },
    });
    const outcome = await pushAt(START);
    expect(outcome["hubspot.contacts"]).toMatchObject({ changed: 5, written: 4, rejected: 1 });
    expect(await readRejections(store.database, SCOPE, 10)).toMatchObject([
      {
        object: "contacts",
        key: ids[2],
        state: "quarantined",
        code: "REQUIRED_PROPERTY",
        message: containing("A VIP needs a phone"),
      },
    ]);
    // Within the day it is not tried again.
    expect((await pushAt(hoursAfter(START, 1)))["hubspot.contacts"]).toMatchObject({ written: 0, calls: 0 });
  });

  it("writes the other objects where one is refused whole, says so, and catches up when it is allowed again", async () => {
    const ids = await company(3);
    await load("deals", ["5000"]);
    await putDeal(store.database, "5000");
    await putMetric(store.database, { metric: "investment", value: 10_000 });
    await apply(ctx(), PORTAL, { checkOnly: false });
    // Contacts go first. Somebody took the scope of writing them out of the app after apply.
    const scopes = hubspotScopes.map(({ name }) => name);
    await hub.set({ scopes: scopes.filter((name) => name !== "crm.objects.contacts.write") });
    const outcome = await pushAt(START);
    expect(outcome["hubspot.contacts"]).toMatchObject({ changed: 3, written: 0, rejected: 0, deferred: 3 });
    expect(outcome["hubspot.contacts"]?.blocked).toContain("crm.objects.contacts.write");
    expect(outcome["hubspot.deals"]).toMatchObject({ written: 1, blocked: null });
    expect(outcome["hubspot.ripeline_handoff"]).toMatchObject({ written: 3 });
    expect(outcome["hubspot.ripeline_metric"]).toMatchObject({ written: 1 });
    const { refusedObjects } = await readWritebackStatus(store.database, SCOPE);
    expect(refusedObjects).toMatchObject([
      { object: "contacts", code: "PERMISSION", rows: 3, since: START.toISOString() },
    ]);
    expect(refusedObjects[0]?.message).toContain("crm.objects.contacts.write");

    // An hour later it is asked for again; then the scope is back.
    const later = hoursAfter(START, 1);
    expect((await pushAt(later))["hubspot.contacts"]).toMatchObject({ written: 0, deferred: 3 });
    expect((await readWritebackStatus(store.database, SCOPE)).refusedObjects).toMatchObject([
      { since: START.toISOString(), lastAt: later.toISOString() },
    ]);
    await hub.set({ scopes });
    expect((await pushAt(later))["hubspot.contacts"]).toMatchObject({ written: 3, blocked: null });
    expect((await readWritebackStatus(store.database, SCOPE)).refusedObjects).toEqual([]);
    expect(await contact(ids[0] ?? "", "ripeline_clock")).toEqual({ ripeline_clock: "open" });
  });

  it("lets a contact that was merged away go, and the next push is quiet", async () => {
    const [kept = "", lost = ""] = await company(2);
    await apply(ctx(), PORTAL, { checkOnly: false });
    await hub.call("POST", "/crm/v3/objects/contacts/merge", {
      primaryObjectId: kept,
      objectIdToMerge: lost,
    });
    expect((await pushAt(START))["hubspot.contacts"]).toMatchObject({ written: 1, rejected: 1 });
    expect(await readRejections(store.database, SCOPE, 10)).toMatchObject([{ key: lost, state: "vanished" }]);
    expect((await pushAt(START))["hubspot.contacts"]).toMatchObject({ written: 0, calls: 0 });
  });
});

it("does not repeat what a timer wrote and had acknowledged, and the audit has what stood there", async () => {
  const [id = ""] = await company(1);
  await apply(ctx(), PORTAL, { checkOnly: false });
  await pushAt(START);
  const asOf = hoursAfter(START, 24);
  const fields = { ripeline_rot_status: "rotting", ripeline_rotting: true };
  const { outcomes, answeredAt } = await connection.write({
    object: "contacts",
    keyField: "hs_object_id",
    rows: [{ key: id, fields }],
    batchSize: 100,
  });
  expect(outcomes).toMatchObject([{ ok: true }]);
  const facts = { ...SCOPE, runId: "timer-1", object: "contacts", asOf, answeredAt, calls: 1 };
  await acknowledgeWrites(store.database, facts, [{ key: id, recordId: id, fields }]);
  await putPortal(store.database, "contacts", asOf);
  expect((await pushAt(asOf))["hubspot.contacts"]).toMatchObject({ changed: 0, written: 0, calls: 0 });
  const audited = await store.database.one(
    z.object({ previous: z.unknown(), written: z.unknown() }),
    sql`select previous, written from writeback.audit where run_id = 'timer-1'`,
  );
  expect(audited).toEqual({
    previous: { ripeline_rot_status: "waiting", ripeline_rotting: false },
    written: fields,
  });
});

describe("a portal that works with leads", () => {
  it("flags leads, and a contact carries the state of its worst open lead", async () => {
    await load("contacts", ["2000"]);
    await load("leads", ["7000", "7001"]);
    await putPortal(store.database, "leads", START);
    // One lead was handed off a day earlier: at START it rots, the other waits.
    await putUnit(store.database, { unit: "7000", contact: "2000", at: hoursAfter(START, -24) });
    await putUnit(store.database, { unit: "7001", contact: "2000" });
    await apply(ctx(), PORTAL, { checkOnly: false });
    const outcome = await pushAt(START);
    expect(outcome["hubspot.leads"]).toMatchObject({ written: 2, rejected: 0 });
    expect(outcome["hubspot.contacts"]).toMatchObject({ written: 1, rejected: 0 });
    expect(await contact("2000", "ripeline_rot_status", "ripeline_rots_at")).toEqual({
      ripeline_rot_status: "rotting",
      ripeline_rots_at: START.toISOString().replace(".000", ""),
    });
    // The first is touched: the worst is now the one that waits.
    const first = { unit: "7000", contact: "2000", at: hoursAfter(START, -24) };
    await putUnit(store.database, { ...first, firstTouchAt: START });
    await pushAt(START);
    expect(await contact("2000", "ripeline_rot_status")).toEqual({ ripeline_rot_status: "waiting" });
    // Both end: the contact carries nothing.
    for (const unit of ["7000", "7001"]) await putUnit(store.database, { ...first, unit, endedAt: START });
    await pushAt(START);
    expect(await contact("2000", "ripeline_rot_status", "ripeline_rots_at", "ripeline_rotting")).toEqual({
      ripeline_rot_status: null,
      ripeline_rots_at: null,
      ripeline_rotting: "false",
    });
  });
});

describe("a portal whose plan has little room", () => {
  it("gets the minimal set and no custom objects, and both plan and apply say what and why", async () => {
    await hub.set({ tier: "FREE" });
    const [id = ""] = await company(1);
    const planned = await plan(ctx(), PORTAL);
    const out = new Map(planned.leftOut.map(({ component, reason }) => [component, reason]));
    expect(out.get("ripeline_metric")).toContain("report rows stay in the console");
    expect(out.get("leads")).toContain("contacts carry the state");
    // 10 custom properties: half of them is less than the 14 of the full set.
    expect(out.get("contacts.ripeline_clock")).toContain("room for 10 more custom properties");
    const applied = await apply(ctx(), PORTAL, { checkOnly: false });
    expect(applied.leftOut).toEqual(planned.leftOut);
    expect(applied.deploy.created.filter((name) => name.startsWith("contacts.ripeline_")).toSorted()).toEqual(
      [
        "contacts.ripeline_exclude",
        "contacts.ripeline_first_touch_at",
        "contacts.ripeline_rot_status",
        "contacts.ripeline_rots_at",
      ],
    );
    expect((await pushAt(START))["hubspot.contacts"]).toMatchObject({ written: 1, rejected: 0 });
    expect(await contact(id, "ripeline_rot_status")).toEqual({ ripeline_rot_status: "waiting" });
    // The end of the handoff clears what is there.
    await putUnit(store.database, { unit: id, contact: id, endedAt: hoursAfter(START, 1) });
    await pushAt(hoursAfter(START, 2));
    expect(await contact(id, "ripeline_rot_status")).toEqual({ ripeline_rot_status: null });
    const { rows } = await plan(ctx(), PORTAL);
    expect(rows.map(({ object }) => object).toSorted()).toEqual(["contacts", "deals"]);
  });

  it("sends nothing for a check only, and refuses --assign-to", async () => {
    await company(1);
    const checked = await apply(ctx(), PORTAL, { checkOnly: true });
    expect(checked.deploy.created).toContain("contacts.ripeline_rots_at");
    const reply = await hub.call("GET", "/crm/properties/2026-09/contacts/ripeline_rots_at");
    expect(reply.status).toBe(404);
    await expect(apply(ctx(), PORTAL, { checkOnly: false, assignTo: "somebody" })).rejects.toThrow(
      /HubSpot has no permission sets/,
    );
  });
});

it("leaves Salesforce's diff alone: the state at an instant stands only where a field takes it", async () => {
  const { database } = store;
  await company(1);
  const [target] = targetObjects({ closedStatuses: [], catalog: [] });
  if (target === undefined) throw new Error("no target");
  const input = {
    settings: PORTAL,
    asOf: hoursAfter(START, 30),
    hasMultipleCurrencies: false,
    usage: connection.usage(),
  };
  const Row = z.object({ rot_status: z.null(), rotting: z.null() });
  expect(
    await database.any(Row, sql`select rot_status, rotting from (${desiredRows(target, input)}) as desired`),
  ).toEqual([{ rot_status: null, rotting: null }]);
});
