import { BatchApiRequestFactory as AssociationsFactory } from "@hubspot/api-client/lib/codegen/crm/associations/v4/apis/BatchApi.js";
import { createConfiguration as associationsConfiguration } from "@hubspot/api-client/lib/codegen/crm/associations/v4/configuration.js";
import { BasicApiRequestFactory } from "@hubspot/api-client/lib/codegen/crm/objects/apis/BasicApi.js";
import { BatchApiRequestFactory } from "@hubspot/api-client/lib/codegen/crm/objects/apis/BatchApi.js";
import { SearchApiRequestFactory } from "@hubspot/api-client/lib/codegen/crm/objects/apis/SearchApi.js";
import { createConfiguration as objectsConfiguration } from "@hubspot/api-client/lib/codegen/crm/objects/configuration.js";
import { FilterOperatorEnum } from "@hubspot/api-client/lib/codegen/crm/objects/models/Filter.js";
import { OwnersApiRequestFactory } from "@hubspot/api-client/lib/codegen/crm/owners/apis/OwnersApi.js";
import { createConfiguration as ownersConfiguration } from "@hubspot/api-client/lib/codegen/crm/owners/configuration.js";
import { PipelinesApiRequestFactory } from "@hubspot/api-client/lib/codegen/crm/pipelines/apis/PipelinesApi.js";
import { createConfiguration as pipelinesConfiguration } from "@hubspot/api-client/lib/codegen/crm/pipelines/configuration.js";
import { CoreApiRequestFactory } from "@hubspot/api-client/lib/codegen/crm/properties/apis/CoreApi.js";
import { createConfiguration as propertiesConfiguration } from "@hubspot/api-client/lib/codegen/crm/properties/configuration.js";

/** A request, ready to be sent. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH";
  /** Path and query, in the portal's date version. */
  readonly path: string;
  /** JSON text. */
  readonly body?: string;
}

export interface SearchFilter {
  readonly propertyName: string;
  readonly operator: keyof typeof operators;
  readonly value?: string;
  readonly highValue?: string;
  readonly values?: string[];
}

/** One record of a batch that is written. */
export interface BatchInput {
  /** Record id, or the value of the unique property. */
  readonly id: string;
  /** Comes back with what is said of this input alone. */
  readonly objectWriteTraceId: string;
  readonly properties: Readonly<Record<string, string>>;
}

const objects = objectsConfiguration();
const search = new SearchApiRequestFactory(objects);
const batch = new BatchApiRequestFactory(objects);
const basic = new BasicApiRequestFactory(objects);
const associations = new AssociationsFactory(associationsConfiguration());
const owners = new OwnersApiRequestFactory(ownersConfiguration());
const pipelines = new PipelinesApiRequestFactory(pipelinesConfiguration());
const properties = new CoreApiRequestFactory(propertiesConfiguration());

const operators = {
  GT: FilterOperatorEnum.Gt,
  GTE: FilterOperatorEnum.Gte,
  BETWEEN: FilterOperatorEnum.Between,
  EQ: FilterOperatorEnum.Eq,
  IN: FilterOperatorEnum.In,
  NOT_HAS_PROPERTY: FilterOperatorEnum.NotHasProperty,
} as const;

/** What the library's factories hand out, as far as we use it. */
interface Built {
  getUrl(): string;
  getHttpMethod(): string;
  getBody(): unknown;
}

/**
 * The requests that we send: `@hubspot/api-client` makes address and body where it knows the endpoint, moved from the
 * library's v3 and v4 to the date version; the rest are ours. Nothing is sent here, and no answer is read by the library:
 * it drops unknown fields, takes a 207 for a success, and shares limiter and retries between all clients of a process.
 */
