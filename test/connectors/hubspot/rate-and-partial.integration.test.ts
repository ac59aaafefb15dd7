import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { connectHubspot } from "../../../connectors/hubspot/connect.ts";
import { hubspotStreams } from "../../../connectors/hubspot/streams.ts";
import { silentLog } from "../../../connectors/shared/connector-log.ts";
import type { OpenConnection } from "../../../src/core/ports.ts";
import { sql } from "../../../src/database/sql.ts";
import { type HubSpotClient, startHubSpot } from "../../emulator/hubspot/hubspot-client.ts";
import { syncStreams } from "../../support/sync-streams.ts";
import { openTestDatabase, type TestDatabase } from "../../support/test-database.ts";

/**
 * The table of HubSpot's refusals for too many calls and of its partial answers, row by row: made by the emulated portal,
 * met by the connector while it reads and while it writes. Nothing is lost and nothing is written twice.
 */
const NAMES = [
  "hubspot.contacts",
  "hubspot.contacts.history",
  "hubspot.contacts.associations",
  "hubspot.deals",
  "hubspot.deals.associations",
];
const streams = hubspotStreams.filter(({ name }) => NAMES.includes(name));

/** 450 contacts are three pages of a search, nine batches with history, one read of associations. */
const CONTACTS = 450;
const DEALS = 20;

let hub: HubSpotClient;
let store: TestDatabase;
let connection: OpenConnection;
let slept: number[];

beforeAll(async () => {
  [hub, store] = await Promise.all([startHubSpot(), openTestDatabase()]);
});
afterAll(async () => {
  await hub.emulator.close();
  await store.close();
});
beforeEach(async () => {
  await hub.control("POST", "reset");
  await store.empty();
  slept = [];
  await hub.load("owners", { id: "70", email: "rep@example.com" });
  await hub.load("companies", { id: "900", properties: { name: "C" } });
  const at = "2026-05-01T00:00:00Z";
  const contacts = Array.from({ length: CONTACTS }, (_, index) => ({
    id: String(1_000 + index),
    createdAt: at,
    properties: { hubspot_owner_id: "70", lifecyclestage: "lead" },
    associations: { companies: ["900"] },
  }));
  await hub.load("contacts", ...contacts);
  const deals = Array.from({ length: DEALS }, (_, index) => ({
    id: String(5_000 + index),
    createdAt: at,
    properties: { dealname: "D", dealstage: "appointmentscheduled", pipeline: "default" },
    associations: { contacts: [String(1_000 + index)] },
  }));
  await hub.load("deals", ...deals);
  for (const name of ["ripeline_outcome", "ripeline_count"]) {
    await hub.load("properties", { objectType: "contacts", name });
  }
  connection = await connectHubspot({
    baseUrl: hub.emulator.ready.hubspot.baseUrl,
    accessToken: hub.emulator.ready.hubspot.accessToken,
    log: silentLog,
    clock: hub.clock,
    pacing: {
      random: () => 1,
      // The portal's time passes instead of ours, and its windows with it.
      sleep: (ms) => {
        slept.push(ms);
        hub.clock.advance(ms);
        return Promise.resolve();
      },
    },
  });
});

const key = { workspaceId: "w", connectionId: "hubspot" };
const sync = () =>
  syncStreams(store.database, connection, streams, { key, secret: Buffer.from("a key of the test") });
const fault = (...faults: readonly object[]) =>
  hub.control("POST", "faults", { faults: faults.map((one) => ({ crm: "hubspot", ...one })) });

const Count = z.object({ all: z.number(), records: z.number() });
const countOf = (table: string, id = "id") =>
  store.database.one(
    Count,
    sql`select count(*)::int as all, count(distinct ${sql.identifier([id])})::int as records from mirror.${sql.identifier([table])} where valid_to is null`,
  );

/** Every record once with its owner's and its stage's history, every association once. */
async function expectWhole(): Promise<void> {
  expect(await countOf("hubspot_contact")).toEqual({ all: CONTACTS, records: CONTACTS });
  // Two properties with one value each.
  expect(await countOf("hubspot_contact_history")).toEqual({ all: 2 * CONTACTS, records: 2 * CONTACTS });
  expect(await countOf("hubspot_contact_association", "recordid")).toEqual({
    all: CONTACTS,
    records: CONTACTS,
  });
  expect(await countOf("hubspot_deal")).toEqual({ all: DEALS, records: DEALS });
  // One row for contacts, one for companies.
  expect(await countOf("hubspot_deal_association", "recordid")).toEqual({ all: 2 * DEALS, records: DEALS });
}

