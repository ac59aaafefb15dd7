import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { containing } from "../salesforce/wire/wire-client.ts";
import { type HubSpotClient, startHubSpot } from "./hubspot-client.ts";

let hub: HubSpotClient;
beforeAll(async () => {
  hub = await startHubSpot();
});
beforeEach(async () => {
  await hub.control("POST", "reset");
  await hub.load("contacts", { id: "1", updatedAt: "2026-01-02T00:00:00Z" }, { id: "2" }, { id: "3" });
  await hub.load("companies", { id: "10", properties: { name: "Acme" } }, { id: "11" });
  await hub.load("deals", { id: "50", properties: { dealname: "D" } });
});
afterAll(() => hub.emulator.close());

const link = (from: string, to: string, typeId: number) => ({
  from: { id: from },
  to: { id: to },
  types: [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: typeId }],
});
const V4 = "/crm/v4/associations";

describe("associations", () => {
  it("are made with numeric ids, and a bad id is a 207 without a context", async () => {
    const reply = await hub.call("POST", `${V4}/Contact/COMPANIES/batch/create`, {
      inputs: [link("1", "10", 1), link("1234", "10", 279)],
    });
    expect([reply.status, reply.at("results"), reply.at("errors")]).toEqual([
      207,
      [
        {
          fromObjectTypeId: "0-1",
          fromObjectId: 1,
          toObjectTypeId: "0-2",
          toObjectId: 10,
          labels: ["Primary"],
        },
      ],
      [{ status: "error", category: "VALIDATION_ERROR", message: "CONTACT=1234 is not valid" }],
    ]);
    const all = await hub.call("POST", `${V4}/contacts/companies/batch/create`, {
      inputs: [link("2", "10", 279)],
    });
    expect(all.status).toBe(201);
    const wrong = await hub.call("POST", `${V4}/contacts/companies/batch/create`, {
      inputs: [link("2", "10", 3)],
    });
    expect([wrong.status, wrong.at("message")]).toEqual([400, containing("no association type")]);
  });

  it("are read from both ends with their types, page by page, 1,000 inputs at most", async () => {
    await hub.load("deals", {
      id: "51",
      properties: { dealname: "E" },
      associations: { contacts: ["1", "2", "3"] },
    });
    await hub.set({ associationPageSize: 2 });
    const read = (inputs: readonly object[]) =>
      hub.call("POST", `${V4}/deals/contacts/batch/read`, { inputs });
    const first = await read([{ id: "51" }]);
    expect([first.status, first.at("results.0.from"), first.at("results.0.to.0")]).toEqual([
      200,
      { id: "51" },
      { toObjectId: 1, associationTypes: [{ category: "HUBSPOT_DEFINED", typeId: 3, label: null }] },
    ]);
    const after = String(first.at("results.0.paging.next.after"));
    const second = await read([{ id: "51", after }]);
    expect([second.at("results.0.to.0.toObjectId"), second.at("results.0.paging")]).toEqual([3, undefined]);
    const none = await read([{ id: "51" }, { id: "50" }]);
    expect([none.status, none.at("errors.0.subCategory"), none.at("errors.0.context.fromObjectId")]).toEqual([
      207,
      "crm.associations.NO_ASSOCIATIONS_FOUND",
      ["50"],
    ]);
    const back = await hub.call("GET", "/crm/objects/2026-09/contacts/3/associations/deals");
    expect(back.at("results.0")).toMatchObject({ toObjectId: 51, associationTypes: [{ typeId: 4 }] });
    expect((await read(Array.from({ length: 1_001 }, (_, id) => ({ id: String(id) })))).status).toBe(400);
    const v3 = await hub.call("POST", "/crm/v3/associations/deals/contacts/batch/read", {
      inputs: [{ id: "51" }],
    });
    expect(v3.at("results.0.to.0")).toEqual({ id: "1", type: "deal_to_contact" });
  });

  it("do not move lastmodifieddate, come with a record, and end with DELETE", async () => {
    await hub.call("PUT", "/crm/v4/objects/contacts/1/associations/default/companies/10");
    const read = await hub.call("GET", "/crm/v3/objects/contacts/1?associations=companies,deals");
    expect([read.at("updatedAt"), read.at("associations")]).toEqual([
      "2026-01-02T00:00:00Z",
      { companies: { results: [{ id: "10", type: "contact_to_company" }] } },
    ]);
    expect((await hub.call("DELETE", "/crm/v4/objects/contacts/1/associations/companies/10")).status).toBe(
      204,
    );
    expect(
      (await hub.call("GET", "/crm/v3/objects/contacts/1?associations=companies")).at("associations"),
    ).toBeUndefined();
  });

  it("a merge hands links on", async () => {
    await hub.call("PUT", "/crm/v4/objects/deals/50/associations/default/contacts/2");
    await hub.call("POST", "/crm/v3/objects/contacts/merge", { primaryObjectId: "1", objectIdToMerge: "2" });
    const read = await hub.call(
      "GET",
      "/crm/v3/objects/deals/50?associations=contacts&properties=num_associated_contacts",
    );
    expect([
      read.at("associations.contacts.results.0.id"),
      read.at("properties.num_associated_contacts"),
    ]).toEqual(["1", "1"]);
  });

  it("labels are the account's own, fifty at most, then 437", async () => {
    const create = (index: number) =>
      hub.call("POST", `${V4}/contacts/companies/labels`, {
        label: `L${index}`,
        name: `l${index}`,
        inverseLabel: `I${index}`,
      });
    const first = await create(0);
    expect([first.status, first.at("results.1.label")]).toEqual([200, "I0"]);
    for (let index = 1; index < 50; index++) expect((await create(index)).status).toBe(200);
    expect((await create(50)).status).toBe(437);
  });
});

