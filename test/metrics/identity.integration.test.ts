import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { sql } from "../../src/database/sql.ts";
import { readIdentityNotes } from "../../src/metrics/identity.ts";
import { type MetricsBench, now, openMetricsBench } from "../support/metrics-bench.ts";
import type { SettingsPatch } from "../support/metrics-settings.ts";
import { type PortalRows, portalRows } from "./hubspot/portal-rows.ts";

/** One person over a Salesforce org (`sf`) and a HubSpot portal (`hubspot`), worked by hand. */

const both: SettingsPatch = {
  connections: [
    { id: "sf", crm: "salesforce" },
    { id: "hubspot", crm: "hubspot" },
  ],
};

const asOf = "2026-03-10T12:00:00Z";

let bench: MetricsBench;
let portal: PortalRows;
let ann: string;
let bob: string;
beforeAll(async () => {
  bench = await openMetricsBench();
});
beforeEach(async () => {
  await bench.store.empty();
  portal = portalRows(bench.store.database);
  await bench.rows.connection();
  await portal.connection();
  await bench.rows.stagesAndStatuses();
  await portal.dealStages();
  ann = await bench.rows.user("Ann", { email_hash: "ann" });
  bob = await bench.rows.user("Bob", { email_hash: "bob" });
  // Ann sells in both systems, Bob in Salesforce only.
  await portal.owner("10", { email_hash: "ann" });
});
afterAll(() => bench.store.close());

/** A contact that the portal works: its owner is Ann from its creation on. */
const contact = (id: string, created: string, more: Readonly<Record<string, string | null>> = {}) =>
  portal.contact(id, created, { hubspot_owner_id: "10", lifecyclestage: "lead", ...more });

const salesforceLead = (
  name: string,
  owner: string,
  created: string,
  more: Readonly<Record<string, string>> = {},
) => bench.rows.lead(name, { owner, created, email_hash: name.toLowerCase(), ...more });

const call = async (id: string, at: string, of: string) => {
  await portal.engagement("call", id, at, "10");
  await portal.associate("call", id, "contacts", of);
};

const records = () =>
  bench.store.database.any(
    z.object({ record_id: z.string(), person_id: z.string() }),
    sql`select record_id, person_id from metrics.int_person_record order by record_id`,
  );

const personOf = async (record: string) =>
  (await records()).find(({ record_id: id }) => id === record)?.person_id;

