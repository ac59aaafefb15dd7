import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { now, openMetricsBench } from "../support/metrics-bench.ts";
import { recordId } from "../support/mirror-rows.ts";

const bench = await openMetricsBench();
const { rows } = bench;
const ann = recordId("user", "Ann");
const asOf = "2026-03-20T12:00:00Z";

afterAll(() => bench.store.close());
beforeEach(async () => {
  await bench.store.empty();
  await rows.connection();
  await rows.stagesAndStatuses();
  await rows.user("Ann");
});

/** `count` people who responded to the campaign on `on`, leads of one source. */
async function respond(campaign: string, count: number, on: string, source: string | null = "Web") {
  const people: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = `${campaign.slice(-4)}${on.slice(5, 7)}${on.slice(8)}${source ?? "none"}${index}`;
    const lead = await rows.lead(name, { owner: ann, created: `${on}T08:00:00Z`, leadsource: source });
    await rows.response(campaign, lead, on);
    people.push(lead);
  }
  return people;
}

const row = (member: string, period?: string) =>
  ({ row: "campaign", member, ...(period === undefined ? {} : { period }) }) as const;

describe("the cost-per-lead trap", () => {
  test("the cheaper lead is the poorer investment: 50 against 100, 1.80 against 4.00", async () => {
    const a = await rows.campaign("A", {
      actualcost: 10_000,
      startdate: "2026-01-01",
      enddate: "2026-01-31",
    });
    const b = await rows.campaign("B", {
      actualcost: 10_000,
      startdate: "2026-01-01",
      enddate: "2026-01-31",
    });
    await respond(a, 200, "2026-01-10");
    await respond(b, 100, "2026-01-10");
    for (let index = 0; index < 10; index += 1) {
      await rows.opportunity(`a${index}`, { created: "2026-02-01T00:00:00Z", campaignid: a, amount: 1_800 });
    }
    for (let index = 0; index < 16; index += 1) {
      await rows.opportunity(`b${index}`, { created: "2026-02-01T00:00:00Z", campaignid: b, amount: 2_500 });
    }
    const computed = await bench.compute(asOf);
    const values = (member: string) =>
      ["leads", "cost_per_lead", "opportunities", "pipeline", "pipeline_per_dollar", "trap"].map((metric) =>
        computed.value(metric, row(member)),
      );
    // 10,000 / 200 = 50; 10 x 1,800 = 18,000 / 10,000 = 1.8.
    expect(values(a)).toEqual([200, 50, 10, 18_000, 1.8, "cheap_but_poor"]);
    // 10,000 / 100 = 100; 16 x 2,500 = 40,000 / 10,000 = 4.
    expect(values(b)).toEqual([100, 100, 16, 40_000, 4, "dear_but_rich"]);
    // The workspace: 20,000 over 300 people, 58,000 over 20,000; the two rankings are opposite.
    expect(computed.value("cost_per_lead")).toBeCloseTo(20_000 / 300, 10);
    expect(computed.value("pipeline_per_dollar")).toBe(2.9);
    expect(computed.value("trap_kendall_tau")).toBe(-1);
    // February saw the opportunities and no money.
    expect(computed.value("pipeline", row(a, "2026-02-01"))).toBe(18_000);
    expect(computed.value("investment", row(a, "2026-02-01"))).toBe(0);
    expect(computed.reason("pipeline_per_dollar", row(a, "2026-02-01"))).toBe("no investment");
  });

  test("a campaign under 20 leads or 3 opportunities is not judged", async () => {
    const few = await rows.campaign("Few", {
      actualcost: 100,
      startdate: "2026-01-01",
      enddate: "2026-01-31",
    });
    await respond(few, 19, "2026-01-10");
    const computed = await bench.compute(asOf);
    expect(computed.value("trap", row(few))).toBeNull();
    expect(computed.reason("trap", row(few))).toBe("fewer than 20 leads");
    expect(computed.value("pipeline_per_dollar", row(few))).toBe(0);
  });

  test("a campaign of 19 leads is no measure for one of 20 either", async () => {
    const of = async (name: string, actualcost: number, leads: number, amount: number) => {
      const campaign = await rows.campaign(name, {
        actualcost,
        startdate: "2026-01-01",
        enddate: "2026-01-31",
      });
      await respond(campaign, leads, "2026-01-10");
      for (const index of [1, 2, 3]) {
        await rows.opportunity(`${name}${index}`, {
          created: "2026-02-01T00:00:00Z",
          campaignid: campaign,
          amount,
        });
      }
      return campaign;
    };
    // 100 / 19 = 5.26 a lead and 0.30 a dollar, against 500 and 3: a trap, if 19 leads were enough to tell.
    const few = await of("Few", 100, 19, 10);
    const enough = await of("Enough", 10_000, 20, 10_000);
    const computed = await bench.compute(asOf);
    expect([few, enough].map((member) => computed.value("trap", row(member)))).toEqual([null, null]);
    // Alone it lies on its own median.
    expect(computed.reason("trap", row(enough))).toBe("none");
  });
});

