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

const CONTACTS = "/crm/v3/objects/contacts";
const contact = (id: number, properties: Readonly<Record<string, string>> = {}) => ({
  id: String(id),
  properties: { email: `c${id}@example.com`, firstname: `F${id}`, ...properties },
  createdAt: "2026-01-01T00:00:00Z",
  updatedAt: "2026-01-02T00:00:00.500Z",
});
const ids = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map((one: { readonly id: string }) => one.id) : [];

describe("reading records", () => {
  it("lists by id, `after` being the last id plus one, and ends without paging", async () => {
    await hub.load("contacts", contact(7), contact(3), contact(20));
    const first = await hub.call("GET", `${CONTACTS}?limit=2&properties=email,phone`);
    expect(first.status).toBe(200);
    expect(first.at("results.0")).toEqual({
      id: "3",
      properties: {
        createdate: "2026-01-01T00:00:00Z",
        email: "c3@example.com",
        hs_object_id: "3",
        lastmodifieddate: "2026-01-02T00:00:00.500Z",
        phone: null,
      },
      createdAt: "2026-01-01T00:00:00Z",
      updatedAt: "2026-01-02T00:00:00.500Z",
      archived: false,
      url: matching(/\/record\/0-1\/3$/),
    });
    expect(first.at("paging.next.after")).toBe("8");
    expect(first.at("paging.next.link")).toEqual(containing("after=8"));
    const second = await hub.call("GET", `${CONTACTS}?limit=2&after=8`);
    expect(ids(second.at("results"))).toEqual(["20"]);
    expect(second.at("paging")).toBeUndefined();
  });

  it("answers the same on dated paths and under every name of the type", async () => {
    await hub.load("contacts", contact(7));
    for (const path of [
      "/crm/objects/2026-09/contacts",
      "/crm/objects/2026-03/0-1",
      "/crm/v3/objects/CONTACT",
    ]) {
      expect([path, ids((await hub.call("GET", path)).at("results"))]).toEqual([path, ["7"]]);
    }
    const unknown = await hub.call("GET", "/crm/v3/objects/thing");
    expect([unknown.status, unknown.at("message")]).toEqual([400, "Unable to infer object type from: thing"]);
    for (const path of [
      "/crm/objects/2024-01/contacts",
      "/crm/v4/objects/contacts",
      "/crm/v1/objects/contacts",
    ]) {
      expect([path, (await hub.call("GET", path)).status]).toEqual([path, 404]);
    }
  });

  it("refuses an unknown property until assertions are off, then leaves it out as HubSpot does", async () => {
    await hub.load("contacts", contact(7));
    const refused = await hub.call("GET", `${CONTACTS}?properties=email,nonsense`);
    expect([refused.status, refused.at("category"), refused.at("message")]).toEqual([
      400,
      "EMULATOR_ASSERTION",
      containing("nonsense"),
    ]);
    await hub.set({ assertions: false });
    const lenient = await hub.call("GET", `${CONTACTS}?properties=email,nonsense`);
    expect(Object.keys(Object(lenient.at("results.0.properties")))).toEqual([
      "createdate",
      "email",
      "hs_object_id",
      "lastmodifieddate",
    ]);
  });

  it("gives 404 as a page under */*, as JSON where JSON is asked for", async () => {
    const page = await hub.call("GET", `${CONTACTS}/99`, undefined, { accept: "*/*" });
    expect([page.status, page.headers.get("x-hubspot-notfound"), page.text]).toEqual([
      404,
      "true",
      containing("<html>"),
    ]);
    const json = await hub.call("GET", `${CONTACTS}/99`);
    expect([json.status, json.at("category"), json.at("correlationId")]).toEqual([
      404,
      "OBJECT_NOT_FOUND",
      matching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
    ]);
  });

  it("names missing ids of a batch in one error of a 207, and takes 100 at most, 50 with histories", async () => {
    await hub.load("contacts", contact(7), contact(8));
    const read = (body: unknown) => hub.call("POST", `${CONTACTS}/batch/read`, body);
    const found = await read({ inputs: [{ id: "7" }, { id: "8" }], properties: ["email"] });
    expect([found.status, ids(found.at("results")), found.at("numErrors")]).toEqual([
      200,
      ["7", "8"],
      undefined,
    ]);
    const partial = await read({ inputs: [{ id: "7" }, { id: "99" }, { id: "100" }], properties: ["email"] });
    expect([partial.status, partial.at("numErrors"), partial.at("errors")]).toEqual([
      207,
      1,
      [
        {
          status: "error",
          category: "OBJECT_NOT_FOUND",
          message:
            "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.",
          context: { ids: ["99", "100"] },
        },
      ],
    ]);
    const inputs = Array.from({ length: 101 }, (_, index) => ({ id: String(index + 1) }));
    expect((await read({ inputs })).status).toBe(400);
    const histories = await read({ inputs: inputs.slice(0, 51), propertiesWithHistory: ["email"] });
    expect([histories.status, histories.at("message")]).toEqual([
      400,
      containing("property histories is 50"),
    ]);
    expect((await read({ inputs: [{ id: "7" }, { id: "7" }] })).at("message")).toEqual(
      containing("Duplicate IDs"),
    );
  });
});

