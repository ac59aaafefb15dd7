import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { containing } from "../salesforce/wire/wire-client.ts";
import { type HubSpotClient, startHubSpot } from "./hubspot-client.ts";

/** Where an emulator is tempted to be kinder than HubSpot. The clock stands at 2026-06-01T08:00:00Z. */
let hub: HubSpotClient;
beforeAll(async () => {
  hub = await startHubSpot();
});
beforeEach(async () => {
  await hub.control("POST", "reset");
});
afterAll(() => hub.emulator.close());

const CONTACTS = "/crm/objects/2026-09/contacts";

describe("the search index", () => {
  it("is behind by five seconds unless the portal is set otherwise", async () => {
    const made = await hub.call("POST", CONTACTS, { properties: { email: "new@example.com" } });
    const total = async () => (await hub.call("POST", `${CONTACTS}/search`, {})).at("total");
    expect([made.status, await total()]).toEqual([201, 0]);
    hub.clock.advance(4_999);
    expect(await total()).toBe(0);
    hub.clock.advance(1);
    expect(await total()).toBe(1);
  });
});

describe("what HubSpot would silently ignore", () => {
  it.each([
    ["a key of the body", "POST", `${CONTACTS}/search`, { filterGroup: [] }, "filterGroup"],
    [
      "a key inside the body",
      "POST",
      `${CONTACTS}/search`,
      { filterGroups: [{ filters: [{ propertyName: "email", operator: "EQ", vaule: "x", value: "x" }] }] },
      "filterGroups[0].filters[0].vaule",
    ],
    ["a query parameter", "GET", `${CONTACTS}?propertys=email`, undefined, "propertys"],
    ["an unknown property", "GET", `${CONTACTS}?properties=nonsense`, undefined, "nonsense"],
    ["a number as a value", "PATCH", `${CONTACTS}/7`, { properties: { phone: 5 } }, "a number, not a text"],
  ])("%s is refused until assertions are off", async (_name, method, path, body, words) => {
    await hub.load("contacts", { id: "7" });
    const refused = await hub.call(method, path, body);
    expect([refused.status, refused.at("category"), refused.at("message")]).toEqual([
      400,
      "EMULATOR_ASSERTION",
      containing(words),
    ]);
    await hub.set({ assertions: false });
    expect((await hub.call(method, path, body)).status).toBe(200);
  });

  it("a path that HubSpot does not have is a 404, with or without assertions", async () => {
    const paths = ["/crm/objects/2026-09/contacts/7/touches", "/crm/v9/objects/contacts", "/marketing/v3/x"];
    for (const path of paths) expect([path, (await hub.call("GET", path)).status]).toEqual([path, 404]);
  });
});

describe("heavy upserts", () => {
  it("lock the object for two seconds: 423, while other objects and reads go on", async () => {
    await hub.set({ lockAfterUpserts: 3 });
    await hub.load("properties", { objectType: "contacts", name: "key", hasUniqueValue: true });
    await hub.load("properties", { objectType: "deals", name: "key", hasUniqueValue: true });
    const upsert = (type: string, ...ids: readonly string[]) =>
      hub.call("POST", `/crm/objects/2026-09/${type}/batch/upsert`, {
        inputs: ids.map((id) => ({
          id,
          idProperty: "key",
          properties: type === "deals" ? { dealname: id, dealstage: "appointmentscheduled" } : { phone: id },
        })),
      });
    expect((await upsert("contacts", "a", "b")).status).toBe(200);
    // Four within ten seconds, and three are allowed: this one goes through and locks.
    expect((await upsert("contacts", "c", "d")).status).toBe(200);
    const locked = await upsert("contacts", "e");
    expect([locked.status, locked.at("message")]).toEqual([423, containing("locked")]);
    expect((await upsert("deals", "a")).status).toBe(200);
    expect((await hub.call("GET", CONTACTS)).at("results.3.id")).toEqual(expect.any(String));
    hub.clock.advance(2_001);
    // Nothing of the refused one was written.
    expect((await upsert("contacts", "e")).at("results.0.new")).toBe(true);
  });
});

describe("an app without sales-email-read", () => {
  it("gets the kind of an e-mail but not what became of it, in every read", async () => {
    await hub.load("emails", {
      id: "9",
      properties: {
        hs_timestamp: "2026-05-01T00:00:00Z",
        hs_email_direction: "EMAIL",
        hs_email_status: "SENT",
        hs_email_subject: "Secret",
      },
    });
    const properties = ["hs_email_direction", "hs_email_status", "hs_email_subject"];
    const reads = async () => [
      await hub.call("GET", `/crm/objects/2026-09/emails/9?properties=${properties.join()}`),
      await hub.call("GET", `/crm/objects/2026-09/emails?properties=${properties.join()}`),
      await hub.call("POST", "/crm/objects/2026-09/emails/search", { properties }),
      await hub.call("POST", "/crm/objects/2026-09/emails/batch/read", { inputs: [{ id: "9" }], properties }),
    ];
    for (const read of await reads()) expect(read.text).toContain("Secret");
    await hub.set({ withoutScopes: ["sales-email-read"] });
    for (const read of await reads()) {
      expect([read.status, read.text]).toEqual([200, containing('"hs_email_direction":"EMAIL"')]);
      expect(read.text).toContain('"hs_email_status":null');
      expect(read.text).not.toContain("Secret");
    }
    // The content's scope is no way in to the e-mails themselves.
    await hub.set({ withoutScopes: [], scopes: ["sales-email-read"] });
    expect((await hub.call("GET", "/crm/objects/2026-09/emails")).status).toBe(403);
  });
});

