import { afterAll, beforeEach, expect, test } from "vitest";
import { now, openMetricsBench } from "../support/metrics-bench.ts";
import { recordId } from "../support/mirror-rows.ts";

const bench = await openMetricsBench();
const { rows } = bench;
const asOf = "2026-03-20T12:00:00Z";
const team = recordId("role", "Closers");
const user = (name: string) => recordId("user", name);
let serial = 0;

afterAll(() => bench.store.close());
beforeEach(async () => {
  await bench.store.empty();
  await rows.connection();
  await rows.stagesAndStatuses();
  await rows.role("Closers");
});

async function rep(name: string, leads: number, opportunities: number, more = {}) {
  const id = await rows.user(name, { userroleid: team, ...more });
  for (let index = 0; index < leads; index += 1) {
    serial += 1;
    await rows.lead(`l${serial}`, { owner: id, created: "2026-03-19T00:00:00Z" });
  }
  for (let index = 0; index < opportunities; index += 1) {
    serial += 1;
    await rows.opportunity(`o${serial}`, { created: "2026-03-01T00:00:00Z", ownerid: id, type: "Renewal" });
  }
  return id;
}

test("in process is open leads and open opportunities of any type; load and headroom against capacity", async () => {
  const ann = await rep("Ann", 6, 2);
  const bob = await rep("Bob", 1, 0);
  const computed = await bench.compute(asOf, {
    reps: { capacity: 10, capacityByUser: { [bob]: 4 }, availability: { [ann]: 0.5 } },
  });
  // Ann: 8 of 10 x 0.5 = 5: load 1.6, headroom -3. Bob: 1 of 4.
  const values = (member: string) =>
    ["in_process", "open_opportunities", "load", "headroom"].map((metric) =>
      computed.value(metric, now("rep", member)),
    );
  expect(values(ann)).toEqual([8, 2, 1.6, -3]);
  expect(values(bob)).toEqual([1, 0, 0.25, 3]);
  // Together 9 of 9.
  expect(computed.value("load", now("team", team))).toBe(1);
  expect(computed.value("headroom", now())).toBe(0);
});

test("weights, capacity by role, and a rep who is away", async () => {
  const ann = await rep("Ann", 2, 3);
  const eve = await rep("Eve", 1, 0);
  const computed = await bench.compute(asOf, {
    reps: {
      capacityByRole: { Closers: 16 },
      weights: { handoff: 1, opportunity: 2 },
      away: [{ user: eve, from: "2026-03-20", to: "2026-03-27" }],
    },
  });
  // 2 x 1 + 3 x 2 = 8 of 16.
  expect(computed.value("load", now("rep", ann))).toBe(0.5);
  expect(computed.value("in_process", now("rep", ann))).toBe(5);
  expect([computed.value("load", now("rep", eve)), computed.reason("load", now("rep", eve))]).toEqual([
    null,
    "away",
  ]);
  expect(computed.value("headroom", now("rep", eve))).toBe(-1);
});

test("without capacity load is unknown and the counts are shown", async () => {
  const ann = await rep("Ann", 3, 0);
  const computed = await bench.compute(asOf);
  expect(computed.value("in_process", now("rep", ann))).toBe(3);
  expect([computed.value("load", now("rep", ann)), computed.reason("load", now("rep", ann))]).toEqual([
    null,
    "no capacity",
  ]);
  expect(computed.reason("headroom", now())).toBe("no capacity");
});

test("the spread counts idle reps, leaves inactive ones out, and needs three", async () => {
  await rep("Ann", 6, 0);
  await rep("Bob", 3, 0);
  await rep("Eve", 0, 0);
  const gone = await rep("Gone", 9, 0, { isactive: false });
  const computed = await bench.compute(asOf);
  // x = 6, 3, 0; mean 3; |differences| over ordered pairs: 2 x (3 + 6 + 3) = 24; 24 / (2 x 9 x 3) = 4/9.
  expect(computed.value("load_gini", now("team", team))).toBeCloseTo(4 / 9, 15);
  expect(computed.value("load_max_to_median", now("team", team))).toBe(2);
  // The inactive owner's leads are in process all the same.
  expect(computed.value("in_process", now("team", team))).toBe(18);
  expect(computed.reason("load", now("rep", gone))).toBe("inactive owner");
  expect(computed.reason("load_gini", now())).toBe("per team and role");
});

test("two reps are no spread", async () => {
  await rep("Ann", 6, 0);
  await rep("Bob", 3, 0);
  const computed = await bench.compute(asOf);
  expect([
    computed.value("load_gini", now("team", team)),
    computed.reason("load_gini", now("team", team)),
  ]).toEqual([null, "fewer than 3 active reps"]);
});

test("the spread is of load where all have a capacity", async () => {
  const ann = await rep("Ann", 6, 0);
  await rep("Bob", 3, 0);
  await rep("Eve", 3, 0);
  const computed = await bench.compute(asOf, { reps: { capacity: 3, capacityByUser: { [ann]: 6 } } });
  // Loads 1, 1, 1.
  expect(computed.value("load_gini", now("team", team))).toBe(0);
});

test("a converted lead counts once, as its opportunity", async () => {
  const ann = await rep("Ann", 0, 0);
  const opportunity = await rows.opportunity("made", { created: "2026-03-19T10:00:00Z", ownerid: ann });
  const lead = await rows.lead("converted", {
    owner: ann,
    created: "2026-03-19T00:00:00Z",
    isconverted: true,
    converteddate: "2026-03-19",
    convertedopportunityid: opportunity,
    changedAt: "2026-03-19T10:00:00Z",
  });
  await rows.conversion(lead, "2026-03-19T10:00:00Z");
  const computed = await bench.compute(asOf);
  expect(computed.value("in_process", now("rep", ann))).toBe(1);
  expect(computed.value("open_leads", now("rep", ann))).toBe(0);
  expect(user("Ann")).toBe(ann);
});

test("an idle rep with a capacity has a row: that is where headroom is", async () => {
  const idle = await rep("Idle", 0, 0);
  await rep("Other", 1, 0);
  const computed = await bench.compute(asOf, { reps: { capacityByUser: { [idle]: 5 } } });
  expect(computed.value("in_process", now("rep", idle))).toBe(0);
  expect(computed.value("headroom", now("rep", idle))).toBe(5);
});
