import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { containing, matching } from "../salesforce/wire/wire-client.ts";
import { type HubSpotClient, startHubSpot } from "./hubspot-client.ts";

let hub: HubSpotClient;
beforeAll(async () => {
  hub = await startHubSpot();
});
beforeEach(async () => {
  await hub.control("POST", "reset");
});
afterAll(() => hub.emulator.close());

const PROPERTIES = "/crm/v3/properties/contacts";
const property = (name: string, more: object = {}) => ({
  name,
  label: name,
  type: "string",
  fieldType: "text",
  groupName: "contactinformation",
  ...more,
});
const names = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map((one: { readonly name: string }) => one.name) : [];

describe("properties", () => {
  it("are made with 201, refused a second time, and take values of their type at once", async () => {
    const made = await hub.call(
      "POST",
      PROPERTIES,
      property("rot_due_at", { type: "datetime", fieldType: "date" }),
    );
    expect([made.status, made.json]).toMatchObject([
      201,
      {
        name: "rot_due_at",
        type: "datetime",
        calculated: false,
        archived: false,
        modificationMetadata: { archivable: true, readOnlyValue: false },
      },
    ]);
    const again = await hub.call("POST", PROPERTIES, property("rot_due_at"));
    expect([again.status, again.at("subCategory")]).toEqual([409, "Properties.PROPERTY_WITH_NAME_EXISTS"]);
    const contact = await hub.call("POST", "/crm/v3/objects/contacts", {
      properties: { rot_due_at: String(Date.parse("2026-06-02T10:00:00Z")) },
    });
    expect(contact.at("properties.rot_due_at")).toBe("2026-06-02T10:00:00Z");
  });

  it.each([
    ["a bool without its two options", property("b", { type: "bool", fieldType: "booleancheckbox" }), 400],
    ["a field type that does not fit", property("b", { type: "number", fieldType: "text" }), 400],
    ["a name with capitals", property("Bad"), 400],
    ["an unknown group", property("b", { groupName: "none" }), 404],
    ["an unknown type", property("b", { type: "money" }), 400],
  ])("refuses %s", async (_name, body, status) => {
    expect((await hub.call("POST", PROPERTIES, body)).status).toBe(status);
  });

  it("archives what is not in use, and gives values back with the name", async () => {
    await hub.call("POST", PROPERTIES, property("note_a"));
    await hub.load("contacts", { id: "7", properties: { note_a: "kept" } });
    expect((await hub.call("DELETE", `${PROPERTIES}/note_a`)).status).toBe(204);
    expect((await hub.call("GET", `${PROPERTIES}/note_a`)).status).toBe(404);
    expect(names((await hub.call("GET", `${PROPERTIES}?archived=true`)).at("results"))).toEqual(["note_a"]);
    expect((await hub.call("POST", PROPERTIES, property("note_a"))).status).toBe(201);
    const read = await hub.call("GET", "/crm/v3/objects/contacts/7?properties=note_a");
    expect(read.at("properties.note_a")).toBe("kept");
    const builtIn = await hub.call("DELETE", `${PROPERTIES}/email`);
    expect(builtIn.status).toBe(400);
  });

  it("batch create is 201 on v3 and 200 on dated paths, 207 where a name exists", async () => {
    const create = (path: string, ...inputs: readonly object[]) =>
      hub.call("POST", `${path}/batch/create`, { inputs });
    expect((await create(PROPERTIES, property("one"))).status).toBe(201);
    expect((await create("/crm/properties/2026-09/contacts", property("two"))).status).toBe(200);
    const partial = await create(PROPERTIES, property("two"), property("three"));
    expect([partial.status, names(partial.at("results")), partial.at("errors.0.context.name")]).toEqual([
      207,
      ["three"],
      ["two"],
    ]);
    const read = await hub.call("POST", `${PROPERTIES}/batch/read`, {
      inputs: [{ name: "one" }, { name: "none" }],
    });
    expect([read.status, names(read.at("results"))]).toEqual([207, ["one"]]);
  });

  it("a group with properties stays, and everything is gone after a reset", async () => {
    expect(
      (await hub.call("POST", `${PROPERTIES}/groups`, { name: "ripeline", label: "Ripeline" })).status,
    ).toBe(201);
    await hub.call("POST", PROPERTIES, property("mine", { groupName: "ripeline" }));
    const refused = await hub.call("DELETE", `${PROPERTIES}/groups/ripeline`);
    expect([refused.status, refused.at("message")]).toEqual([400, containing("mine")]);
    await hub.control("POST", "reset");
    expect(names((await hub.call("GET", `${PROPERTIES}/groups`)).at("results"))).toEqual([
      "contactinformation",
    ]);
    expect((await hub.call("GET", `${PROPERTIES}/mine`)).status).toBe(404);
  });
});

