import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { connectHubspot } from "../../connectors/hubspot/connect.ts";
import { silentLog } from "../../connectors/shared/connector-log.ts";
import type { OpenConnection } from "../../src/core/ports.ts";
import { pinConnection } from "../../src/mirror/connection-record.ts";
import { pullCycle } from "../../src/mirror/pull-cycle.ts";
import { type HubSpotClient, startHubSpot } from "../emulator/hubspot/hubspot-client.ts";
import { metricsSettings } from "../support/metrics-settings.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";

/**
 * What reading a portal of 5,000 contacts costs, counted by the portal and held against arithmetic. A search brings 200
 * records, a read with histories 50, a read of associations takes 1,000 ids.
 */
const CONTACTS = 5_000;
const COMPANIES = 100;
const DEALS = 500;
const CALLS = 1_000;
const CAMPAIGNS = 10;

const settings = { ...metricsSettings(), connectionId: "hubspot" };
const key = { workspaceId: settings.workspace.id, connectionId: "hubspot" };
const Requests = z.looseObject({
  hubspot: z.looseObject({
    metered: z.number(),
    operations: z.record(z.string(), z.number()),
    unknownParameters: z.array(z.unknown()),
  }),
});

describe("calls of a portal with 5,000 contacts", () => {
  let hub: HubSpotClient;
  let store: TestDatabase;
  let connection: OpenConnection;

  beforeAll(async () => {
    [hub, store] = await Promise.all([startHubSpot(), openTestDatabase()]);
    const many = (count: number, row: (index: number) => object) =>
      Array.from({ length: count }, (_, index) => row(index));
    const at = "2026-05-01T00:00:00Z";
    await hub.load("owners", ...many(20, (n) => ({ id: String(70 + n), email: `rep${n}@example.com` })));
    await hub.load("companies", ...many(COMPANIES, (n) => ({ id: String(100 + n), createdAt: at })));
    await hub.load(
      "contacts",
      ...many(CONTACTS, (n) => ({
        id: String(10_000 + n),
        createdAt: at,
        properties: { hubspot_owner_id: String(70 + (n % 20)), lifecyclestage: "lead" },
        associations: { companies: [String(100 + (n % COMPANIES))] },
      })),
    );
    await hub.load(
      "deals",
      ...many(DEALS, (n) => ({
        id: String(50_000 + n),
        createdAt: at,
        properties: { dealname: "D", pipeline: "default", dealstage: "appointmentscheduled", amount: "1" },
        associations: { contacts: [String(10_000 + n)], companies: [String(100 + (n % COMPANIES))] },
      })),
    );
    await hub.load(
      "calls",
      ...many(CALLS, (n) => ({
        id: String(80_000 + n),
        createdAt: at,
        properties: { hs_timestamp: at },
        associations: { contacts: [String(10_000 + n)] },
        updatedAt: at,
      })),
    );
    // The calls have left their trace on the contacts, which is no change of today.
    await hub.load("contacts", ...many(CALLS, (n) => ({ id: String(10_000 + n), updatedAt: at })));
    await hub.load(
      "campaigns",
      ...many(CAMPAIGNS, (n) => ({ properties: { hs_name: `C${n}` }, createdAt: at })),
    );
    connection = await connectHubspot({
      baseUrl: hub.emulator.ready.hubspot.baseUrl,
      accessToken: hub.emulator.ready.hubspot.accessToken,
      log: silentLog,
      clock: hub.clock,
      pacing: {
        random: () => 1,
        sleep: (ms) => {
          hub.clock.advance(ms);
          return Promise.resolve();
        },
      },
    });
    await pinConnection(store.database, key, await connection.identity());
  });
  afterAll(async () => {
    await connection.close();
    await hub.emulator.close();
    await store.close();
  });

  async function counted(which: "all" | "due") {
    const before = Requests.parse((await hub.control("GET", "requests?writes=0")).json).hubspot;
    const { summary } = await pullCycle(
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
    const after = Requests.parse((await hub.control("GET", "requests?writes=0")).json).hubspot;
    const operations = Object.fromEntries(
      Object.entries(after.operations)
        .map(([name, count]) => [name, count - (before.operations[name] ?? 0)] as const)
        .filter(([, count]) => count > 0),
    );
    expect(after.unknownParameters).toEqual([]);
    expect(summary.apiCalls).toBe(after.metered - before.metered);
    return { operations, metered: after.metered - before.metered, streams: summary.streams };
  }

  test("first pull, idle delta, a delta of 300 changes: no call without its reason", async () => {
    const first = await counted("all");
    expect(first.streams["hubspot.contacts"]?.rows).toBe(CONTACTS);
    expect(first.operations).toMatchObject({
      // Contacts 5,000/200 = 25, companies 1, deals 3, calls 5, and one each for leads, e-mails, meetings, tasks and
      // communications, of which there are none.
      "objects/search": 25 + 1 + 3 + 5 + 5,
      // Histories by 50: contacts 5,000/50, deals (200 + 200 + 100)/50.
      "objects/batch/read": 100 + 10,
      // One read a page of 200: contacts to companies 25; deals to contacts and companies 3 x 2, and as much again for
      // the nightly sweep; calls to contacts, leads and deals 5 x 3. By 1,000 ids a read 5 + 2 + 3 would do.
      "associations/batch/read": 25 + 12 + 15,
      // Archived records and properties: one list a type.
      "objects GET": 9,
      "properties GET": 9,
      // Owners and leavers; pipelines of deals and of leads; the money of each campaign.
      "owners GET": 2,
      "pipelines GET": 2,
      "campaign/budget/totals": CAMPAIGNS,
    });
    // 39 + 110 + 52 + 9 + 9 + 2 + 2 + 10 = 233; the list of campaigns for themselves, their money and their contacts, 3;
    // two reports of contacts a campaign, 20; exchange rates; the account for its clock and for its currency. With full
    // reads of associations it would be 42 fewer.
    expect(first.metered).toBeLessThanOrEqual(233 + 3 + 2 * CAMPAIGNS + 1 + 2);

    // A minute later: one search for each of eight fast types, and the question for the time.
    hub.clock.advance(60_000);
    const idle = await counted("due");
    expect(idle.operations["objects/search"]).toBe(8);
    expect(idle.metered).toBe(8 + 1);

    // 300 contacts change at one instant: 2 searches instead of 1, 300/50 = 6 histories, 2 reads of associations, one
    // for each page of the search (1,000 ids would fit into one).
    hub.clock.advance(60_000);
    const now = hub.clock.now().toISOString();
    const changed = Array.from({ length: 300 }, (_, index) => ({
      id: String(10_000 + index),
      updatedAt: now,
      properties: { hs_lead_status: "OPEN" },
    }));
    await hub.load("contacts", ...changed);
    const delta = await counted("due");
    expect(delta.streams["hubspot.contacts"]?.rows).toBe(300);
    expect(delta.operations["objects/search"]).toBe(8 + 1);
    expect(delta.operations["objects/batch/read"]).toBe(6);
    expect(delta.operations["associations/batch/read"]).toBe(2);
    // The least: 9 searches, 6 histories, 1 read of associations, 1 question for the time.
    expect(delta.metered).toBeLessThanOrEqual(17 + 1);
  });
});
