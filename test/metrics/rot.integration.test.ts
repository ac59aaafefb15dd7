import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { now, openMetricsBench } from "../support/metrics-bench.ts";
import { recordId } from "../support/mirror-rows.ts";

const bench = await openMetricsBench();
const { rows } = bench;
const ann = recordId("user", "Ann");
const bob = recordId("user", "Bob");
const queue = recordId("queue", "Inbound");

afterAll(() => bench.store.close());
beforeEach(async () => {
  await bench.store.empty();
  await rows.connection();
  await rows.stagesAndStatuses();
  await rows.user("Ann");
  await rows.user("Bob");
  await rows.queue("Inbound");
});

const at = (text: string) => new Date(text);
const asOf = "2026-03-20T00:00:00Z";

describe("rotting lead rate", () => {
  test("rotting over untouched and worked; cold ones are left out and have a rate of their own", async () => {
    // As of 20 March 00:00, expiry 24 h, cold after 14 days:
    // r1, r2 handed off on the 18th, untouched: rotting. w1 handed off on the 19th at 12:00, untouched: waiting.
    // k1 called on the 19th, k2 called on the 10th (10 days ago): worked. c1 called on the 1st (19 days): cold.
    for (const name of ["r1", "r2"]) await rows.lead(name, { owner: ann, created: "2026-03-18T00:00:00Z" });
    await rows.lead("w1", { owner: ann, created: "2026-03-19T12:00:00Z" });
    for (const [name, on] of [
      ["k1", "2026-03-19T00:00:00Z"],
      ["k2", "2026-03-10T00:00:00Z"],
      ["c1", "2026-03-01T00:00:00Z"],
    ] as const) {
      const lead = await rows.lead(name, { owner: ann, created: "2026-02-28T12:00:00Z" });
      await rows.call(lead, on, ann);
    }
    const computed = await bench.compute(asOf);
    // R = 2, U = 3, W = 2, C = 1.
    expect(computed.value("rotting_lead_rate", now())).toBe(2 / 5);
    expect(computed.value("rotting_share_of_untouched", now())).toBeCloseTo(2 / 3, 15);
    expect(computed.value("gone_cold_rate", now())).toBeCloseTo(1 / 3, 15);
    expect(computed.value("open_leads", now())).toBe(6);
    expect(computed.value("rotting_lead_rate", now("rep", ann))).toBe(2 / 5);
    // Five in the denominator, and nobody worked ten leads: both are said beside the number.
    expect(computed.reason("rotting_lead_rate", now())).toBe("capture not proven; small");
  });

  test("a lead rots from its deadline on, and a touch at the deadline is in time", async () => {
    await rows.lead("untouched", { owner: ann, created: "2026-03-19T00:00:00Z" });
    const lead = await rows.lead("touched", { owner: ann, created: "2026-03-19T00:00:00Z" });
    await rows.call(lead, "2026-03-20T00:00:00Z", ann);
    const late = await rows.lead("late", { owner: ann, created: "2026-03-18T23:59:59Z" });
    await rows.call(late, "2026-03-20T00:00:00Z", ann);
    const states = async (instant: string) =>
      Object.fromEntries(
        (await (await bench.compute(instant)).handoffs()).map((one) => [one.lead_id.slice(-9), one.state]),
      );
    expect(await states("2026-03-19T17:59:59Z")).toMatchObject({ untouched: "waiting" });
    expect(await states("2026-03-19T18:00:00Z")).toMatchObject({ untouched: "at_risk" });
    expect(await states("2026-03-19T23:59:59Z")).toMatchObject({ untouched: "at_risk" });
    expect(await states("2026-03-20T00:00:00Z")).toMatchObject({
      untouched: "rotting",
      "00touched": "worked",
      "00000late": "worked_late",
    });
  });

  test("each rep and source has its own, and a lead without source stands under none", async () => {
    await rows.lead("a1", { owner: ann, created: "2026-03-18T00:00:00Z", leadsource: " Web " });
    await rows.lead("a2", { owner: ann, created: "2026-03-19T20:00:00Z", leadsource: "Web" });
    await rows.lead("b1", { owner: bob, created: "2026-03-18T00:00:00Z", leadsource: "  " });
    const computed = await bench.compute(asOf);
    // Ann: one of two; Bob: one of one. Web: one of two; no source: one of one. All: two of three.
    expect(computed.value("rotting_lead_rate", now("rep", ann))).toBe(0.5);
    expect(computed.value("rotting_lead_rate", now("rep", bob))).toBe(1);
    expect(computed.value("rotting_lead_rate", now("source", "Web"))).toBe(0.5);
    expect(computed.value("rotting_lead_rate", now("source", null))).toBe(1);
    expect(computed.value("rotting_lead_rate", now())).toBeCloseTo(2 / 3, 15);
  });

  test("nothing open is no rate, not a rate of 0", async () => {
    const computed = await bench.compute(asOf);
    expect(computed.value("rotting_lead_rate", now())).toBeNull();
    expect(computed.reason("rotting_lead_rate", now())).toBe("no open leads");
  });

  test("a lead that its own checkbox excludes is in no number and is counted as excluded", async () => {
    await rows.lead("in", { owner: ann, created: "2026-03-18T00:00:00Z" });
    await rows.lead("out", { owner: ann, created: "2026-03-18T00:00:00Z", ripeline_exclude__c: true });
    await rows.lead("own", { owner: ann, created: "2026-03-18T00:00:00Z", email_domain: "ACME.example" });
    const computed = await bench.compute(asOf, { scope: { excludedEmailDomains: ["acme.example"] } });
    expect(computed.value("rotting_leads", now())).toBe(1);
    expect(computed.value("in_process", now())).toBe(1);
    expect(computed.value("leads")).toBe(1);
    expect(computed.value("excluded_leads", now())).toBe(2);
  });
});

