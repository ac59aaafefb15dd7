import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { connectHubspot } from "../../connectors/hubspot/connect.ts";
import { silentLog } from "../../connectors/shared/connector-log.ts";
import { createCrmClock } from "../../src/app/rot/crm-clock.ts";
import { readDueFlips } from "../../src/app/rot/due-flips.ts";
import { recordFlags } from "../../src/app/rot/record-flags.ts";
import { readTouched } from "../../src/app/rot/touched-records.ts";
import { type FlagParts, keepFlags, nextFlagsIn } from "../../src/app/rot-flags.ts";
import type { OpenConnection } from "../../src/core/ports.ts";
import type { Settings } from "../../src/core/settings.ts";
import { sql } from "../../src/database/sql.ts";
import { type HubSpotClient, startHubSpot } from "../emulator/hubspot/hubspot-client.ts";
import { acknowledge, deployFlagProperties, FLAG_KEY, pinPortal, waiting } from "../support/flag-portal.ts";
import { metricsSettings } from "../support/metrics-settings.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";

const HOUR = 3_600_000;
const silent = { info: () => undefined, warn: () => undefined, debug: () => undefined };

let store: TestDatabase;
let hub: HubSpotClient;
let connection: OpenConnection;
/** The portal's clock at the start of each test. */
let t0 = new Date(0);

beforeAll(async () => {
  store = await openTestDatabase();
  hub = await startHubSpot();
});
afterAll(async () => {
  await hub.emulator.close();
  await store.close();
});
beforeEach(async () => {
  await store.empty();
  await hub.control("POST", "reset");
  await hub.set({ tenSecondlyLimit: 100_000, associationsTenSecondlyLimit: 100_000 });
  await deployFlagProperties((method, path, body) => hub.call(method, path, body));
  await pinPortal(store.database);
  t0 = hub.clock.now();
  const { baseUrl, accessToken } = hub.emulator.ready.hubspot;
  connection = await connectHubspot({ baseUrl, accessToken, log: silentLog });
});

const settings = (patch: Parameters<typeof metricsSettings>[0] = {}): Settings => ({
  ...metricsSettings(patch),
  connections: [{ id: "hub", crm: "hubspot" }],
  connectionId: "hub",
});

const parts = (change: Partial<FlagParts> = {}): FlagParts => ({
  store: store.database,
  key: FLAG_KEY,
  settings: settings(),
  log: silent,
  clock: createCrmClock(),
  object: "contacts",
  ...change,
});

const keep = (change: Partial<FlagParts> = {}) => {
  const { signal } = new AbortController();
  return keepFlags(parts(change), connection.during(signal, "reserve"), signal);
};

/** Contacts of owner 11 that were handed off at t0, in the portal and in the store. */
async function contacts(...ids: readonly string[]): Promise<void> {
  await hub.load("contacts", ...ids.map((id) => ({ id, properties: { hubspot_owner_id: "11" } })));
  await acknowledge(
    store.database,
    "contacts",
    ids.map((id) => ({ key: id, fields: waiting(t0) })),
  );
}

async function inPortal(id: string, type = "contacts"): Promise<Readonly<Record<string, unknown>>> {
  const names = ["rot_status", "rotting", "first_touch_at", "cold_at"].map((name) => `ripeline_${name}`);
  const reply = await hub.call("GET", `/crm/v3/objects/${type}/${id}?properties=${names.join(",")}`);
  const properties = z.record(z.string(), z.string().nullable()).parse(reply.at("properties"));
  return Object.fromEntries(names.map((name) => [name, properties[name] ?? null]));
}

const writes = async (): Promise<number> => {
  const reply = await hub.control("GET", "requests");
  return z.array(z.unknown()).parse(reply.at("writes")).length;
};

async function call(id: string, on: string, at: Date, properties: object = {}): Promise<void> {
  await hub.load("calls", {
    id,
    properties: {
      hs_timestamp: at.toISOString(),
      hubspot_owner_id: "11",
      hs_call_direction: "OUTBOUND",
      ...properties,
    },
    associations: { contacts: [on] },
  });
}

