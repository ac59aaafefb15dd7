import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { now, openMetricsBench } from "../support/metrics-bench.ts";
import { recordId } from "../support/mirror-rows.ts";

const bench = await openMetricsBench();
const { rows } = bench;
const ann = recordId("user", "Ann");
const bob = recordId("user", "Bob");
const asOf = "2026-03-20T12:00:00Z";

afterAll(() => bench.store.close());
beforeEach(async () => {
  await bench.store.empty();
  await rows.connection();
  await rows.stagesAndStatuses();
  await rows.user("Ann");
  await rows.user("Bob");
});

const campaign = (name: string, more = {}) =>
  rows.campaign(name, { actualcost: 1_000, startdate: "2026-01-01", enddate: "2026-01-31", ...more });
const row = (member: string, more = {}) => ({ row: "campaign", member, ...more }) as const;

describe("what counts as pipeline", () => {
  test("renewals never, existing business and blank types do, and a configured type by its map", async () => {
    const c = await campaign("C");
    const made = (name: string, type: string | null, amount: number) =>
      rows.opportunity(name, { created: "2026-02-01T00:00:00Z", campaignid: c, type, amount });
    await made("new", null, 1);
    await made("expansion", "Existing Business", 10);
    await made("renewal", "Early Renewal", 100);
    await made("mapped", "Upsell", 1_000);
    const computed = await bench.compute(asOf, { pipeline: { typeMap: { upsell: "renewal" } } });
    expect(computed.value("pipeline", row(c))).toBe(11);
    expect(computed.value("opportunities", row(c))).toBe(2);
    expect(computed.value("open_opportunities", now())).toBe(4);
  });

  test("a lost one counts with its last amount if it ever reached the stage; one lost from the start does not", async () => {
    const c = await campaign("C");
    const lost = {
      created: "2026-02-01T00:00:00Z",
      campaignid: c,
      stagename: "Closed Lost",
      isclosed: true,
      closedate: "2026-02-20",
    };
    const reached = await rows.opportunity("reached", { ...lost, amount: 0 });
    await rows.stageEntry(reached, "2026-02-01T00:00:00Z", "Prospecting", 700);
    await rows.stageEntry(reached, "2026-02-10T00:00:00Z", "Proposal", 900);
    await rows.stageEntry(reached, "2026-02-20T00:00:00Z", "Closed Lost", 0);
    await rows.opportunity("never", { ...lost, amount: 5_000 });
    const computed = await bench.compute(asOf);
    expect(computed.value("pipeline", row(c))).toBe(900);
    expect(computed.value("lost", row(c))).toBe(2);
    // From Proposal on, the same: it has been there.
    const later = await bench.compute(asOf, { pipeline: { stage: "Proposal" } });
    expect(later.value("opportunities", row(c))).toBe(1);
  });

  test("before the configured stage an opportunity is no pipeline; a won one always is", async () => {
    const c = await campaign("C");
    await rows.opportunity("early", { created: "2026-02-01T00:00:00Z", campaignid: c, amount: 10 });
    await rows.opportunity("won", {
      created: "2026-02-01T00:00:00Z",
      campaignid: c,
      amount: 20,
      stagename: "Closed Won",
      isclosed: true,
      iswon: true,
      closedate: "2026-02-11",
    });
    const computed = await bench.compute(asOf, { pipeline: { stage: "Proposal" } });
    expect(computed.value("pipeline", row(c))).toBe(20);
    expect(computed.value("won_amount", row(c))).toBe(20);
    expect(computed.value("sales_cycle_days_median", row(c))).toBe(10);
  });

  test("without any amount pipeline is unknown, with some blank it is a sum and the blanks are counted", async () => {
    const none = await campaign("None");
    const some = await campaign("Some");
    for (const name of ["a", "b"]) {
      await rows.opportunity(name, { created: "2026-02-01T00:00:00Z", campaignid: none });
      await rows.opportunity(`s${name}`, {
        created: "2026-02-01T00:00:00Z",
        campaignid: some,
        amount: name === "a" ? 300 : null,
      });
    }
    const computed = await bench.compute(asOf);
    expect([computed.value("pipeline", row(none)), computed.reason("pipeline", row(none))]).toEqual([
      null,
      "no opportunity has an amount",
    ]);
    expect(computed.value("pipeline_per_dollar", row(none))).toBeNull();
    expect(computed.value("pipeline", row(some))).toBe(300);
    expect(computed.value("opportunities_without_amount", row(some))).toBe(1);
  });

  test("what is attributed to no campaign, or to one of unknown cost, is in no ratio of the workspace", async () => {
    const known = await campaign("Known");
    const unknown = await campaign("Unknown", { actualcost: null });
    const made = (name: string, campaignid: string | null, amount: number) =>
      rows.opportunity(name, { created: "2026-02-01T00:00:00Z", campaignid, amount, leadsource: "Web" });
    await made("k", known, 3_000);
    await made("u", unknown, 500);
    await made("n", null, 70);
    const computed = await bench.compute(asOf);
    expect(computed.value("pipeline")).toBe(3_000);
    expect(computed.value("pipeline_without_cost")).toBe(570);
    expect(computed.value("pipeline_per_dollar")).toBe(3);
    expect(computed.value("pipeline_without_cost", { row: "source", member: "Web" })).toBe(570);
    // The campaign itself shows what is its own.
    expect(computed.value("pipeline", row(unknown))).toBe(500);
  });
});

