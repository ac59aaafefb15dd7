import { z } from "zod";
import { jsonAnswer } from "../../../server/answer.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import { OPERATORS } from "../../engine/search/compile-filter.ts";
import { runSearch, type SearchRequest } from "../../engine/search/run-search.ts";
import { type Handler, objectType } from "../call.ts";
import { readBody } from "../read-body.ts";
import { recordBody, wantedOf } from "./record-body.ts";

/** Most records of a page; the list has 100. */
const MOST = 200;

const filter = z.object({
  propertyName: z.string(),
  operator: z.enum(OPERATORS),
  value: z.string().optional(),
  values: z.array(z.string()).optional(),
  highValue: z.string().optional(),
});

const sort = z.union([
  z.string(),
  z.object({ propertyName: z.string(), direction: z.enum(["ASCENDING", "DESCENDING"]).default("ASCENDING") }),
]);

const searchBody = z.object({
  filterGroups: z.array(z.object({ filters: z.array(filter).default([]) })).nullish(),
  /** Some clients send filters without a group. */
  filters: z.array(filter).nullish(),
  sorts: z.array(sort).nullish(),
  properties: z.array(z.string()).nullish(),
  query: z.string().nullish(),
  limit: z.int().nullish(),
  after: z.union([z.string(), z.int()]).nullish(),
});

type SearchBody = z.infer<typeof searchBody>;

const refuse = (reason: string) => new HubSpotRefusal("search_filters", { reason });

function sortOf(sorts: SearchBody["sorts"]): SearchRequest["sort"] {
  if (sorts === null || sorts === undefined || sorts.length === 0) return undefined;
  if (sorts.length > 1) throw refuse("only one sort is possible");
  const [first] = sorts;
  if (first === undefined) return undefined;
  if (typeof first !== "string") {
    return { propertyName: first.propertyName, isDescending: first.direction === "DESCENDING" };
  }
  const [, sign, name = "", direction] =
    /^(-?)(\S+)(?:\s+(ASC|ASCENDING|DESC|DESCENDING))?$/i.exec(first) ?? [];
  return { propertyName: name, isDescending: sign === "-" || /^desc/i.test(direction ?? "") };
}

function requestOf(body: SearchBody): SearchRequest {
  const limit = body.limit ?? 10;
  if (limit < 1 || limit > MOST) throw new HubSpotRefusal("page_limit", { limit: MOST, given: limit });
  const after = String(body.after ?? "");
  if (!/^\d*$/.test(after)) throw refuse("after must be a whole number");
  const groups = [...(body.filterGroups ?? [])];
  if (body.filters !== null && body.filters !== undefined) groups.push({ filters: body.filters });
  return {
    filterGroups: groups,
    query: body.query ?? "",
    sort: sortOf(body.sorts),
    after: Number(after),
    limit,
  };
}

/** `POST …/search`: what the index has, which may lag behind the records. */
export const search: Handler = async (context, call) => {
  const type = objectType(context, call, "read");
  const { portal } = context;
  const most = portal.settings.searchBodyCharacters;
  const body = await readBody(call, searchBody);
  if (most !== null && (await call.incoming.body.bytes()).toString("utf8").length > most) {
    throw new HubSpotRefusal("query_too_long");
  }
  const request = requestOf(body);
  const wanted = wantedOf(context, call, type, body.properties ?? []);
  const { total, hits } = runSearch(portal, type, request);
  const next = request.after + hits.length;
  return jsonAnswer(200, {
    total,
    results: hits.map(({ row, stale }) => recordBody(portal, type, row, wanted, stale)),
    ...(next < total && hits.length > 0 ? { paging: { next: { after: String(next) } } } : {}),
  });
};