describe("six people: three in both systems, one merged twice, one with two addresses, one converted", () => {
  let fair: string;
  const leads: Record<string, string> = {};

  beforeEach(async () => {
    // Ada, in both, by her address. Ann's call of 10:00 is in both systems, three minutes apart: one touch, in time.
    leads["Ada"] = await salesforceLead("Ada", ann, "2026-03-09T00:00:00Z");
    await contact("101", "2026-03-09T01:00:00Z", { email_hash: "ada" });
    await call("c1", "2026-03-09T10:00:00Z", "101");
    await bench.rows.call(leads["Ada"], "2026-03-09T10:03:00Z", ann);
    // Ben, in both, with two addresses: HubSpot's Salesforce id tells. Nobody called: due on the 9th, rotting.
    leads["Ben"] = await salesforceLead("Ben", ann, "2026-03-08T00:00:00Z");
    await contact("102", "2026-03-08T01:00:00Z", {
      email_hash: "ben-at-home",
      salesforceleadid: leads["Ben"],
    });
    // Cora, in both: in HubSpot 103 was merged into 104 and that into 105, which names a lead that Salesforce merged
    // away too. Ann's call in HubSpot is touch of Bob's lead: due on the 6th, called on the 7th, worked late.
    leads["Cora"] = await salesforceLead("Cora", bob, "2026-03-05T00:00:00Z");
    const old = await salesforceLead("Old Cora", bob, "2026-03-04T00:00:00Z", {
      masterrecordid: leads["Cora"],
    });
    leads["Old Cora"] = old;
    await bench.store.database.execute(
      sql`update mirror.salesforce_lead set isdeleted = true, email_hash = null where id = ${old}`,
    );
    await contact("103", "2026-03-04T00:00:00Z", { email_hash: "cora" });
    await contact("104", "2026-03-04T00:00:00Z", { hs_merged_object_ids: "103" });
    await contact("105", "2026-03-04T00:00:00Z", { hs_merged_object_ids: "104", salesforceleadid: old });
    await call("c2", "2026-03-07T10:00:00Z", "105");
    // Dan, in Salesforce alone, called in time on the 1st and converted on the 3rd: an opportunity of 9,000.
    leads["Dan"] = await salesforceLead("Dan", bob, "2026-03-01T00:00:00Z");
    await bench.rows.call(leads["Dan"], "2026-03-01T10:00:00Z", bob);
    const dan = await bench.rows.contact("Dan", { created: "2026-03-03T09:00:00Z", email_hash: "dan" });
    fair = await bench.rows.campaign("Spring Fair 2026", {
      startdate: "2026-03-01",
      enddate: "2026-03-31",
      actualcost: 1000,
    });
    const deal = await bench.rows.opportunity("Dan", {
      created: "2026-03-03T09:00:00Z",
      amount: 9000,
      ownerid: bob,
      campaignid: fair,
    });
    await bench.rows.contactRole(deal, dan);
    await bench.store.database.execute(sql`
      update mirror.salesforce_lead set isconverted = true, status = 'Qualified', converteddate = '2026-03-03',
        convertedcontactid = ${dan}, convertedopportunityid = ${deal}
      where id = ${leads["Dan"]}`);
    await bench.rows.conversion(leads["Dan"], "2026-03-03T09:00:00Z");
    // Eve and Fay, in HubSpot alone: Eve is due on the 11th (12 of 24 hours are over), Fay was on the 9th: rotting.
    await contact("106", "2026-03-10T00:00:00Z", { email_hash: "eve" });
    await contact("107", "2026-03-08T00:00:00Z", { email_hash: "fay" });
    // The fair, in both: HubSpot's copy has the same money. Ada and Dan answered in Salesforce, Eve in HubSpot.
    await portal.campaign("fair-guid", {
      hs_name: "Spring fair - 2026",
      hs_start_date: "2026-03-01",
      hs_end_date: "2026-03-31",
      hs_spend_items_sum_amount: 1000,
      hs_currency_code: "USD",
    });
    await bench.rows.response(fair, leads["Ada"], "2026-03-09");
    await bench.rows.response(fair, leads["Dan"], "2026-03-01");
    await portal.campaignContact("fair-guid", "contactFirstTouch", "106");
  });

  test("a person is one over both systems", async () => {
    await bench.compute(asOf, both);
    for (const [name, id] of [
      ["Ada", "101"],
      ["Ben", "102"],
      ["Cora", "105"],
    ] as const) {
      expect(await personOf(id)).toBe(await personOf(leads[name] ?? ""));
    }
    const people = new Set((await records()).map(({ person_id: person }) => person));
    // Ada, Ben, Cora, Dan, Eve, Fay.
    expect(people.size).toBe(6);
    expect(await conflicts()).toEqual([]);
  });

  test("a lead is counted once, and a touch wherever it was recorded", async () => {
    const computed = await bench.compute(asOf, both);
    const handoffs = await computed.handoffs();
    expect(
      Object.fromEntries(
        handoffs.map((each) => [
          Object.entries(leads).find(([, id]) => id === each.lead_id)?.[0] ?? each.lead_id,
          [each.state, each.touch_count],
        ]),
      ),
    ).toEqual({
      Ada: ["worked", 1],
      Ben: ["rotting", 0],
      Cora: ["worked_late", 1],
      // What the org itself merged is a handoff that ended; what the portal merged was no second lead either.
      "Old Cora": ["merged", 0],
      Dan: ["converted", 1],
      "106": ["waiting", 0],
      "107": ["rotting", 0],
    });
    expect(computed.value("leads")).toBe(6);
    expect(computed.value("converted")).toBe(1);
    expect(computed.value("open_leads", now())).toBe(5);
    expect(computed.value("rotting_leads", now())).toBe(2);
    // R = Ben, Fay; U = Ben, Eve, Fay; W = Ada, Cora.
    expect(computed.value("rotting_lead_rate", now())).toBe(2 / 5);
    expect(computed.value("open_leads", now("rep", ann))).toBe(2);
    expect(computed.value("open_leads", now("rep", "10"))).toBe(2);
  });

  test("by owner alone, the rep is the same person in both systems, and nobody else is", async () => {
    const computed = await bench.compute(asOf, { ...both, touch: { by: "owner" } });
    const states = new Map((await computed.handoffs()).map((each) => [each.lead_id, each]));
    // Ann's lead, and her call: known by her address. Cora is Bob's, and Ann's call is not his.
    expect(states.get(leads["Ada"] ?? "")).toMatchObject({ state: "worked", first_touch_by: ann });
    expect(states.get(leads["Cora"] ?? "")).toMatchObject({ state: "rotting", touch_count: 0 });
  });

  test("the money of a campaign and its twin is counted once, with the people of both", async () => {
    const computed = await bench.compute(asOf, both);
    const row = { row: "campaign", member: fair } as const;
    // 9,000 over 1,000; Ada, Dan and Eve.
    expect(computed.value("investment")).toBe(1000);
    expect(computed.value("pipeline_per_dollar", row)).toBe(9);
    expect(computed.value("pipeline_per_dollar")).toBe(9);
    expect(computed.value("cost_per_lead", row)).toBeCloseTo(1000 / 3, 10);
    expect(computed.value("investment", { row: "campaign", member: "fair-guid" })).toBeNull();
    expect(computed.reason("investment", { row: "campaign", member: "fair-guid" })).toBe(
      "cost kept on Spring Fair 2026",
    );
    expect(await readIdentityNotes(bench.store.database, "w")).toEqual([
      `Campaign Spring fair - 2026 (fair-guid) is taken for Spring Fair 2026 (${fair}), which holds the money: same name, ` +
        "overlapping dates. If the other one holds it, say so under investment.twins.",
    ]);
  });

  test("the configuration says which of the two holds the money", async () => {
    await bench.store.database.execute(
      sql`update mirror.hubspot_campaign set hs_spend_items_sum_amount = 1500, hs_name = 'Something else'`,
    );
    const apart = await bench.compute(asOf, both);
    expect(apart.value("investment")).toBe(2500);
    const together = await bench.compute(asOf, {
      ...both,
      investment: { twins: [{ holder: "fair-guid", twin: fair }] },
    });
    expect(together.value("investment")).toBe(1500);
    // 9,000 over 1,500: the opportunity names the org's campaign, which is of the portal's family.
    expect(together.value("pipeline_per_dollar", { row: "campaign", member: "fair-guid" })).toBe(6);
    expect(together.reason("investment", { row: "campaign", member: fair })).toBe(
      "cost kept on Something else",
    );
  });
});