describe("cohorts", () => {
  /** A person acquired by the campaign on `on`, whose opportunity is created on `created`. */
  const acquire = async (name: string, c: string, on: string, created: string, amount: number, more = {}) => {
    const contact = await rows.contact(name, { created: `${on}T09:00:00Z`, ...more });
    await rows.response(c, contact, on);
    const opportunity = await rows.opportunity(name, { created: `${created}T00:00:00Z`, amount });
    await rows.contactRole(opportunity, contact);
    return contact;
  };

  test("pipeline within 90 days of acquisition, mature 90 days after the month's end", async () => {
    const c = await campaign("C", { startdate: "2025-11-01", enddate: "2025-11-30" });
    // Acquired 10 November; 90 days later is 8 February 2026.
    await acquire("in", c, "2025-11-10", "2026-02-08", 2_000);
    await acquire("out", c, "2025-11-10", "2026-02-09", 7_000);
    // November ends on 1 December 00:00; + 90 days = 1 March 2026: mature on 20 March, 180 days are not.
    const computed = await bench.compute(asOf);
    const november = (age: number | null) => row(c, { basis: "cohort", period: "2025-11-01", age });
    expect(computed.value("people_acquired", november(90))).toBe(2);
    expect(computed.value("pipeline", november(90))).toBe(2_000);
    expect(computed.value("pipeline_per_dollar", november(90))).toBe(2);
    expect([
      computed.value("pipeline_per_dollar", november(180)),
      computed.reason("pipeline_per_dollar", november(180)),
    ]).toEqual([null, "immature"]);
    expect(computed.value("pipeline_per_dollar", november(null))).toBe(9);
    // One day before maturity it is not shown either.
    const before = await bench.compute("2026-02-28T23:59:59Z");
    expect(before.reason("pipeline", november(90))).toBe("immature");
  });

  test("a person known for more than 24 hours before the first touch is in no cohort", async () => {
    const c = await campaign("C");
    await acquire("new", c, "2026-01-10", "2026-02-01", 100, { createddate: "2026-01-09T00:00:00Z" });
    await acquire("known", c, "2026-01-10", "2026-02-01", 5_000, { createddate: "2026-01-08T23:59:59Z" });
    const computed = await bench.compute(asOf);
    const lifetime = row(c, { basis: "cohort" });
    expect(computed.value("people_acquired", lifetime)).toBe(1);
    expect(computed.value("pipeline", lifetime)).toBe(100);
  });

  test("the opportunity belongs to the first touch among its people; a touch after its creation is none", async () => {
    const first = await campaign("First");
    const later = await campaign("Later");
    const early = await rows.contact("early", { created: "2026-01-05T00:00:00Z" });
    const late = await rows.contact("late", { created: "2026-01-04T00:00:00Z" });
    const after = await rows.contact("after", { created: "2026-01-03T00:00:00Z" });
    await rows.response(first, early, "2026-01-05");
    await rows.response(later, late, "2026-01-06");
    await rows.response(later, after, "2026-02-02");
    const opportunity = await rows.opportunity("o", {
      created: "2026-02-01T00:00:00Z",
      amount: 50,
      campaignid: later,
    });
    for (const contact of [early, late, after])
      await rows.contactRole(opportunity, contact, { isprimary: contact === late });
    const computed = await bench.compute(asOf);
    expect(computed.value("pipeline", row(first, { basis: "cohort" }))).toBe(50);
    expect(computed.value("pipeline", row(later, { basis: "in_period" }))).toBe(50);
    expect(computed.find(row(later, { basis: "cohort" }))?.["pipeline"]).toBe(0);
    expect(computed.find(row(first, { basis: "cohort" }))?.model).toBe("first_touch");
    expect(computed.find(row(later))?.model).toBe("primary_campaign");
  });

  test("lead and contact of one conversion, and two leads of one e-mail, are one person", async () => {
    const c = await campaign("C");
    const contact = await rows.contact("c", { created: "2026-01-20T00:00:00Z", email_hash: "work" });
    const lead = await rows.lead("l1", {
      owner: ann,
      created: "2026-01-10T00:00:00Z",
      email_hash: "private",
      isconverted: true,
      convertedcontactid: contact,
      converteddate: "2026-01-20",
      changedAt: "2026-01-20T00:00:00Z",
    });
    const twin = await rows.lead("l2", {
      owner: ann,
      created: "2026-01-11T00:00:00Z",
      email_hash: "private",
    });
    for (const person of [lead, twin, contact]) await rows.response(c, person, "2026-01-10");
    const computed = await bench.compute(asOf);
    expect(computed.value("inquiries")).toBe(3);
    expect(computed.value("inquirers")).toBe(1);
    expect(computed.value("leads", row(c))).toBe(1);
    expect(computed.value("leads")).toBe(1);
    expect(computed.value("people_acquired", row(c, { basis: "cohort" }))).toBe(1);
  });
});

