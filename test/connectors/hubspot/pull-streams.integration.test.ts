import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { hubspotStreams } from "../../../connectors/hubspot/streams.ts";
import type { OpenReadingConnection } from "../../../src/core/ports.ts";
import { type Sql, sql } from "../../../src/database/sql.ts";
import { openTestDatabase, type TestDatabase } from "../../support/test-database.ts";
import { type FakePortal, startFakePortal } from "./fake-portal.ts";
import { connectTo, knownProperties, streamNamed, sync, type Waits } from "./portal-mirror.ts";

const noon = new Date("2026-11-21T12:00:00Z");
const minutesLater = (minutes: number): Date => new Date(noon.getTime() + minutes * 60_000);
const types = [
  "contacts",
  "companies",
  "deals",
  "leads",
  "calls",
  "emails",
  "meetings",
  "tasks",
  "communications",
];

let store: TestDatabase;
let portal: FakePortal;
let connection: OpenReadingConnection;
let waits: Waits;

beforeAll(async () => {
  store = await openTestDatabase();
});
afterAll(() => store.close());
beforeEach(async () => {
  await store.empty();
  portal = await startFakePortal(noon);
  for (const type of types) portal.properties.set(type, [...knownProperties(type), "hs_createdate"]);
  waits = { slept: [] };
  connection = await connectTo(portal, waits);
});
afterEach(() => portal.close());

const Json = z.object({ row: z.record(z.string(), z.unknown()) });

/** Current rows of a table without the mirror's own columns and empty cells. */
async function rows(table: Sql): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const found = await store.database.any(
    Json,
    sql`select jsonb_strip_nulls(to_jsonb(r) - 'workspace_id' - 'connection_id' - 'changed_at' - 'valid_from') as row
      from ${table} as r where valid_to is null order by id`,
  );
  return found.map(({ row }) => row);
}

const pathsOf = (part: string) => portal.requests.filter(({ path }) => path.includes(part));