const PASSING = [
  ["429 of ten seconds", "hubspot_ten_secondly"],
  ["429 of a search, by category", "hubspot_search_limit"],
  ["429 of a search, by policy", "hubspot_search_limit_policy"],
  ["429 of Cloudflare, as text", "hubspot_cloudflare"],
  ["429 of Cloudflare, without a body", "hubspot_cloudflare_untyped"],
  ["423, locked", "hubspot_locked"],
  ["500", "hubspot_internal"],
  ["502, a page", "hubspot_bad_gateway"],
  ["504", "hubspot_gateway_timeout"],
  ["521", "hubspot_cloudflare_521"],
  ["522", "hubspot_cloudflare_522"],
  ["523", "hubspot_cloudflare_523"],
  ["524", "hubspot_cloudflare_524"],
] as const;

/** These last longer than a piece of work waits: it ends and says so, and the next one goes on from there. */
const LASTING = [
  ["429 of the day", "hubspot_daily", "QUOTA_EXHAUSTED", 24 * 3_600_000],
  ["477, moved for a minute", "hubspot_migrating", "RATE_LIMITED", 60_000],
] as const;

describe("reading", () => {
  it.each(PASSING)(
    "survives %s at a search, a batch read and a read of associations",
    async (_name, preset) => {
      await fault(
        { operation: "objects/search", nth: [2], preset },
        { operation: "objects/batch/read", nth: [3], preset },
        { operation: "associations/batch/read", nth: [1], preset },
      );
      await sync();
      await expectWhole();
      expect(slept.length).toBeGreaterThanOrEqual(3);
    },
  );

  it("keeps to the smallest allowances without an error, whichever refuses first", async () => {
    await hub.set({ tenSecondlyLimit: 4, searchesPerSecond: 1, associationsTenSecondlyLimit: 1 });
    await sync();
    await expectWhole();
  });

  it.each(LASTING)(
    "ends upon %s, and the next run brings the rest, nothing twice",
    async (_name, preset, code, ms) => {
      await fault({ operation: "objects/batch/read", nth: [5], preset });
      await expect(sync()).rejects.toMatchObject({ code });
      hub.clock.advance(ms);
      await sync();
      await expectWhole();
    },
  );

  it("takes a 207 for gone records as what it says: the others come", async () => {
    // Deleted between the search and the read of histories.
    await fault({ operation: "objects/batch/read", nth: [1], delayMs: 50 });
    const reading = sync();
    await hub.call("DELETE", "/crm/objects/2026-09/contacts/1003");
    await reading;
    const contacts = await countOf("hubspot_contact");
    expect([CONTACTS - 1, CONTACTS]).toContain(contacts.records);
    expect((await countOf("hubspot_contact_history")).all).toBeGreaterThanOrEqual(2 * (CONTACTS - 1));
  });

  it("uses nothing of a 207 of another reason, and the next run reads it all", async () => {
    const errors = [{ status: "error", category: "INTERNAL_ERROR", message: "half of it" }];
    const answer = { status: 207, body: { status: "COMPLETE", results: [], numErrors: 1, errors } };
    await fault(
      { operation: "objects/batch/read", nth: [2], answer },
      { operation: "associations/batch/read", nth: [1], answer },
    );
    await expect(sync()).rejects.toMatchObject({ code: "TRANSIENT_HTTP", retryable: true });
    await sync();
    await expectWhole();
  });
});