describe("a deal that HubSpot's Salesforce integration made of an opportunity", () => {
  /** Deals of 4,000 in a portal beside an org with one opportunity of 9,000. @returns what is counted, and for how much */
  const counted = async (named: (opportunity: string) => string) => {
    const opportunity = await bench.rows.opportunity("Dan Mustermann AB", {
      created: "2026-03-03T09:00:00Z",
      amount: 9000,
      ownerid: bob,
    });
    const deal = { amount: "4000", hubspot_owner_id: "10", deal_currency_code: "USD" };
    await portal.deal("301", "2026-03-03T09:05:00Z", {
      ...deal,
      hs_salesforceopportunityid: named(opportunity),
    });
    const computed = await bench.compute(asOf, both);
    const rows = await bench.store.database.any(
      z.object({ id: z.string(), pipeline: z.number() }),
      sql`select opportunity_id as id, pipeline_amount::float8 as pipeline from metrics.int_opportunity
          where counts_in_pipeline order by connection_id desc, opportunity_id`,
    );
    return {
      pipeline: rows.map(({ id, pipeline }) => [id === opportunity || id, pipeline]),
      open: computed.value("open_opportunities", now()),
    };
  };

  test.each([
    ["the id as it is", (id: string) => id],
    ["15 characters of it", (id: string) => id.slice(0, 15)],
  ])("is that opportunity: %s", async (_, named) => {
    // 9,000 of the opportunity; the deal's 4,000 are the same money.
    expect(await counted(named)).toEqual({ pipeline: [[true, 9000]], open: 1 });
  });

  test.each([
    ["that is in no org of the workspace", () => "006000000000ZZZAAA"],
    ["that differs in a letter's case only", (id: string) => swapped(id)],
    ["of no name", () => " "],
  ])("is a deal of its own where it names one %s", async (_, named) => {
    expect(await counted(named)).toEqual({
      pipeline: [
        [true, 9000],
        ["301", 4000],
      ],
      open: 2,
    });
  });
});

