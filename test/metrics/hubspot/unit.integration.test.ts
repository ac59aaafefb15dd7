import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { type PortalRows, portalRows } from "./portal-rows.ts";
import { asOf, circumstances } from "./stage-model.ts";

let store: TestDatabase;
let rows: PortalRows;
beforeAll(async () => {
  store = await openTestDatabase();
});
beforeEach(async () => {
  await store.empty();
  rows = portalRows(store.database);
});
afterAll(() => store.close());

const unitAt = async (instant?: string) => (await circumstances(store.database, instant))["unit"];

test("the lead object is the unit where one was made in the 90 days before as_of, else the contact", async () => {
  await rows.connection();
  expect(await unitAt()).toBe("contacts");
  // 2025-12-31 12:00 is 90 days before 2026-03-31 12:00: just too old.
  await rows.lead("1", "2025-12-31T12:00:00Z");
  expect(await unitAt()).toBe("contacts");
  await rows.lead("2", "2025-12-31T12:00:01Z");
  expect(await unitAt()).toBe("leads");
});

test("after the first apply it stays: what is made later changes nothing, nor does a portal that stops using leads", async () => {
  await rows.connection({ applied_at: "2026-01-31T00:00:00Z" });
  await rows.lead("1", "2026-02-01T00:00:00Z");
  expect(await unitAt()).toBe("contacts");
  await rows.lead("2", "2026-01-30T00:00:00Z", { archived: true });
  expect(await unitAt()).toBe("leads");
  expect(await unitAt("2027-12-31T00:00:00Z")).toBe("leads");
});

test("history reaches back to the oldest record, and is unknown until it was read", async () => {
  await rows.connection();
  await rows.contact("1", "2026-01-05T00:00:00Z");
  expect((await circumstances(store.database))["oldest_owner_row_at"]).toBeNull();
  await rows.history("contact", "1", "hubspot_owner_id", "2026-02-01T00:00:00Z", "10");
  expect((await circumstances(store.database))["oldest_owner_row_at"]).toBe("2026-01-05T00:00:00Z");
});

test("the portal's own currency: what its account says, whatever its rates lead to", async () => {
  await rows.connection();
  expect((await circumstances(store.database))["home_currency"]).toBeNull();
  await rows.row("hubspot_exchange_rate", { id: "1", fromcurrencycode: "EUR", tocurrencycode: "CHF" });
  expect((await circumstances(store.database))["home_currency"]).toBe("CHF");
  await rows.row("hubspot_account", { id: "4711", companycurrency: "USD" });
  expect((await circumstances(store.database))["home_currency"]).toBe("USD");
});

test("words of the stages: converted by HubSpot's mark, whatever the label; the portal's own currency by its rates", async () => {
  await rows.connection();
  await rows.leadStages();
  await rows.lead("1", "2026-03-01T00:00:00Z");
  await rows.row("hubspot_exchange_rate", {
    id: "1",
    fromcurrencycode: "EUR",
    tocurrencycode: "USD",
    conversionrate: 1.25,
  });
  expect(await circumstances(store.database, asOf)).toMatchObject({
    unit: "leads",
    converted_statuses: ["ripe"],
    default_statuses: ["new"],
    home_currency: "USD",
    keeps_home_amounts: true,
    tracks_owner_history: true,
  });
});
