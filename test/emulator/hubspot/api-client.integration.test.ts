import { Client } from "@hubspot/api-client";
import { AssociationSpecAssociationCategoryEnum } from "@hubspot/api-client/lib/codegen/crm/associations/v4/models/AssociationSpec.js";
import { FilterOperatorEnum } from "@hubspot/api-client/lib/codegen/crm/contacts/models/Filter.js";
import { PublicAndFilterBranchFilterBranchTypeEnum } from "@hubspot/api-client/lib/codegen/crm/lists/models/PublicAndFilterBranch.js";
import { PublicIndexedTimePointTimeTypeEnum } from "@hubspot/api-client/lib/codegen/crm/lists/models/PublicIndexedTimePoint.js";
import { PublicNowReferenceReferenceTypeEnum } from "@hubspot/api-client/lib/codegen/crm/lists/models/PublicNowReference.js";
import { PublicOrFilterBranchFilterBranchTypeEnum } from "@hubspot/api-client/lib/codegen/crm/lists/models/PublicOrFilterBranch.js";
import { PublicPropertyFilterFilterTypeEnum } from "@hubspot/api-client/lib/codegen/crm/lists/models/PublicPropertyFilter.js";
import { PublicTimePointOperationOperationTypeEnum } from "@hubspot/api-client/lib/codegen/crm/lists/models/PublicTimePointOperation.js";
import {
  PropertyCreateFieldTypeEnum,
  PropertyCreateTypeEnum,
} from "@hubspot/api-client/lib/codegen/crm/properties/models/PropertyCreate.js";
import { ObjectTypePropertyCreateTypeEnum } from "@hubspot/api-client/lib/codegen/crm/schemas/models/ObjectTypePropertyCreate.js";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type HubSpotClient, startHubSpot } from "./hubspot-client.ts";

/**
 * HubSpot's own client, written apart from this emulator: what its generated code sends must be taken with assertions on,
 * and what comes back must be what its models expect. It speaks v3 and v4; the second run moves its paths to 2026-09.
 */
let hub: HubSpotClient;
beforeAll(async () => {
  hub = await startHubSpot();
});
beforeEach(async () => {
  await hub.control("POST", "reset");
  await hub.set({ searchIndexLagSeconds: 0 });
});
afterAll(() => hub.emulator.close());

type Options = NonNullable<ConstructorParameters<typeof Client>[0]>;
type Middleware = NonNullable<Options["middleware"]>;

/** `/crm/v3/objects/…` becomes `/crm/objects/2026-09/…`, and so do its kin. */
function dated(url: string): string {
  return url
    .replace("/crm-object-schemas/v3/", "/crm-object-schemas/2026-09/")
    .replace(/\/crm\/v[34]\/(objects|properties|pipelines|owners|lists|associations)/, "/crm/$1/2026-09")
    .replace("/oauth/v1/token", "/oauth/2026-09/token");
}

const paths: string[] = [];
/** What the client's generated code hands to a middleware; it has a class for each API. */
interface OutgoingRequest {
  getUrl(): string;
  setUrl(url: string): void;
}
const isOutgoing = (context: unknown): context is OutgoingRequest =>
  typeof context === "object" && context !== null && "setUrl" in context && "getUrl" in context;

const rewrite = (move: (url: string) => string): Middleware => [
  {
    pre: (context) => {
      if (!isOutgoing(context))
        throw new Error("the client hands its middleware something else than a request");
      context.setUrl(move(context.getUrl()));
      paths.push(new URL(context.getUrl()).pathname);
      return Promise.resolve(context);
    },
    post: (context) => Promise.resolve(context),
  },
];

