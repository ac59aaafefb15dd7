import { afterAll, beforeEach, expect, test } from "vitest";
import { now, openMetricsBench } from "../support/metrics-bench.ts";
import { recordId } from "../support/mirror-rows.ts";

const bench = await openMetricsBench();
const { rows } = bench;
const ann = recordId("user", "Ann");
const asOf = "2026-03-20T12:00:00Z";
const SAYS = "includes handoffs before rot.start_from, which explain lists";
const from = (startFrom: string) => ({ rot: { startFrom } });

afterAll(() => bench.store.close());
beforeEach(async () => {
  await bench.store.empty();
  await rows.connection();
  await rows.stagesAndStatuses();
  await rows.user("Ann");
  await rows.user("Bob");
  // Twelve of Ann's rot, so that no rate is small; the first came on 1 March, the others on the 10th.
  for (let index = 0; index < 12; index += 1) {
    const day = index === 0 ? "01" : "10";
    await rows.lead(`l${index}`, { owner: ann, created: `2026-03-${day}T00:00:00Z` });
  }
});

test("a rate with a handoff before rot.start_from counts it and says so", async () => {
  const computed = await bench.compute(asOf, from("2026-03-05T00:00:00Z"));
  // Twelve of twelve rot, the one before 5 March too.
  expect(computed.value("rotting_lead_rate", now())).toBe(1);
  const reasons = ["rotting_lead_rate", "rotting_share_of_untouched"].map((metric) =>
    computed.reason(metric, now("rep", ann)),
  );
  expect(reasons).toEqual([`${SAYS}; capture not proven`, `${SAYS}; capture not proven`]);
  expect(computed.value("rot_cohort_rate", { basis: "cohort", period: "2026-03-01" })).toBe(1);
  expect(computed.reason("rot_cohort_rate", { basis: "cohort" })).toContain(SAYS);
  // Counts are what they are, and nobody is cold: nothing to say of a rate that is none.
  expect(computed.reason("rotting_leads", now())).toBe("capture not proven");
  expect(computed.reason("gone_cold_rate", now())).toBe("no touched leads");
});

test("one whose handoffs all came at or after it says nothing of it", async () => {
  const computed = await bench.compute(asOf, from("2026-03-01T00:00:00Z"));
  expect(computed.reason("rotting_lead_rate", now())).toBe("capture not proven");
  expect(computed.reason("rot_cohort_rate", { basis: "cohort" })).toBe("capture not proven");
});

test("only the rate in whose denominator the handoff is says so", async () => {
  // The old lead is touched and gone cold: it is in the cold rate and no longer in the rotting one.
  await rows.call(recordId("lead", "l0"), "2026-03-01T10:00:00Z", ann);
  const computed = await bench.compute(asOf, from("2026-03-05T00:00:00Z"));
  expect(computed.reason("gone_cold_rate", now())).toBe(`${SAYS}; capture not proven; small`);
  expect(computed.reason("rotting_lead_rate", now())).toBe("capture not proven");
});