describe("sales", () => {
  test("win rate by count and by amount, cycle in whole days of the workspace's zone", async () => {
    const closed = (
      name: string,
      created: string,
      closedate: string,
      iswon: boolean,
      amount: number | null,
    ) =>
      rows.opportunity(name, {
        created,
        ownerid: bob,
        stagename: iswon ? "Closed Won" : "Closed Lost",
        isclosed: true,
        iswon,
        closedate,
        amount,
      });
    // Created 1 March 02:00Z is 28 February in New York: 10 days to 10 March.
    await closed("a", "2026-03-01T02:00:00Z", "2026-03-10", true, 100);
    await closed("b", "2026-03-01T12:00:00Z", "2026-03-04", true, 200);
    await closed("c", "2026-03-01T12:00:00Z", "2026-03-05", false, 900);
    await closed("d", "2026-02-01T12:00:00Z", "2026-02-05", false, null);
    const computed = await bench.compute(asOf, { workspace: { timeZone: "America/New_York" } });
    const march = { row: "rep", member: bob, period: "2026-03-01" } as const;
    expect(computed.value("won", march)).toBe(2);
    expect(computed.value("win_rate", march)).toBeCloseTo(2 / 3, 15);
    // 300 / 1,200.
    expect(computed.value("win_rate_by_amount", march)).toBe(0.25);
    expect(computed.value("sales_cycle_days_median", march)).toBe(6.5);
    expect(computed.value("sales_cycle_days_mean", march)).toBe(6.5);
    expect(computed.value("win_rate", { row: "rep", member: bob })).toBe(0.5);
    const february = { period: "2026-02-01" };
    expect(computed.value("win_rate_by_amount", february)).toBeNull();
    expect(computed.value("won_amount", february)).toBe(0);
    expect(computed.reason("sales_cycle_days_mean", february)).toBe("nothing won");
  });

  test("an opportunity's source is its person's, as first seen, else its own", async () => {
    const contact = await rows.contact("p", {
      created: "2026-01-01T00:00:00Z",
      leadsource: "Event",
      until: "2026-02-01T00:00:00Z",
    });
    await rows.contact("p", {
      created: "2026-01-01T00:00:00Z",
      leadsource: "Web",
      seenAt: "2026-02-01T00:00:00Z",
    });
    const made = await rows.opportunity("o", {
      created: "2026-02-01T00:00:00Z",
      leadsource: "Other",
      amount: 1,
    });
    await rows.contactRole(made, contact);
    await rows.opportunity("q", { created: "2026-02-01T00:00:00Z", leadsource: " Other ", amount: 1 });
    const computed = await bench.compute(asOf);
    expect(computed.value("opportunities", { row: "source", member: "Event" })).toBe(1);
    expect(computed.value("opportunities", { row: "source", member: "Other" })).toBe(1);
  });
});
