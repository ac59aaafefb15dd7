import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
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
  await rows.owner("10");
  await rows.owner("20");
});
afterAll(() => store.close());

const changes = (...columns: readonly string[]) => staged(store.database, "stg_lead_change", columns);

describe("the lead object is the unit", () => {
  beforeEach(async () => {
    await rows.leadStages();
  });

  async function compute(): Promise<void> {
    await writeRun(store.database, "leads");
    await stage(store.database, ["stg_owner", "stg_lead", "stg_lead_version", "stg_lead_change"]);
  }

  test("status is the stage's label, its class HubSpot's mark, unless the configuration has a word for the label", async () => {
    for (const [id, at] of [
      ["1", "new"],
      ["2", "attempting"],
      ["3", "qualified"],
      ["4", "disqualified"],
      ["5", "parked"],
    ] as const) {
      await rows.lead(id, "2026-03-01T00:00:00Z", { hs_pipeline_stage: at });
    }
    await compute();
    expect(await staged(store.database, "stg_lead", ["lead_id", "status", "status_class"])).toEqual([
      ["1", "New", "open"],
      ["2", "Attempting", "open"],
      ["3", "Ripe", "converted"],
      ["4", "Not for us", "disqualified"],
      ["5", "Nurture", "recycled"],
    ]);
  });

  test("a lead has the address, source and scope of its primary contact, not of the first one", async () => {
    await rows.contact("100", "2026-01-01T00:00:00Z", { email_hash: "first" });
    await rows.contact("101", "2026-01-01T00:00:00Z", {
      email_hash: "second",
      email_domain: "ACME.example",
      hs_analytics_source: "PAID_SEARCH",
    });
    await rows.lead("1", "2026-03-01T00:00:00Z");
    await rows.associate("lead", "1", "contacts", "100;101", { associationtypes: "100:608;101:608;101:578" });
    await compute();
    expect(
      await staged(store.database, "stg_lead", [
        "lead_id",
        "contact_id",
        "email_hash",
        "source",
        "excluded_by",
      ]),
    ).toEqual([["1", "101", "second", "PAID_SEARCH", "email_domain"]]);
  });

  test("owners come from history, from whom to whom and by whom; what is the same twice is no change", async () => {
    await rows.lead("1", "2026-03-01T09:00:00Z", { hubspot_owner_id: "20" });
    // Set within the second of its making: it was there from its making.
    await rows.history("lead", "1", "hubspot_owner_id", "2026-03-01T09:00:00.600Z", "10");
    await rows.history("lead", "1", "hubspot_owner_id", "2026-03-02T09:00:00Z", "10");
    await rows.history("lead", "1", "hubspot_owner_id", "2026-03-03T09:00:00Z", "", "user-20");
    await rows.history("lead", "1", "hubspot_owner_id", "2026-03-04T09:00:00Z", "20", "user-unknown");
    // After as_of.
    await rows.history("lead", "1", "hubspot_owner_id", "2026-04-02T09:00:00Z", "10");
    await compute();
    expect(await changes("happened_at", "field", "old_value", "new_value", "changed_by_id")).toEqual([
      ["2026-03-01T09:00:00Z", "owner", "", "10", "user-manager"],
      ["2026-03-03T09:00:00Z", "owner", "10", "", "20"],
      ["2026-03-04T09:00:00Z", "owner", "", "20", "user-unknown"],
    ]);
  });

  test("the open stage that a lead was made in is no change; one it was moved to is", async () => {
    await rows.lead("1", "2026-03-01T09:00:00Z", { hs_pipeline_stage: "qualified" });
    await rows.history("lead", "1", "hs_pipeline_stage", "2026-03-01T09:00:00Z", "new");
    await rows.history("lead", "1", "hs_pipeline_stage", "2026-03-02T09:00:00Z", "attempting");
    await rows.history("lead", "1", "hs_pipeline_stage", "2026-03-03T09:00:00Z", "qualified");
    await rows.lead("2", "2026-03-05T09:00:00Z", { hs_pipeline_stage: "disqualified" });
    await rows.history("lead", "2", "hs_pipeline_stage", "2026-03-05T09:00:00Z", "disqualified");
    await compute();
    expect(
      await changes("lead_id", "happened_at", "old_value", "new_value", "old_class", "new_class"),
    ).toEqual([
      ["1", "2026-03-02T09:00:00Z", "New", "Attempting", "open", "open"],
      ["1", "2026-03-03T09:00:00Z", "Attempting", "Ripe", "open", "converted"],
      ["2", "2026-03-05T09:00:00Z", null, "Not for us", "disqualified", "disqualified"],
    ]);
  });

  test("a qualified lead is converted on the day it came there, into the first deal made of its contact since", async () => {
    await rows.contact("100", "2025-01-01T00:00:00Z");
    await rows.lead("1", "2026-03-01T09:00:00Z", { hs_pipeline_stage: "qualified" });
    await rows.history("lead", "1", "hs_pipeline_stage", "2026-03-03T09:00:00Z", "qualified");
    await rows.associate("lead", "1", "contacts", "100", { associationtypes: "100:578" });
    // Older than the lead: not made of it.
    await rows.deal("7", "2026-02-01T00:00:00Z");
    await rows.deal("8", "2026-03-03T09:00:10Z");
    for (const id of ["7", "8"]) await rows.associate("deal", id, "contacts", "100");
    await compute();
    expect(
      await staged(store.database, "stg_lead", [
        "lead_id",
        "is_converted",
        "converted_on",
        "converted_contact_id",
        "converted_opportunity_id",
      ]),
    ).toEqual([["1", true, "2026-03-03", "100", "8"]]);
  });

  test("archived is deleted, restored is not, merged away is both: dated by the save that says so", async () => {
    const created = "2026-03-01T00:00:00Z";
    const until = "2026-03-10T01:00:00Z";
    await rows.lead("1", created, { until });
    await rows.lead("1", created, { seenAt: until, archived: true, archivedat: "2026-03-10T00:30:00Z" });
    await rows.lead("2", created, { until: "2026-03-11T00:00:00Z", archived: true });
    await rows.lead("2", created, { seenAt: "2026-03-11T00:00:00Z" });
    await rows.lead("3", created);
    await rows.lead("4", created, { until });
    await rows.lead("4", created, {
      seenAt: until,
      changedAt: "2026-03-10T00:00:00Z",
      hs_merged_object_ids: "3",
    });
    await compute();
    expect(
      await staged(store.database, "stg_lead", ["lead_id", "is_deleted", "is_merged", "deleted_at"]),
    ).toEqual([
      ["1", true, false, "2026-03-10T00:30:00Z"],
      ["2", false, false, null],
      ["3", true, true, "2026-03-10T00:00:00Z"],
      ["4", false, false, null],
    ]);
  });
});