describe.each([
  ["v3 and v4", (url: string) => url, /\/v[134]\//],
  ["2026-09 by its middleware", dated, /\/2026-09(?:\/|$)/],
] as const)("HubSpot's client on paths of %s", (_name, move, shape) => {
  const client = () => {
    paths.length = 0;
    const { baseUrl, accessToken } = hub.emulator.ready.hubspot;
    return new Client({
      accessToken,
      basePath: baseUrl,
      numberOfApiCallRetries: 1,
      middleware: rewrite(move),
    });
  };
  const onPaths = () => {
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.filter((path) => !shape.test(path))).toEqual([]);
  };

  it("creates, reads, updates and archives a record", async () => {
    const { contacts } = client().crm;
    const made = await contacts.basicApi.create({ properties: { email: "a@example.com" }, associations: [] });
    expect(made.properties["email"]).toBe("a@example.com");
    expect(made.createdAt).toEqual(hub.clock.now());
    const changed = await contacts.basicApi.update(made.id, { properties: { firstname: "Ann" } });
    expect(changed.properties["firstname"]).toBe("Ann");
    const read = await contacts.basicApi.getById(made.id, ["firstname", "phone"], ["firstname"]);
    expect([read.properties["firstname"], read.properties["phone"]]).toEqual(["Ann", null]);
    expect(read.propertiesWithHistory?.["firstname"]?.[0]?.value).toBe("Ann");
    await contacts.basicApi.archive(made.id);
    await expect(contacts.basicApi.getById(made.id)).rejects.toMatchObject({ code: 404 });
    onPaths();
  });

  it("pages a list and a search, with filters and a sort", async () => {
    await hub.load(
      "contacts",
      ...[1, 2, 3].map((id) => ({ id: String(id), properties: { email: `c${id}@example.com` } })),
    );
    const { contacts } = client().crm;
    const page = await contacts.basicApi.getPage(2);
    expect([page.results.map(({ id }) => id), page.paging?.next?.after]).toEqual([["1", "2"], "3"]);
    expect((await contacts.getAll(2)).map(({ id }) => id)).toEqual(["1", "2", "3"]);
    const found = await contacts.searchApi.doSearch({
      filterGroups: [
        { filters: [{ propertyName: "hs_object_id", operator: FilterOperatorEnum.Gt, value: "1" }] },
      ],
      sorts: ["-hs_object_id"],
      properties: ["email"],
      limit: 1,
      after: "0",
    });
    expect([found.total, found.results[0]?.id, found.paging?.next?.after]).toEqual([2, "3", "1"]);
    onPaths();
  });

  it("writes batches: create, update, upsert by a unique property, read with a missing id, archive", async () => {
    await hub.load("properties", { objectType: "contacts", name: "crm_key", hasUniqueValue: true });
    const { batchApi } = client().crm.contacts;
    const made = await batchApi.create({
      inputs: [
        { properties: { email: "a@example.com" }, associations: [] },
        { properties: { email: "b@example.com" }, associations: [] },
      ],
    });
    const ids = made.results.map(({ id }) => id);
    const updated = await batchApi.update({
      inputs: ids.map((id) => ({ id, properties: { firstname: "X" } })),
    });
    expect(updated.results.map(({ properties }) => properties["firstname"])).toEqual(["X", "X"]);
    const upserted = await batchApi.upsert({
      inputs: [{ id: "k1", idProperty: "crm_key", properties: { firstname: "New" } }],
    });
    expect(upserted.results.map((one) => one._new)).toEqual([true]);
    const read = await batchApi.read({
      inputs: [...ids, "999"].map((id) => ({ id })),
      properties: ["firstname"],
      propertiesWithHistory: [],
    });
    expect(read.results.length).toBe(2);
    expect("errors" in read ? read.errors?.map(({ category }) => category) : []).toEqual([
      "OBJECT_NOT_FOUND",
    ]);
    await batchApi.archive({ inputs: ids.map((id) => ({ id })) });
    expect((await client().crm.contacts.basicApi.getPage()).results.length).toBe(1);
    onPaths();
  });

  it("links records and reads the links of many", async () => {
    await hub.load("contacts", { id: "1" });
    await hub.load("deals", { id: "2", properties: { dealname: "D", dealstage: "appointmentscheduled" } });
    const { v4 } = client().crm.associations;
    const linked = await v4.batchApi.create("deals", "contacts", {
      inputs: [
        {
          _from: { id: "2" },
          to: { id: "1" },
          types: [
            {
              associationCategory: AssociationSpecAssociationCategoryEnum.HubspotDefined,
              associationTypeId: 3,
            },
          ],
        },
      ],
    });
    expect(linked.results.length).toBe(1);
    const read = await v4.batchApi.getPage("deals", "contacts", { inputs: [{ id: "2" }] });
    expect(read.results[0]?.to.map(({ toObjectId }) => Number(toObjectId))).toEqual([1]);
    expect(read.results[0]?.to[0]?.associationTypes.map(({ typeId }) => typeId)).toEqual([3]);
    onPaths();
  });

  it("defines a group, a property and a custom object, and reads pipelines and owners", async () => {
    await hub.load("owners", { id: "70", email: "rep@example.com", firstName: "Rep" });
    const { crm } = client();
    await crm.properties.groupsApi.create("contacts", {
      name: "ripeline",
      label: "Ripeline",
      displayOrder: -1,
    });
    const property = await crm.properties.coreApi.create("contacts", {
      name: "ripeline_rots_at",
      label: "Rots at",
      type: PropertyCreateTypeEnum.Datetime,
      fieldType: PropertyCreateFieldTypeEnum.Date,
      groupName: "ripeline",
    });
    expect([property.name, property.type]).toEqual(["ripeline_rots_at", "datetime"]);
    expect((await crm.properties.coreApi.getAll("contacts")).results.map(({ name }) => name)).toContain(
      "ripeline_rots_at",
    );
    await expect(
      crm.properties.coreApi.create("contacts", {
        name: "ripeline_rots_at",
        label: "Again",
        type: PropertyCreateTypeEnum.Datetime,
        fieldType: PropertyCreateFieldTypeEnum.Date,
        groupName: "ripeline",
      }),
    ).rejects.toMatchObject({ code: 409 });
    const schema = await crm.schemas.coreApi.create({
      name: "ripeline_metric",
      labels: { singular: "Metric", plural: "Metrics" },
      primaryDisplayProperty: "title",
      requiredProperties: ["title"],
      searchableProperties: [],
      secondaryDisplayProperties: [],
      associatedObjects: [],
      properties: [
        { name: "title", label: "Title", type: ObjectTypePropertyCreateTypeEnum.String, fieldType: "text" },
      ],
    });
    expect(schema.objectTypeId).toMatch(/^2-\d+$/);
    const pipelines = await crm.pipelines.pipelinesApi.getAll("deals");
    expect(pipelines.results[0]?.stages.length).toBe(7);
    const owners = await crm.owners.ownersApi.getPage(undefined, undefined, 100, false);
    expect(owners.results.map(({ id, email }) => [id, email])).toEqual([["70", "rep@example.com"]]);
    onPaths();
  });

  it("makes a dynamic list of what is due before now, and reads it", async () => {
    await hub.load("contacts", { id: "1", properties: { closedate: "2026-05-01T00:00:00Z" } });
    const { lists } = client().crm;
    const timePoint = {
      timeType: PublicIndexedTimePointTimeTypeEnum.Indexed,
      zoneId: "UTC",
      indexReference: { referenceType: PublicNowReferenceReferenceTypeEnum.Now },
    };
    const due = {
      filterType: PublicPropertyFilterFilterTypeEnum.Property,
      property: "closedate",
      operation: {
        operationType: PublicTimePointOperationOperationTypeEnum.TimePoint,
        type: "TIME_POINT",
        operator: "IS_BEFORE",
        includeObjectsWithNoValueSet: false,
        timePoint,
      },
    };
    const all = {
      filterBranchType: PublicAndFilterBranchFilterBranchTypeEnum.And,
      filterBranchOperator: "AND",
      filterBranches: [],
      filters: [due],
    };
    const made = await lists.listsApi.create({
      name: "Rotting leads",
      objectTypeId: "0-1",
      processingType: "DYNAMIC",
      filterBranch: {
        filterBranchType: PublicOrFilterBranchFilterBranchTypeEnum.Or,
        filterBranchOperator: "OR",
        filters: [],
        filterBranches: [all],
      },
    });
    const members = await lists.membershipsApi.getPage(made.list.listId);
    expect(members.results.map(({ recordId }) => recordId)).toEqual(["1"]);
    onPaths();
  });

  it("trades a code for tokens and renews them", async () => {
    const { baseUrl, clientId, clientSecret } = hub.emulator.ready.hubspot;
    const redirectUri = "http://localhost:1717/callback";
    const page = await fetch(
      `${baseUrl}/oauth/authorize?${new URLSearchParams({ client_id: clientId, redirect_uri: redirectUri, scope: "oauth crm.objects.contacts.read", state: "s1" }).toString()}`,
      { redirect: "manual" },
    );
    const back = new URL(page.headers.get("location") ?? "");
    expect([back.origin + back.pathname, back.searchParams.get("state")]).toEqual([redirectUri, "s1"]);
    const { tokensApi } = client().oauth;
    const code = back.searchParams.get("code") ?? "";
    const granted = await tokensApi.create("authorization_code", code, redirectUri, clientId, clientSecret);
    expect(granted.expiresIn).toBe(1_800);
    const reader = new Client({
      accessToken: granted.accessToken,
      basePath: baseUrl,
      middleware: rewrite(move),
    });
    expect((await reader.crm.contacts.basicApi.getPage()).results).toEqual([]);
    const renewed = await tokensApi.create(
      "refresh_token",
      undefined,
      undefined,
      clientId,
      clientSecret,
      granted.refreshToken,
    );
    expect(renewed.accessToken).not.toBe(granted.accessToken);
    onPaths();
  });

  it("takes a 429 for what it is, with the policy in its body", async () => {
    await hub.set({ tenSecondlyLimit: 0 });
    await expect(client().crm.contacts.basicApi.getPage()).rejects.toMatchObject({
      code: 429,
      body: { policyName: "TEN_SECONDLY_ROLLING" },
    });
  });
});