describe("owners, stages and their past", () => {
  test("every owner that a contact ever had is kept once, though its history is read again and grows", async () => {
    const history = [
      { value: "8", timestamp: "2026-11-02T08:00:00Z", sourceType: "CRM_UI", updatedByUserId: "5" },
      { value: "7", timestamp: "2026-11-01T08:00:00Z", sourceType: "API", sourceId: "ada@example.com" },
    ];
    const put = (owners: typeof history, changed: Date) =>
      portal.put("contacts", {
        id: "1",
        properties: { lastmodifieddate: changed.toISOString() },
        history: { hubspot_owner_id: owners },
      });
    put(history, noon);
    await sync(store.database, connection, ["hubspot.contacts", "hubspot.contacts.history"]);
    portal.now = minutesLater(5);
    put(
      [
        { value: "9", timestamp: "2026-11-21T12:01:00Z", sourceType: "CRM_UI", updatedByUserId: "5" },
        ...history,
      ],
      minutesLater(1),
    );
    await sync(store.database, connection, ["hubspot.contacts", "hubspot.contacts.history"]);
    const kept = await rows(sql`mirror.hubspot_contact_history`);
    expect(kept.map(({ property, value, timestamp }) => [property, value, timestamp])).toEqual([
      ["hubspot_owner_id", "7", "2026-11-01T08:00:00+00:00"],
      ["hubspot_owner_id", "8", "2026-11-02T08:00:00+00:00"],
      ["hubspot_owner_id", "9", "2026-11-21T12:01:00+00:00"],
    ]);
    expect(JSON.stringify(kept)).not.toContain("ada");
    const All = z.object({ rows: z.number() });
    expect(
      await store.database.one(All, sql`select count(*) as rows from mirror.hubspot_contact_history`),
    ).toEqual({ rows: 3 });
  });

  test("histories are asked for 50 records at a time, and stage dates come with them", async () => {
    portal.properties
      .get("deals")
      ?.push("hs_v2_date_entered_won", "hs_v2_date_exited_new", "hs_v2_date_entered_new");
    portal.put(
      "deals",
      ...Array.from({ length: 120 }, (_, index) => ({
        id: String(index + 1),
        properties: {
          hs_lastmodifieddate: noon.toISOString(),
          hs_v2_date_entered_new: "2026-10-01T00:00:00Z",
          hs_v2_date_exited_new: index === 0 ? "2026-10-05T00:00:00Z" : "",
          hs_v2_date_entered_won: index === 0 ? "2026-10-05T00:00:00Z" : null,
          hs_v2_date_entered_current_stage: "2026-10-05T00:00:00Z",
        },
        history: { dealstage: [{ value: "new", timestamp: "2026-10-01T00:00:00Z", sourceType: "API" }] },
      })),
    );
    await sync(store.database, connection, [
      "hubspot.deals",
      "hubspot.deals.history",
      "hubspot.deals.stage_dates",
    ]);
    expect(pathsOf("/deals/batch/read")).toHaveLength(3);
    expect(pathsOf("/deals/search")).toHaveLength(1);
    const stages = await rows(sql`mirror.hubspot_deal_stage_date`);
    expect(stages).toHaveLength(121);
    expect(stages.filter(({ recordid }) => recordid === "1")).toMatchObject([
      { stage: "new", enteredat: "2026-10-01T00:00:00+00:00", exitedat: "2026-10-05T00:00:00+00:00" },
      { stage: "won", enteredat: "2026-10-05T00:00:00+00:00" },
    ]);
    expect(await rows(sql`mirror.hubspot_deal_history`)).toHaveLength(120);
  });

  test("a record that is deleted between search and read takes no other with it", async () => {
    portal.put(
      "deals",
      { id: "1" },
      { id: "2", history: { dealstage: [{ value: "new", timestamp: "2026-10-01T00:00:00Z" }] } },
    );
    portal.onRequest = ({ path }) => {
      if (path.endsWith("/batch/read")) portal.put("deals", { id: "1", archived: true });
    };
    await sync(store.database, connection, ["hubspot.deals.history"]);
    expect((await rows(sql`mirror.hubspot_deal_history`)).map(({ recordid }) => recordid)).toEqual(["2"]);
    // Named as gone: not asked for again.
    expect(pathsOf("/batch/read")).toHaveLength(1);
  });

  test("a batch that is refused in part for another reason is no success", async () => {
    portal.put("deals", { id: "1" });
    const errors = [{ status: "error", category: "INTERNAL_ERROR", message: "no" }];
    for (let time = 0; time < 5; time += 1) {
      portal.instead.push({
        path: /batch\/read$/,
        reply: { status: 207, body: { status: "COMPLETE", results: [], numErrors: 1, errors } },
      });
    }
    await expect(sync(store.database, connection, ["hubspot.deals.history"])).rejects.toMatchObject({
      code: "TRANSIENT_HTTP",
    });
  });

  test("active and archived owners come from two lists, and one that is in neither has gone", async () => {
    const owner = (id: string, more = {}) => ({
      id,
      email: `${id}@example.com`,
      type: "PERSON",
      firstName: "Ada",
      lastName: "L",
      userId: 5,
      userIdIncludingInactive: 5,
      teams: [{ id: "3", name: "East", primary: true }],
      createdAt: "2026-01-01T00:00:00Z",
      updatedAt: "2026-01-01T00:00:00Z",
      ...more,
    });
    portal.lists.set(
      "owners",
      Array.from({ length: 130 }, (_, index) => owner(String(index + 1))),
    );
    portal.lists.set("owners:archived", [owner("900", { userId: null })]);
    await sync(store.database, connection, ["hubspot.owners"]);
    const owners = await rows(sql`mirror.hubspot_owner`);
    expect(owners).toHaveLength(131);
    expect(owners.find(({ id }) => id === "900")).toMatchObject({ archived: true, primaryteamname: "East" });
    expect(pathsOf("/crm/owners/2026-09")).toHaveLength(3);
    expect(JSON.stringify(owners)).not.toContain("900@");
    portal.now = minutesLater(60);
    portal.lists.set("owners", [owner("1")]);
    await sync(store.database, connection, ["hubspot.owners"]);
    expect((await rows(sql`mirror.hubspot_owner`)).map(({ id }) => id)).toEqual(["1", "900"]);
  });

  test("pipelines of deals are read where the portal has no leads", async () => {
    const stage = {
      id: "won",
      label: "Won",
      displayOrder: 1,
      metadata: { isClosed: "true", probability: "1.0" },
    };
    portal.lists.set("pipelines/deals", [{ id: "default", label: "Sales", stages: [stage] }]);
    await sync(store.database, connection, ["hubspot.pipelines"]);
    expect(await rows(sql`mirror.hubspot_pipeline_stage`)).toMatchObject([
      { id: "deals:default:won", isclosed: true, probability: 1 },
    ]);
  });
});

