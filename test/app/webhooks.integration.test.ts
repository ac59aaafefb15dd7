import { createHmac } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { receiveWebhook, type WebhookParts } from "../../src/app/webhooks.ts";
import { serveWebhooks, type WebhookServer, type WebhookServerOptions } from "../../src/console/webhooks.ts";
import { sql } from "../../src/database/sql.ts";
import { type HubSpotClient, startHubSpot } from "../emulator/hubspot/hubspot-client.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";

const PORTAL = 24_700_001;
let store: TestDatabase;
let hub: HubSpotClient;
let server: WebhookServer;
let woken = 0;
let lines: string[] = [];
const log = {
  info: (facts: unknown, message?: string) => lines.push(JSON.stringify([facts, message])),
  warn: (facts: unknown, message?: string) => lines.push(JSON.stringify([facts, message])),
};

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
  await store.database.execute(sql`
    insert into mirror.connection (workspace_id, connection_id, crm, org_id, instance_url, username)
    values ('w', 'hub', 'hubspot', ${String(PORTAL)}, 'https://app.hubspot.com', 'portal')`);
  woken = 0;
  lines = [];
  await serve();
});
afterEach(() => server.close());

const parts = (): WebhookParts => ({
  store: store.database,
  workspaceId: "w",
  log,
  clock: hub.clock,
  clientSecret: hub.emulator.ready.hubspot.clientSecret,
  publicUrl: address(),
});
const address = () => `http://127.0.0.1:${server.port}/webhooks/hubspot`;

async function serve(options: Partial<WebhookServerOptions> = {}): Promise<void> {
  server = await serveWebhooks({
    listen: "127.0.0.1:0",
    receive: (request) => receiveWebhook(parts(), request),
    onRecords: () => {
      woken += 1;
    },
    log,
    ...options,
  });
}

const subscribe = (...subscriptions: readonly object[]) =>
  hub.control("POST", "automation", { hubspot: { webhooks: { targetUrl: address(), subscriptions } } });

const Touched = z.object({ object_type: z.string(), record_id: z.string(), generation: z.number() });
const touched = () =>
  store.database.any(
    Touched,
    sql`select object_type, record_id, generation from mirror.touched_record
        where workspace_id = 'w' and connection_id = 'hub' order by object_type, record_id`,
  );

/** Posts as HubSpot would. */
async function post(body: string, secret = parts().clientSecret, at = hub.clock.now().getTime()) {
  const signature = createHmac("sha256", secret).update(`POST${address()}${body}${at}`).digest("base64");
  const response = await fetch(address(), {
    method: "POST",
    body,
    headers: { "X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": String(at) },
  });
  return response.status;
}

const event = (change: object = {}) => ({
  eventId: 100,
  subscriptionId: 7,
  portalId: PORTAL,
  appId: 1,
  occurredAt: 1_790_000_000_000,
  subscriptionType: "object.propertyChange",
  attemptNumber: 0,
  objectId: 51,
  objectTypeId: "0-1",
  propertyName: "hubspot_owner_id",
  propertyValue: "99",
  ...change,
});