const Ledger = z.looseObject({ writes: z.array(z.looseObject({ object: z.string(), id: z.string() })) });
/** How often each contact was written, as the portal counts it. */
async function writesByContact(): Promise<ReadonlyMap<string, number>> {
  const { writes } = Ledger.parse((await hub.control("GET", "requests")).json);
  const counts = new Map<string, number>();
  for (const { object, id } of writes) if (object === "contacts") counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
const ids = (count: number) => Array.from({ length: count }, (_, index) => String(1_000 + index));
const write = (rows: readonly string[], value = "worked") =>
  connection.write({
    object: "contacts",
    keyField: "hs_object_id",
    batchSize: 100,
    rows: rows.map((id) => ({ key: id, fields: { ripeline_outcome: value } })),
  });
async function written(): Promise<number> {
  const reply = await hub.call("POST", "/crm/objects/2026-09/contacts/search", {
    filterGroups: [{ filters: [{ propertyName: "ripeline_outcome", operator: "EQ", value: "worked" }] }],
  });
  return Number(reply.at("total"));
}
const settle = () => hub.clock.advance(5_000);

describe("writing", () => {
  it.each(PASSING)("survives %s: every row once", async (_name, preset) => {
    await fault({ operation: "objects/batch/update", nth: [2], preset });
    const { outcomes } = await write(ids(250));
    settle();
    expect(outcomes.filter(({ ok }) => !ok)).toEqual([]);
    expect(await written()).toBe(250);
    expect([...(await writesByContact()).values()].filter((times) => times !== 1)).toEqual([]);
  });

  it("whose answer was lost is sent again and changes nothing a second time", async () => {
    await fault({ operation: "objects/batch/update", nth: [1], when: "after", reset: true });
    const { outcomes } = await write(ids(10));
    settle();
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    expect(await written()).toBe(10);
    const history = await hub.call(
      "GET",
      "/crm/objects/2026-09/contacts/1000?propertiesWithHistory=ripeline_outcome",
    );
    // One value ever, though it was sent twice.
    expect(history.at("propertiesWithHistory.ripeline_outcome.1")).toBeUndefined();
  });

  it("keeps to the smallest allowance without an error", async () => {
    await hub.set({ tenSecondlyLimit: 2 });
    const { outcomes } = await write(ids(CONTACTS));
    settle();
    expect(outcomes.filter(({ ok }) => !ok)).toEqual([]);
    expect(await written()).toBe(CONTACTS);
  });

  it.each(LASTING)(
    "ends upon %s and says which rows were not sent; these alone go later",
    async (_name, preset, code, ms) => {
      await fault({ operation: "objects/batch/update", nth: [5], preset });
      const { outcomes, interrupted } = await write(ids(CONTACTS));
      expect(interrupted).toMatchObject({ code });
      const unsent = outcomes
        .filter((outcome) => !outcome.ok && outcome.isUnsent === true)
        .map((outcome) => outcome.key);
      // Five batches of 100, 100, 100, 100 and 50: the fifth was refused.
      expect(unsent.length).toBe(50);
      hub.clock.advance(ms);
      expect((await write(unsent)).outcomes.every(({ ok }) => ok)).toBe(true);
      settle();
      expect(await written()).toBe(CONTACTS);
      expect([...(await writesByContact()).values()].filter((times) => times !== 1)).toEqual([]);
    },
  );

  it("207: rows that are gone are named, the others are written", async () => {
    await hub.call("DELETE", "/crm/objects/2026-09/contacts/1007");
    const { outcomes } = await write(ids(100));
    settle();
    expect(outcomes.filter(({ ok }) => !ok)).toMatchObject([{ key: "1007", code: "OBJECT_NOT_FOUND" }]);
    expect(await written()).toBe(99);
  });

  it("a merged id that the answer leaves out is no success", async () => {
    await hub.call("POST", "/crm/objects/2026-09/contacts/merge", {
      primaryObjectId: "1001",
      objectIdToMerge: "1002",
    });
    const { outcomes } = await write(ids(100));
    settle();
    expect(outcomes.filter(({ ok }) => !ok).map(({ key: id }) => id)).toEqual(["1002"]);
    expect(await written()).toBe(99);
  });

  it.each(["whole", "row"])(
    "one row that a rule refuses (%s): its neighbours are written, once",
    async (batchInvalidValue) => {
      await hub.set({ batchInvalidValue });
      await hub.load("contacts", { id: "1042", properties: { lifecyclestage: "customer" } });
      const rule = {
        objectType: "contacts",
        property: "industry",
        when: { property: "lifecyclestage", value: "customer" },
        message: "Industry first",
      };
      await hub.control("POST", "automation", { hubspot: { validationRules: [rule] } });
      const { outcomes } = await write(ids(100));
      settle();
      expect(outcomes.filter(({ ok }) => !ok)).toMatchObject([
        { key: "1042", message: "Industry first", retryable: false },
      ]);
      expect(await written()).toBe(99);
      const counts = await writesByContact();
      expect([counts.size, Math.max(...counts.values())]).toEqual([99, 1]);
    },
  );
});