export function createApiRequests(version: string) {
  /** `/crm/v3/objects/contacts` becomes `/crm/objects/2026-09/contacts`. */
  function taken(built: Built): ApiRequest {
    const { pathname, search: query } = new URL(built.getUrl());
    const path = pathname.replace(/^\/crm\/v\d+\/([^/]+)\/?/, `/crm/$1/${version}/`).replace(/\/$/, "");
    const body = built.getBody();
    return {
      method: built.getHttpMethod() === "POST" ? "POST" : "GET",
      path: path + query,
      ...(typeof body === "string" ? { body } : {}),
    };
  }
  const get = (path: string): ApiRequest => ({ method: "GET", path });
  const send = (method: "POST" | "PUT" | "PATCH", path: string, body: unknown): ApiRequest => ({
    method,
    path,
    body: JSON.stringify(body),
  });
  const named = (name: string): string => encodeURIComponent(name);
  const page = (path: string, after: string | null, query = ""): ApiRequest =>
    get(`${path}?limit=100${query}${after === null ? "" : `&after=${encodeURIComponent(after)}`}`);

  return {
    version,
    /** @param filterGroups any of them, each with all its filters; at most 5 groups and 18 filters */
    search: async (
      type: string,
      options: {
        readonly filterGroups: readonly (readonly SearchFilter[])[];
        readonly properties: readonly string[];
        readonly limit: number;
      },
    ): Promise<ApiRequest> =>
      taken(
        await search.doSearch(type, {
          filterGroups: options.filterGroups.map((filters) => ({
            filters: filters.map((filter) => ({ ...filter, operator: operators[filter.operator] })),
          })),
          sorts: ["hs_object_id"],
          properties: [...options.properties],
          limit: options.limit,
        }),
      ),
    /** At most 100 ids, 50 with history. */
    batchRead: async (
      type: string,
      ids: readonly string[],
      wanted: { readonly properties: readonly string[]; readonly history: readonly string[] },
    ): Promise<ApiRequest> =>
      taken(
        await batch.read(type, {
          inputs: ids.map((id) => ({ id })),
          properties: [...wanted.properties],
          propertiesWithHistory: [...wanted.history],
        }),
      ),
    archived: async (type: string, after: string | null, names: readonly string[]): Promise<ApiRequest> =>
      taken(await basic.getPage(type, 100, after ?? undefined, [...names], undefined, undefined, true)),
    /** At most 1,000 inputs. */
    associations: async (
      from: string,
      to: string,
      inputs: readonly { readonly id: string; readonly after?: string }[],
    ): Promise<ApiRequest> => taken(await associations.getPage(from, to, { inputs: [...inputs] })),
    owners: async (after: string | null, areArchived: "active" | "archived"): Promise<ApiRequest> =>
      taken(await owners.getPage(undefined, after ?? undefined, 100, areArchived === "archived")),
    pipelines: async (type: string): Promise<ApiRequest> => taken(await pipelines.getAll(type)),
    properties: async (type: string): Promise<ApiRequest> => taken(await properties.getAll(type, false)),
    account: (): ApiRequest => get(`/account-info/${version}/details`),
    exchangeRates: (after: string | null): ApiRequest =>
      page(`/settings/currencies/${version}/exchange-rates`, after),
    campaigns: (after: string | null, names: readonly string[]): ApiRequest =>
      page(`/marketing/campaigns/${version}`, after, `&properties=${encodeURIComponent(names.join(","))}`),
    campaignTotals: (id: string): ApiRequest =>
      get(`/marketing/campaigns/${version}/${encodeURIComponent(id)}/budget/totals`),
    /** At most 100 inputs with ids of their own. */
    batchUpdate: async (type: string, inputs: readonly BatchInput[]): Promise<ApiRequest> =>
      taken(await batch.update(type, { inputs: inputs.map((input) => ({ ...input })) })),
    /** As {@link batchUpdate}; a record that has no such value in `idProperty` is made. */
    batchUpsert: async (
      type: string,
      idProperty: string,
      inputs: readonly BatchInput[],
    ): Promise<ApiRequest> =>
      taken(await batch.upsert(type, { inputs: inputs.map((input) => ({ ...input, idProperty })) })),
    /** Into the recycle bin, at most 100. */
    batchArchive: async (type: string, ids: readonly string[]): Promise<ApiRequest> =>
      taken(await batch.archive(type, { inputs: ids.map((id) => ({ id })) })),
    /** At most 50 campaigns, by their GUIDs. */
    updateCampaigns: (
      inputs: readonly { readonly id: string; readonly properties: Readonly<Record<string, string>> }[],
    ): ApiRequest => send("POST", `/marketing/campaigns/${version}/batch/update`, { inputs }),
    readCampaigns: (ids: readonly string[], names: readonly string[]): ApiRequest =>
      send(
        "POST",
        `/marketing/campaigns/${version}/batch/read?properties=${encodeURIComponent(names.join(","))}`,
        { inputs: ids.map((id) => ({ id })) },
      ),
    ownersByEmail: (email: string): ApiRequest =>
      get(`/crm/owners/${version}?limit=1&email=${encodeURIComponent(email)}`),
    limits: (kind: "custom-properties" | "custom-object-types"): ApiRequest =>
      get(`/crm/limits/${version}/${kind}`),
    property: (type: string, name: string): ApiRequest =>
      get(`/crm/properties/${version}/${named(type)}/${named(name)}`),
    createProperty: (type: string, body: unknown): ApiRequest =>
      send("POST", `/crm/properties/${version}/${named(type)}`, body),
    updateProperty: (type: string, name: string, body: unknown): ApiRequest =>
      send("PATCH", `/crm/properties/${version}/${named(type)}/${named(name)}`, body),
    groups: (type: string): ApiRequest => get(`/crm/properties/${version}/${named(type)}/groups`),
    createGroup: (type: string, body: unknown): ApiRequest =>
      send("POST", `/crm/properties/${version}/${named(type)}/groups`, body),
    updateGroup: (type: string, name: string, body: unknown): ApiRequest =>
      send("PATCH", `/crm/properties/${version}/${named(type)}/groups/${named(name)}`, body),
    schemas: (): ApiRequest => get(`/crm-object-schemas/${version}/schemas`),
    createSchema: (body: unknown): ApiRequest => send("POST", `/crm-object-schemas/${version}/schemas`, body),
    updateSchema: (type: string, body: unknown): ApiRequest =>
      send("PATCH", `/crm-object-schemas/${version}/schemas/${named(type)}`, body),
    listByName: (typeId: string, name: string): ApiRequest =>
      get(`/crm/lists/${version}/object-type-id/${named(typeId)}/name/${named(name)}?includeFilters=true`),
    createList: (body: unknown): ApiRequest => send("POST", `/crm/lists/${version}`, body),
    updateListFilters: (id: string, filterBranch: unknown): ApiRequest =>
      send("PUT", `/crm/lists/${version}/${named(id)}/update-list-filters`, { filterBranch }),
    campaignContacts: (id: string, contactType: string, after: string | null): ApiRequest =>
      page(
        `/marketing/campaigns/${version}/${encodeURIComponent(id)}/reports/contacts/${contactType}`,
        after,
      ),
  };
}

export type ApiRequests = ReturnType<typeof createApiRequests>;
