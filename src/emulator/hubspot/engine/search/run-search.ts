import type { ObjectType } from "../object-types.ts";
import type { Portal } from "../portal.ts";
import { readerOf } from "../read-property.ts";
import { HubSpotRefusal } from "../refusal.ts";
import { comparable, compileFilter, type Filter } from "./compile-filter.ts";

export interface SearchRequest {
  readonly filterGroups: readonly { readonly filters: readonly Filter[] }[];
  readonly query: string;
  readonly sort: { readonly propertyName: string; readonly isDescending: boolean } | undefined;
  readonly after: number;
  readonly limit: number;
}

/** One record of a page: from the table, or as the index still has it. */
export interface Hit {
  readonly row: number;
  readonly stale: ReadonlyMap<string, string> | undefined;
}

export interface SearchResult {
  readonly total: number;
  readonly hits: readonly Hit[];
}

type Test = (hit: Hit) => boolean;

const CAP = 10_000;
const MOST_GROUPS = 5;
const MOST_FILTERS = 6;
const MOST_IN_ALL = 18;

const refuse = (reason: string) => new HubSpotRefusal("search_filters", { reason });

/** `associations.contact`: EQ and IN only. */
function associationTest(portal: Portal, type: ObjectType, filter: Filter): Test {
  const to = portal.typeNamed(filter.propertyName.slice("associations.".length));
  const wanted =
    filter.operator === "IN" ? filter.values : filter.operator === "EQ" ? [filter.value] : undefined;
  if (wanted === undefined) throw refuse(`${filter.operator} is not possible on ${filter.propertyName}`);
  const sources = new Set(
    wanted.flatMap((id) => portal.associations.targets(to.typeId, type.typeId, Number(id))),
  );
  const table = portal.table(type.typeId);
  return ({ row }) => sources.has(table.id(row));
}

function filterTest(portal: Portal, type: ObjectType, filter: Filter): Test {
  if (filter.propertyName.startsWith("associations.")) return associationTest(portal, type, filter);
  const property = portal.properties(type.typeId).find(filter.propertyName);
  const reader = readerOf(portal, type, filter.propertyName);
  if (property === undefined || reader === undefined) {
    throw new HubSpotRefusal("unknown_filter_property", { name: filter.propertyName });
  }
  const test = compileFilter(filter, property);
  if (test.by === "text") {
    return ({ row, stale }) =>
      test.passes(stale === undefined ? reader.text(row) : (stale.get(property.name) ?? null));
  }
  return ({ row, stale }) => {
    if (stale === undefined) return test.passes(reader.number(row));
    const text = stale.get(property.name);
    return test.passes(text === undefined ? Number.NaN : comparable(property, text));
  };
}

/** Every word of the query begins some word of a searchable property. */
function queryTest(portal: Portal, type: ObjectType, query: string): Test {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const readers = type.searchable.flatMap((name) => {
    const reader = readerOf(portal, type, name);
    return reader === undefined ? [] : [{ name, reader }];
  });
  return ({ row, stale }) => {
    const text = readers
      .map(({ name, reader }) => (stale === undefined ? reader.text(row) : stale.get(name)) ?? "")
      .join(" ")
      .toLowerCase();
    const tokens = text.split(/[^\p{L}\p{N}]+/u);
    return words.every((word) => text.includes(word) || tokens.some((token) => token.startsWith(word)));
  };
}

function checkShape({ filterGroups, after, limit, query }: SearchRequest): void {
  if (filterGroups.length > MOST_GROUPS) throw refuse(`at most ${MOST_GROUPS} filterGroups`);
  if (filterGroups.some((group) => group.filters.length > MOST_FILTERS)) {
    throw refuse(`at most ${MOST_FILTERS} filters in a group`);
  }
  if (filterGroups.reduce((sum, group) => sum + group.filters.length, 0) > MOST_IN_ALL) {
    throw refuse(`at most ${MOST_IN_ALL} filters in all`);
  }
  if (query.length > 3_000) throw new HubSpotRefusal("query_too_long");
  if (after + limit > CAP) throw new HubSpotRefusal("search_too_deep", { after, limit });
}

/** Live records in the order of their ids, those the index is behind on as it has them. */
function* indexed(portal: Portal, type: ObjectType): Generator<Hit> {
  const table = portal.table(type.typeId);
  const stale = portal.searchIndex.stale(type.typeId, portal.now());
  for (const row of table.rowsById()) {
    const behind = stale.size === 0 ? undefined : stale.get(row);
    if (behind === undefined) {
      if (table.isLive(row)) yield { row, stale: undefined };
    } else if (behind.values !== null) yield { row, stale: behind.values };
  }
}

function sorted(
  portal: Portal,
  type: ObjectType,
  hits: readonly Hit[],
  sort: SearchRequest["sort"],
): readonly Hit[] {
  const name = sort?.propertyName ?? type.createdProperty;
  const way = sort?.isDescending === true ? -1 : 1;
  const property = portal.properties(type.typeId).find(name);
  const reader = readerOf(portal, type, name);
  if (property === undefined || reader === undefined)
    throw new HubSpotRefusal("unknown_filter_property", { name });
  if (name === "hs_object_id") return way === 1 ? hits : hits.toReversed();
  const isText = !["datetime", "date", "number"].includes(property.type);
  const keyed = hits.map((hit) => {
    const text = hit.stale === undefined ? undefined : (hit.stale.get(name) ?? null);
    return {
      hit,
      text: isText ? ((text === undefined ? reader.text(hit.row) : text) ?? "").toLowerCase() : "",
      number: isText
        ? 0
        : text === undefined
          ? reader.number(hit.row)
          : text === null
            ? Number.NaN
            : comparable(property, text),
    };
  });
  const rank = (value: number) => (Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value);
  const compare = (left: number, right: number) => (left < right ? -1 : left > right ? 1 : 0);
  return keyed
    .toSorted((left, right) =>
      isText
        ? way * (left.text < right.text ? -1 : left.text > right.text ? 1 : 0)
        : way * compare(rank(left.number), rank(right.number)),
    )
    .map(({ hit }) => hit);
}

/** Tests a record against groups of filters: any group, all of its filters. No group lets all pass. */
function groupsTest(
  portal: Portal,
  type: ObjectType,
  groups: SearchRequest["filterGroups"],
): Test | undefined {
  const compiled = groups.map(({ filters }) => filters.map((filter) => filterTest(portal, type, filter)));
  if (compiled.every((tests) => tests.length === 0)) return undefined;
  return (hit) => compiled.some((tests) => tests.every((test) => test(hit)));
}

/** @throws HubSpotRefusal for filters, sorts or pages that HubSpot refuses */
export function runSearch(portal: Portal, type: ObjectType, request: SearchRequest): SearchResult {
  checkShape(request);
  const tests = [
    groupsTest(portal, type, request.filterGroups),
    request.query.trim() === "" ? undefined : queryTest(portal, type, request.query),
  ].filter((test) => test !== undefined);
  const hits: Hit[] = [];
  for (const hit of indexed(portal, type)) if (tests.every((test) => test(hit))) hits.push(hit);
  const ordered = sorted(portal, type, hits, request.sort);
  return { total: hits.length, hits: ordered.slice(request.after, request.after + request.limit) };
}