describe("owners", () => {
  it("are paged; leavers come with archived=true only and have no user id", async () => {
    await hub.load(
      "owners",
      { id: "1", email: "a@x.example", userId: 11 },
      { id: "2", email: "b@x.example", userId: 12, archived: true },
      { id: "3", email: "c@x.example", userId: 13 },
    );
    const first = await hub.call("GET", "/crm/v3/owners?limit=1");
    expect([first.at("results.0.id"), first.at("paging.next.after")]).toEqual(["1", "1"]);
    const second = await hub.call("GET", "/crm/owners/2026-09?limit=1&after=1");
    expect([second.at("results.0.id"), second.at("paging")]).toEqual(["3", undefined]);
    const left = await hub.call("GET", "/crm/v3/owners?archived=true");
    expect([
      left.at("results.0.id"),
      left.at("results.0.userId"),
      left.at("results.0.userIdIncludingInactive"),
    ]).toEqual(["2", null, 12]);
    expect((await hub.call("GET", "/crm/v3/owners/13?idProperty=userId")).at("id")).toBe("3");
    expect((await hub.call("GET", "/crm/v3/owners/99")).status).toBe(404);
  });
});

describe("pipelines and deals", () => {
  const PIPELINES = "/crm/v3/pipelines/deals";

  it("have texts as metadata, and stages with properties of their own", async () => {
    const listed = await hub.call("GET", PIPELINES);
    expect([
      listed.at("results.0.id"),
      listed.at("results.0.createdAt"),
      listed.at("results.0.stages.0.metadata"),
    ]).toEqual(["default", "1970-01-01T00:00:00Z", { isClosed: "false", probability: "0.2" }]);
    const stage = { label: "Verbal", displayOrder: 4, metadata: { probability: "1.0" } };
    const made = await hub.call("POST", `${PIPELINES}/default/stages`, stage);
    expect([made.status, made.at("metadata.isClosed")]).toEqual([201, "true"]);
    expect(
      (await hub.call("GET", `/crm/v3/properties/deals/hs_v2_date_entered_${String(made.at("id"))}`)).status,
    ).toBe(200);
    expect((await hub.call("GET", `${PIPELINES}/default/audit`)).at("results.0.action")).toBe("UPDATE");
    const options = await hub.call("GET", "/crm/v3/properties/deals/dealstage");
    expect(options.at("options.5")).toMatchObject({ label: "Verbal", value: made.at("id") });
    const missing = await hub.call("GET", `${PIPELINES}/none`);
    expect([missing.status, missing.text]).toEqual([404, ""]);
  });

  it("a stage in use stays, one that is not there is 204", async () => {
    await hub.load("deals", {
      id: "5",
      properties: { dealname: "D", pipeline: "default", dealstage: "contractsent" },
    });
    const refused = await hub.call("DELETE", `${PIPELINES}/default/stages/contractsent`);
    expect([refused.status, refused.at("category")]).toEqual([400, "STAGE_ID_IN_USE"]);
    expect((await hub.call("DELETE", `${PIPELINES}/default/stages/none`)).status).toBe(204);
  });

  it("stages keep when they were entered and left, and closing sets the close date", async () => {
    // 08:00 created, 08:10 next stage, 08:30 won: 600,000 ms in the first.
    const made = await hub.call("POST", "/crm/v3/objects/deals", {
      properties: { dealname: "D", dealstage: "appointmentscheduled", amount: "5000.00" },
    });
    const path = `/crm/v3/objects/deals/${String(made.at("id"))}`;
    hub.clock.advance(600_000);
    await hub.call("PATCH", path, { properties: { dealstage: "qualifiedtobuy" } });
    hub.clock.advance(1_200_000);
    await hub.call("PATCH", path, { properties: { dealstage: "closedwon" } });
    const asked = [
      "amount",
      "closedate",
      "hs_is_closed_won",
      "hs_v2_cumulative_time_in_appointmentscheduled",
      "hs_v2_date_entered_current_stage",
      "hs_v2_date_exited_appointmentscheduled",
      "hs_v2_latest_time_in_closedwon",
      "pipeline",
    ];
    expect((await hub.call("GET", `${path}?properties=${asked.join(",")}`)).at("properties")).toMatchObject({
      amount: "5000.00",
      closedate: "2026-06-01T08:30:00Z",
      hs_is_closed_won: "true",
      hs_v2_cumulative_time_in_appointmentscheduled: "600000",
      hs_v2_date_entered_current_stage: "2026-06-01T08:30:00Z",
      hs_v2_date_exited_appointmentscheduled: "2026-06-01T08:10:00Z",
      hs_v2_latest_time_in_closedwon: null,
      pipeline: "default",
    });
  });

  it("refuses a deal without a stage, and a stage of nowhere", async () => {
    const create = (properties: object) => hub.call("POST", "/crm/v3/objects/deals", { properties });
    const lacking = await create({ dealname: "D" });
    expect([lacking.status, lacking.at("context.properties")]).toEqual([400, ["dealstage"]]);
    expect((await create({ dealname: "D", dealstage: "nowhere" })).at("errors.0.code")).toBe(
      "INVALID_OPTION",
    );
  });
});