describe("POST /webhooks/hubspot", () => {
  test("a call that the emulated portal logs notes the call and what it hangs on", async () => {
    await subscribe(
      { eventType: "object.creation", objectType: "calls" },
      { eventType: "object.associationChange", objectType: "calls" },
    );
    await hub.load("contacts", { id: "51" });
    const made = await hub.call("POST", "/crm/v3/objects/calls", {
      properties: { hs_timestamp: "1790000000000", hs_call_direction: "OUTBOUND" },
      associations: [
        { to: { id: "51" }, types: [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: 194 }] },
      ],
    });
    expect(made.status).toBe(201);
    const call = String(made.at("id"));
    await vi.waitFor(
      async () => {
        const rows = await touched();
        expect(rows.map(({ object_type, record_id }) => [object_type, record_id])).toEqual([
          ["0-1", "51"],
          ["0-48", call],
        ]);
      },
      { timeout: 5_000 },
    );
    expect(woken).toBeGreaterThan(0);
  });

  test("an event is taken once, however often it comes; another with the same id is another", async () => {
    expect(await post(JSON.stringify([event()]))).toBe(204);
    expect(await post(JSON.stringify([event({ attemptNumber: 1 })]))).toBe(204);
    expect(await touched()).toEqual([{ object_type: "0-1", record_id: "51", generation: 1 }]);
    expect(woken).toBe(1);
    // HubSpot does not promise that event ids are unique: a second later it is another event.
    expect(await post(JSON.stringify([event({ occurredAt: 1_790_000_001_000 })]))).toBe(204);
    expect(await touched()).toEqual([{ object_type: "0-1", record_id: "51", generation: 2 }]);
  });

  test("a merge names all its records; companies and deals are left to the pull", async () => {
    const merge = event({
      subscriptionType: "object.merge",
      objectId: 8,
      primaryObjectId: 7,
      newObjectId: 9,
      mergedObjectIds: [8, 6],
    });
    const deal = event({ objectTypeId: "0-3", objectId: 1 });
    const classic = event({ subscriptionType: "contact.creation", objectTypeId: undefined, objectId: 5 });
    expect(await post(JSON.stringify([merge, deal, classic]))).toBe(204);
    expect((await touched()).map(({ record_id }) => record_id)).toEqual(["5", "6", "7", "8", "9"]);
  });

  test("what is not signed by the app is refused, and nothing of it is kept", async () => {
    const body = JSON.stringify([event()]);
    expect(await post(body, "another secret")).toBe(401);
    expect(await post(body, parts().clientSecret, hub.clock.now().getTime() - 300_001)).toBe(401);
    expect((await fetch(address(), { method: "POST", body })).status).toBe(401);
    expect(await touched()).toEqual([]);
    expect(woken).toBe(0);
  });

  test("a signed body that holds no events is refused", async () => {
    for (const body of ["", "{}", "[1]", '[{"portalId":1}]', "\u0000"]) {
      expect(await post(body), body).toBe(400);
    }
  });

  test("events of a portal that is not connected are dropped without a refusal, which would bring them back", async () => {
    const strange = event({ portalId: 1 });
    expect(await post(JSON.stringify([strange, event({ objectId: 52 })]))).toBe(204);
    expect((await touched()).map(({ record_id }) => record_id)).toEqual(["52"]);
    expect(lines.join()).toContain("not connected");
  });

  test("no value of a property is logged or kept", async () => {
    const body = JSON.stringify([
      event({ propertyName: "email", propertyValue: "ada@example.com" }),
      event({ portalId: 1, propertyValue: "ada@example.com" }),
    ]);
    await post(body);
    await post(body.slice(1));
    await post(body, "another secret");
    const kept = await store.database.one(
      z.object({ text: z.string() }),
      sql`select coalesce(string_agg(e::text, ''), '') || coalesce(string_agg(t::text, ''), '') as text
          from mirror.webhook_event as e full join mirror.touched_record as t on false`,
    );
    expect(kept.text).toContain("hub");
    for (const text of [kept.text, lines.join()]) expect(text).not.toMatch(/ada|example\.com/);
  });

  test("only this path and this method are served, and no body beyond 8 MB", async () => {
    expect((await fetch(address())).status).toBe(405);
    expect((await fetch(address().replace("hubspot", "other"), { method: "POST" })).status).toBe(404);
    const large = await fetch(address(), { method: "POST", body: "x".repeat(8_000_001) }).catch(() => null);
    // Some clients see the answer, others only that the connection was closed while they sent.
    expect(large === null || large.status === 413).toBe(true);
  });

  test("an answer comes within a second even where the store is busy for longer", async () => {
    await server.close();
    const { promise: busy, resolve: go } = Promise.withResolvers<void>();
    await serve({
      patienceMs: 200,
      receive: async (request) => {
        await busy;
        return receiveWebhook(parts(), request);
      },
    });
    const began = performance.now();
    expect(await post(JSON.stringify([event()]))).toBe(204);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(await touched()).toEqual([]);
    go();
    await vi.waitFor(async () => expect(await touched()).toHaveLength(1), { timeout: 5_000 });
    expect(woken).toBe(1);
  });

  test("a store that fails is told at once, so that HubSpot sends the events again", async () => {
    await server.close();
    await serve({ receive: () => Promise.reject(new Error("the store is gone")) });
    expect(await post(JSON.stringify([event()]))).toBe(500);
    expect(lines.join()).not.toContain("the store is gone");
  });
});