describe("a portal that is downgraded", () => {
  it("loses its custom objects, leads and campaigns with their definitions, and has them again afterwards", async () => {
    const schema = await hub.call("POST", "/crm-object-schemas/2026-09/schemas", {
      name: "thing",
      labels: { singular: "Thing", plural: "Things" },
      primaryDisplayProperty: "title",
      requiredProperties: [],
      associatedObjects: [],
      properties: [{ name: "title", label: "Title", type: "string", fieldType: "text" }],
    });
    const custom = String(schema.at("objectTypeId"));
    const record = await hub.call("POST", `/crm/objects/2026-09/${custom}`, { properties: { title: "A" } });
    const paths = (type: string) => [
      `/crm/objects/2026-09/${type}`,
      `/crm/properties/2026-09/${type}`,
      `/crm/pipelines/2026-09/${type}`,
    ];
    const statuses = (type: string) =>
      Promise.all(paths(type).map(async (path) => (await hub.call("GET", path)).status));
    await hub.set({ tier: "PROFESSIONAL" });
    expect([await statuses(custom), await statuses("leads")]).toEqual([
      [403, 403, 403],
      [200, 200, 200],
    ]);
    expect((await hub.call("GET", "/crm-object-schemas/2026-09/schemas")).status).toBe(403);
    await hub.set({ tier: "STARTER" });
    expect([await statuses("leads"), (await hub.call("GET", "/marketing/campaigns/2026-09")).status]).toEqual(
      [[403, 403, 403], 403],
    );
    await hub.set({ tier: "ENTERPRISE" });
    const kept = await hub.call("GET", `/crm/objects/2026-09/${custom}`);
    expect(kept.at("results.0.id")).toBe(record.at("id"));
  });
});

describe("what nobody has confirmed is refused", () => {
  it("properties of our own on campaigns, until the portal is set to take them", async () => {
    const make = () =>
      hub.call("POST", "/crm/properties/2026-09/0-35", {
        name: "ripeline_x",
        label: "X",
        type: "string",
        fieldType: "text",
        groupName: "campaign",
      });
    expect((await make()).status).toBe(400);
    await hub.set({ campaignProperties: true });
    expect((await make()).status).toBe(201);
  });
});

describe("a formula", () => {
  it("is refused, since nothing here would work it out", async () => {
    const refused = await hub.call("POST", "/crm/properties/2026-09/contacts", {
      name: "ripeline_sum",
      label: "Sum",
      type: "number",
      fieldType: "calculation_equation",
      groupName: "contactinformation",
      calculationFormula: "closed - started",
    });
    expect([refused.status, refused.at("message")]).toEqual([400, containing("formulas")]);
  });
});

describe("a deal in another currency", () => {
  it("is worth its amount at the rate of its close date, or at today's while it is open; nothing without a rate", async () => {
    const rate = (conversionRate: number, effectiveAt: string) =>
      hub.call("POST", "/settings/currencies/2026-09/exchange-rates", {
        fromCurrencyCode: "EUR",
        conversionRate,
        effectiveAt,
      });
    await rate(1.1, "2026-01-01T00:00:00Z");
    await rate(1.25, "2026-05-01T00:00:00Z");
    const deal = (id: string, code: string, more: object = {}) => ({
      id,
      properties: {
        dealname: id,
        amount: "100",
        deal_currency_code: code,
        dealstage: "appointmentscheduled",
        pipeline: "default",
        ...more,
      },
    });
    await hub.load(
      "deals",
      deal("1", "EUR"),
      deal("2", "EUR", { dealstage: "closedwon", closedate: "2026-04-01T00:00:00Z" }),
      deal("3", "GBP"),
      deal("4", "USD"),
    );
    const list = await hub.call("GET", "/crm/objects/2026-09/deals?properties=amount_in_home_currency");
    const worth = [0, 1, 2, 3].map((index) => list.at(`results.${index}.properties.amount_in_home_currency`));
    // 100 x 1.25 today; closed in April at 1.10; no rate for pounds; the company's own dollars.
    expect(worth).toEqual(["125", "110", null, "100"]);
  });
});
