import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { sql } from "../../../src/database/sql.ts";
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
  run: Parameters<typeof writeRun>[2] = {},
): Promise<readonly (readonly unknown[])[]> {
  await writeRun(store.database, "contacts", run);
  await stage(store.database, [table]);
  return staged(store.database, table, columns);
}

const ofOwners = ["owner_id", "kind", "is_rep", "is_active", "role_name", "email_hash"];

test("owners: a person is a rep, archived an inactive one, a queue is a queue, an id without a row a rep", async () => {
  await rows.owner("10", { primaryteamid: "1", primaryteamname: "North", email_hash: "hash" });
  await rows.owner("11", { archived: true });
  await rows.owner("12", { type: "QUEUE", firstname: null, lastname: null });
  await rows.owner("13");
  await rows.contact("100", created, { hubspot_owner_id: "99" });
  await rows.history("lead", "500", "hubspot_owner_id", created, "98");
  expect(await rowsOf("stg_owner", ofOwners, { run: { ignored_owners: ["13"] } })).toEqual([
    ["10", "rep", true, true, "North", "hash"],
    ["11", "inactive_rep", true, false, null, null],
    ["12", "queue", false, true, null, null],
    ["13", "ignored", false, true, null, null],
    ["98", "rep", true, true, null, null],
    ["99", "rep", true, true, null, null],
  ]);
});

test("teams that the configuration names make the others no reps; names of another CRM's roles do not", async () => {
  await rows.owner("10", { primaryteamid: "1", primaryteamname: "North" });
  await rows.owner("11");
  await writeRun(store.database, "contacts", { run: { rep_roles: ["SDR of the other CRM"] } });
  await stage(store.database, ["stg_owner"]);
  expect(await staged(store.database, "stg_owner", ["owner_id", "kind"])).toEqual([
    ["10", "rep"],
    ["11", "rep"],
  ]);
  await store.database.execute(sql`update metrics.run set rep_roles = '{North}'`);
  await stage(store.database, ["stg_owner"]);
  expect(await staged(store.database, "stg_owner", ["owner_id", "kind"])).toEqual([
    ["10", "rep"],
    ["11", "ignored"],
  ]);
});

test("the team of an owner over time: a new name of the team is no move", async () => {
  const team = (id: string | null, name: string | null) => ({ primaryteamid: id, primaryteamname: name });
  await rows.owner("10", { ...team("1", "North"), until: "2026-02-01T00:00:00Z" });
  await rows.owner("10", {
    ...team("1", "North and East"),
    seenAt: "2026-02-01T00:00:00Z",
    until: "2026-03-01T00:00:00Z",
    changedAt: "2026-02-01T00:00:00Z",
  });
  await rows.owner("10", {
    ...team("2", "South"),
    seenAt: "2026-03-01T00:00:00Z",
    changedAt: "2026-02-28T00:00:00Z",
  });
  expect(await rowsOf("stg_owner_role", ["owner_id", "role_id", "from_at", "until_at"])).toEqual([
    ["10", "1", Number.NEGATIVE_INFINITY, "2026-02-28T00:00:00Z"],
    ["10", "2", "2026-02-28T00:00:00Z", Number.POSITIVE_INFINITY],
  ]);
});

test("contacts: neither archived nor merged away, with the source seen first and both names of the Salesforce ids", async () => {
  await rows.contact("1", created, { until: "2026-03-02T00:00:00Z", hs_analytics_source: " " });
  await rows.contact("1", created, {
    seenAt: "2026-03-02T00:00:00Z",
    until: "2026-03-03T00:00:00Z",
    hs_analytics_source: "PAID_SEARCH",
  });
  await rows.contact("1", created, {
    seenAt: "2026-03-03T00:00:00Z",
    hs_analytics_source: "OFFLINE",
    email_hash: "hash",
    email_domain: "x.example",
    associatedcompanyid: "70",
    salesforceleadid: "00Qold",
    hs_salesforceleadid: "00Qnew",
    salesforcecontactid: "003old",
    hs_salesforcecontactid: "",
  });
  await rows.contact("2", created, { archived: true });
  await rows.contact("3", created);
  await rows.contact("4", created, { hs_merged_object_ids: "3" });
  await rows.associate("contact", "4", "companies", "71;72");
  expect(
    await rowsOf("stg_contact", [
      "contact_id",
      "source",
      "email_hash",
      "account_id",
      "salesforce_lead_id",
      "salesforce_contact_id",
    ]),
  ).toEqual([
    ["1", "PAID_SEARCH", "hash", "70", "00Qnew", "003old"],
    ["4", null, null, "71", null, null],
  ]);
});

test("a chain of merges: each record with the one it stands in, as known at as_of", async () => {
  await rows.contact("1", created);
  await rows.contact("2", created, { hs_merged_object_ids: "1" });
  await rows.contact("3", created, { hs_merged_object_ids: "2;1" });
  await rows.contact("4", created, { seenAt: "2026-04-01T00:00:00Z", hs_merged_object_ids: "3" });
  await rows.lead("8", created, { hs_merged_object_ids: "7;8;" });
  await rows.deal("90", created, { hs_merged_object_ids: "91" });
  expect(await rowsOf("stg_record_merge", ["record_id", "survivor_id"])).toEqual([
    ["1", "3"],
    ["2", "3"],
    ["7", "8"],
  ]);
});

test("responses: a first touch at the first conversion, else at creation; an influence when a read saw it first", async () => {
  const seen = "2026-03-20T06:00:00Z";
  await rows.campaign("spring");
  await rows.campaign("fair");
  await rows.contact("1", created, { first_conversion_date: "2026-03-01T00:05:00Z" });
  await rows.contact("2", created, { hs_analytics_first_touch_converting_campaign: "fair" });
  await rows.contact("3", created, { archived: true });
  await rows.contact("4", created);
  await rows.contact("5", created, { hs_merged_object_ids: "4" });
  const report = (campaign: string, type: string, contact: string, more = {}) =>
    rows.campaignContact(campaign, type, contact, { seenAt: seen, ...more });
  await report("spring", "contactFirstTouch", "1");
  // Whom a campaign touched first it influenced too: one response.
  await report("spring", "influencedContacts", "1");
  await report("spring", "influencedContacts", "2");
  await report("fair", "influencedContacts", "3");
  await report("fair", "influencedContacts", "4");
  // No longer in the report.
  await report("fair", "influencedContacts", "1", { until: "2026-03-21T00:00:00Z" });
  // A contact that we cannot read.
  await report("fair", "contactFirstTouch", "404");
  await report("fair", "influencedContacts", "404");
  expect(
    await rowsOf("stg_response", [
      "campaign_id",
      "contact_id",
      "responded_at",
      "responded_on",
      "evidence",
      "is_hidden",
    ]),
  ).toEqual([
    ["fair", "2", created, "2026-03-01", "history", false],
    ["fair", "404", seen, "2026-03-20", "observed", true],
    ["fair", "5", seen, "2026-03-20", "observed", false],
    ["spring", "1", "2026-03-01T00:05:00Z", "2026-03-01", "history", false],
    ["spring", "2", seen, "2026-03-20", "observed", false],
  ]);
});