describe("engagements and what they are associated with", () => {
  const names = ["hubspot.calls", "hubspot.calls.associations"];
  const call = (id: string, created: Date) => ({
    id,
    properties: { hs_createdate: created.toISOString(), hs_lastmodifieddate: created.toISOString() },
  });

  test("an association made after its call, which moves no date, is found at the call's next age", async () => {
    portal.put("calls", call("1", minutesLater(-1)));
    await sync(store.database, connection, names);
    const associated = async () =>
      (await rows(sql`mirror.hubspot_call_association`)).filter(
        ({ toobjecttype }) => toobjecttype === "contacts",
      );
    expect((await associated())[0]).not.toHaveProperty("toobjectids");
    // Made half an hour after the call; the overlap of ten minutes does not reach it any more.
    portal.now = minutesLater(30);
    await sync(store.database, connection, names);
    portal.associate("calls", "contacts", "1", ["11", "5", "7", "30"]);
    portal.now = minutesLater(45);
    await sync(store.database, connection, names);
    expect((await associated())[0]).not.toHaveProperty("toobjectids");
    portal.now = minutesLater(62);
    portal.requests.length = 0;
    await sync(store.database, connection, names);
    expect(await associated()).toMatchObject([
      { recordid: "1", toobjectids: "5;7;11;30", associationtypes: "5:194;7:194;11:194;30:194" },
    ]);
    expect(pathsOf("/search")).toHaveLength(1);
    // And one that ended is gone at the last age.
    portal.associate("calls", "contacts", "1", ["5"]);
    portal.now = minutesLater(1_441);
    await sync(store.database, connection, names);
    expect(await associated()).toMatchObject([{ toobjectids: "5" }]);
  });

  test("a search for a delta has five groups of three filters at most", async () => {
    await sync(store.database, connection, names);
    portal.now = minutesLater(60);
    portal.requests.length = 0;
    await sync(store.database, connection, names);
    const Body = z.object({ filterGroups: z.array(z.object({ filters: z.array(z.unknown()) })) });
    const groups = Body.parse(JSON.parse(pathsOf("/search")[0]?.body ?? "")).filterGroups;
    expect(groups).toHaveLength(5);
    expect(Math.max(...groups.map(({ filters }) => filters.length))).toBeLessThanOrEqual(3);
  });

  test("where leads are hidden nothing is said about them, and the rest is read", async () => {
    portal.missingScopes.set("leads", "crm.objects.leads.read");
    portal.put("calls", call("1", noon));
    portal.associate("calls", "contacts", "1", ["5"]);
    await sync(store.database, connection, names);
    const kept = await rows(sql`mirror.hubspot_call_association`);
    expect(kept.map(({ toobjecttype }) => toobjecttype)).toEqual(["contacts", "deals"]);
  });

  test("streams that stand at different places are read apart, and none loses a row", async () => {
    portal.put("calls", ...Array.from({ length: 250 }, (_, index) => call(String(index + 1), noon)));
    for (const id of ["1", "201", "250"]) portal.associate("calls", "contacts", id, ["5"]);
    // The calls of the first page are in, their associations are not.
    await expect(sync(store.database, connection, names, 1)).rejects.toThrow("the process died");
    await sync(store.database, connection, names);
    expect(await rows(sql`mirror.hubspot_call`)).toHaveLength(250);
    const kept = await rows(sql`mirror.hubspot_call_association`);
    expect(kept).toHaveLength(750);
    expect(kept.filter(({ toobjectids }) => toobjectids === "5").map(({ recordid }) => recordid)).toEqual([
      "1",
      "201",
      "250",
    ]);
  });

  test("records and their associations are read by ids without a search, those that are gone left out", async () => {
    portal.put("calls", call("1", noon), call("2", noon));
    portal.associate("calls", "contacts", "2", ["5"]);
    const rowsOf = new Map<string, number>();
    await connection.pull(
      names.map((name) => {
        const stream = streamNamed(name);
        return { stream, fields: stream.fields, since: null, resume: null, ids: ["2", "404", "1"] };
      }),
      {
        accept: (page) => {
          rowsOf.set(page.stream.name, page.expectedRows);
          return Promise.resolve({ rows: page.expectedRows });
        },
      },
    );
    expect(rowsOf).toEqual(
      new Map([
        ["hubspot.calls", 2],
        ["hubspot.calls.associations", 6],
      ]),
    );
    expect(pathsOf("/search")).toEqual([]);
  });

  test("an e-mail whose kind is withheld is marked, one whose kind is known is not", async () => {
    portal.put(
      "emails",
      {
        id: "1",
        properties: { hs_email_direction: "EMAIL", hs_email_status: "SENT", hs_email_subject: "Hello Ada" },
      },
      { id: "2", properties: { hs_email_direction: null, hs_email_status: "SENT" } },
      { id: "3", properties: { hs_email_direction: "REDACTED", hs_email_status: "REDACTED" } },
    );
    await sync(store.database, connection, ["hubspot.emails"]);
    const emails = await rows(sql`mirror.hubspot_email`);
    expect(emails.map(({ id, redacted, hs_email_direction }) => [id, redacted, hs_email_direction])).toEqual([
      ["1", false, "EMAIL"],
      ["2", true, undefined],
      ["3", true, undefined],
    ]);
    expect(JSON.stringify(emails)).not.toContain("Ada");
  });

  test("an association that HubSpot refuses in part for another reason is no empty one", async () => {
    portal.put("calls", call("1", noon));
    portal.instead.push({
      path: /calls\/contacts\/batch\/read$/,
      reply: {
        status: 207,
        body: { status: "COMPLETE", results: [], errors: [{ category: "INTERNAL_ERROR", message: "no" }] },
      },
    });
    await expect(sync(store.database, connection, names)).rejects.toMatchObject({ code: "TRANSIENT_HTTP" });
    expect(await rows(sql`mirror.hubspot_call_association`)).toEqual([]);
    // The calls themselves are in; the next pull reads the associations.
    expect(await rows(sql`mirror.hubspot_call`)).toHaveLength(1);
    await sync(store.database, connection, names);
    expect(await rows(sql`mirror.hubspot_call_association`)).toHaveLength(3);
  });

  test("nightly all leads are read with all that they are associated with", async () => {
    portal.put("leads", { id: "1", properties: { hs_lastmodifieddate: "2026-01-01T00:00:00Z" } });
    await sync(store.database, connection, ["hubspot.leads.associations"]);
    portal.associate("leads", "calls", "1", ["77"]);
    portal.now = minutesLater(60);
    await sync(store.database, connection, ["hubspot.leads.associations"]);
    await sync(store.database, connection, ["hubspot.leads.associations_sweep"]);
    const kept = await rows(sql`mirror.hubspot_lead_association`);
    expect(kept).toHaveLength(7);
    expect(kept.find(({ toobjecttype }) => toobjecttype === "calls")).toMatchObject({ toobjectids: "77" });
  });
});