describe("writing records", () => {
  const update = (inputs: readonly object[], version = "v3") =>
    hub.call(
      "POST",
      `/crm/objects/${version}/contacts/batch/update`.replace("/crm/objects/v3", "/crm/v3/objects"),
      {
        inputs,
      },
    );

  it("creates with 201 and an absolute Location, and refuses a second contact of one address", async () => {
    const made = await hub.call("POST", CONTACTS, {
      properties: { email: "New@Example.com", lifecyclestage: "lead" },
    });
    const id = String(made.at("id"));
    expect([made.status, made.at("properties.email")]).toEqual([201, "new@example.com"]);
    expect(made.headers.get("location")).toBe(`${hub.emulator.ready.hubspot.baseUrl}${CONTACTS}/${id}`);
    const again = await hub.call("POST", CONTACTS, { properties: { email: "new@example.com" } });
    expect([again.status, again.at("category"), again.at("message")]).toEqual([
      409,
      "CONFLICT",
      `Contact already exists. Existing ID: ${id}`,
    ]);
    const read = await hub.call(
      "GET",
      `${CONTACTS}/new@example.com?idProperty=email&properties=hs_lifecyclestage_lead_date`,
    );
    expect(read.at("properties.hs_lifecyclestage_lead_date")).toBe("2026-06-01T08:00:00Z");
  });

  it("moves lastmodifieddate for a change, and for nothing else", async () => {
    await hub.load("contacts", contact(7));
    const before = "2026-01-02T00:00:00.500Z";
    expect((await update([{ id: "7", properties: { firstname: "F7" } }])).at("results.0.updatedAt")).toBe(
      before,
    );
    const changed = await update([{ id: "7", properties: { firstname: "G" } }]);
    expect(changed.at("results.0.properties.lastmodifieddate")).toBe("2026-06-01T08:00:00Z");
    expect((await hub.control("GET", "requests")).at("writes")).toEqual([
      {
        at: "2026-06-01T08:00:00.000Z",
        crm: "hubspot",
        operation: "objects/batch/update",
        object: "contacts",
        id: "7",
        fields: ["firstname"],
      },
      {
        at: "2026-06-01T08:00:00.000Z",
        crm: "hubspot",
        operation: "objects/batch/update",
        object: "contacts",
        id: "7",
        fields: ["firstname"],
      },
    ]);
  });

  it.each([
    ["nonsense", "x", "PROPERTY_DOESNT_EXIST", 'Property "nonsense" does not exist'],
    ["createdate", "2026-01-01", "READ_ONLY_VALUE", "read only"],
    ["lifecyclestage", "Lead", "INVALID_OPTION", "allowed options"],
    ["associatedcompanyid", "many", "INVALID_INTEGER", "was not a valid number"],
    ["closedate", "soon", "INVALID_LONG", "was not a valid long"],
    ["email", "nobody", "INVALID_EMAIL", "is invalid"],
    ["hubspot_owner_id", "5", "INVALID_OWNER_ID", "owner"],
  ])("refuses the whole batch for a bad %s", async (name, value, code, words) => {
    await hub.load("contacts", contact(7), contact(8));
    const reply = await update([
      { id: "7", properties: { firstname: "A" } },
      { id: "8", properties: { [name]: value } },
    ]);
    expect([reply.status, reply.at("category"), reply.at("errors.0.code"), reply.at("message")]).toEqual([
      400,
      "VALIDATION_ERROR",
      code,
      containing(words.replaceAll('"', '\\"')),
    ]);
    expect((await hub.call("GET", `${CONTACTS}/7?properties=firstname`)).at("properties.firstname")).toBe(
      "F7",
    );
  });

  it("refuses only the bad input where the portal is set so", async () => {
    await hub.load("contacts", contact(7), contact(8));
    await hub.set({ batchInvalidValue: "row" });
    const reply = await update([
      { id: "7", properties: { firstname: "A" } },
      { id: "8", objectWriteTraceId: "t8", properties: { lifecyclestage: "?" } },
    ]);
    expect([reply.status, ids(reply.at("results")), reply.at("errors.0.context.objectWriteTraceId")]).toEqual(
      [207, ["7"], ["t8"]],
    );
  });

  it("asks for texts: a number or null as a value or an id is refused until assertions are off", async () => {
    await hub.load("contacts", contact(7));
    const number = await update([{ id: "7", properties: { associatedcompanyid: 5 } }]);
    expect([number.status, number.at("message")]).toEqual([400, containing("a number, not a text")]);
    expect((await update([{ id: 7, properties: { firstname: "A" } }])).status).toBe(400);
    await hub.set({ assertions: false });
    expect((await update([{ id: 7, properties: { associatedcompanyid: 5, firstname: null } }])).status).toBe(
      200,
    );
  });

  it("names missing ids, and says nothing of merged ones", async () => {
    await hub.load("contacts", contact(7), contact(8, { phone: "1" }), contact(9));
    const merged = await hub.call("POST", `${CONTACTS}/merge`, {
      primaryObjectId: "7",
      objectIdToMerge: "8",
    });
    expect([merged.status, merged.at("properties.hs_merged_object_ids")]).toEqual([200, "8"]);
    const reply = await update([
      { id: "8", properties: { firstname: "A" } },
      { id: "9", properties: { firstname: "A" } },
      { id: "55", objectWriteTraceId: "t", properties: { firstname: "A" } },
    ]);
    expect([reply.status, ids(reply.at("results")), reply.at("errors")]).toEqual([
      207,
      ["9"],
      [
        {
          status: "error",
          category: "OBJECT_NOT_FOUND",
          message: containing("Could not get some CONTACT objects"),
          context: { ids: ["55"], objectWriteTraceId: ["t"] },
        },
      ],
    ]);
    const patched = await hub.call("PATCH", `${CONTACTS}/8`, { properties: { lastname: "L" } });
    expect([patched.status, patched.at("id")]).toEqual([200, "7"]);
    expect((await hub.call("GET", `${CONTACTS}/8?properties=phone`)).at("properties.phone")).toBe("1");
    expect(ids((await hub.call("GET", CONTACTS)).at("results"))).toEqual(["7", "9"]);
    expect(ids((await hub.call("GET", `${CONTACTS}?archived=true`)).at("results"))).toEqual([]);
  });

  it("keeps the administrator's rules on paths of 2026-09 only", async () => {
    await hub.load("contacts", contact(7));
    await hub.control("POST", "automation", {
      hubspot: {
        validationRules: [
          {
            objectType: "contacts",
            property: "phone",
            when: { property: "firstname", value: "F7" },
            message: "Phone!",
          },
        ],
      },
    });
    const write = [{ id: "7", properties: { lastname: "L" } }];
    expect((await update(write, "2026-03")).status).toBe(200);
    const refused = await update(write, "2026-09");
    expect([refused.status, refused.at("category"), refused.at("message")]).toEqual([
      400,
      "VALIDATION_ERROR",
      "Phone!",
    ]);
    expect((await update([{ id: "7", properties: { phone: "1" } }], "2026-09")).status).toBe(200);
  });

  it("creates a batch whole or not at all, unless inputs have trace ids", async () => {
    await hub.load("contacts", contact(7));
    const create = (inputs: readonly object[]) => hub.call("POST", `${CONTACTS}/batch/create`, { inputs });
    const twice = { properties: { email: "c7@example.com" } };
    const fresh = { properties: { email: "x@example.com" } };
    const whole = await create([fresh, twice]);
    expect([whole.status, whole.at("message")]).toEqual([409, "Contact already exists. Existing ID: 7"]);
    expect(ids((await hub.call("GET", CONTACTS)).at("results"))).toEqual(["7"]);
    const traced = await create([
      { ...fresh, objectWriteTraceId: "a" },
      { ...twice, objectWriteTraceId: "b" },
    ]);
    expect([traced.status, traced.at("results.0.objectWriteTraceId"), traced.at("errors.0")]).toEqual([
      207,
      "a",
      {
        status: "error",
        category: "CONFLICT",
        message: containing("Existing ID: 7"),
        context: { existingId: ["7"], objectWriteTraceId: ["b"] },
      },
    ]);
    const both = await create([
      { properties: { email: "1@example.com" } },
      { properties: { email: "2@example.com" } },
    ]);
    expect([both.status, both.at("results.0.properties.email")]).toEqual([201, "2@example.com"]);
  });

  it("upserts by a unique property only", async () => {
    await hub.load("contacts", contact(7));
    const upsert = (inputs: readonly object[]) => hub.call("POST", `${CONTACTS}/batch/upsert`, { inputs });
    const reply = await upsert([
      { id: "c7@example.com", idProperty: "email", properties: { firstname: "A" } },
      { id: "n@example.com", idProperty: "email", properties: { firstname: "B" } },
    ]);
    expect([
      reply.status,
      reply.at("results.0.new"),
      reply.at("results.1.new"),
      reply.at("results.1.id"),
    ]).toEqual([200, true, false, "7"]);
    const wrong = await upsert([{ id: "7", idProperty: "hs_object_id", properties: {} }]);
    expect([wrong.status, wrong.at("message")]).toEqual([
      400,
      containing("Unable to perform update/upsert by non-unique 0-1 property hs_object_id in portal ID"),
    ]);
  });

  it("archives with 204, lists what is archived, restores and purges it", async () => {
    await hub.load("contacts", contact(7), contact(8));
    const archived = await hub.call("POST", `${CONTACTS}/batch/archive`, {
      inputs: [{ id: "7" }, { id: "99" }],
    });
    expect([archived.status, archived.text]).toEqual([204, ""]);
    expect(ids((await hub.call("GET", CONTACTS)).at("results"))).toEqual(["8"]);
    const bin = await hub.call("GET", `${CONTACTS}?archived=true`);
    expect([ids(bin.at("results")), bin.at("results.0.archivedAt")]).toEqual([["7"], "2026-06-01T08:00:00Z"]);
    const restored = await hub.control("POST", "recycle-bin", {
      hubspot: { undelete: { objectType: "contacts", ids: ["7"] } },
    });
    expect(restored.json).toEqual({ hubspot: { restored: 1 } });
    expect(ids((await hub.call("GET", CONTACTS)).at("results"))).toEqual(["7", "8"]);
  });

  it("keeps histories, newest first, and gives those loaded", async () => {
    await hub.load("contacts", {
      ...contact(7, { lifecyclestage: "lead" }),
      propertiesWithHistory: {
        lifecyclestage: [
          { value: "lead", timestamp: "2026-02-01T00:00:00Z" },
          { value: "subscriber", timestamp: "2026-01-01T00:00:00Z" },
        ],
      },
    });
    await update([{ id: "7", properties: { lifecyclestage: "opportunity", firstname: "Z" } }]);
    const read = await hub.call(
      "GET",
      `${CONTACTS}/7?propertiesWithHistory=lifecyclestage,firstname&properties=hs_v2_date_entered_lead`,
    );
    expect(read.at("propertiesWithHistory.lifecyclestage")).toMatchObject([
      { value: "opportunity", timestamp: "2026-06-01T08:00:00Z", sourceType: "INTEGRATION" },
      { value: "lead", timestamp: "2026-02-01T00:00:00Z" },
      { value: "subscriber", timestamp: "2026-01-01T00:00:00Z" },
    ]);
    expect(read.at("propertiesWithHistory.firstname")).toMatchObject([
      { value: "Z" },
      { value: "F7", timestamp: "2026-01-01T00:00:00Z", sourceType: "CRM_UI" },
    ]);
    expect(read.at("properties.hs_v2_date_entered_lead")).toBe("2026-02-01T00:00:00Z");
  });
});

