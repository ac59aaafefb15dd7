import { afterAll, beforeAll, expect, test } from "vitest";
import { hubspotStreams } from "../../../connectors/hubspot/streams.ts";
import type { OpenReadingConnection } from "../../../src/core/ports.ts";
import { pinConnection, readConnection } from "../../../src/mirror/connection-record.ts";
import { pullCycle } from "../../../src/mirror/pull-cycle.ts";
import { metricsSettings } from "../../support/metrics-settings.ts";
import { openTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { type FakePortal, startFakePortal } from "./fake-portal.ts";
import { connectTo, knownProperties } from "./portal-mirror.ts";

const noon = new Date("2026-11-21T12:00:00Z");
const minutesLater = (minutes: number): Date => new Date(noon.getTime() + minutes * 60_000);
const settings = { ...metricsSettings(), connectionId: "hubspot" };
const key = { workspaceId: settings.workspace.id, connectionId: "hubspot" };

let store: TestDatabase;
let portal: FakePortal;
let connection: OpenReadingConnection;

beforeAll(async () => {
  store = await openTestDatabase();
  portal = await startFakePortal(noon);
  // A portal of the smallest plan: no leads, no campaigns, one currency.
  for (const { object } of hubspotStreams) {
    if (!object.includes(".") && object !== "leads") portal.properties.set(object, knownProperties(object));
  }
  portal.lists.set("owners", []);
  portal.lists.set("owners:archived", []);
  portal.lists.set("pipelines/deals", []);
  connection = await connectTo(portal, { slept: [] });
});
afterAll(async () => {
  await portal.close();
  await store.close();
});

function cycle(which: "all" | "due") {
  return pullCycle(
    {
      db: store.database,
      connection: connection.during(new AbortController().signal),
      settings,
      secretKey: undefined,
      writtenObjects: [],
      cadenceMinutes: { fast: 1, money: 15, slow: 60 },
      onProgress: () => undefined,
    },
    which,
  );
}

test("the pull step reads a portal: all of it first, then one search a fast type", async () => {
  await pinConnection(store.database, key, await connection.identity());
  portal.put("contacts", { id: "1", properties: { lastmodifieddate: minutesLater(-60).toISOString() } });
  const first = await cycle("all");
  expect(first.summary.streams["hubspot.contacts"]).toEqual({ rows: 1, calls: 1 });
  expect(Object.keys(first.summary.streams)).not.toContain("hubspot.leads");
  expect(Object.keys(first.summary.streams)).not.toContain("hubspot.campaigns");
  expect(first.summary.asOf).toBe(noon.toISOString());
  expect(await readConnection(store.database, key)).toMatchObject({
    crm: "hubspot",
    org_id: "4711",
    tracks_owner_history: true,
    daily_call_limit: 250_000,
  });

  portal.now = minutesLater(1);
  portal.requests.length = 0;
  const second = await cycle("due");
  // The question for the time, and seven fast types, as there are no leads; nothing is described anew.
  const fast = ["contacts", "deals", "calls", "emails", "meetings", "tasks", "communications"];
  expect(portal.requests.map(({ path }) => path)).toEqual(
    expect.arrayContaining(fast.map((type) => `/crm/objects/2026-09/${type}/search`)),
  );
  expect(portal.requests).toHaveLength(1 + fast.length);
  expect(second.summary.apiCalls).toBe(1 + fast.length);
});