describe("at the instant of a flag", () => {
  test("a lead nobody touched is at risk, then rotting, each once; nothing is written before", async () => {
    await contacts("1");
    expect(await keep()).toEqual({ examined: 0, written: 0, held: 0 });
    hub.clock.advance(18 * HOUR);
    expect(await keep()).toEqual({ examined: 1, written: 1, held: 0 });
    expect(await inPortal("1")).toMatchObject({ ripeline_rot_status: "at_risk", ripeline_rotting: null });
    hub.clock.advance(6 * HOUR);
    await keep();
    expect(await inPortal("1")).toMatchObject({ ripeline_rot_status: "rotting", ripeline_rotting: "true" });
    const before = await writes();
    hub.clock.advance(48 * HOUR);
    expect(await keep()).toEqual({ examined: 0, written: 0, held: 0 });
    expect(await writes()).toBe(before);
  });

  test("a call that was linked to it a minute ago keeps it from rotting", async () => {
    await contacts("1", "2");
    hub.clock.advance(24 * HOUR);
    await call("70", "1", new Date(t0.getTime() + 2 * HOUR));
    await keep();
    expect(await inPortal("1")).toEqual({
      ripeline_rot_status: "worked",
      ripeline_rotting: null,
      ripeline_first_touch_at: new Date(t0.getTime() + 2 * HOUR).toISOString().replace(".000", ""),
      // 14 days after it.
      ripeline_cold_at: new Date(t0.getTime() + (14 * 24 + 2) * HOUR).toISOString().replace(".000", ""),
    });
    expect(await inPortal("2")).toMatchObject({ ripeline_rot_status: "rotting" });
  });

  test("an incoming call, one before the handoff, and mail that a machine sent keep nothing from rotting", async () => {
    await contacts("1", "2", "3");
    hub.clock.advance(24 * HOUR);
    await call("70", "1", new Date(t0.getTime() + HOUR), { hs_call_direction: "INBOUND" });
    await call("71", "2", new Date(t0.getTime() - HOUR));
    await call("72", "3", new Date(t0.getTime() + HOUR), { hs_call_title: "[Sequence] step 1" });
    await keep({ settings: settings({ touch: { automatedSubjects: ["^\\[sequence\\]"] } }) });
    for (const id of ["1", "2", "3"]) {
      expect(await inPortal(id), id).toMatchObject({ ripeline_rot_status: "rotting" });
    }
  });

  test("a lead that has another owner by now is not blamed on him", async () => {
    await contacts("1");
    await hub.load("contacts", { id: "1", properties: { hubspot_owner_id: "12" } });
    hub.clock.advance(24 * HOUR);
    await keep();
    expect(await inPortal("1")).toMatchObject({ ripeline_rot_status: null, ripeline_rotting: null });
    expect(await nextFlagsIn(parts())).toBeNull();
  });

  test("an e-mail of which the portal withholds everything holds the flag back for an hour", async () => {
    await contacts("1");
    await hub.load("emails", {
      id: "80",
      properties: { hs_timestamp: t0.toISOString(), hubspot_owner_id: "11" },
      associations: { contacts: ["1"] },
    });
    hub.clock.advance(24 * HOUR);
    expect(await keep()).toEqual({ examined: 1, written: 0, held: 1 });
    expect(await inPortal("1")).toMatchObject({ ripeline_rot_status: null });
    const clock = createCrmClock();
    clock.hear(hub.clock.now(), Date.now(), Date.now());
    const inMs = await nextFlagsIn(parts({ clock }));
    expect(inMs).toBeGreaterThan(0.9 * HOUR);
    // The held row waits from the clock that decided it, a moment after the stopped one.
    expect(inMs).toBeLessThan(HOUR + 10_000);
  });
});

describe("the next instant", () => {
  test("is the earliest that will change something, and moves with what is written", async () => {
    const clock = createCrmClock(() => t0.getTime());
    expect(await nextFlagsIn(parts({ clock }))).toBeNull();
    await contacts("1");
    const earlier = waiting(new Date(t0.getTime() - 12 * HOUR));
    await acknowledge(store.database, "contacts", [
      { key: "2", fields: earlier },
      { key: "3", fields: waiting(new Date(0), { ripeline_rot_status: "rotting" }) },
      { key: "4", fields: { ripeline_undelivered: true } },
    ]);
    // Number 2 was handed off 12 hours before: at risk 18 hours after that. Rotting ones wait for nothing.
    expect(await nextFlagsIn(parts({ clock }))).toBe(6 * HOUR);
    await store.database.execute(sql`delete from writeback.acknowledged where key = '2'`);
    expect(await nextFlagsIn(parts({ clock }))).toBe(18 * HOUR);
  });

  test("is asked of an index alone", async () => {
    await acknowledge(
      store.database,
      "contacts",
      Array.from({ length: 2_000 }, (_, index) => ({
        key: String(index),
        fields: waiting(new Date(t0.getTime() + index * 1_000)),
      })),
    );
    await store.database.execute(sql`analyze writeback.acknowledged`);
    const plan = await store.database.any(
      z.object({ "QUERY PLAN": z.string() }),
      sql`explain select key from writeback.acknowledged
          where workspace_id = 'w' and connection_id = 'hub' and object = 'contacts'
              and writeback.next_flip(fields) is not null
          order by writeback.next_flip(fields) limit 1`,
    );
    expect(plan.map((row) => row["QUERY PLAN"]).join("\n")).toContain("acknowledged_next_flip");
  });
});