describe("custom objects", () => {
  const schema = {
    name: "handoff",
    labels: { singular: "Handoff", plural: "Handoffs" },
    primaryDisplayProperty: "title",
    requiredProperties: ["title"],
    properties: [{ name: "title", label: "Title", type: "string", fieldType: "text", hasUniqueValue: true }],
    associatedObjects: ["CONTACT"],
  };

  it("take records under their id and names, keep their schema while they have any, and go with a reset", async () => {
    const made = await hub.call("POST", "/crm-object-schemas/2026-09/schemas", schema);
    const typeId = String(made.at("objectTypeId"));
    expect([made.status, typeId, made.at("fullyQualifiedName")]).toEqual([
      201,
      matching(/^2-\d+$/),
      "p24700001_handoff",
    ]);
    expect((await hub.call("POST", "/crm/v3/schemas", schema)).status).toBe(409);
    const record = await hub.call("POST", `/crm/v3/objects/${typeId}`, { properties: { title: "H1" } });
    expect(record.status).toBe(201);
    expect((await hub.call("POST", "/crm/v3/objects/handoff", { properties: {} })).status).toBe(400);
    const taken = await hub.call("POST", "/crm/v3/objects/handoff", { properties: { title: "h1" } });
    expect([taken.status, taken.at("message")]).toEqual([400, containing("already has that value")]);
    const upsert = await hub.call("POST", "/crm/v3/objects/p24700001_handoff/batch/upsert", {
      inputs: [{ id: "H1", idProperty: "title", properties: {} }],
    });
    expect([upsert.status, upsert.at("results.0.new")]).toEqual([200, false]);
    expect((await hub.call("DELETE", `/crm/v3/schemas/${typeId}`)).status).toBe(400);
    await hub.call("DELETE", `/crm/v3/objects/${typeId}/${String(record.at("id"))}`);
    expect((await hub.call("DELETE", `/crm/v3/schemas/${typeId}`)).status).toBe(204);
    await hub.call("POST", "/crm/v3/schemas", schema);
    await hub.control("POST", "reset");
    expect((await hub.call("GET", "/crm/v3/objects/handoff")).status).toBe(400);
    expect((await hub.call("GET", "/crm/v3/schemas")).at("results")).toEqual([]);
  });
});

describe("the account", () => {
  it("tells its zone and currency, its usage, limits and rates", async () => {
    const details = await hub.call("GET", "/account-info/v3/details");
    expect(details.json).toMatchObject({
      portalId: 24_700_001,
      timeZone: "America/New_York",
      companyCurrency: "USD",
      utcOffset: "-04:00",
      utcOffsetMilliseconds: -14_400_000,
    });
    const usage = await hub.call("GET", "/account-info/2026-03/api-usage/daily/private-apps");
    expect(usage.json).toMatchObject({
      results: [
        {
          name: "private-apps-api-calls-daily",
          usageLimit: 1_000_000,
          currentUsage: 2,
          resetsAt: "2026-06-02T04:00:00.000Z",
        },
      ],
    });
    await hub.set({ credential: "service_key" });
    const asKey = await hub.call("GET", "/account-info/2026-03/api-usage/daily/private-apps");
    expect(asKey.at("results.0.currentUsage")).toBe(0);
    await hub.load("contacts", { id: "1" }, { id: "2" });
    const records = await hub.call("GET", "/crm/limits/2026-03/records");
    expect(records.at("hubspotDefinedObjectTypes.0")).toMatchObject({ objectTypeId: "0-1", usage: 2 });
    const RATES = "/settings/currencies/2026-03/exchange-rates";
    await hub.call("POST", RATES, {
      fromCurrencyCode: "EUR",
      conversionRate: 1.1,
      effectiveAt: "2026-01-01T00:00:00Z",
    });
    await hub.call("POST", RATES, {
      fromCurrencyCode: "EUR",
      conversionRate: 1.2,
      effectiveAt: "2026-05-01T00:00:00Z",
    });
    await hub.call("POST", RATES, {
      fromCurrencyCode: "EUR",
      conversionRate: 1.3,
      effectiveAt: "2026-07-01T00:00:00Z",
    });
    expect((await hub.call("GET", RATES)).at("total")).toBe(3);
    expect(
      (await hub.call("GET", "/settings/v3/currencies/exchange-rates/current")).at(
        "results.0.conversionRate",
      ),
    ).toBe(1.2);
    expect((await hub.call("GET", "/account-info/v3/details")).at("additionalCurrencies")).toEqual(["EUR"]);
  });
});