describe("leads", () => {
  const lead = (associations?: readonly object[]) =>
    hub.call("POST", "/crm/v3/objects/leads", {
      properties: { hs_lead_name: "L" },
      ...(associations === undefined ? {} : { associations }),
    });
  const primary = {
    to: { id: "1" },
    types: [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: 578 }],
  };

  it("need somebody, start in the first stage, and go with their last link", async () => {
    expect((await lead()).status).toBe(400);
    const made = await lead([primary]);
    const id = String(made.at("id"));
    const path = `/crm/v3/objects/leads/${id}`;
    const read = await hub.call("GET", `${path}?properties=hs_primary_contact_id,hs_pipeline_stage_category`);
    expect([made.status, read.at("properties")]).toMatchObject([
      201,
      { hs_primary_contact_id: "1", hs_pipeline_stage_category: "NEW" },
    ]);
    await hub.call("DELETE", `/crm/v4/objects/leads/${id}/associations/contacts/1`);
    expect((await hub.call("GET", path)).status).toBe(404);
    expect((await hub.call("GET", `${path}?archived=true`)).status).toBe(200);
  });
});

describe("engagements", () => {
  const call = (properties: object) =>
    hub.call("POST", "/crm/v3/objects/calls", {
      properties,
      associations: [
        { to: { id: "1" }, types: [{ associationCategory: "HUBSPOT_DEFINED", associationTypeId: 194 }] },
      ],
    });

  it("need a time, and leave last contact and counts on the contact", async () => {
    const lacking = await call({ hs_call_title: "T" });
    expect([lacking.status, lacking.at("message"), lacking.at("context.properties")]).toEqual([
      400,
      "Error creating CALL. Some required properties were not set.",
      ["hs_timestamp"],
    ]);
    await call({ hs_timestamp: "2026-05-30T10:00:00Z" });
    await call({ hs_timestamp: "2026-05-29T10:00:00Z" });
    // A call that lies ahead is none yet.
    await call({ hs_timestamp: "2026-07-01T10:00:00Z" });
    const read = await hub.call(
      "GET",
      "/crm/v3/objects/contacts/1?properties=notes_last_contacted,notes_last_updated,num_contacted_notes",
    );
    expect(read.at("properties")).toMatchObject({
      notes_last_contacted: "2026-05-30T10:00:00Z",
      notes_last_updated: "2026-05-30T10:00:00Z",
      num_contacted_notes: "2",
    });
  });
});