describe("a write", () => {
  test("counts as the CRM's word: it stands in audit with what was there before", async () => {
    await contacts("1");
    hub.clock.advance(24 * HOUR);
    await keep();
    const row = await store.database.one(
      z.object({ previous: z.json(), written: z.json(), fields: z.json() }),
      sql`select audit.previous, audit.written, acknowledged.fields
          from writeback.audit join writeback.acknowledged using (workspace_id, connection_id, object, key)`,
    );
    expect(row).toMatchObject({
      previous: { ripeline_rot_status: "waiting", ripeline_rotting: false },
      written: { ripeline_rot_status: "rotting", ripeline_rotting: true },
      fields: { ripeline_rot_status: "rotting", ripeline_rotting: true },
    });
  });

  test("that a push crossed keeps the push's word, and the row is looked at again", async () => {
    await contacts("1");
    hub.clock.advance(24 * HOUR);
    const now = hub.clock.now();
    const [row] = await readDueFlips(store.database, FLAG_KEY, { object: "contacts", now, most: 10 });
    if (row === undefined) throw new Error("nothing is due");
    // The push ends between our decision and our record.
    await store.database.execute(sql`update writeback.acknowledged set run_id = 'another push'`);
    const page = {
      key: FLAG_KEY,
      object: "contacts",
      runId: "r",
      asOf: now,
      answeredAt: now,
      calls: 1,
    } as const;
    const change = { ripeline_rot_status: "rotting" };
    const unsure = await recordFlags(store.database, page, [
      { row, outcome: "written", change, recordId: "1" },
    ]);
    expect(unsure).toEqual(["1"]);
    await keep();
    expect(await inPortal("1")).toMatchObject({ ripeline_rot_status: "rotting", ripeline_rotting: "true" });
  });

  test("that is refused waits, its neighbours are written; a record that is gone waits for the pull", async () => {
    await contacts("1", "2", "3");
    await hub.call("DELETE", "/crm/v3/objects/contacts/2", undefined);
    hub.clock.advance(24 * HOUR);
    expect(await keep()).toEqual({ examined: 3, written: 2, held: 1 });
    expect(await keep()).toEqual({ examined: 0, written: 0, held: 0 });
  });

  test("is none before apply, none while writing is paused, and no more than an hour's rows", async () => {
    await contacts("1", "2", "3");
    hub.clock.advance(24 * HOUR);
    await store.database.execute(sql`update mirror.connection set applied_at = null`);
    expect(await keep()).toMatchObject({ examined: 0 });
    await store.database.execute(sql`update mirror.connection set applied_at = ${new Date(0)}`);
    await store.database.execute(
      sql`insert into writeback.pause values ('w', 'hub', ${new Date(0)}, 'some run')`,
    );
    expect(await keep()).toMatchObject({ examined: 0 });
    await store.database.execute(sql`delete from writeback.pause`);
    const most = settings({ writeback: { maxPerHour: 2 } });
    expect(await keep({ settings: most })).toEqual({ examined: 3, written: 2, held: 1 });
    hub.clock.advance(2 * HOUR);
    expect(await keep({ settings: most })).toEqual({ examined: 1, written: 1, held: 0 });
  });
});

describe("what a webhook named", () => {
  const note = (type: string, id: string) =>
    store.database.execute(
      sql`insert into mirror.touched_record (workspace_id, connection_id, object_type, record_id)
          values ('w', 'hub', ${type}, ${id})`,
    );

  test("a call clears the flag of the contact it hangs on", async () => {
    await contacts("1");
    hub.clock.advance(30 * HOUR);
    await keep();
    expect(await inPortal("1")).toMatchObject({ ripeline_rotting: "true" });
    await call("70", "1", hub.clock.now());
    await note("0-48", "70");
    expect(await nextFlagsIn(parts())).toBe(0);
    expect(await keep()).toEqual({ examined: 1, written: 1, held: 0 });
    expect(await inPortal("1")).toMatchObject({
      ripeline_rot_status: "worked_late",
      ripeline_rotting: "false",
    });
    expect(await readTouched(store.database, FLAG_KEY, 10)).toEqual([]);
  });

  test("a call on a contact clears the flag of its lead, where the portal works with leads", async () => {
    await hub.load("contacts", { id: "1" });
    await hub.load("leads", {
      id: "500",
      properties: { hs_lead_name: "L", hubspot_owner_id: "11" },
      associations: { contacts: ["1"] },
    });
    await store.database.execute(sql`
      insert into mirror.hubspot_lead_association (
          workspace_id, connection_id, id, recordid, toobjecttype, toobjectids, associationtypes, changed_at, valid_from
      )
      values ('w', 'hub', '500:contacts', '500', 'contacts', '1', '1:578', ${t0}, ${t0})`);
    await acknowledge(store.database, "leads", [
      { key: "500", fields: waiting(t0, { ripeline_rot_status: "rotting", ripeline_rotting: true }) },
    ]);
    hub.clock.advance(30 * HOUR);
    await call("70", "1", hub.clock.now());
    await note("0-48", "70");
    expect(await keep({ object: "leads" })).toEqual({ examined: 1, written: 1, held: 0 });
    expect(await inPortal("500", "leads")).toMatchObject({
      ripeline_rot_status: "worked_late",
      ripeline_rotting: "false",
    });
  });

  test("a record that carries no clock of ours is let go", async () => {
    await hub.load("contacts", { id: "9" });
    await note("0-1", "9");
    expect(await keep()).toEqual({ examined: 0, written: 0, held: 0 });
    expect(await nextFlagsIn(parts())).toBeNull();
  });
});
