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

const property = (name: string, operation: object) => ({ filterType: "PROPERTY", property: name, operation });
const branch = (
  filterBranchType: string,
  filters: readonly object[],
  filterBranches: readonly object[] = [],
) => ({
  filterBranchType,
  filterBranchOperator: filterBranchType,
  filters,
  filterBranches,
});
const is = (name: string, ...values: readonly string[]) =>
  property(name, {
    operationType: "ENUMERATION",
    operator: "IS_ANY_OF",
    values,
    includeObjectsWithNoValueSet: false,
  });
const before = (timePoint: object, more: object = {}) =>
  property("closedate", {
    operationType: "TIME_POINT",
    type: "TIME_POINT",
    operator: "IS_BEFORE",
    timePoint,
    includeObjectsWithNoValueSet: false,
    ...more,
  });
const now = (more: object = {}) => ({
  timeType: "INDEXED",
  zoneId: "UTC",
  indexReference: { referenceType: "NOW" },
  ...more,
});

const create = (filterBranch: object) =>
  hub.call("POST", "/crm/lists/2026-09", {
    name: "L",
    objectTypeId: "0-1",
    processingType: "DYNAMIC",
    filterBranch,
  });

/** Ids that belong to a list of this filter. */
async function membersOf(filterBranch: object): Promise<readonly unknown[]> {
  const made = await create(filterBranch);
  expect([made.status, made.text]).toEqual([200, expect.any(String)]);
  const path = `/crm/lists/2026-09/${String(made.at("list.listId"))}`;
  const members = await hub.call("GET", `${path}/memberships`);
  await hub.call("DELETE", path);
  const results = members.at("results");
  return Array.isArray(results) ? results.map((_, index) => members.at(`results.${index}.recordId`)) : [];
}

/** The clock stands at 2026-06-01T08:00:00Z: 04:00 in New York. */
const contact = (id: string, closedate: string | null, stage: string) => ({
  id,
  properties: { closedate, lifecyclestage: stage },
});

