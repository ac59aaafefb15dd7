import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { type PortalRows, portalRows } from "./portal-rows.ts";
import { stage, staged, writeRun } from "./stage-model.ts";

let store: TestDatabase;
let rows: PortalRows;
beforeAll(async () => {
  store = await openTestDatabase();
});
beforeEach(async () => {
  await store.empty();
  rows = portalRows(store.database);
  await rows.connection();
});
afterAll(() => store.close());

const created = "2026-03-01T00:00:00Z";

async function rowsOf(
  table: string,
  columns: readonly string[],
  home: string | null = "USD",
): Promise<readonly (readonly unknown[])[]> {
  await writeRun(store.database, "contacts", { home });
  await stage(store.database, [table]);
  return staged(store.database, table, columns);
}

test("a deal is closed and won by its own marks, else by its stage; types in the words of the definitions", async () => {
  await rows.dealStages();
  await rows.deal("1", created, { dealtype: "newbusiness" });
  await rows.deal("2", created, { dealstage: "won", dealtype: "existingbusiness" });
  await rows.deal("3", created, { dealstage: "lost", dealtype: "Renewal" });
  await rows.deal("4", created, { hs_is_closed: true, hs_is_closed_won: true, dealtype: "" });
  await rows.deal("5", created, { dealstage: "removed since" });
  await rows.deal("6", created, { archived: true });
  await rows.deal("7", created, { hs_merged_object_ids: "8" });
  await rows.deal("8", created);
  await rows.deal("9", "2026-04-01T00:00:00Z", { seenAt: created });
  expect(await rowsOf("stg_opportunity", ["opportunity_id", "is_closed", "is_won", "type_name"])).toEqual([
    ["1", false, false, "New Business"],
    ["2", true, true, "Existing Business"],
    ["3", true, false, "Renewal"],
    ["4", true, true, null],
    ["5", false, false, null],
    ["7", false, false, null],
  ]);
});

test("a deal names the opportunity it was made from as the integration wrote it", async () => {
  await rows.deal("1", created, { hs_salesforceopportunityid: " 006A00000000001 " });
  await rows.deal("2", created, { hs_salesforceopportunityid: "" });
  await rows.deal("3", created);
  expect(await rowsOf("stg_opportunity", ["opportunity_id", "salesforce_opportunity_id"])).toEqual([
    ["1", "006A00000000001"],
    ["2", null],
    ["3", null],
  ]);
});

test("a deal's amount in the portal's own currency is HubSpot's, its own where the currency is the portal's, else unknown", async () => {
  const inEuro = { deal_currency_code: "EUR", closedate: "2026-06-30T22:00:00Z" };
  await rows.deal("1", created, { ...inEuro, amount: "1000", amount_in_home_currency: "1250" });
  await rows.deal("2", created, { ...inEuro, amount: "1000" });
  await rows.deal("3", created, { amount: "1000" });
  await rows.deal("4", created, { deal_currency_code: "USD", amount: "0" });
  await rows.deal("5", created, { amount_in_home_currency: "7" });
  await rows.associate("deal", "1", "companies", "70;71", { associationtypes: "70:341;71:341;71:5" });
  await rows.associate("deal", "2", "companies", "70;71", { associationtypes: "70:341;71:341" });
  expect(
    await rowsOf("stg_opportunity", [
      "opportunity_id",
      "amount",
      "currency_code",
      "home_amount",
      "close_date",
      "account_id",
    ]),
  ).toEqual([
    ["1", "1000", "EUR", "1250", "2026-06-30", "71"],
    ["2", "1000", "EUR", null, "2026-06-30", "70"],
    ["3", "1000", "USD", "1000", null, null],
    ["4", "0", "USD", "0", null, null],
    ["5", null, "USD", null, null, null],
  ]);
});

test("a deal's campaign is that of the first touch of the contact made first that has one", async () => {
  await rows.campaign("spring");
  await rows.campaign("fair");
  await rows.deal("1", created);
  await rows.deal("2", created);
  await rows.contact("100", "2026-01-01T00:00:00Z", { hs_analytics_first_touch_converting_campaign: "gone" });
  await rows.contact("101", "2026-01-03T00:00:00Z", { hs_analytics_first_touch_converting_campaign: "fair" });
  await rows.contact("102", "2026-01-02T00:00:00Z");
  await rows.campaignContact("spring", "contactFirstTouch", "102");
  await rows.campaignContact("fair", "influencedContacts", "100");
  await rows.associate("deal", "1", "contacts", "100;101;102");
  await rows.associate("deal", "2", "contacts", "100");
  expect(await rowsOf("stg_opportunity", ["opportunity_id", "campaign_id"])).toEqual([
    ["1", "spring"],
    ["2", null],
  ]);
});