describe("policies and calendars", () => {
  const businessHours = async () =>
    rows.row("salesforce_business_hours", {
      id: "01m1",
      name: "Default",
      isactive: true,
      isdefault: true,
      timezonesidkey: "America/New_York",
      ...Object.fromEntries(
        ["monday", "tuesday", "wednesday", "thursday", "friday"].flatMap((day) => [
          [`${day}starttime`, "09:00:00.000Z"],
          [`${day}endtime`, "17:00:00.000Z"],
        ]),
      ),
    });
  const policy = (expiryHours: number, calendar = "org_default") => ({
    rot: { policies: [{ name: "business", match: {}, expiryHours, calendar }] },
  });

  test("eight business hours from Friday 16:00 end on Monday 16:00, across the change of clocks", async () => {
    await businessHours();
    // Friday 6 March 2026 16:00 EST = 21:00Z. One hour on Friday, seven on Monday: 16:00 EDT = 20:00Z (UTC-4 by then).
    // Three quarters, 6 h: one on Friday, five on Monday: 14:00 EDT = 18:00Z.
    await rows.lead("a", { owner: ann, created: "2026-03-06T21:00:00Z" });
    const [handoff] = await (await bench.compute("2026-03-07T00:00:00Z", policy(8))).handoffs();
    expect(handoff).toMatchObject({
      at_risk_at: at("2026-03-09T18:00:00Z"),
      rots_at: at("2026-03-09T20:00:00Z"),
      policy: "business",
    });
  });

  test("a recurring holiday moves the deadline by a day", async () => {
    await businessHours();
    await rows.row("salesforce_holiday", {
      id: "0C01",
      name: "Spring",
      isallday: true,
      isrecurrence: true,
      activitydate: "2025-03-09",
      recurrencestartdate: "2025-03-09",
      recurrencetype: "RecursYearly",
      recurrencemonthofyear: "March",
      recurrencedayofmonth: 9,
    });
    await rows.lead("a", { owner: ann, created: "2026-03-06T21:00:00Z" });
    const [handoff] = await (await bench.compute("2026-03-07T00:00:00Z", policy(8))).handoffs();
    expect(handoff?.rots_at).toEqual(at("2026-03-10T20:00:00Z"));
  });

  test("a lead handed over at night starts its clock in the morning; a deadline at closing time stays on that day", async () => {
    await businessHours();
    // Tuesday 10 March 02:00 EDT; 8 h of Tuesday end at 17:00 EDT = 21:00Z.
    await rows.lead("a", { owner: ann, created: "2026-03-10T06:00:00Z" });
    const [handoff] = await (await bench.compute("2026-03-10T07:00:00Z", policy(8))).handoffs();
    expect(handoff?.rots_at).toEqual(at("2026-03-10T21:00:00Z"));
  });

  test("a calendar of the configuration works in its own zone", async () => {
    await rows.lead("a", { owner: ann, created: "2026-03-10T04:00:00Z" });
    const days = Object.fromEntries(
      ["1", "2", "3", "4", "5"].map((day) => [day, { open: "09:00", close: "12:00" }]),
    );
    const [handoff] = await (
      await bench.compute("2026-03-10T05:00:00Z", {
        rot: {
          policies: [{ name: "desk", match: {}, expiryHours: 4, calendar: "desk" }],
          calendars: [{ name: "desk", timeZone: "Asia/Kolkata", days, holidays: ["2026-03-11"] }],
        },
      })
    ).handoffs();
    // 09:30 IST on the 10th: 2.5 h that day, the 11th is closed, 1.5 h on the 12th: 10:30 IST = 05:00Z.
    expect(handoff?.rots_at).toEqual(at("2026-03-12T05:00:00Z"));
  });

  test("a policy for a source and a team goes before the default", async () => {
    await rows.role("Hunters");
    await rows.user("Eve", { userroleid: recordId("role", "Hunters") });
    const eve = recordId("user", "Eve");
    await rows.lead("hot", { owner: eve, created: "2026-03-10T00:00:00Z", leadsource: "Demo" });
    await rows.lead("cold", { owner: ann, created: "2026-03-10T00:00:00Z", leadsource: "Demo" });
    const handoffs = await (
      await bench.compute("2026-03-10T01:00:00Z", {
        rot: {
          policies: [
            {
              name: "fast",
              match: { sources: ["Demo"], teams: ["Hunters"] },
              expiryHours: 1,
              calendar: "wall_clock",
            },
            { name: "default", match: {}, expiryHours: 24, calendar: "wall_clock" },
          ],
        },
      })
    ).handoffs();
    expect(Object.fromEntries(handoffs.map((one) => [one.owner_id, [one.policy, one.state]]))).toEqual({
      [eve]: ["fast", "rotting"],
      [ann]: ["default", "waiting"],
    });
  });

  test("a policy with an unknown calendar is refused and told what there is", async () => {
    await businessHours();
    await expect(bench.compute(asOf, policy(8, "Support"))).rejects.toThrow(
      /rot policy "business" names the calendar "Support".*\(Default\)/,
    );
  });
});