describe("filters of a dynamic list", () => {
  it("nest: an OR within an AND within the outer OR", async () => {
    await hub.load(
      "contacts",
      contact("1", "2026-05-01T00:00:00Z", "lead"),
      contact("2", "2026-05-01T00:00:00Z", "customer"),
      contact("3", "2026-07-01T00:00:00Z", "lead"),
      contact("4", null, "lead"),
    );
    const late = before(now());
    const open = branch("OR", [is("lifecyclestage", "lead"), is("lifecyclestage", "opportunity")]);
    expect(await membersOf(branch("OR", [], [branch("AND", [late], [open])]))).toEqual(["1"]);
    expect(await membersOf(branch("OR", [], [branch("AND", [late]), branch("AND", [], [open])]))).toEqual([
      "1",
      "2",
      "3",
      "4",
    ]);
  });

  it.each([
    // Midnight of 1 June in New York is 04:00 UTC; in UTC it is 00:00.
    [
      "today in New York",
      { timeType: "INDEXED", zoneId: "America/New_York", indexReference: { referenceType: "TODAY" } },
      ["1", "2"],
    ],
    [
      "today in UTC",
      { timeType: "INDEXED", zoneId: "UTC", indexReference: { referenceType: "TODAY" } },
      ["1"],
    ],
    ["now", now(), ["1", "2"]],
    ["in two hours", now({ offset: { hours: 2 } }), ["1", "2", "3"]],
    ["a day ago", now({ offset: { days: -1 } }), ["1"]],
    // 07:00 in New York is 11:00 UTC, after 3; 07:00 UTC would be before it.
    [
      "a date of a zone",
      { timeType: "DATE", zoneId: "America/New_York", year: 2026, month: 6, day: 1, hour: 7 },
      ["1", "2", "3"],
    ],
  ])("a point of time: before %s", async (_name, point, ids) => {
    await hub.load(
      "contacts",
      contact("1", "2026-05-15T00:00:00Z", "lead"),
      contact("2", "2026-06-01T03:00:00Z", "lead"),
      contact("3", "2026-06-01T09:30:00Z", "lead"),
      contact("4", null, "lead"),
    );
    expect(await membersOf(branch("OR", [], [branch("AND", [before(point)])]))).toEqual(ids);
  });

  it("the point itself belongs where the end is inclusive, and empty values where they are asked for", async () => {
    await hub.load("contacts", contact("1", "2026-06-01T08:00:00Z", "lead"), contact("2", null, "lead"));
    const list = (more: object) => membersOf(branch("OR", [], [branch("AND", [before(now(), more)])]));
    expect(await list({})).toEqual([]);
    expect(await list({ endpointBehavior: "INCLUSIVE" })).toEqual(["1"]);
    expect(await list({ endpointBehavior: "INCLUSIVE", includeObjectsWithNoValueSet: true })).toEqual([
      "1",
      "2",
    ]);
  });

  it.each([
    ["IS_LESS_THAN_X_DAYS_AGO", ["2"]],
    ["IS_MORE_THAN_X_DAYS_AGO", ["1"]],
    ["IS_LESS_THAN_X_DAYS_FROM_NOW", ["3"]],
    ["IS_MORE_THAN_X_DAYS_FROM_NOW", ["4"]],
  ])("rolling days: %s", async (operator, ids) => {
    await hub.load(
      "contacts",
      contact("1", "2026-05-20T00:00:00Z", "lead"),
      contact("2", "2026-05-30T00:00:00Z", "lead"),
      contact("3", "2026-06-03T00:00:00Z", "lead"),
      contact("4", "2026-06-20T00:00:00Z", "lead"),
    );
    const operation = {
      operationType: "ROLLING_DATE_RANGE",
      operator,
      numberOfDays: 7,
      requiresTimeZoneConversion: false,
      includeObjectsWithNoValueSet: false,
    };
    expect(await membersOf(branch("OR", [], [branch("AND", [property("closedate", operation)])]))).toEqual(
      ids,
    );
  });

  it("a range follows the clock", async () => {
    await hub.load("contacts", contact("1", "2026-06-01T10:00:00Z", "lead"));
    const operation = {
      operationType: "TIME_RANGED",
      type: "TIME_RANGED",
      operator: "IS_BETWEEN",
      includeObjectsWithNoValueSet: false,
      lowerBoundTimePoint: now(),
      upperBoundTimePoint: now({ offset: { hours: 1 } }),
    };
    const list = () => membersOf(branch("OR", [], [branch("AND", [property("closedate", operation)])]));
    expect(await list()).toEqual([]);
    hub.clock.advance(3_600_000);
    expect(await list()).toEqual(["1"]);
    hub.clock.advance(3_600_001);
    expect(await list()).toEqual([]);
  });

  it.each([
    ["an AND outside", branch("AND", [is("lifecyclestage", "lead")]), "filterBranchType"],
    ["filters in the outer OR", branch("OR", [is("lifecyclestage", "lead")], [branch("AND", [])]), "filters"],
    [
      "a point without its zone",
      branch(
        "OR",
        [],
        [branch("AND", [before({ timeType: "INDEXED", indexReference: { referenceType: "NOW" } })])],
      ),
      "zoneId",
    ],
    [
      "a zone that is none",
      branch(
        "OR",
        [],
        [
          branch("AND", [
            before({ timeType: "INDEXED", zoneId: "Mars/Base", indexReference: { referenceType: "NOW" } }),
          ]),
        ],
      ),
      "Mars/Base",
    ],
    ["a property that is none", branch("OR", [], [branch("AND", [is("nonsense", "x")])]), "nonsense"],
    [
      "an operation that is not emulated",
      branch(
        "OR",
        [],
        [
          branch("AND", [
            property("closedate", { operationType: "CALENDAR_DATE", operator: "IN_THIS_TIME_UNIT" }),
          ]),
        ],
      ),
      "CALENDAR_DATE",
    ],
  ])("%s is refused when the list is made", async (_name, filterBranch, words) => {
    const refused = await create(filterBranch);
    expect([refused.status, refused.at("message")]).toEqual([400, containing(words)]);
  });
});