describe("search", () => {
  const search = (body: object) => hub.call("POST", `${CONTACTS}/search`, body);
  const by = (...filters: readonly object[]) => ({ filterGroups: [{ filters }] });
  const filter = (propertyName: string, operator: string, more: object = {}) => ({
    propertyName,
    operator,
    ...more,
  });

  it("pages by offset up to 200, with a total and no link", async () => {
    await hub.load("contacts", ...Array.from({ length: 250 }, (_, index) => contact(index + 1)));
    const first = await search({ limit: 200, sorts: ["hs_object_id"] });
    expect([first.at("total"), ids(first.at("results")).length, first.at("paging")]).toEqual([
      250,
      200,
      { next: { after: "200" } },
    ]);
    const second = await search({ limit: 200, after: "200", sorts: [{ propertyName: "hs_object_id" }] });
    expect([ids(second.at("results")).length, second.at("paging")]).toEqual([50, undefined]);
    expect((await search({ limit: 201 })).status).toBe(400);
  });

  it.each([
    ["EQ without regard to case", filter("firstname", "EQ", { value: "ada" }), ["1"]],
    ["NEQ, empty ones too", filter("firstname", "NEQ", { value: "Ada" }), ["2", "3"]],
    ["IN in lower case only", filter("firstname", "IN", { values: ["Ada", "bob"] }), ["2"]],
    ["an option as it is written", filter("lifecyclestage", "EQ", { value: "LEAD" }), []],
    ["HAS_PROPERTY", filter("firstname", "HAS_PROPERTY"), ["1", "2"]],
    ["NOT_HAS_PROPERTY", filter("firstname", "NOT_HAS_PROPERTY"), ["3"]],
    ["CONTAINS_TOKEN", filter("email", "CONTAINS_TOKEN", { value: "*cme.com" }), ["1"]],
    ["GT on ids", filter("hs_object_id", "GT", { value: "1" }), ["2", "3"]],
    ["a day", filter("createdate", "GTE", { value: "2026-01-02" }), ["2", "3"]],
    ["milliseconds", filter("createdate", "LT", { value: String(Date.parse("2026-01-02")) }), ["1"]],
    [
      "BETWEEN, ends included",
      filter("createdate", "BETWEEN", { value: "2026-01-01", highValue: "2026-01-02" }),
      ["1", "2"],
    ],
  ])("filters: %s", async (_name, one, expected) => {
    const at = (day: number) => ({ createdAt: `2026-01-0${day}T00:00:00Z` });
    await hub.load(
      "contacts",
      { id: "1", properties: { firstname: "Ada", email: "ada@acme.com", lifecyclestage: "lead" }, ...at(1) },
      { id: "2", properties: { firstname: "Bob", email: "bob@else.org" }, ...at(2) },
      { id: "3", properties: { email: "c@else.org" }, ...at(3) },
    );
    const reply = await search({ ...by(one), sorts: ["hs_object_id"] });
    expect([reply.status, ids(reply.at("results"))]).toEqual([200, expected]);
  });

  it("joins filters by and, groups by or, looks for words, and accepts what clients send empty", async () => {
    await hub.load(
      "contacts",
      contact(1, { firstname: "Ada" }),
      contact(2, { firstname: "Bob" }),
      contact(3),
    );
    const both = {
      filterGroups: [
        by(filter("hs_object_id", "EQ", { value: "1" })),
        by(filter("hs_object_id", "EQ", { value: "2" })),
      ].flatMap((one) => one.filterGroups),
    };
    expect(ids((await search(both)).at("results"))).toEqual(["1", "2"]);
    expect(ids((await search({ query: "ada" })).at("results"))).toEqual(["1"]);
    expect((await search({ after: "", sorts: [], filterGroups: [{ filters: [] }] })).at("total")).toBe(3);
    expect((await search({ filters: [filter("firstname", "EQ", { value: "bob" })] })).at("total")).toBe(1);
  });

  it("finds no contact by hs_lastmodifieddate, without a word", async () => {
    await hub.load("contacts", contact(1));
    const since = (name: string) => search(by(filter(name, "GTE", { value: "2020-01-01" })));
    const [wrong, right] = [await since("hs_lastmodifieddate"), await since("lastmodifieddate")];
    expect([wrong.status, wrong.at("total"), right.at("total")]).toEqual([200, 0, 1]);
  });

  it("sorts by one property, and finds links", async () => {
    await hub.load(
      "contacts",
      contact(1, { firstname: "b" }),
      contact(2, { firstname: "a" }),
      contact(3, { firstname: "c" }),
    );
    await hub.load("deals", { id: "50", properties: { dealname: "D" }, associations: { contacts: ["2"] } });
    const sorted = await search({ sorts: [{ propertyName: "firstname", direction: "DESCENDING" }] });
    expect(ids(sorted.at("results"))).toEqual(["3", "1", "2"]);
    expect((await search({ sorts: ["firstname", "email"] })).status).toBe(400);
    const linked = await hub.call(
      "POST",
      "/crm/v3/objects/deals/search",
      by(filter("associations.contact", "EQ", { value: "2" })),
    );
    expect(ids(linked.at("results"))).toEqual(["50"]);
  });

  it("refuses what lies beyond 10,000, more than 5 groups, 6 filters a group, 18 in all, and unknown names", async () => {
    const one = filter("firstname", "HAS_PROPERTY");
    expect((await search({ after: "9800", limit: 200 })).status).toBe(200);
    expect((await search({ after: "9801", limit: 200 })).status).toBe(400);
    await hub.set({ searchesPerSecond: 100 });
    const groups = (count: number, filters: number) => ({
      filterGroups: Array.from({ length: count }, () => ({
        filters: Array.from({ length: filters }, () => one),
      })),
    });
    const statuses = await Promise.all(
      [groups(5, 3), groups(6, 1), groups(1, 7), groups(4, 5)].map(
        async (body) => (await search(body)).status,
      ),
    );
    expect(statuses).toEqual([200, 400, 400, 400]);
    expect((await search(by(filter("nonsense", "HAS_PROPERTY")))).at("message")).toEqual(
      containing("nonsense"),
    );
    expect((await search({ query: "x".repeat(3_001) })).status).toBe(400);
  });

  it("answers from an index that lags, as it was before the change", async () => {
    await hub.load("contacts", contact(1));
    await hub.set({ searchIndexLagSeconds: 30 });
    const made = await hub.call("POST", CONTACTS, { properties: { firstname: "New" } });
    await hub.call("PATCH", `${CONTACTS}/1`, { properties: { firstname: "Changed" } });
    const query = { sorts: ["hs_object_id"], properties: ["firstname"] };
    const behind = await search(query);
    expect([behind.at("total"), behind.at("results.0.properties.firstname")]).toEqual([1, "F1"]);
    expect((await search(by(filter("firstname", "EQ", { value: "changed" })))).at("total")).toBe(0);
    hub.clock.advance(31_000);
    const caughtUp = await search(query);
    expect(ids(caughtUp.at("results"))).toEqual(["1", String(made.at("id"))]);
    expect(caughtUp.at("results.0.properties.firstname")).toBe("Changed");
  });
});
