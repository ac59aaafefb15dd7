import { createHmac } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { hubspotStreams } from "../../../connectors/hubspot/streams.ts";
import type { OpenReadingConnection } from "../../../src/core/ports.ts";
import { sql } from "../../../src/database/sql.ts";
import { isDue, readStreamStates } from "../../../src/mirror/stream-state.ts";
import { openTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { type FakePortal, type PortalRecord, startFakePortal } from "./fake-portal.ts";
import {
  connectTo,
  key,
  knownProperties,
  readIds,
  secret,
  streamNamed,
  sync,
  type Waits,
} from "./portal-mirror.ts";

const noon = new Date("2026-11-21T12:00:00Z");
const minutesLater = (minutes: number): Date => new Date(noon.getTime() + minutes * 60_000);

let store: TestDatabase;
let portal: FakePortal;
let connection: OpenReadingConnection;
let waits: Waits;

beforeAll(async () => {
  store = await openTestDatabase();
});
afterAll(() => store.close());
beforeEach(async () => {
  await store.empty();
  portal = await startFakePortal(noon);
  portal.properties.set("contacts", knownProperties("contacts"));
  waits = { slept: [] };
  connection = await connectTo(portal, waits);
});
afterEach(() => portal.close());

/** A contact that changed at this instant. */
function contact(id: number, changedAt: Date, more: Partial<PortalRecord> = {}): PortalRecord {
  return {
    id: String(id),
    ...more,
    properties: { lastmodifieddate: changedAt.toISOString(), hubspot_owner_id: "7", ...more.properties },
  };
}

const Contact = z.object({
  id: z.string(),
  hubspot_owner_id: z.string().nullable(),
  archived: z.boolean(),
  valid_to: z.date().nullable(),
});

function versions() {
  return store.database.any(
    Contact,
    sql`select id, hubspot_owner_id, archived, valid_to from mirror.hubspot_contact order by id::bigint, valid_from`,
  );
}

async function ids(): Promise<readonly string[]> {
  return (await versions()).map(({ id }) => id);
}

const searches = () => portal.requests.filter(({ path }) => path.endsWith("/search"));

test("every stream's table has exactly the stream's columns", async () => {
  const Column = z.object({ column_name: z.string() });
  const own = ["workspace_id", "connection_id", "changed_at", "valid_from", "valid_to"];
  for (const stream of hubspotStreams) {
    const columns = await store.database.any(
      Column,
      sql`select column_name from information_schema.columns
        where table_schema = 'mirror' and table_name = ${stream.table}`,
    );
    const expected = stream.fields.flatMap((field) => {
      const name = field.name.toLowerCase();
      if (field.keep === "email") return [`${name}_hash`, `${name}_domain`];
      if (field.keep === "subject") return [`${name}_is_automated`, `${name}_is_cancelled`];
      return [name];
    });
    expect(columns.map((column) => column.column_name).toSorted(), stream.name).toEqual(
      [...expected, ...own].toSorted(),
    );
  }
});

describe("a portal's records", () => {
  test("the portal's id is the connection's identity", async () => {
    expect(await connection.identity()).toMatchObject({
      crm: "hubspot",
      orgId: "4711",
      apiVersion: "2026-09",
    });
  });

  test("an address is kept as a keyed hash and its domain", async () => {
    portal.put("contacts", contact(1, noon, { properties: { email: "Ada@Example.com" } }));
    await sync(store.database, connection, ["hubspot.contacts"]);
    const Row = z.object({ email_hash: z.string(), email_domain: z.string(), whole: z.string() });
    const row = await store.database.one(
      Row,
      sql`select email_hash, email_domain, c::text as whole from mirror.hubspot_contact as c`,
    );
    expect(row.email_hash).toBe(createHmac("sha256", secret).update("ada@example.com").digest("hex"));
    expect(row.email_domain).toBe("example.com");
    expect(row.whole).not.toMatch(/ada/i);
  });

  test("a delta asks for what changed since the last pull, ten minutes taken off, in one search", async () => {
    portal.put("contacts", contact(1, minutesLater(-60)), contact(2, minutesLater(-60)));
    await sync(store.database, connection, ["hubspot.contacts"]);
    portal.now = minutesLater(5);
    portal.put("contacts", contact(2, minutesLater(4), { properties: { hubspot_owner_id: "8" } }));
    portal.requests.length = 0;
    const [outcome] = await sync(store.database, connection, ["hubspot.contacts"]);
    expect(outcome).toEqual({ stream: "hubspot.contacts", rows: 1, calls: 1, route: "rest" });
    const since = String(minutesLater(-10).getTime());
    expect(searches().map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      expect.objectContaining({
        filterGroups: [
          {
            filters: [
              { propertyName: "lastmodifieddate", operator: "GTE", value: since },
              { propertyName: "hs_object_id", operator: "GT", value: "0" },
            ],
          },
        ],
        sorts: ["hs_object_id"],
        limit: 200,
      }),
    ]);
    expect(await versions()).toMatchObject([
      { id: "1", valid_to: null },
      { id: "2", hubspot_owner_id: "7", valid_to: minutesLater(5) },
      { id: "2", hubspot_owner_id: "8", valid_to: null },
    ]);
  });

  test("a record that the index shows late is found by the overlap, and one found twice is kept once", async () => {
    portal.put(
      "contacts",
      contact(1, minutesLater(-1)),
      contact(2, minutesLater(-1), { indexedAt: minutesLater(3) }),
    );
    await sync(store.database, connection, ["hubspot.contacts"]);
    expect(await ids()).toEqual(["1"]);
    portal.now = minutesLater(5);
    await sync(store.database, connection, ["hubspot.contacts"]);
    expect(await ids()).toEqual(["1", "2"]);
  });

  test("10,450 records of one instant come by windows of ids: each once, none beyond the search's end", async () => {
    portal.put("contacts", ...Array.from({ length: 10_450 }, (_, index) => contact(index + 1, noon)));
    const found = await readIds(connection, "hubspot.contacts", minutesLater(-1));
    expect(found).toHaveLength(10_450);
    expect(new Set(found).size).toBe(10_450);
    // ceil(10,450 / 200) = 53 searches; the portal refuses one beyond 10,000 results.
    expect(searches()).toHaveLength(53);
  });

  test("a full last page ends the walk, and a tie at a page's edge loses nobody", async () => {
    portal.put("contacts", ...Array.from({ length: 400 }, (_, index) => contact(index + 1, noon)));
    const [outcome] = await sync(store.database, connection, ["hubspot.contacts"]);
    expect(outcome).toMatchObject({ rows: 400, calls: 2 });
    expect(new Set(await ids()).size).toBe(400);
  });

  test("a pull that died after a page goes on behind it, and keeps the first page's instant as its watermark", async () => {
    portal.put(
      "contacts",
      ...Array.from({ length: 450 }, (_, index) => contact(index + 1, minutesLater(-60))),
    );
    await expect(sync(store.database, connection, ["hubspot.contacts"], 1)).rejects.toThrow(
      "the process died",
    );
    expect(await ids()).toHaveLength(200);
    // One already read changes meanwhile: it is not lost, since the watermark is the first page's.
    portal.now = minutesLater(20);
    portal.put("contacts", contact(5, minutesLater(15), { properties: { hubspot_owner_id: "9" } }));
    portal.requests.length = 0;
    const second = await connectTo(portal, waits);
    const [outcome] = await sync(store.database, second, ["hubspot.contacts"]);
    expect(outcome).toMatchObject({ rows: 250, calls: 2 });
    expect(searches()[0]?.body).toContain('"value":"200"');
    expect((await readStreamStates(store.database, key)).get("hubspot.contacts")?.watermark).toEqual(noon);
    portal.now = minutesLater(25);
    await sync(store.database, second, ["hubspot.contacts"]);
    const current = (await versions()).filter(({ valid_to }) => valid_to === null);
    expect(current).toHaveLength(450);
    expect(current.find(({ id }) => id === "5")?.hubspot_owner_id).toBe("9");
  });

  test("a page shorter than its total is asked for again, and what came of it is not taken for all", async () => {
    portal.put("contacts", contact(1, noon), contact(2, noon));
    const short = { status: 200, body: { total: 2, results: [{ id: "1", properties: {} }] } };
    portal.instead.push({ path: /search$/, reply: short });
    await sync(store.database, connection, ["hubspot.contacts"]);
    expect(await ids()).toEqual(["1", "2"]);
    portal.now = minutesLater(60);
    for (let time = 0; time < 3; time += 1) portal.instead.push({ path: /search$/, reply: short });
    await expect(sync(store.database, connection, ["hubspot.contacts"])).rejects.toThrow(
      "the answer says 2 records, but 1 came, 3 times",
    );
    expect((await readStreamStates(store.database, key)).get("hubspot.contacts")?.watermark).toEqual(noon);
  });

  test("records out of order are refused: behind the last one others would be lost", async () => {
    const results = ["2", "1"].map((id) => ({ id, properties: {} }));
    portal.instead.push({ path: /search$/, reply: { status: 200, body: { total: 2, results } } });
    await expect(sync(store.database, connection, ["hubspot.contacts"])).rejects.toMatchObject({
      code: "WIRE_SHAPE",
    });
    expect(await ids()).toEqual([]);
  });

  test("an archived record leaves as an archived version, the others stay", async () => {
    portal.put("contacts", contact(1, minutesLater(-60)), contact(2, minutesLater(-60)));
    await sync(store.database, connection, ["hubspot.contacts", "hubspot.contacts.archived"]);
    portal.now = minutesLater(30);
    portal.put(
      "contacts",
      contact(2, minutesLater(-60), { archived: true, archivedAt: minutesLater(20).toISOString() }),
    );
    await sync(store.database, connection, ["hubspot.contacts", "hubspot.contacts.archived"]);
    await sync(store.database, connection, ["hubspot.contacts.archived"]);
    expect(await versions()).toMatchObject([
      { id: "1", archived: false, valid_to: null },
      { id: "2", archived: false, valid_to: minutesLater(30) },
      { id: "2", archived: true, valid_to: null },
    ]);
  });

  test("a record of which only the date of its last change moved gets no other version, an older state none either", async () => {
    const Stamp = z.object({ lastmodifieddate: z.date(), changed_at: z.date() });
    const stamps = () =>
      store.database.any(Stamp, sql`select lastmodifieddate, changed_at from mirror.hubspot_contact`);
    portal.put("contacts", contact(1, minutesLater(-5)));
    await sync(store.database, connection, ["hubspot.contacts"]);
    portal.now = minutesLater(5);
    portal.put("contacts", contact(1, minutesLater(4)));
    await sync(store.database, connection, ["hubspot.contacts"]);
    const moved = [{ lastmodifieddate: minutesLater(4), changed_at: minutesLater(-5) }];
    expect(await stamps()).toEqual(moved);
    // The search index has gone back to what it knew before, owner and all.
    portal.now = minutesLater(6);
    portal.put("contacts", contact(1, minutesLater(3), { properties: { hubspot_owner_id: "6" } }));
    await sync(store.database, connection, ["hubspot.contacts"]);
    expect(await stamps()).toEqual(moved);
  });

  test("archived lists and sweeps are read once a day, whatever their cadence", () => {
    const cadences = { fast: 1, money: 15, slow: 60 };
    const dueAfter = (name: string, minutes: number) =>
      isDue(
        streamNamed(name),
        {
          stream: name,
          watermark: noon,
          historyBeginsAt: noon,
          interrupted: null,
          specHash: null,
          hiddenFields: [],
          isAbsent: false,
        },
        minutesLater(minutes),
        cadences,
      );
    expect(dueAfter("hubspot.contacts", 1)).toBe(true);
    expect(dueAfter("hubspot.contacts.archived", 1_400)).toBe(false);
    expect(dueAfter("hubspot.contacts.archived", 1_440)).toBe(true);
    expect(dueAfter("hubspot.leads.associations_sweep", 60)).toBe(false);
  });

  test("a merged record is found by its survivor", async () => {
    portal.put("contacts", contact(1, minutesLater(-60)), contact(2, minutesLater(-60)));
    await sync(store.database, connection, ["hubspot.contacts"]);
    portal.now = minutesLater(30);
    portal.put("contacts", contact(3, minutesLater(20), { properties: { hs_merged_object_ids: "1;2" } }));
    await sync(store.database, connection, ["hubspot.contacts"]);
    const Merge = z.object({ id: z.string(), survivor_id: z.string() });
    expect(
      await store.database.any(Merge, sql`select id, survivor_id from mirror.hubspot_merge order by id`),
    ).toEqual([
      { id: "1", survivor_id: "3" },
      { id: "2", survivor_id: "3" },
    ]);
  });

  test("a hidden property is noted and stays null; one that vanishes between two looks is no null", async () => {
    portal.properties.set(
      "contacts",
      knownProperties("contacts").filter((name) => name !== "hs_lead_status"),
    );
    portal.put("contacts", contact(1, noon));
    await sync(store.database, connection, ["hubspot.contacts"]);
    const state = (await readStreamStates(store.database, key)).get("hubspot.contacts");
    expect(state?.hiddenFields).toEqual(["hs_lead_status"]);
    // Hidden after the describe and before the search.
    portal.now = minutesLater(5);
    portal.onRequest = ({ path }) => {
      if (path.endsWith("/search")) {
        portal.properties.set(
          "contacts",
          knownProperties("contacts").filter((name) => name !== "lifecyclestage"),
        );
      }
    };
    await expect(sync(store.database, connection, ["hubspot.contacts"])).rejects.toMatchObject({
      vendorCode: "INVALID_FIELD",
    });
    portal.onRequest = null;
    await sync(store.database, connection, ["hubspot.contacts"]);
    expect(await ids()).toEqual(["1"]);
  });

  test("an idle cycle of a type's streams costs one search", async () => {
    portal.put("contacts", contact(1, minutesLater(-60)));
    const names = ["hubspot.contacts", "hubspot.contacts.history", "hubspot.contacts.associations"];
    portal.properties.set("companies", []);
    await sync(store.database, connection, names);
    portal.now = minutesLater(60);
    const before = connection.usage().metered;
    portal.requests.length = 0;
    await sync(store.database, connection, names);
    // The description of contacts, which is hourly in the pull step, and the search.
    expect(portal.requests.map(({ path }) => path)).toEqual([
      "/crm/properties/2026-09/contacts?archived=false",
      "/crm/objects/2026-09/contacts/search",
    ]);
    expect(connection.usage().metered - before).toBe(2);
  });
});
