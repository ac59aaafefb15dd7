import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { containing } from "../salesforce/wire/wire-client.ts";
import { type HubSpotClient, startHubSpot } from "./hubspot-client.ts";

let hub: HubSpotClient;
beforeAll(async () => {
  hub = await startHubSpot();
});
beforeEach(async () => {
  await hub.control("POST", "reset");
});
afterAll(() => hub.emulator.close());

const CAMPAIGNS = "/marketing/v3/campaigns";

describe("campaigns", () => {
  it("sum their budget and spend, whose items have milliseconds and no date of their own", async () => {
    const made = await hub.call("POST", CAMPAIGNS, {
      properties: { hs_name: "Fair", hs_start_date: "2026-05-01" },
    });
    const path = `${CAMPAIGNS}/${String(made.at("id"))}`;
    expect(made.status).toBe(201);
    const spend = await hub.call("POST", `${path}/spend`, { name: "2026-05", amount: 1200.5, order: 0 });
    const at = Date.parse("2026-06-01T08:00:00Z");
    expect([spend.status, spend.at("createdAt"), spend.at("updatedAt")]).toEqual([201, at, at]);
    await hub.call("POST", `${path}/spend`, { name: "2026-06", amount: 99.5, order: 1 });
    await hub.call("POST", `${path}/budget`, { name: "All", amount: 2000, order: 0 });
    // 2,000 - (1,200.5 + 99.5) = 700
    expect((await hub.call("GET", `${path}/budget/totals`)).json).toMatchObject({
      currencyCode: "USD",
      budgetTotal: 2000,
      spendTotal: 1300,
      remainingBudget: 700,
    });
    const listed = await hub.call(
      "GET",
      `${CAMPAIGNS}?properties=hs_name,hs_spend_items_sum_amount,hs_end_date`,
    );
    expect(listed.at("results.0.properties")).toEqual({ hs_name: "Fair", hs_spend_items_sum_amount: "1300" });
    const item = `${path}/spend/${String(spend.at("id"))}`;
    expect((await hub.call("PUT", item, { name: "x", amount: 1, order: 0 })).at("amount")).toBe(1);
    expect((await hub.call("DELETE", item)).status).toBe(204);
    expect((await hub.call("GET", item)).status).toBe(404);
    const wrong = await hub.call("PATCH", path, { properties: { hs_spend_items_sum_amount: "5" } });
    expect(wrong.at("errors.0.code")).toBe("READ_ONLY_VALUE");
  });

  it("are paged by a cursor, read in batches of 50 with a 207, and found by search", async () => {
    await hub.load(
      "campaigns",
      ...["A", "B", "C"].map((hs_name, index) => ({
        id: String(index + 1),
        guid: `g-${hs_name}`,
        properties: { hs_name },
      })),
    );
    const first = await hub.call("GET", `${CAMPAIGNS}?limit=2`);
    expect([first.at("total"), first.at("results.1.id"), first.at("paging.next.after")]).toEqual([
      3,
      "g-B",
      "Mg%3D%3D",
    ]);
    const second = await hub.call("GET", `${CAMPAIGNS}?limit=2&after=${encodeURIComponent("Mg%3D%3D")}`);
    expect([second.at("results.0.id"), second.at("paging")]).toEqual(["g-C", undefined]);
    const batch = await hub.call("POST", `${CAMPAIGNS}/batch/read`, {
      inputs: [{ id: "g-A" }, { id: "none" }],
    });
    expect([batch.status, batch.at("results.0.id"), batch.at("errors.0.context.ids")]).toEqual([
      207,
      "g-A",
      ["none"],
    ]);
    const found = await hub.call("POST", "/crm/v3/objects/0-35/search", {
      filterGroups: [{ filters: [{ propertyName: "hs_name", operator: "EQ", value: "b" }] }],
    });
    expect(found.at("total")).toBe(1);
  });

  it("report contacts by first and last touch, and the revenue of their deals", async () => {
    await hub.load("campaigns", { id: "1", guid: "g", properties: { hs_name: "A" } });
    const touch = (id: string, which: "first" | "last") => ({
      id,
      createdAt: "2026-05-10T00:00:00Z",
      properties: { [`hs_analytics_${which}_touch_converting_campaign`]: "g" },
    });
    await hub.load("contacts", touch("1", "first"), touch("2", "last"), { id: "3" });
    const deal = (id: string, dealstage: string, contact: string) => ({
      id,
      properties: { dealname: id, amount: "100", pipeline: "default", dealstage },
      associations: { contacts: [contact] },
    });
    await hub.load(
      "deals",
      deal("50", "closedwon", "1"),
      deal("51", "contractsent", "2"),
      deal("52", "closedwon", "3"),
    );
    const metrics = await hub.call(
      "GET",
      `${CAMPAIGNS}/g/reports/metrics?startDate=2026-05-01&endDate=2026-05-10`,
    );
    expect(metrics.json).toMatchObject({
      newContactsFirstTouch: 1,
      newContactsLastTouch: 1,
      influencedContacts: 2,
    });
    expect(
      (await hub.call("GET", `${CAMPAIGNS}/g/reports/metrics?endDate=2026-05-09`)).at("influencedContacts"),
    ).toBe(0);
    // Deals 50 and 51 are of influenced contacts: 200 in all, 100 of it won.
    expect((await hub.call("GET", `${CAMPAIGNS}/g/reports/revenue?attributionModel=LINEAR`)).json).toEqual({
      contactsNumber: 2,
      dealsNumber: 2,
      dealAmount: 200,
      revenueAmount: 100,
      currencyCode: "USD",
    });
    const contacts = await hub.call("GET", `${CAMPAIGNS}/g/reports/contacts/contactFirstTouch`);
    expect(contacts.json).toEqual({ results: [{ id: "1" }] });
    await hub.call("PUT", `${CAMPAIGNS}/g/assets/FORM/f1`);
    expect((await hub.call("GET", `${CAMPAIGNS}/g/assets/FORM`)).at("results.0.id")).toBe("f1");
    expect((await hub.call("GET", `${CAMPAIGNS}/g/assets/NONSENSE`)).status).toBe(400);
  });
});