describe("money", () => {
  const campaign = (id: string, updatedAt: string, status = "planned") => ({
    id,
    properties: {
      hs_name: `Campaign ${id}`,
      hs_start_date: "2026-10-01",
      hs_end_date: null,
      hs_campaign_status: status,
      hs_currency_code: "EUR",
      hs_spend_items_sum_amount: "1500.50",
      hs_budget_items_sum_amount: "2000",
    },
    createdAt: "2026-09-01T00:00:00Z",
    updatedAt,
  });
  const totals = {
    currencyCode: "EUR",
    spendTotal: 1500.5,
    budgetItems: [],
    spendItems: [
      {
        id: 1,
        name: "2026-10 ads",
        amount: 1500.5,
        order: 0,
        description: "paid by ada@example.com",
        createdAt: 1_790_000_000_000,
        updatedAt: 1_790_000_000_000,
      },
    ],
  };

  test("campaigns come with their sums, and items of those that changed or run", async () => {
    portal.lists.set("campaigns", [
      campaign("a", "2026-10-01T00:00:00Z"),
      campaign("b", "2026-10-01T00:00:00Z", "in_progress"),
    ]);
    for (const id of ["a", "b"]) portal.lists.set(`campaigns/${id}/budget/totals`, [totals]);
    await sync(store.database, connection, ["hubspot.campaigns", "hubspot.campaign_money"]);
    expect(await rows(sql`mirror.hubspot_campaign`)).toMatchObject([
      { id: "a", hs_name: "Campaign a", hs_start_date: "2026-10-01", hs_spend_items_sum_amount: 1500.5 },
      { id: "b", hs_campaign_status: "in_progress" },
    ]);
    const money = await rows(sql`mirror.hubspot_campaign_money`);
    expect(money.map(({ id, spendtotal }) => [id, spendtotal])).toEqual([
      ["a", 1500.5],
      ["b", 1500.5],
    ]);
    expect(JSON.stringify(money)).toContain("2026-10 ads");
    expect(JSON.stringify(money)).not.toContain("ada@");
    portal.now = minutesLater(60);
    portal.requests.length = 0;
    await sync(store.database, connection, ["hubspot.campaign_money"]);
    expect(pathsOf("/totals").map(({ path }) => path)).toEqual([
      "/marketing/campaigns/2026-09/b/budget/totals",
    ]);
    // A campaign that was not read again keeps what is known of it.
    expect(await rows(sql`mirror.hubspot_campaign_money`)).toHaveLength(2);
  });

  describe("contacts of campaigns", () => {
    const report = (id: string, type: string) => `campaigns/${id}/reports/contacts/${type}`;
    const ids = (count: number, from = 1) =>
      Array.from({ length: count }, (_, index) => ({ id: String(from + index) }));
    const kept = async () =>
      (await rows(sql`mirror.hubspot_campaign_contact`)).map(({ id }) => String(id)).toSorted();
    const reads = () => pathsOf("/reports/").map(({ path }) => path.replace(/^.*2026-09\//, ""));

    beforeEach(() => {
      portal.lists.set("campaigns", [
        campaign("b", "2026-10-01T00:00:00Z", "in_progress"),
        campaign("a", "2026-10-01T00:00:00Z"),
      ]);
      portal.lists.set(report("a", "contactFirstTouch"), ids(2));
      portal.lists.set(report("a", "influencedContacts"), []);
      portal.lists.set(report("b", "contactFirstTouch"), []);
      portal.lists.set(report("b", "influencedContacts"), ids(1));
    });

    test("both reports of each campaign; later only of those that changed or run", async () => {
      const [outcome] = await sync(store.database, connection, ["hubspot.campaign_contacts"]);
      expect(await kept()).toEqual([
        "a:contactFirstTouch:1",
        "a:contactFirstTouch:2",
        "b:influencedContacts:1",
      ]);
      // One list of campaigns, two reports of each.
      expect(outcome).toMatchObject({ rows: 3, calls: 5 });
      portal.now = minutesLater(60);
      portal.requests.length = 0;
      portal.lists.set(report("b", "influencedContacts"), ids(2));
      await sync(store.database, connection, ["hubspot.campaign_contacts"]);
      expect(reads()).toEqual([
        "b/reports/contacts/contactFirstTouch?limit=100",
        "b/reports/contacts/influencedContacts?limit=100",
      ]);
      // What was not read again keeps what is known of it.
      expect(await kept()).toEqual([
        "a:contactFirstTouch:1",
        "a:contactFirstTouch:2",
        "b:influencedContacts:1",
        "b:influencedContacts:2",
      ]);
    });

    test("a read that broke off goes on behind the last page, campaigns that are done are not asked again", async () => {
      portal.lists.set(report("b", "contactFirstTouch"), ids(250));
      // Pages: two of a, then one of b.
      await expect(sync(store.database, connection, ["hubspot.campaign_contacts"], 3)).rejects.toThrow(
        "the process died",
      );
      portal.requests.length = 0;
      await sync(store.database, connection, ["hubspot.campaign_contacts"]);
      expect(reads()).toEqual([
        "b/reports/contacts/contactFirstTouch?limit=100&after=100",
        "b/reports/contacts/contactFirstTouch?limit=100&after=200",
        "b/reports/contacts/influencedContacts?limit=100",
      ]);
      // 2 of a, 250 and 1 of b.
      expect(await kept()).toHaveLength(253);
    });

    test("a campaign that is deleted between list and report leaves the others", async () => {
      portal.lists.delete(report("a", "contactFirstTouch"));
      portal.lists.delete(report("a", "influencedContacts"));
      await sync(store.database, connection, ["hubspot.campaign_contacts"]);
      expect(await kept()).toEqual(["b:influencedContacts:1"]);
    });

    test("a portal without campaigns has none", async () => {
      portal.missingScopes.set("campaigns", "marketing.campaigns.read");
      const outcomes = await sync(store.database, connection, ["hubspot.campaign_contacts"]);
      expect(outcomes).toMatchObject([{ route: "absent", rows: 0 }]);
    });
  });

  test("a portal without campaigns and currencies is read for the rest", async () => {
    portal.missingScopes.set("campaigns", "marketing.campaigns.read");
    portal.put("contacts", { id: "1" });
    const outcomes = await sync(store.database, connection, [
      "hubspot.contacts",
      "hubspot.campaigns",
      "hubspot.exchange_rates",
    ]);
    expect(outcomes.map(({ stream, route }) => [stream, route])).toEqual([
      ["hubspot.contacts", "rest"],
      ["hubspot.campaigns", "absent"],
      ["hubspot.exchange_rates", "absent"],
    ]);
  });

  test("exchange rates come with the day from which they hold", async () => {
    portal.lists.set("currencies/exchange-rates", [
      {
        id: 12,
        fromCurrencyCode: "USD",
        toCurrencyCode: "EUR",
        conversionRate: 0.86,
        effectiveAt: "2026-10-01T00:00:00Z",
      },
    ]);
    await sync(store.database, connection, ["hubspot.exchange_rates"]);
    expect(await rows(sql`mirror.hubspot_exchange_rate`)).toMatchObject([
      { id: "12", conversionrate: 0.86, effectiveat: "2026-10-01T00:00:00+00:00" },
    ]);
  });
});

test("a cycle of all streams of an idle portal asks one search a type", async () => {
  for (const list of [
    "owners",
    "owners:archived",
    "pipelines/deals",
    "pipelines/leads",
    "campaigns",
    "currencies/exchange-rates",
  ])
    portal.lists.set(list, []);
  const names = hubspotStreams.map(({ name }) => name);
  await sync(store.database, connection, names);
  portal.now = minutesLater(60);
  portal.requests.length = 0;
  const fast = hubspotStreams.filter(({ cadence }) => cadence === "fast").map(({ name }) => name);
  const outcomes = await sync(store.database, connection, fast);
  expect(pathsOf("/search")).toHaveLength(8);
  expect(portal.requests).toHaveLength(8 + pathsOf("/properties/").length);
  expect(outcomes.reduce((sum, { calls }) => sum + calls, 0)).toBe(8);
});
