import { existsSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { catalog, findMetric } from "../../src/metrics/catalog.ts";

/** The stable names of `ripeline report`. */
const promised =
  "rotting_lead_rate, rotting_share_of_untouched, gone_cold_rate, rot_cohort_rate, disposed_untouched_rate, undelivered_count, unlogged_work_share, leads, open_leads, open_opportunities, in_process, load, headroom, load_gini, investment, investment_basis, cost_per_lead, pipeline, pipeline_per_dollar, pipeline_without_cost, trap, opportunities, won, won_amount, win_rate, win_rate_by_amount, sales_cycle_days_median, sales_cycle_days_mean".split(
    ", ",
  );

const pointInTime = [
  "rotting_lead_rate",
  "rotting_share_of_untouched",
  "gone_cold_rate",
  "undelivered_count",
  "unlogged_work_share",
  "open_leads",
  "open_opportunities",
  "in_process",
  "load",
  "headroom",
  "load_gini",
];

const models = new URL("../../src/metrics/models/reports/", import.meta.url);

test("every promised metric is in the catalog, once", () => {
  const names = catalog.map((entry) => entry.name);
  expect(promised.filter((name) => !names.includes(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});

test("rates of a moment stand in point-in-time rows alone", () => {
  expect(pointInTime.map((name) => findMetric(name)?.bases)).toEqual(
    pointInTime.map(() => ["point_in_time"]),
  );
});

test("each entry names models that exist, and each report model is named", () => {
  const named = new Set(catalog.flatMap((entry) => entry.model.split(", ")));
  expect([...named].filter((name) => !existsSync(new URL(`${name}.sql`, models)))).toEqual([]);
  const files = readdirSync(models).map((file) => file.replace(".sql", ""));
  expect(files.filter((file) => file !== "metric_value" && !named.has(file))).toEqual([]);
});

test("a ratio, a median and a count of distinct people are never summed", () => {
  const summed = catalog.filter((entry) => entry.additive).map((entry) => entry.unit);
  expect(new Set(summed)).toEqual(new Set(["count", "money"]));
  expect(["inquirers", "leads", "cost_per_lead"].map((name) => findMetric(name)?.additive)).toEqual([
    false,
    false,
    false,
  ]);
});

test("every formula is a sentence that a marketing person can read", () => {
  const short = catalog.filter((entry) => entry.formula.length < 25 || !entry.formula.endsWith("."));
  expect(short.map((entry) => entry.name)).toEqual([]);
});