describe("lists", () => {
  const dueBefore = {
    filterBranchType: "OR",
    filterBranches: [
      {
        filterBranchType: "AND",
        filters: [
          {
            filterType: "PROPERTY",
            property: "closedate",
            operation: {
              operationType: "TIME_POINT",
              operator: "IS_BEFORE",
              timePoint: { timeType: "INDEXED", zoneId: "UTC", indexReference: { referenceType: "NOW" } },
            },
          },
        ],
      },
    ],
  };
  const members = (reply: { at(path: string): unknown }) => reply.at("results.0.recordId");

  it("a dynamic list follows its filter as time goes by", async () => {
    await hub.load("contacts", { id: "1", properties: { closedate: "2026-06-01T09:00:00Z" } });
    const made = await hub.call("POST", "/crm/v3/lists", {
      name: "Rotting",
      objectTypeId: "0-1",
      processingType: "DYNAMIC",
      filterBranch: dueBefore,
    });
    const path = `/crm/v3/lists/${String(made.at("list.listId"))}/memberships`;
    expect([made.status, made.at("list.size")]).toEqual([200, 0]);
    hub.clock.advance(3_601_000);
    expect(members(await hub.call("GET", path))).toBe("1");
    expect((await hub.call("PUT", `${path}/add`, ["1"])).status).toBe(400);
  });

  it("a manual list takes members, names are taken once, a missing list is 404", async () => {
    await hub.load("contacts", { id: "1" });
    const body = { name: "Mine", objectTypeId: "0-1", processingType: "MANUAL" };
    const made = await hub.call("POST", "/crm/v3/lists", body);
    const path = `/crm/v3/lists/${String(made.at("list.listId"))}`;
    expect((await hub.call("POST", "/crm/v3/lists", body)).status).toBe(400);
    const added = await hub.call("PUT", `${path}/memberships/add`, ["1", "99"]);
    expect(added.json).toEqual({ recordsIdsAdded: ["1"], recordIdsRemoved: [], recordIdsMissing: ["99"] });
    expect((await hub.call("GET", "/crm/v3/lists/object-type-id/contacts/name/Mine")).at("list.size")).toBe(
      1,
    );
    expect((await hub.call("DELETE", path)).status).toBe(204);
    const gone = await hub.call("GET", path);
    expect([gone.status, gone.at("subCategory")]).toEqual([404, "ListError.LIST_ID_DOES_NOT_EXIST"]);
  });
});

describe("exports and imports", () => {
  it("an export is one at a time, done after some looks, and a file to fetch", async () => {
    await hub.load("contacts", { id: "7", properties: { email: "a@example.com" } });
    await hub.set({ jobPolls: 1 });
    const body = {
      exportType: "VIEW",
      exportName: "x",
      format: "CSV",
      language: "EN",
      objectType: "contacts",
      objectProperties: ["email"],
    };
    const start = () => hub.call("POST", "/crm/v3/exports/export/async", body);
    const made = await start();
    expect([made.status, (await start()).status]).toEqual([202, 429]);
    const status = () =>
      hub.call("GET", `/crm/v3/exports/export/async/tasks/${String(made.at("id"))}/status`);
    expect((await status()).at("status")).toBe("PROCESSING");
    const done = await status();
    expect(done.at("status")).toBe("COMPLETE");
    expect(await (await fetch(String(done.at("result")))).text()).toBe("Record ID,email\n7,a@example.com\n");
  });

  it("an import writes what it can and names the lines it cannot", async () => {
    await hub.load("contacts", { id: "7", properties: { email: "a@example.com" } });
    const form = new FormData();
    const column = (columnName: string, propertyName: string) => ({
      columnObjectTypeId: "0-1",
      columnName,
      propertyName,
    });
    form.set(
      "importRequest",
      JSON.stringify({
        name: "x",
        importOperations: { "0-1": "UPSERT" },
        files: [
          {
            fileName: "c.csv",
            fileFormat: "CSV",
            fileImportPage: {
              hasHeader: true,
              columnMappings: [column("Mail", "email"), column("Stage", "lifecyclestage")],
            },
          },
        ],
      }),
    );
    form.set(
      "files",
      new Blob(["Mail,Stage\na@example.com,lead\nb@example.com,lead\nc@example.com,wrong\n"]),
      "c.csv",
    );
    const made = await hub.call("POST", "/crm/v3/imports", form);
    expect(made.status).toBe(200);
    const path = `/crm/v3/imports/${String(made.at("id"))}`;
    expect((await hub.call("GET", path)).json).toMatchObject({
      state: "DONE",
      metadata: { counters: { TOTAL_ROWS: 3, CREATED_OBJECTS: 1, UPDATED_OBJECTS: 1, ERRORS: 1 } },
    });
    expect((await hub.call("GET", `${path}/errors`)).json).toMatchObject({
      results: [
        { errorType: "INVALID_OPTION", sourceData: { lineNumber: 4 }, errorMessage: containing("wrong") },
      ],
    });
    expect(
      (await hub.call("GET", "/crm/v3/objects/contacts/7?properties=lifecyclestage")).at(
        "properties.lifecyclestage",
      ),
    ).toBe("lead");
  });
});
