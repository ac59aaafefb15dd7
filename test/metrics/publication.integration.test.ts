import { afterAll, beforeEach, expect, test } from "vitest";
import { BusyError } from "../../src/core/errors.ts";
import { compute } from "../../src/metrics/compute.ts";
import { explain } from "../../src/metrics/explain.ts";
import { isWhole, publishedAsOf, readConsistently } from "../../src/metrics/publication.ts";
import { readReport } from "../../src/metrics/report.ts";
import { openMetricsBench } from "../support/metrics-bench.ts";
import { metricsSettings } from "../support/metrics-settings.ts";

const bench = await openMetricsBench();
const { rows, store } = bench;
const db = store.database;
const settings = metricsSettings({});

afterAll(() => store.close());

const monday = "2026-06-01T12:00:00Z";
const tuesday = "2026-06-02T12:00:00Z";

// One lead handed to Ann on Monday at 08:00: waiting at noon, rotting on Tuesday at 08:00.
beforeEach(async () => {
  await store.empty();
  await rows.connection();
  await rows.stagesAndStatuses();
  const ann = await rows.user("ann");
  await rows.lead("lead", { owner: ann, created: "2026-06-01T08:00:00Z" });
});

const rotRate = async () =>
  (await readReport(db, "w", { metric: "rotting_lead_rate" })).map((row) => row["rotting_lead_rate"]);

async function stopHalfway(asOf: string): Promise<void> {
  const request = {
    asOf: new Date(asOf),
    connectionId: "sf",
    onModel: (model: string) => {
      if (model === "int_lead") throw new Error("killed");
    },
  };
  await expect(compute({ db }, settings, request)).rejects.toThrow("killed");
}

test("a compute that dies halfway leaves the published report as it was", async () => {
  await bench.compute(monday);
  expect(await isWhole(db, "w", new Date(monday))).toBe(true);
  await stopHalfway(tuesday);
  expect(await rotRate()).toEqual([0]);
  expect(await publishedAsOf(db, "w")).toEqual(new Date(monday));
  expect(await isWhole(db, "w", new Date(monday))).toBe(false);
});

test("numbers are not shown beside the records of another compute", async () => {
  await bench.compute(monday);
  await stopHalfway(tuesday);
  const read = readConsistently(db, "w", (at) => explain(at, settings, "rotting_lead_rate", "workspace"), 0);
  await expect(read).rejects.toThrow(BusyError);
  await expect(read).rejects.toThrow(/as of 2026-06-02T12:00:00.000Z are being computed/);
  await bench.compute(tuesday);
  const { asOf, values } = await readConsistently(
    db,
    "w",
    (at) => explain(at, settings, "rotting_lead_rate", "workspace"),
    0,
  );
  expect(asOf).toBe("2026-06-02T12:00:00.000Z");
  expect(values.map(({ value }) => Number(value))).toEqual([1]);
});

test("who asks during a compute gets its numbers when it has ended", async () => {
  await bench.compute(monday);
  let asked: Promise<readonly unknown[]> | undefined;
  await compute({ db }, settings, {
    asOf: new Date(tuesday),
    onModel: () => {
      asked ??= readConsistently(db, "w", async (at) => [
        await publishedAsOf(at, "w"),
        (await readReport(at, "w", { metric: "rotting_lead_rate" })).map((row) => row["rotting_lead_rate"]),
      ]);
    },
  });
  expect(await asked).toEqual([new Date(tuesday), [1]]);
});