describe("people whose record sharing hides from us", () => {
  test("count by their id; those whose lead is deleted or out of scope do not", async () => {
    const c = await rows.campaign("C", { actualcost: 120, startdate: "2026-03-01", enddate: "2026-03-20" });
    const other = await rows.campaign("Other");
    const created = "2026-03-10T00:00:00Z";
    const seen = await rows.lead("seen", { owner: ann, created, leadsource: "Web" });
    const deleted = await rows.lead("deleted", { owner: ann, created, isdeleted: true });
    const excluded = await rows.lead("excluded", { owner: ann, created, ripeline_exclude__c: true });
    const [hidden, contact] = [recordId("lead", "hidden"), recordId("contact", "hidden")];
    for (const person of [seen, deleted, excluded, hidden, contact]) {
      await rows.response(c, person, "2026-03-10");
    }
    // The same hidden lead in another campaign is the same person.
    await rows.response(other, hidden, "2026-03-12");
    const computed = await bench.compute(asOf);
    // seen, hidden, contact: 120 / 3.
    expect(
      ["inquiries", "inquirers", "leads", "cost_per_lead"].map((name) => computed.value(name, row(c))),
    ).toEqual([3, 3, 3, 40]);
    expect([computed.value("inquiries"), computed.value("inquirers")]).toEqual([4, 3]);
    // Whether the hidden ones were known before nobody can say: only the seen one is acquired.
    expect(computed.value("people_acquired", { ...row(c), basis: "cohort" })).toBe(1);
  });
});

describe("when money counts", () => {
  test("cost is spread evenly over both end dates and adds up over the months", async () => {
    // 16 January to 15 March: 16 + 28 + 15 = 59 days; 5,900 is 100 a day.
    const c = await rows.campaign("C", { actualcost: 5_900, startdate: "2026-01-16", enddate: "2026-03-15" });
    const computed = await bench.compute(asOf);
    const months = ["2026-01-01", "2026-02-01", "2026-03-01"].map((month) =>
      computed.value("investment", row(c, month)),
    );
    expect(months).toEqual([1_600, 2_800, 1_500]);
    expect(computed.value("investment", row(c))).toBe(5_900);
    expect(computed.value("investment_basis", row(c))).toBe("spread");
    expect(computed.value("investment", { period: "2026-02-01" })).toBe(2_800);
  });

  test("an open campaign's cost is spread to today, in the workspace's zone", async () => {
    // As of 20 March 12:00Z it is 21 March in Auckland: 1 to 21 March, 21 days.
    const c = await rows.campaign("C", { actualcost: 2_100, startdate: "2026-02-28", enddate: "2026-06-30" });
    const computed = await bench.compute(asOf, { workspace: { timeZone: "Pacific/Auckland" } });
    // 28 February + 21 days of March = 22 days; 2,100 x 1 / 22 in February.
    expect(computed.value("investment", row(c, "2026-02-01"))).toBeCloseTo(2_100 / 22, 10);
  });

  test("a difference between two pulls is dated on the day of its save", async () => {
    const version = { startdate: "2026-01-01", enddate: "2026-01-31", name: "C" };
    const id = await rows.campaign("C", { ...version, actualcost: 3_100, until: "2026-03-05T00:10:00Z" });
    await rows.row("salesforce_campaign", {
      id,
      ...version,
      isactive: true,
      isdeleted: false,
      createddate: "2020-01-01T00:00:00Z",
      currencyisocode: "USD",
      actualcost: 4_000,
      changedAt: "2026-03-04T23:00:00Z",
      seenAt: "2026-03-05T00:10:00Z",
    });
    const computed = await bench.compute(asOf);
    expect(computed.value("investment", row(id, "2026-01-01"))).toBe(3_100);
    expect(computed.value("investment", row(id, "2026-03-01"))).toBe(900);
    // 900 of 4,000.
    expect(computed.value("investment_basis", row(id))).toBe("observed 22.5%, spread 77.5%");
  });

  test("blank dates are assumed: first member to last response, or today while it runs", async () => {
    const done = await rows.campaign("Done", { actualcost: 100, isactive: false });
    await rows.response(
      done,
      await rows.lead("x", { owner: ann, created: "2026-02-27T00:00:00Z" }),
      "2026-02-27",
    );
    await rows.response(
      done,
      await rows.lead("y", { owner: ann, created: "2026-03-02T00:00:00Z" }),
      "2026-03-02",
    );
    const computed = await bench.compute(asOf);
    // 27 and 28 February, 1 and 2 March.
    expect(computed.value("investment", row(done, "2026-02-01"))).toBe(50);
    expect(computed.value("investment_basis", row(done))).toBe("assumed");
  });

  test("a campaign of next month has no investment yet and says so", async () => {
    const c = await rows.campaign("C", { actualcost: 500, startdate: "2026-04-01", enddate: "2026-04-30" });
    await respond(c, 1, "2026-03-19");
    const computed = await bench.compute(asOf);
    expect(computed.value("investment", row(c))).toBeNull();
    expect(computed.reason("cost_per_lead", row(c))).toBe("not started");
  });
});

