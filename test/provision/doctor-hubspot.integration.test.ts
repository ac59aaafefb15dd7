import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { connectHubspot } from "../../connectors/hubspot/connect.ts";
import { hubspotScopes } from "../../connectors/hubspot/scopes.ts";
import { silentLog } from "../../connectors/shared/connector-log.ts";
import type { OpenConnection } from "../../src/core/ports.ts";
import { hubspotChecks } from "../../src/provision/doctor-hubspot.ts";
import { type HubSpotClient, startHubSpot } from "../emulator/hubspot/hubspot-client.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";
import { PORTAL } from "../writeback/portal-rows.ts";

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

/** What doctor says of a token's scopes, over HTTP. */
let hub: HubSpotClient;
let store: TestDatabase;
let connection: OpenConnection;

const all = hubspotScopes.map(({ name }) => name);

beforeAll(async () => {
  hub = await startHubSpot();
  store = await openTestDatabase();
});
afterAll(async () => {
  await hub.emulator.close();
  await store.close();
});
beforeEach(async () => {
  await hub.control("POST", "reset");
  const { baseUrl, accessToken } = hub.emulator.ready.hubspot;
  connection = await connectHubspot({ baseUrl, accessToken, log: silentLog });
});
afterEach(() => connection.close());

async function scopeChecks(...missing: readonly string[]) {
  await hub.set({ scopes: all.filter((name) => !missing.includes(name)) });
  const checks = await hubspotChecks({ db: store.database, settings: PORTAL }, connection);
  return checks.filter(({ name }) => name.includes("scopes"));
}

test("a token with every scope lacks none", async () => {
  expect(await scopeChecks()).toEqual([{ name: "scopes", level: "ok", found: "all that ripeline asks for" }]);
});

test("each missing scope is named with what it is for, and what to do", async () => {
  expect(
    await scopeChecks(
      "crm.objects.deals.read",
      "crm.objects.contacts.write",
      "settings.currencies.read",
      "forms",
    ),
  ).toEqual([
    {
      name: "scopes to read",
      level: "warn",
      found: "missing: crm.objects.deals.read (deals: pipeline and won amounts)",
      next: "add them to the private app or service key; until then what they stand for is unknown, not zero",
    },
    {
      name: "scopes to write",
      level: "warn",
      found: matching(/^missing: crm\.objects\.contacts\.write \(.+\)$/),
      next: "add them before `ripeline apply`; reading and reporting go without",
    },
    {
      name: "optional scopes",
      level: "ok",
      found:
        "not granted: settings.currencies.read (exchange rates), forms (which form brought a contact). " +
        "A plan without these has nothing to grant",
    },
  ]);
});

test("without contacts nothing can be measured: that is a failure", async () => {
  expect(await scopeChecks("crm.objects.contacts.read")).toMatchObject([
    { name: "scopes to read", level: "fail" },
  ]);
});
