import { pino } from "pino";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { connectHubspot } from "../../connectors/hubspot/connect.ts";
import { silentLog } from "../../connectors/shared/connector-log.ts";
import type { QueueKit } from "../../jobs/queue-kit.ts";
import { type RotTimer, startRotTimer } from "../../jobs/rot-timer.ts";
import { createFlagKeeper } from "../../src/app/flag-keeper.ts";
import { receiveWebhook } from "../../src/app/webhooks.ts";
import { serveWebhooks, type WebhookServer } from "../../src/console/webhooks.ts";
import { StoppedError } from "../../src/core/errors.ts";
import { type HubSpotClient, startHubSpot } from "../emulator/hubspot/hubspot-client.ts";
import { acknowledge, deployFlagProperties, FLAG_KEY, pinPortal, waiting } from "../support/flag-portal.ts";
import { metricsSettings } from "../support/metrics-settings.ts";
import { openQueuePair, type QueuePair } from "../support/queue-pairs.ts";

/** A whole way: the portal posts, the server takes it, the queue wakes, the timer reads and writes. */
let pair: QueuePair;
let kit: QueueKit;
let hub: HubSpotClient;
let timer: RotTimer;
let server: WebhookServer;

beforeAll(async () => {
  pair = await openQueuePair();
  kit = await pair.kit();
  hub = await startHubSpot();
  hub.clock.set(new Date());
  hub.clock.resume();
  await hub.load("owners", { id: "11", email: "rep@example.com" });
  await deployFlagProperties((method, path, body) => hub.call(method, path, body));
  await pinPortal(pair.store.database);
  const { baseUrl, accessToken, clientSecret } = hub.emulator.ready.hubspot;
  const connection = await connectHubspot({ baseUrl, accessToken, log: silentLog });
  const keeper = createFlagKeeper({
    store: pair.store.database,
    key: FLAG_KEY,
    settings: {
      ...metricsSettings(),
      connections: [{ id: "hub", crm: "hubspot" }],
      connectionId: "hub",
    },
    log: pino({ level: "silent" }),
    leaseMs: 60_000,
    connect: () => Promise.resolve(connection),
  });
  timer = startRotTimer(kit, keeper, { workspaceId: "w", onFailure: (code) => failures.push(code) });
  server = await serveWebhooks({
    listen: "127.0.0.1:0",
    receive: (request) =>
      receiveWebhook(
        {
          store: pair.store.database,
          workspaceId: "w",
          log: silentLog,
          clock: hub.clock,
          clientSecret,
          publicUrl: `http://127.0.0.1:${server.port}/webhooks/hubspot`,
        },
        request,
      ),
    onRecords: () => void timer.wake(),
    log: silentLog,
  });
  const call = ["creation", "associationChange"].map((kind) => ({
    eventType: `object.${kind}`,
    objectType: "calls",
  }));
  await hub.control("POST", "automation", {
    hubspot: {
      webhooks: { targetUrl: `http://127.0.0.1:${server.port}/webhooks/hubspot`, subscriptions: call },
    },
  });
});
afterAll(async () => {
  await timer.stop(new StoppedError("the test ends", "SIGTERM"));
  await server.close();
  await hub.emulator.close();
  await pair.close();
});

const failures: string[] = [];
const rotting = async (id: string) =>
  (await hub.call("GET", `/crm/v3/objects/contacts/${id}?properties=ripeline_rotting`)).at(
    "properties.ripeline_rotting",
  );

test("a deadline brings the flag, and a call that a rep logs takes it away, in seconds and without a cycle", async () => {
  await hub.load("contacts", { id: "1", properties: { hubspot_owner_id: "11" } });
  // The deadline is two seconds away.
  const handedOffAt = new Date(hub.clock.now().getTime() - 24 * 3_600_000 + 2_000);
  await acknowledge(pair.store.database, "contacts", [
    { key: "1", fields: waiting(handedOffAt, { ripeline_rot_status: "at_risk" }) },
  ]);
  await timer.wake();
  expect(await rotting("1")).toBeNull();
  await vi.waitFor(async () => expect(await rotting("1")).toBe("true"), { timeout: 20_000, interval: 100 });
  expect(hub.clock.now().getTime()).toBeGreaterThanOrEqual(handedOffAt.getTime() + 24 * 3_600_000);
  const made = await hub.call("POST", "/crm/v3/objects/calls", {
    properties: {
      hs_timestamp: String(hub.clock.now().getTime()),
      hubspot_owner_id: "11",
      hs_call_direction: "OUTBOUND",
    },
    associations: [
      { to: { id: "1" }, types: [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: 194 }] },
    ],
  });
  expect(made.status).toBe(201);
  await vi.waitFor(async () => expect(await rotting("1")).toBe("false"), { timeout: 20_000, interval: 50 });
  expect(failures).toEqual([]);
});
