import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";

/**
 * A portal on loopback that answers as the vendor's documentation and recorded answers say: dated paths only, string values,
 * 200 records a search and no more than 10,000 results of one, archived records only in their own list, 207 for ids that are
 * gone, at most 50 ids with history. Written from those facts alone, for the tests of the connector.
 */
export interface FakePortal {
  readonly url: string;
  /** The portal's clock, in every Date header. */
  now: Date;
  readonly token: { current: string };
  put(type: string, ...records: readonly PortalRecord[]): void;
  associate(from: string, to: string, id: string, others: readonly string[]): void;
  /** Properties by type; others are unknown to the portal. */
  readonly properties: Map<string, string[]>;
  /** Types that the token has no scope for, with the scope. */
  readonly missingScopes: Map<string, string>;
  /** Answers to give instead, once each, to requests whose path matches. */
  readonly instead: { readonly path: RegExp; readonly reply: Reply }[];
  readonly lists: Map<string, readonly unknown[]>;
  readonly requests: SeenRequest[];
  /** Called before a request is answered. */
  onRequest: ((seen: SeenRequest) => void) | null;
  close(): Promise<void>;
}

export interface PortalRecord {
  readonly id: string;
  readonly properties?: Readonly<Record<string, string | null>>;
  readonly history?: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>;
  readonly createdAt?: string;
  readonly archived?: boolean;
  readonly archivedAt?: string;
  /** The search index knows the record from this instant on. */
  readonly indexedAt?: Date;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

const Search = z.strictObject({
  filterGroups: z
    .array(
      z.strictObject({
        filters: z.array(
          z.strictObject({
            propertyName: z.string(),
            operator: z.string(),
            value: z.string().optional(),
            highValue: z.string().optional(),
          }),
        ),
      }),
    )
    .max(5)
    .default([]),
  sorts: z.array(z.string()).max(1),
  properties: z.array(z.string()),
  limit: z.int().max(200),
  after: z.string().optional(),
});

const BatchRead = z.strictObject({
  inputs: z.array(z.strictObject({ id: z.string() })),
  properties: z.array(z.string()),
  propertiesWithHistory: z.array(z.string()),
});
const Inputs = z.strictObject({
  inputs: z.array(z.strictObject({ id: z.string(), after: z.string().optional() })),
});

const LIST_PAGE = 100;
/** Kept small, so that a record with a few associations has pages of them. */
const ASSOCIATIONS_A_PAGE = 3;

export async function startFakePortal(start: Date): Promise<FakePortal> {
  const records = new Map<string, Map<string, PortalRecord>>();
  const associations = new Map<string, readonly string[]>();
  const ofType = (type: string) => records.get(type) ?? new Map<string, PortalRecord>();

  const server = createServer((request, response) => {
    void readAll(request).then((body) => {
      const seen = { method: request.method ?? "", path: request.url ?? "", body };
      portal.requests.push(seen);
      portal.onRequest?.(seen);
      const reply = answer(seen, request.headers.authorization ?? "");
      send(response, reply, { Date: portal.now.toUTCString(), ...limitsOf(seen.path) });
    });
  });

  function answer({ path, body }: SeenRequest, authorization: string): Reply {
    const index = portal.instead.findIndex((each) => each.path.test(path));
    const [instead] = index < 0 ? [] : portal.instead.splice(index, 1);
    if (instead !== undefined) return instead.reply;
    const url = new URL(path, "http://portal");
    if (authorization !== `Bearer ${portal.token.current}`) {
      return problem(
        401,
        "INVALID_AUTHENTICATION",
        "Authentication credentials not found. This API supports OAuth 2.0",
      );
    }
    const [, area, family, version, ...rest] = url.pathname.split("/");
    if (version !== "2026-09" && family !== "2026-09") return problem(404, "OBJECT_NOT_FOUND", "not found");
    for (const [type, scope] of portal.missingScopes) {
      if (rest.includes(type) || family === type) return missingScope(scope);
    }
    if (area === "account-info")
      return ok({ portalId: 4711, companyCurrency: "EUR", additionalCurrencies: [] });
    if (family === "properties") {
      const names = portal.properties.get(rest[0] ?? "");
      if (names === undefined)
        return problem(400, "VALIDATION_ERROR", `Unable to infer object type from: ${rest[0]}`);
      return ok({ results: names.map((name) => ({ name, label: name, type: "string" })) });
    }
    if (family === "objects" && rest[1] === "search") return search(rest[0] ?? "", body);
    if (family === "objects" && rest[2] === "read") return batchRead(rest[0] ?? "", body);
    if (family === "objects") return archivedList(rest[0] ?? "", url.searchParams);
    if (family === "associations") return readAssociations(rest[0] ?? "", rest[1] ?? "", body);
    const key = `${family}${url.searchParams.get("archived") === "true" ? ":archived" : ""}${rest.length > 0 ? `/${rest.join("/")}` : ""}`;
    const listed = portal.lists.get(key) ?? portal.lists.get(`${family}/${rest.join("/")}`);
    if (listed === undefined) return problem(404, "OBJECT_NOT_FOUND", `nothing at ${key}`);
    if (rest.at(-1) === "totals") return ok(listed[0]);
    return ok(paged(listed, url.searchParams.get("after"), LIST_PAGE));
  }

  function search(type: string, body: string): Reply {
    const { filterGroups, sorts, properties, limit, after } = Search.parse(JSON.parse(body));
    if (sorts.join() !== "hs_object_id") return problem(400, "VALIDATION_ERROR", "unexpected sort");
    const offset = Number(after ?? "0");
    if (offset + limit > 10_000) return problem(400, "VALIDATION_ERROR", "paging beyond 10000");
    const found = [...ofType(type).values()]
      .filter((record) => record.archived !== true)
      .filter((record) => record.indexedAt === undefined || record.indexedAt <= portal.now)
      .filter(
        (record) =>
          filterGroups.length === 0 ||
          filterGroups.some(({ filters }) => filters.every((filter) => passes(record, filter))),
      )
      .toSorted((a, b) => Number(a.id) - Number(b.id));
    const results = found.slice(offset, offset + limit).map((record) => shown(type, record, properties));
    const next = offset + limit < found.length ? { paging: { next: { after: String(offset + limit) } } } : {};
    return ok({ total: found.length, results, ...next });
  }

  function shown(type: string, record: PortalRecord, wanted: readonly string[]) {
    const known = new Set(portal.properties.get(type));
    return {
      id: record.id,
      properties: Object.fromEntries(
        wanted.filter((name) => known.has(name)).map((name) => [name, valueOf(record, name) ?? null]),
      ),
      createdAt: record.createdAt ?? "2026-01-01T00:00:00Z",
      updatedAt: "2026-01-01T00:00:00Z",
      archived: record.archived ?? false,
      ...(record.archivedAt === undefined ? {} : { archivedAt: record.archivedAt }),
      url: "https://app.hubspot.com/somewhere",
    };
  }

  function batchRead(type: string, body: string): Reply {
    const { inputs, properties, propertiesWithHistory } = BatchRead.parse(JSON.parse(body));
    if (inputs.length > (propertiesWithHistory.length > 0 ? 50 : 100)) {
      return problem(400, "VALIDATION_ERROR", "The maximum number of inputs supported is exceeded");
    }
    const found = inputs.flatMap(({ id }) => {
      const record = ofType(type).get(id);
      return record === undefined || record.archived === true ? [] : [record];
    });
    const ids = inputs.map(({ id }) => id).filter((id) => found.every((record) => record.id !== id));
    const results = found.toReversed().map((record) => ({
      ...shown(type, record, properties),
      propertiesWithHistory: Object.fromEntries(
        propertiesWithHistory.map((name) => [name, record.history?.[name] ?? []]),
      ),
    }));
    if (ids.length === 0) return ok({ status: "COMPLETE", results });
    const error = {
      status: "error",
      category: "OBJECT_NOT_FOUND",
      message: "Could not get some objects",
      context: { ids },
    };
    return { status: 207, body: { status: "COMPLETE", results, numErrors: 1, errors: [error] } };
  }

  function archivedList(type: string, query: URLSearchParams): Reply {
    if (query.get("archived") !== "true") return problem(400, "VALIDATION_ERROR", "not expected");
    const wanted = query.getAll("properties").flatMap((names) => names.split(","));
    const found = [...ofType(type).values()].filter((record) => record.archived === true);
    return ok(
      paged(
        found.map((record) => shown(type, record, wanted)),
        query.get("after"),
        LIST_PAGE,
      ),
    );
  }

  function readAssociations(from: string, to: string, body: string): Reply {
    const { inputs } = Inputs.parse(JSON.parse(body));
    if (inputs.length > 1_000) return problem(400, "VALIDATION_ERROR", "too many inputs");
    const none: string[] = [];
    const results = inputs.flatMap(({ id, after }) => {
      const others = associations.get(`${from}>${to}>${id}`) ?? [];
      if (others.length === 0) {
        none.push(id);
        return [];
      }
      const { results: page, ...paging } = paged(others, after ?? null, ASSOCIATIONS_A_PAGE);
      // Numbers, as in the vendor's own samples.
      const associated = page.map((other) => ({
        toObjectId: Number(other),
        associationTypes: [{ category: "HUBSPOT_DEFINED", typeId: 194, label: null }],
      }));
      return [{ from: { id }, to: associated, ...paging }];
    });
    const errors = none.map((id) => ({
      status: "error",
      category: "OBJECT_NOT_FOUND",
      subCategory: "crm.associations.NO_ASSOCIATIONS_FOUND",
      message: `No ${to} is associated with ${from} ${id}.`,
      context: { fromObjectId: [id] },
    }));
    if (errors.length === 0) return ok({ status: "COMPLETE", results });
    return { status: 207, body: { status: "COMPLETE", results, numErrors: errors.length, errors } };
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = z.object({ port: z.number() }).parse(server.address());
  const portal: FakePortal = {
    url: `http://127.0.0.1:${address.port}`,
    now: start,
    token: { current: "a-token" },
    put: (type, ...some) => {
      const kept = ofType(type);
      for (const record of some) kept.set(record.id, record);
      records.set(type, kept);
    },
    associate: (from, to, id, others) => associations.set(`${from}>${to}>${id}`, others),
    properties: new Map(),
    missingScopes: new Map(),
    instead: [],
    lists: new Map(),
    requests: [],
    onRequest: null,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return portal;
}

function valueOf(record: PortalRecord, name: string): string | null | undefined {
  return name === "hs_object_id" ? record.id : record.properties?.[name];
}

/** Numbers and instants as numbers; instants are compared as epoch milliseconds. */
function numberOf(text: string | null | undefined): number {
  if (text === null || text === undefined || text === "") return Number.NaN;
  return /^\d+$/.test(text) ? Number(text) : Date.parse(text);
}

function passes(
  record: PortalRecord,
  filter: z.infer<typeof Search>["filterGroups"][number]["filters"][number],
): boolean {
  const value = numberOf(valueOf(record, filter.propertyName));
  const bound = numberOf(filter.value);
  switch (filter.operator) {
    case "GT":
      return value > bound;
    case "GTE":
      return value >= bound;
    case "BETWEEN":
      return value >= bound && value <= numberOf(filter.highValue);
    default:
      throw new Error(`operator ${filter.operator}`);
  }
}

function paged<T>(all: readonly T[], after: string | null, size: number) {
  const start = Number(after ?? "0");
  const results = all.slice(start, start + size);
  return start + size < all.length
    ? { results, paging: { next: { after: String(start + size), link: "?" } } }
    : { results };
}

const ok = (body: unknown): Reply => ({ status: 200, body });

export function problem(status: number, category: string, message: string): Reply {
  return { status, body: { status: "error", message, correlationId: "019a", category } };
}

function missingScope(scope: string): Reply {
  return {
    status: 403,
    body: {
      status: "error",
      message: "This app hasn't been granted all required scopes to make this call.",
      errors: [
        {
          message: "One or more of the following scopes are required.",
          context: { requiredGranularScopes: [scope] },
        },
      ],
      category: "MISSING_SCOPES",
    },
  };
}

/** A search tells of the day alone. */
function limitsOf(path: string): Readonly<Record<string, string>> {
  const daily = {
    "X-HubSpot-RateLimit-Daily": "250000",
    "X-HubSpot-RateLimit-Daily-Remaining": "240000",
  };
  if (path.endsWith("/search")) return daily;
  return {
    ...daily,
    "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
    "X-HubSpot-RateLimit-Max": "100",
    "X-HubSpot-RateLimit-Remaining": "80",
  };
}

async function readAll(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

function send(response: ServerResponse, reply: Reply, headers: Readonly<Record<string, string>>): void {
  const isText = typeof reply.body === "string";
  response.writeHead(reply.status, {
    ...headers,
    "Content-Type": isText ? "text/html" : "application/json;charset=utf-8",
    ...reply.headers,
  });
  response.end(isText ? reply.body : JSON.stringify(reply.body));
}