describe("who holds the money", () => {
  test("blank is unknown, 0 is no investment: neither makes a ratio of 0", async () => {
    const blank = await rows.campaign("Blank", { startdate: "2026-01-01", enddate: "2026-01-31" });
    const zero = await rows.campaign("Zero", {
      actualcost: 0,
      startdate: "2026-01-01",
      enddate: "2026-01-31",
    });
    await respond(blank, 1, "2026-01-10");
    await respond(zero, 1, "2026-01-10");
    const computed = await bench.compute(asOf);
    expect([computed.value("investment", row(blank)), computed.reason("investment", row(blank))]).toEqual([
      null,
      "cost missing",
    ]);
    expect(computed.value("cost_per_lead", row(blank))).toBeNull();
    expect([computed.value("investment", row(zero)), computed.reason("cost_per_lead", row(zero))]).toEqual([
      0,
      "no investment",
    ]);
    expect(computed.value("campaigns_without_cost_share", now())).toBe(0.5);
  });

  test("where only the parent has cost, the family is one row with everybody's people and pipeline", async () => {
    const parent = await rows.campaign("Parent", {
      actualcost: 1_000,
      startdate: "2026-01-01",
      enddate: "2026-01-31",
    });
    const child = await rows.campaign("Child", { parentid: parent });
    const grandchild = await rows.campaign("Grandchild", { parentid: child, actualcost: 0 });
    await respond(child, 3, "2026-01-10");
    await respond(grandchild, 2, "2026-01-12");
    await rows.opportunity("o", { created: "2026-02-01T00:00:00Z", campaignid: grandchild, amount: 4_000 });
    const computed = await bench.compute(asOf);
    // 1,000 over 5 people; 4,000 over 1,000.
    expect(computed.value("cost_per_lead", row(parent))).toBe(200);
    expect(computed.value("pipeline_per_dollar", row(parent))).toBe(4);
    expect(computed.value("cost_per_lead", row(child))).toBeNull();
    expect(computed.reason("cost_per_lead", row(child))).toBe("cost kept on Parent");
    expect(computed.value("investment")).toBe(1_000);
  });

  test("a person who answered twice within a family is one lead", async () => {
    const parent = await rows.campaign("Parent", {
      actualcost: 1_000,
      startdate: "2026-01-01",
      enddate: "2026-01-31",
    });
    const child = await rows.campaign("Child", { parentid: parent });
    const [person] = await respond(parent, 1, "2026-01-10");
    await rows.response(child, person ?? "", "2026-01-12");
    const computed = await bench.compute(asOf);
    expect(computed.value("leads", row(parent))).toBe(1);
    expect(computed.value("inquiries", row(parent))).toBe(2);
  });

  test("a parent that repeats its children's sum within 1% is left out until the configuration decides", async () => {
    const parent = await rows.campaign("Parent", {
      actualcost: 1_005,
      startdate: "2026-01-01",
      enddate: "2026-01-31",
    });
    for (const name of ["Left", "Right"]) {
      await rows.campaign(name, {
        parentid: parent,
        actualcost: 500,
        startdate: "2026-01-01",
        enddate: "2026-01-31",
      });
    }
    const undecided = await bench.compute(asOf);
    expect(undecided.value("investment")).toBe(1_000);
    expect(undecided.value("campaigns_entered_twice", now())).toBe(1);
    const atParent = await bench.compute(asOf, { investment: { parents: { [parent]: "parent" } } });
    expect(atParent.value("investment")).toBe(1_005);
    const atChildren = await bench.compute(asOf, { investment: { parents: { [parent]: "children" } } });
    expect(atChildren.value("investment")).toBe(1_000);
    expect(atChildren.value("campaigns_entered_twice", now())).toBe(0);
  });

  test("by source, a campaign's money follows its people; a campaign with nobody has a row of its own", async () => {
    const c = await rows.campaign("C", { actualcost: 400, startdate: "2026-01-01", enddate: "2026-01-31" });
    await respond(c, 3, "2026-01-10", "Web");
    await respond(c, 1, "2026-01-10", null);
    await rows.campaign("Nobody", { actualcost: 70, startdate: "2026-01-01", enddate: "2026-01-31" });
    await rows.lead("plain", { owner: ann, created: "2026-01-10T00:00:00Z", leadsource: "Referral" });
    const computed = await bench.compute(asOf);
    const source = (member: string | null) => ({ row: "source", member }) as const;
    expect(computed.value("investment", source("Web"))).toBe(300);
    expect(computed.value("cost_per_lead", source("Web"))).toBe(100);
    expect(computed.value("investment", source(null))).toBe(100);
    expect(computed.value("investment", source("investment without leads"))).toBe(70);
    expect([
      computed.value("cost_per_lead", source("Referral")),
      computed.reason("cost_per_lead", source("Referral")),
    ]).toEqual([null, "no campaign cost"]);
    // 31 January + 30 days lie before 20 March: orphan.
    expect(computed.value("orphan_spend", now())).toBe(70);
  });
});