/** Another record's id: Salesforce tells upper from lower case in the first 15 characters. */
const swapped = (id: string) =>
  `${id.slice(0, 15).replaceAll(/[A-Za-z]/g, (sign) => (/[A-Z]/.test(sign) ? sign.toLowerCase() : sign.toUpperCase()))}AAA`;

const conflicts = () =>
  bench.store.database.any(
    z.object({
      record_id: z.string(),
      other_record_id: z.string(),
      kind: z.string(),
      resolution: z.string(),
    }),
    sql`select record_id, other_record_id, kind, resolution from metrics.identity_conflict order by record_id`,
  );

describe("where the systems do not agree", () => {
  test("two contacts that name one lead are nobody's guess", async () => {
    const lead = await salesforceLead("Max", ann, "2026-03-09T00:00:00Z");
    await contact("201", "2026-03-09T00:00:00Z", { email_hash: "a", salesforceleadid: lead });
    await contact("202", "2026-03-09T00:00:00Z", { email_hash: "b", hs_salesforceleadid: lead });
    await bench.compute(asOf, both);
    expect(await conflicts()).toEqual([
      { record_id: "201", other_record_id: lead, kind: "taken", resolution: "none" },
      { record_id: "202", other_record_id: lead, kind: "taken", resolution: "none" },
    ]);
    expect(new Set([await personOf("201"), await personOf("202"), await personOf(lead)]).size).toBe(3);
    expect((await readIdentityNotes(bench.store.database, "w")).join()).toContain(
      `2 contacts name a Salesforce record that is somebody else's by its e-mail address, or that several contacts name`,
    );
  });

  test("a contact that names a lead with a third contact's address is not taken for that lead's person", async () => {
    const lead = await salesforceLead("Max", ann, "2026-03-09T00:00:00Z");
    await contact("201", "2026-03-09T00:00:00Z", { email_hash: "a", salesforceleadid: lead });
    await contact("202", "2026-03-09T00:00:00Z", { email_hash: "max" });
    await bench.compute(asOf, both);
    expect(await conflicts()).toMatchObject([{ record_id: "201", kind: "taken", resolution: "none" }]);
    expect(await personOf("202")).toBe(await personOf(lead));
    expect(await personOf("201")).not.toBe(await personOf(lead));
  });

  test("an id counts for more than an address, and takes along nobody else of that address", async () => {
    const named = await salesforceLead("Max Mustermann AB", ann, "2026-03-09T00:00:00Z");
    const namesake = await salesforceLead("Moritz", ann, "2026-03-09T00:00:00Z");
    // An id of 15 characters, as some integrations write it.
    await contact("201", "2026-03-09T00:00:00Z", {
      email_hash: "moritz",
      salesforceleadid: named.slice(0, 15),
    });
    await bench.compute(asOf, both);
    expect(await conflicts()).toEqual([
      { record_id: "201", other_record_id: named, kind: "email_says_another", resolution: "by_id" },
    ]);
    expect(await personOf("201")).toBe(await personOf(named));
    expect(await personOf(namesake)).not.toBe(await personOf(named));
  });
});

