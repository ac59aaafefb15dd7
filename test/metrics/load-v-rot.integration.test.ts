import { afterAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { sql } from "../../src/database/sql.ts";
import { readReport } from "../../src/metrics/report.ts";
import { openMetricsBench } from "../support/metrics-bench.ts";
import { recordId } from "../support/mirror-rows.ts";

const bench = await openMetricsBench();
const { rows } = bench;
const db = bench.store.database;
const asOf = "2026-03-20T12:00:00Z";
const team = recordId("role", "Closers");

afterAll(() => bench.store.close());
beforeEach(async () => {
  await bench.store.empty();
  await rows.connection();
  await rows.stagesAndStatuses();
  await rows.role("Closers");
});

const quartile = (member: number, period?: string) =>
  ({
    row: "load_quartile",
    member: String(member),
    basis: "cohort",
    ...(period === undefined ? {} : { period }),
  }) as const;

async function carried(): Promise<Record<string, string>> {
  const found = await db.any(
    z.object({ lead_id: z.string(), carried: z.string(), load: z.string(), quartile: z.number() }),
    sql`select handoff.lead_id, load.carried::text, trim_scale(load.load)::text as load, load.quartile
        from metrics.int_handoff_load as load
        join metrics.int_handoff as handoff
          on handoff.chain_id = load.chain_id and handoff.chain_position = 1
        order by 1`,
  );
  return Object.fromEntries(
    found.map((row) => [row.lead_id.replace(/^00Q0*/, ""), `${row.carried} ${row.load} ${row.quartile}`]),
  );
}

test("leads that come one after the other meet what the rep carries just then", async () => {
  const ann = await rows.user("Ann", { userroleid: team });
  // Four leads, an hour apart; the third comes with a fourth in the same second.
  const hour = (hours: number) => `2026-03-01T${String(hours).padStart(2, "0")}:00:00Z`;
  await rows.lead("a", { owner: ann, created: hour(1) });
  const b = await rows.lead("b", { owner: ann, created: hour(2), status: "Unqualified" });
  await rows.statusChange(b, hour(3), "Open", "Unqualified");
  await rows.opportunity("o", { created: hour(4), ownerid: ann });
  await rows.opportunity("p", {
    created: hour(4),
    ownerid: ann,
    stagename: "Closed Lost",
    isclosed: true,
    closedate: "2026-03-02",
  });
  await rows.stageEntry(recordId("opportunity", "p"), hour(4), "Prospecting", 1);
  await rows.stageEntry(recordId("opportunity", "p"), hour(5), "Closed Lost", 1);
  await rows.lead("c", { owner: ann, created: hour(6) });
  await rows.lead("d", { owner: ann, created: hour(6) });
  await bench.compute(asOf);
  // a meets nothing; b meets a. At 6:00 b has ended and p is lost: c and d both meet a and o, not each other.
  // Cuts of 0, 1, 2, 2 at 25, 50 and 75%: 0.75, 1.5, 2. Above none, one and two of them.
  expect(await carried()).toEqual({ a: "0 0 1", b: "1 1 2", c: "2 2 3", d: "2 2 3" });
});

test("weights and capacity: load is what is carried over capacity, where the whole team has one", async () => {
  const ann = await rows.user("Ann", { userroleid: team });
  const bob = await rows.user("Bob", { userroleid: team });
  await rows.opportunity("o", { created: "2026-02-01T00:00:00Z", ownerid: ann });
  await rows.lead("a", { owner: ann, created: "2026-03-01T00:00:00Z" });
  await rows.lead("b", { owner: bob, created: "2026-03-01T00:00:00Z" });
  const weights = { handoff: 1, opportunity: 3 };
  await bench.compute(asOf, {
    reps: { weights, capacity: 10, availability: { [ann]: 0.5 } },
  });
  // Ann carries one opportunity of weight 3, and can carry 10 x 0.5.
  expect(await carried()).toEqual({ a: "3 0.6 4", b: "0 0 1" });
  await bench.compute(asOf, { reps: { weights, capacityByUser: { [ann]: 10 } } });
  // Bob has no capacity: what is carried.
  expect(await carried()).toEqual({ a: "3 3 4", b: "0 0 1" });
});

test("rotted, touches and wins by quartile, of the month in which the leads came and of all", async () => {
  const ann = await rows.user("Ann", { userroleid: team });
  const day = (date: number, time = "08:00") => `2026-03-${String(date).padStart(2, "0")}T${time}:00Z`;
  // Eight leads on eight days, none of which ends before the last came: they meet 0, 1, ... 7 open ones.
  const leads: string[] = [];
  for (let index = 0; index < 8; index += 1) {
    const isConverted = index < 3;
    leads.push(
      await rows.lead(`l${index}`, {
        owner: ann,
        created: day(index + 1),
        ...(isConverted
          ? {
              isconverted: true,
              status: "Qualified",
              converteddate: "2026-03-15",
              convertedopportunityid: recordId("opportunity", `o${index}`),
              changedAt: day(15),
            }
          : {}),
      }),
    );
  }
  // The first four are called in time, the first twice; the rest never.
  for (const index of [0, 1, 2, 3]) await rows.call(leads[index] ?? "", day(index + 1, "09:00"), ann);
  await rows.call(leads[0] ?? "", day(3, "09:00"), ann);
  for (const [index, outcome] of [
    [0, { stagename: "Closed Won", isclosed: true, iswon: true }],
    [1, { stagename: "Closed Lost", isclosed: true }],
    [2, {}],
  ] as const) {
    await rows.conversion(leads[index] ?? "", day(15));
    await rows.opportunity(`o${index}`, { created: day(15), ownerid: ann, ...outcome });
  }
  const computed = await bench.compute(asOf);
  // Cuts of 0 to 7 at 25, 50, 75%: 1.75, 3.5, 5.25: two leads each.
  const values = (metric: string) => [1, 2, 3, 4].map((member) => computed.value(metric, quartile(member)));
  expect(values("rot_cohort_rate")).toEqual([0, 0, 1, 1]);
  // 3 touches of 2 leads, then 2 of 2.
  expect(values("touches_per_lead")).toEqual([1.5, 1, 0, 0]);
  // Of the first two one is won and one lost; the third's is open.
  expect(values("cohort_win_rate")).toEqual([0.5, null, null, null]);
  expect(computed.reason("cohort_win_rate", quartile(2))).toBe("nothing closed");
  expect(values("in_process_at_handoff_mean")).toEqual([0.5, 2.5, 4.5, 6.5]);
  expect(computed.value("rot_cohort_rate", quartile(3, "2026-03-01"))).toBe(1);
  expect(computed.reason("rot_cohort_rate", quartile(3))).toBe("capture not proven; small");
  // Together they are the workspace's.
  expect(computed.value("rot_cohort_rate", { basis: "cohort" })).toBe(0.5);

  const report = await readReport(db, "w", { by: "load_quartile", period: "lifetime" });
  expect(report.map(({ member, label }) => `${member} ${label}`)).toEqual([
    "1 1 of 4, lightest load",
    "2 2 of 4",
    "3 3 of 4",
    "4 4 of 4, heaviest load",
  ]);
});

test("quartiles are cut within a team, never across roles", async () => {
  const other = await rows.role("Openers");
  const ann = await rows.user("Ann", { userroleid: team });
  const bob = await rows.user("Bob", { userroleid: other });
  for (let index = 0; index < 10; index += 1) {
    await rows.opportunity(`o${index}`, { created: "2026-01-01T00:00:00Z", ownerid: bob });
  }
  for (const [index, owner] of [ann, ann, bob, bob].entries()) {
    await rows.lead(`l${index}`, { owner, created: `2026-03-0${index + 1}T00:00:00Z` });
  }
  await bench.compute(asOf);
  // Ann meets 0 and 1, Bob 10 and 11: each has a lightest and a heaviest.
  expect(await carried()).toEqual({ l0: "0 0 1", l1: "1 1 4", l2: "10 10 1", l3: "11 11 4" });
});