describe("several currencies", () => {
  const currency = (isocode: string, conversionrate: number, more = {}) =>
    rows.row("salesforce_currency_type", {
      id: `01L${isocode}`,
      isocode,
      conversionrate,
      isactive: true,
      iscorporate: isocode === "USD",
      ...more,
    });

  test("amounts are converted by the static rate, and a missing rate leaves the amount out and counts it", async () => {
    await currency("USD", 1);
    await currency("EUR", 0.8);
    await currency("GBP", 0.5, { isactive: false });
    // In pounds per dollar 0.5, euros per dollar 0.8: 800 EUR = 1,000 USD.
    const c = await rows.campaign("C", {
      actualcost: 800,
      currencyisocode: "EUR",
      startdate: "2026-01-01",
      enddate: "2026-01-31",
    });
    await rows.opportunity("eur", {
      created: "2026-02-01T00:00:00Z",
      campaignid: c,
      amount: 1_600,
      currencyisocode: "EUR",
    });
    await rows.opportunity("jpy", {
      created: "2026-02-01T00:00:00Z",
      campaignid: c,
      amount: 9_999,
      currencyisocode: "JPY",
    });
    const computed = await bench.compute(asOf);
    expect(computed.value("investment", row(c))).toBe(1_000);
    // 1,600 EUR = 2,000 USD; the yen are unknown, not 1:1.
    expect(computed.value("pipeline", row(c))).toBe(2_000);
    expect(computed.value("pipeline_per_dollar", row(c))).toBe(2);
    expect(computed.value("amounts_without_rate", now())).toBe(1);
    const inEuro = await bench.compute(asOf, { workspace: { currency: "EUR" } });
    expect(inEuro.value("investment", row(c))).toBe(800);
    expect(inEuro.find(row(c))?.currency).toBe("EUR");
    await expect(bench.compute(asOf, { workspace: { currency: "GBP" } })).rejects.toThrow(
      /workspace.currency is GBP, but the org's active currencies are EUR, USD/,
    );
  });

  test("with dated rates an opportunity is converted by its close date", async () => {
    await currency("USD", 1);
    await currency("EUR", 0.8);
    const dated = (id: string, startdate: string, nextstartdate: string | null, conversionrate: number) =>
      rows.row("salesforce_dated_conversion_rate", {
        id,
        isocode: "EUR",
        startdate,
        nextstartdate,
        conversionrate,
      });
    await dated("0Q1", "2026-01-01", "2026-02-01", 0.5);
    await dated("0Q2", "2026-02-01", null, 0.4);
    const euro = { campaignid: null, currencyisocode: "EUR", amount: 100 };
    await rows.opportunity("jan", { created: "2026-01-05T00:00:00Z", ...euro, closedate: "2026-01-31" });
    await rows.opportunity("feb", { created: "2026-01-05T00:00:00Z", ...euro, closedate: "2026-02-01" });
    await rows.opportunity("old", { created: "2026-01-05T00:00:00Z", ...euro, closedate: "2025-12-31" });
    const computed = await bench.compute(asOf);
    // 100 / 0.5 = 200 and 100 / 0.4 = 250; no rate before 2026.
    expect(computed.value("pipeline_without_cost")).toBe(450);
    expect(computed.value("amounts_without_rate", now())).toBe(1);
  });
});