describe("rot by cohort", () => {
  test("each chain is ended untouched, not yet due, in time or late, and belongs to who held it at the deadline", async () => {
    const call = (lead: string, on: string, by = ann) => rows.call(lead, on, by);
    // in time: called after 10 h. late: called after 30 h. never: untouched. queued: back to the queue after 5 h.
    await call(
      await rows.lead("in", { owner: ann, created: "2026-03-02T00:00:00Z" }),
      "2026-03-02T10:00:00Z",
    );
    await call(
      await rows.lead("late", { owner: ann, created: "2026-03-02T00:00:00Z" }),
      "2026-03-03T06:00:00Z",
    );
    await rows.lead("never", { owner: ann, created: "2026-03-02T00:00:00Z" });
    const queued = await rows.lead("queued", { owner: queue, created: "2026-03-02T00:00:00Z" });
    await rows.ownerChange(queued, "2026-03-02T05:00:00Z", ann, queue);
    // fresh: due a day after as_of. passed: untouched at Ann for 20 h (a chain that ended untouched), then Bob rots.
    await rows.lead("fresh", { owner: ann, created: "2026-03-19T23:00:00Z" });
    const passed = await rows.lead("passed", { owner: bob, created: "2026-03-02T00:00:00Z" });
    await rows.ownerChange(passed, "2026-03-02T20:00:00Z", ann, bob);
    // shared: called at Ann's after 2 h, with Bob from hour 4 on: one chain, Bob's at the deadline, in time.
    const shared = await rows.lead("shared", { owner: bob, created: "2026-03-02T00:00:00Z" });
    await call(shared, "2026-03-02T02:00:00Z");
    await rows.ownerChange(shared, "2026-03-02T04:00:00Z", ann, bob);
    const computed = await bench.compute(asOf);
    const cohort = (row?: "rep", member?: string) =>
      ["rot_cohort_rate", "rot_cohort_ended_untouched", "rot_cohort_not_yet_due"].map((metric) =>
        computed.value(metric, {
          basis: "cohort",
          ...(row === undefined ? {} : { row }),
          ...(member === undefined ? {} : { member }),
        }),
      );
    // Ann: D = in, late, never, of which 2 late; ended untouched: queued, passed; not yet due: fresh.
    expect(cohort("rep", ann)).toEqual([2 / 3, 2, 1]);
    // Bob: D = passed (late), shared (in time).
    expect(cohort("rep", bob)).toEqual([1 / 2, 0, 0]);
    expect(cohort()).toEqual([3 / 5, 2, 1]);
    // Chains made: Ann 7 (all but Bob's own clock on "passed"), Bob 1.
    expect(computed.value("leads", { row: "rep", member: ann })).toBe(7);
    expect(computed.value("leads", { row: "rep", member: bob })).toBe(1);
  });

  test("a touch at the deadline is in time in the cohort too", async () => {
    const lead = await rows.lead("last", { owner: ann, created: "2026-03-02T00:00:00Z" });
    await rows.call(lead, "2026-03-03T00:00:00Z", ann);
    // 24 h after the handoff: one chain due, none of it late.
    expect((await bench.compute(asOf)).value("rot_cohort_rate", { basis: "cohort" })).toBe(0);
  });

  test("a lead whose handoff nobody saw is in no share of disposed ones", async () => {
    const close = async (name: string, created: string, seenAt: string) => {
      const lead = await rows.lead(name, { owner: ann, created, seenAt, status: "Unqualified" });
      await rows.statusChange(lead, "2026-03-10T00:00:00Z", "Open", "Unqualified");
      return lead;
    };
    const known = await close("known", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z");
    await rows.call(known, "2026-03-02T01:00:00Z", ann);
    await close("unknown", "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z");
    const computed = await bench.compute(asOf);
    expect((await computed.handoffs()).map((one) => one.evidence).toSorted()).toEqual(["born", "unknown"]);
    // One that is known, and it was called.
    expect(computed.value("disposed_untouched_rate", { period: "2026-03-01" })).toBe(0);
  });

  test("closing rotten leads does not cure rot: disposed untouched", async () => {
    const close = async (name: string, status: string, touched: boolean) => {
      const lead = await rows.lead(name, { owner: ann, created: "2026-03-02T00:00:00Z", status });
      if (touched) await rows.call(lead, "2026-03-02T01:00:00Z", ann);
      await rows.statusChange(lead, "2026-03-10T00:00:00Z", "Open", status);
    };
    await close("one", "Unqualified", false);
    await close("two", "Recycled", false);
    await close("three", "Unqualified", true);
    const computed = await bench.compute(asOf);
    // Two of three, in March; nothing is open any more.
    expect(computed.value("disposed_untouched_rate", { period: "2026-03-01" })).toBeCloseTo(2 / 3, 15);
    expect(computed.value("disposed_untouched_rate", { row: "rep", member: ann })).toBeCloseTo(2 / 3, 15);
    expect(computed.value("rotting_lead_rate", now())).toBeNull();
  });

  test("hours to the first response count from the first handoff, whoever answers", async () => {
    // 2, 4 and 12 hours: median 4, 90th percentile 4 + 0.8 * 8 = 10.4. The third is answered by Bob after taking over.
    await rows.call(
      await rows.lead("a", { owner: ann, created: "2026-03-02T00:00:00Z" }),
      "2026-03-02T02:00:00Z",
      ann,
    );
    await rows.call(
      await rows.lead("b", { owner: ann, created: "2026-03-02T00:00:00Z" }),
      "2026-03-02T04:00:00Z",
      ann,
    );
    const third = await rows.lead("c", { owner: bob, created: "2026-03-02T00:00:00Z" });
    await rows.ownerChange(third, "2026-03-02T11:00:00Z", ann, bob);
    await rows.call(third, "2026-03-02T12:00:00Z", bob);
    const computed = await bench.compute(asOf);
    const key = { row: "rep", member: ann } as const;
    expect(computed.value("lead_first_response_hours_median", key)).toBe(4);
    expect(computed.value("lead_first_response_hours_p90", key)).toBeCloseTo(10.4, 10);
    expect(computed.reason("lead_first_response_business_hours_median", key)).toBe(
      "the org has no business hours",
    );
    expect(computed.find({ row: "rep", member: bob })?.["lead_first_response_hours_median"]).toBeNull();
  });
});

describe("undelivered leads", () => {
  test("delivered and undelivered are all qualified leads; age counts from the change that made it so", async () => {
    await rows.lead("delivered", { owner: ann, created: "2026-03-19T00:00:00Z" });
    await rows.lead("queued", { owner: queue, created: "2026-03-19T12:00:00Z", leadsource: "Web" });
    const back = await rows.lead("back", { owner: queue, created: "2026-03-01T00:00:00Z" });
    await rows.ownerChange(back, "2026-03-18T00:00:00Z", ann, queue);
    await rows.lead("closed", { owner: queue, created: "2026-03-01T00:00:00Z", status: "Unqualified" });
    await rows.user("Sync", {
      usertype: "Standard",
      profileid: await rows.profile("Minimum Access - API Only Integrations"),
    });
    await rows.lead("robot", { owner: recordId("user", "Sync"), created: "2026-03-19T20:00:00Z" });
    const computed = await bench.compute(asOf);
    // Ages: queued 12 h, back 48 h, robot 4 h: median 12, 1 of 3 at or past 24 h.
    expect(computed.value("undelivered_count", now())).toBe(3);
    expect(computed.value("undelivered_count", now("source", "Web"))).toBe(1);
    expect(computed.value("undelivered_past_expiry_rate", now())).toBeCloseTo(1 / 3, 15);
    expect(computed.value("undelivered_age_hours_median", now())).toBe(12);
    expect(computed.value("open_leads", now())).toBe(1);
  });

  test("a user who both made and kept more leads than a person can is a holding pen", async () => {
    for (let index = 0; index < 4; index += 1) {
      await rows.lead(`l${index}`, { owner: bob, created: "2026-03-19T00:00:00Z", createdbyid: bob });
    }
    const patch = (robotAbove: number) => ({ reps: { robotAbove } });
    expect((await bench.compute(asOf, patch(3))).value("undelivered_count", now())).toBe(4);
    expect((await bench.compute(asOf, patch(4))).value("undelivered_count", now())).toBe(0);
  });

  test("an inactive rep's lead rots like any other and is nobody's undelivered", async () => {
    await rows.user("Gone", { isactive: false });
    await rows.lead("a", { owner: recordId("user", "Gone"), created: "2026-03-01T00:00:00Z" });
    const computed = await bench.compute(asOf);
    expect(computed.value("rotting_leads", now())).toBe(1);
    expect(computed.value("undelivered_count", now())).toBe(0);
  });
});