describe("the contact is the unit", () => {
  async function compute(): Promise<void> {
    await writeRun(store.database, "contacts");
    await stage(store.database, ["stg_owner", "stg_lead", "stg_lead_version", "stg_lead_change"]);
  }
  const created = "2026-03-01T09:00:00Z";

  test("leads of the process: ever a lead or qualified, or ever owned before being a customer; no others", async () => {
    await rows.contact("1", created, { lifecyclestage: "subscriber" });
    await rows.contact("2", created, { lifecyclestage: "lead" });
    await rows.contact("3", created, { lifecyclestage: "subscriber", hubspot_owner_id: "10" });
    await rows.contact("4", created, { lifecyclestage: "customer", hubspot_owner_id: "10" });
    await rows.contact("5", created, { lifecyclestage: "customer" });
    await rows.history("contact", "5", "lifecyclestage", created, "marketingqualifiedlead");
    await rows.history("contact", "5", "lifecyclestage", "2026-03-05T00:00:00Z", "customer");
    await rows.contact("6", created, { lifecyclestage: "other" });
    await rows.history("contact", "6", "hubspot_owner_id", created, "10");
    await rows.history("contact", "6", "hubspot_owner_id", "2026-03-02T00:00:00Z", "");
    await rows.contact("7", created, {});
    await compute();
    // 1 and 7: nobody's business. 4: a customer from the beginning.
    expect(
      await staged(store.database, "stg_lead", ["lead_id", "status", "status_class", "contact_id"]),
    ).toEqual([
      ["2", "Lead", "open", "2"],
      ["3", "Subscriber", "open", "3"],
      ["5", "Customer", "converted", "5"],
      ["6", "Other", "open", "6"],
    ]);
  });

  test("the lead status speaks until the lifecycle stage is past it", async () => {
    const of = (id: string, lifecyclestage: string, hs_lead_status: string) =>
      rows.contact(id, created, { lifecyclestage, hs_lead_status, hubspot_owner_id: "10" });
    await of("1", "lead", "IN_PROGRESS");
    await of("2", "salesqualifiedlead", "BAD_TIMING");
    await of("3", "salesqualifiedlead", "UNQUALIFIED");
    await of("4", "salesqualifiedlead", "");
    await of("5", "lead", "OPEN_DEAL");
    await of("6", "lead", "Visited our stand");
    await compute();
    expect(await staged(store.database, "stg_lead", ["lead_id", "status", "status_class"])).toEqual([
      ["1", "In Progress", "open"],
      ["2", "Bad Timing", "recycled"],
      ["3", "Unqualified", "disqualified"],
      ["4", "Sales Qualified Lead", "open"],
      ["5", "Open Deal", "converted"],
      ["6", "Visited our stand", "open"],
    ]);
  });

  test("two properties make one history; in one instant the last word counts", async () => {
    await rows.contact("1", created, { lifecyclestage: "customer", hs_lead_status: "CONNECTED" });
    await rows.history("contact", "1", "lifecyclestage", created, "lead");
    await rows.history("contact", "1", "hs_lead_status", created, "NEW");
    await rows.history("contact", "1", "hs_lead_status", "2026-03-02T00:00:00Z", "CONNECTED");
    // The stage says nothing new as long as the lead status speaks.
    await rows.history("contact", "1", "lifecyclestage", "2026-03-03T00:00:00Z", "salesqualifiedlead");
    await rows.history("contact", "1", "lifecyclestage", "2026-03-04T00:00:00Z", "customer");
    await compute();
    expect(await changes("happened_at", "field", "old_value", "new_value", "old_class", "new_class")).toEqual(
      [
        ["2026-03-02T00:00:00Z", "status", "New", "Connected", "open", "open"],
        ["2026-03-04T00:00:00Z", "status", "Connected", "Customer", "open", "converted"],
      ],
    );
  });

  test("a deal made of a contact converts it, until its lifecycle stage is changed again", async () => {
    await rows.contact("1", created, { lifecyclestage: "lead", hs_lead_status: "UNQUALIFIED" });
    await rows.history("contact", "1", "lifecyclestage", created, "lead");
    await rows.history("contact", "1", "hs_lead_status", "2026-03-06T00:00:00Z", "UNQUALIFIED");
    await rows.deal("7", "2026-03-05T00:00:00Z");
    await rows.contact("2", created, { lifecyclestage: "lead" });
    await rows.history("contact", "2", "lifecyclestage", created, "opportunity");
    await rows.history("contact", "2", "lifecyclestage", "2026-03-20T00:00:00Z", "lead");
    await rows.deal("8", "2026-02-01T00:00:00Z");
    await rows.associate("deal", "7", "contacts", "1;2");
    await rows.associate("deal", "8", "contacts", "1");
    await compute();
    expect(await changes("lead_id", "happened_at", "field", "old_class", "new_class")).toEqual([
      ["1", "2026-03-05T00:00:00Z", "converted", "open", "converted"],
      ["1", "2026-03-06T00:00:00Z", "status", "converted", "converted"],
      // Made as an opportunity, no lead until marketing makes it one on 20 March; the deal of 5 March changes nothing.
      ["2", "2026-03-01T09:00:00Z", "status", "before", "before"],
      ["2", "2026-03-20T00:00:00Z", "status", "before", "open"],
    ]);
    expect(
      await staged(store.database, "stg_lead", [
        "lead_id",
        "status_class",
        "converted_on",
        "converted_opportunity_id",
      ]),
    ).toEqual([
      // Deal 8 is older than the contact.
      ["1", "converted", "2026-03-05", "7"],
      ["2", "open", null, null],
    ]);
    expect(await staged(store.database, "stg_lead_version", ["lead_id", "status_class"])).toEqual([
      // Seen at its making, before the deal: by its words alone.
      ["1", "disqualified"],
      ["2", "open"],
    ]);
  });

  test("what was seen of a contact, version by version, with the deals that there were", async () => {
    await rows.contact("1", created, {
      lifecyclestage: "lead",
      hs_lead_status: "NEW",
      until: "2026-03-06T01:00:00Z",
      hs_analytics_source: " ",
    });
    await rows.contact("1", created, {
      lifecyclestage: "lead",
      hs_lead_status: "UNQUALIFIED",
      changedAt: "2026-03-06T00:00:00Z",
      seenAt: "2026-03-06T01:00:00Z",
      hs_analytics_source: "OFFLINE",
      hubspot_owner_id: "10",
    });
    await rows.deal("7", "2026-03-05T00:00:00Z");
    await rows.associate("deal", "7", "contacts", "1");
    await compute();
    expect(
      await staged(store.database, "stg_lead_version", [
        "changed_at",
        "owner_id",
        "status",
        "status_class",
        "source",
      ]),
    ).toEqual([
      [created, null, "New", "open", null],
      ["2026-03-06T00:00:00Z", "10", "Unqualified", "converted", "OFFLINE"],
    ]);
    expect(
      await staged(store.database, "stg_lead", [
        "source",
        "has_source_changes",
        "first_owner_id",
        "first_seen_at",
      ]),
    ).toEqual([["OFFLINE", true, null, created]]);
  });
});