describe("one act in two systems", () => {
  const touches = async () => {
    const computed = await bench.compute(asOf, both);
    return (await computed.handoffs()).map(({ touch_count: count }) => count);
  };
  let lead: string;
  beforeEach(async () => {
    lead = await salesforceLead("Max", ann, "2026-03-09T00:00:00Z");
    await contact("201", "2026-03-09T00:00:00Z", { email_hash: "max" });
    await bench.rows.call(lead, "2026-03-09T10:00:00Z", ann);
  });

  test("five minutes apart it is one touch, a second longer two", async () => {
    await call("c1", "2026-03-09T10:05:00Z", "201");
    expect(await touches()).toEqual([1]);
    await bench.store.database.execute(
      sql`update mirror.hubspot_call set hs_timestamp = '2026-03-09T10:05:01Z' where id = 'c1'`,
    );
    expect(await touches()).toEqual([2]);
  });

  test("two acts in one system and one in the other are two", async () => {
    await call("c1", "2026-03-09T10:01:00Z", "201");
    await call("c2", "2026-03-09T10:02:00Z", "201");
    expect(await touches()).toEqual([2]);
  });

  test("another kind, or another rep, is another act", async () => {
    await portal.engagement("email", "e1", "2026-03-09T10:01:00Z", "10");
    await portal.associate("email", "e1", "contacts", "201");
    expect(await touches()).toEqual([2]);
    await portal.owner("11", { email_hash: "carl" });
    await portal.engagement("call", "c1", "2026-03-09T10:01:00Z", "11");
    await portal.associate("call", "c1", "contacts", "201");
    expect(await touches()).toEqual([3]);
  });
});

test("where one system does not log its touches, its reps and all that it is part of are unknown, the others' are not", async () => {
  // Ten leads of the org were worked without a touch; the portal's one lead is waiting.
  for (let number = 1; number <= 10; number += 1) {
    const lead = await salesforceLead(`Max ${number}`, bob, "2026-03-08T00:00:00Z");
    await bench.rows.statusChange(lead, "2026-03-09T00:00:00Z", "Open", "Working");
  }
  await contact("201", "2026-03-10T00:00:00Z", { email_hash: "eve" });
  const computed = await bench.compute(asOf, both);
  expect(computed.value("rotting_lead_rate", now("rep", bob))).toBeNull();
  expect(computed.reason("rotting_lead_rate", now("rep", bob))).toBe("activity is not logged in Salesforce");
  expect(computed.value("rotting_lead_rate", now())).toBeNull();
  expect(computed.reason("rotting_lead_rate", now())).toBe("activity is not logged in Salesforce");
  expect(computed.value("rotting_lead_rate", now("rep", "10"))).toBe(0);
  expect(computed.reason("rotting_lead_rate", now("rep", "10"))).toBe("capture not proven in HubSpot; small");
});

test("an e-mail that may be a touch and is withheld makes what needs one unknown, not zero", async () => {
  await contact("201", "2026-03-08T00:00:00Z", { email_hash: "eve" });
  await salesforceLead("Max", bob, "2026-03-08T00:00:00Z");
  await portal.engagement("email", "e1", "2026-03-08T10:00:00Z", "10", {
    redacted: true,
    hs_email_direction: null,
    hs_email_status: null,
  });
  await portal.associate("email", "e1", "contacts", "201");
  const computed = await bench.compute(asOf, both);
  expect(computed.value("rotting_lead_rate", now())).toBeNull();
  expect(computed.reason("rotting_lead_rate", now("rep", "10"))).toBe(
    "e-mail is withheld by HubSpot (scope sales-email-read is missing)",
  );
  // Max has no record in the portal: Bob's one lead is rotting, and that is known.
  expect(computed.value("rotting_lead_rate", now("rep", bob))).toBe(1);
});