test("history of a deal: each change with stage and amount after it, of two at one instant the last", async () => {
  await rows.deal("1", created, { deal_currency_code: "EUR" });
  await rows.history("deal", "1", "dealstage", "2026-03-01T00:00:00Z", "qualified");
  await rows.history("deal", "1", "amount", "2026-03-05T00:00:00Z", "1000.50");
  await rows.history("deal", "1", "amount", "2026-03-10T00:00:00Z", "");
  await rows.history("deal", "1", "dealstage", "2026-03-10T00:00:00Z", "lost");
  await rows.history("deal", "1", "hubspot_owner_id", "2026-03-11T00:00:00Z", "10");
  await rows.history("deal", "1", "dealstage", "2026-04-11T00:00:00Z", "won");
  expect(await rowsOf("stg_opportunity_step", ["happened_at", "stage", "amount", "currency_code"])).toEqual([
    ["2026-03-01T00:00:00Z", "qualified", null, "EUR"],
    ["2026-03-05T00:00:00Z", "qualified", "1000.50", "EUR"],
    ["2026-03-10T00:00:00Z", "lost", null, "EUR"],
  ]);
});

test("stages: open, won and lost by HubSpot's marks, in the order of their pipeline", async () => {
  await rows.dealStages();
  await rows.leadStages();
  expect(
    await rowsOf("stg_stage", ["sort_order", "pipeline", "api_name", "label", "is_closed", "is_won"]),
  ).toEqual([
    ["0", "default", "qualified", "Qualified to buy", false, false],
    ["1", "default", "contract", "Contract sent", false, false],
    ["2", "default", "won", "Closed won", true, true],
    ["3", "default", "lost", "Closed lost", true, false],
  ]);
});

test("of a deal's contacts the one made first stands in for a primary one", async () => {
  await rows.deal("1", created);
  await rows.contact("100", "2026-03-20T00:00:00Z");
  await rows.contact("101", "2026-01-01T00:00:00Z");
  await rows.associate("deal", "1", "contacts", "100;101;102");
  expect(await rowsOf("stg_opportunity_contact", ["contact_id", "is_primary", "created_at"])).toEqual([
    ["100", false, "2026-03-20T00:00:00Z"],
    ["101", true, created],
    // A contact that we have not read.
    ["102", false, created],
  ]);
});

test("a campaign's cost is the sum of its spend items; without items it is missing, not 0", async () => {
  const money = (id: string, spenditems: string) =>
    rows.row("hubspot_campaign_money", { id, spenditems, currencycode: "EUR" });
  await rows.campaign("a", { hs_spend_items_sum_amount: "1000", hs_budget_items_sum_amount: "2000" });
  await rows.campaign("b", { hs_spend_items_sum_amount: "0", hs_currency_code: "EUR" });
  await rows.campaign("c", { hs_spend_items_sum_amount: "0", hs_campaign_status: "completed" });
  await rows.campaign("d", { hs_campaign_status: "planned" });
  await money("b", "[]");
  await money("c", '[{"id":"1","amount":0}]');
  expect(
    await rowsOf("stg_campaign", ["campaign_id", "is_active", "actual_cost", "budget", "currency_code"]),
  ).toEqual([
    ["a", true, "1000", "2000", "USD"],
    ["b", true, null, null, "EUR"],
    ["c", false, "0", null, "EUR"],
    ["d", false, null, null, "USD"],
  ]);
});

test("each cost of a campaign that was seen", async () => {
  await rows.campaign("a", { hs_spend_items_sum_amount: "100", until: "2026-03-05T00:00:00Z" });
  await rows.campaign("a", {
    hs_spend_items_sum_amount: "150",
    seenAt: "2026-03-05T00:00:00Z",
    changedAt: "2026-03-05T00:00:00Z",
  });
  expect(await rowsOf("stg_campaign_cost_version", ["changed_at", "cost"])).toEqual([
    ["2020-01-01T00:00:00Z", "100"],
    ["2026-03-05T00:00:00Z", "150"],
  ]);
});

test("rates turned round: so many of a currency are one of the portal's own; the newest holds, older ones keep their time", async () => {
  const rate = (id: string, conversionrate: string, effectiveat: string) =>
    rows.row("hubspot_exchange_rate", {
      id,
      fromcurrencycode: "EUR",
      tocurrencycode: "USD",
      conversionrate,
      effectiveat,
    });
  await rate("1", "1.25", "2026-01-01T00:00:00Z");
  await rate("2", "1", "2026-02-01T00:00:00Z");
  await rate("3", "2", "2026-02-01T08:00:00Z");
  await rate("4", "4", "2026-05-01T00:00:00Z");
  await rows.row("hubspot_account", { id: "4711", companycurrency: "USD" });
  // A rate between two other currencies.
  await rows.row("hubspot_exchange_rate", {
    id: "5",
    fromcurrencycode: "EUR",
    tocurrencycode: "CHF",
    conversionrate: "9",
    effectiveat: "2026-03-01T00:00:00Z",
  });
  const found = await rowsOf(
    "stg_currency",
    ["is_dated", "code", "from_on", "until_on", "rate", "is_corporate"],
    null,
  );
  // One euro is 2 dollars since 1 February: half a euro is one dollar. Before, 0.8 were.
  expect(
    found.map(([dated, code, from, until, value, own]) => [dated, code, from, until, Number(value), own]),
  ).toEqual([
    [false, "EUR", null, null, 0.5, false],
    [false, "USD", null, null, 1, true],
    [true, "EUR", "2026-01-01", "2026-02-01", 0.8, false],
    [true, "EUR", "2026-02-01", null, 0.5, false],
  ]);
});
