import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { sql } from "../../src/database/sql.ts";
import { catalog } from "../../src/metrics/catalog.ts";
import { readReport } from "../../src/metrics/report.ts";
import { now, openMetricsBench } from "../support/metrics-bench.ts";
import { recordId } from "../support/mirror-rows.ts";

const bench = await openMetricsBench();
const { rows } = bench;
const db = bench.store.database;
const ann = recordId("user", "Ann");
const asOf = "2026-03-20T12:00:00Z";

afterAll(() => bench.store.close());
beforeEach(async () => {
  await bench.store.empty();
  await rows.connection();
  await rows.stagesAndStatuses();
  await rows.user("Ann", { userroleid: await rows.role("Closers") });
});

async function company() {
  const campaign = await rows.campaign("C", {
    actualcost: 310,
    startdate: "2026-01-01",
    enddate: "2026-01-31",
  });
  const lead = await rows.lead("a", { owner: ann, created: "2026-01-05T08:00:00Z", leadsource: "Web" });
  await rows.response(campaign, lead, "2026-01-05");
  await rows.lead("b", { owner: ann, created: "2026-03-05T08:00:00Z" });
  await rows.opportunity("o", {
    created: "2026-03-05T00:00:00Z",
    ownerid: ann,
    campaignid: campaign,
    amount: 620,
  });
}

describe("report rows", () => {
  test("a row has exactly the metrics of its basis and type", async () => {
    await company();
    const computed = await bench.compute(asOf);
    const head = new Set([
      "row_type",
      "member",
      "label",
      "period_type",
      "period_start",
      "basis",
      "model",
      "age_days",
      "currency",
      "reasons",
    ]);
    expect(computed.rows.length).toBeGreaterThan(10);
    for (const row of computed.rows) {
      const expected = catalog
        .filter((entry) => entry.bases.includes(row.basis) && entry.grain.includes(row.row_type))
        .filter((entry) => row.age_days === null || !entry.toDateOnly)
        .map((entry) => entry.name);
      expect(
        Object.keys(row)
          .filter((key) => !head.has(key))
          .toSorted(),
      ).toEqual(expected.toSorted());
    }
  });

  test("a value that is missing says why, and point-in-time rows stand on the workspace's date alone", async () => {
    await company();
    const computed = await bench.compute("2026-03-20T23:30:00Z", { workspace: { timeZone: "Asia/Tokyo" } });
    const silent = computed.rows.flatMap((row) =>
      catalog.flatMap((entry) =>
        entry.name in row && row[entry.name] === null && row.reasons[entry.name] === undefined
          ? [entry.name]
          : [],
      ),
    );
    expect(silent).toEqual([]);
    const days = computed.rows.filter((row) => row.basis === "point_in_time");
    // 23:30 UTC on the 20th is the 21st in Tokyo.
    expect(new Set(days.map((row) => `${row.period_type} ${row.period_start}`))).toEqual(
      new Set(["day 2026-03-21"]),
    );
  });

  test("without anything asked: the workspace, its lifetime, latest month and today", async () => {
    await company();
    await bench.compute(asOf);
    const report = await readReport(db, "w");
    const keys = new Set(
      report.map((row) => [row.row_type, row.basis, row.period_type, row.period_start].join(" ")),
    );
    expect(keys).toEqual(
      new Set([
        "workspace point_in_time day 2026-03-20",
        "workspace in_period lifetime ",
        "workspace in_period month 2026-03-01",
        "workspace cohort lifetime ",
        "workspace cohort month 2026-03-01",
      ]),
    );
  });

  test("one metric by source, and the workspace by month", async () => {
    await company();
    await bench.compute(asOf, { report: { months: 3 } });
    const bySource = await readReport(db, "w", { metric: "leads", by: "source", period: "lifetime" });
    expect(bySource.map((row) => [row.member, row.label, row["leads"], "won" in row])).toEqual([
      [null, "No source", 1, false],
      ["Web", "Web", 1, false],
    ]);
    const byMonth = await readReport(db, "w", { metric: "leads", by: "month", basis: "in_period" });
    expect(byMonth.map((row) => [row.period_start, row["leads"]])).toEqual([
      ["2026-01-01", 1],
      ["2026-02-01", 0],
      ["2026-03-01", 1],
    ]);
  });

  test("a second compute of the same moment leaves the same report", async () => {
    await company();
    const first = await bench.compute(asOf);
    const second = await bench.compute(asOf);
    expect(second.rows).toEqual(first.rows);
  });

  test("another workspace's report in the same store is left alone", async () => {
    await company();
    await bench.compute(asOf);
    const other = await bench.compute(asOf, { workspace: { id: "other", name: "Other" } });
    expect(other.value("leads")).toBe(2);
    const mine = await readReport(db, "w", { metric: "leads", period: "lifetime" });
    expect(mine.map((row) => row["leads"])).toEqual([2]);
    const theirs = await readReport(db, "other", { metric: "leads", period: "lifetime" });
    expect(theirs.map((row) => row["leads"])).toEqual([0]);
  });
});

describe("what cannot be known", () => {
  test("before the history of an input the value is unknown and says from when on it is", async () => {
    await company();
    await db.execute(sql`
      insert into mirror.stream_state (workspace_id, connection_id, stream, history_begins_at)
      values ('w', 'sf', 'salesforce.Opportunity', '2026-03-25T10:00:00Z')`);
    const computed = await bench.compute(asOf);
    expect([computed.value("in_process", now()), computed.reason("in_process", now())]).toEqual([
      null,
      "no history before 2026-03-25",
    ]);
    expect(computed.value("leads")).toBe(2);
  });

  test("a hidden field marks the metrics that need it as incomplete", async () => {
    await company();
    await db.execute(sql`
      insert into mirror.stream_state (workspace_id, connection_id, stream, hidden_fields)
      values ('w', 'sf', 'salesforce.Opportunity', '{Amount}')`);
    const computed = await bench.compute(asOf);
    expect(computed.reason("pipeline")).toBe(
      "incomplete: Opportunity.Amount hidden from the integration user",
    );
    expect(computed.reason("opportunities")).toBeUndefined();
  });

  test("a company without costs, amounts and activities has no money and no rot, and nothing is 0 for want of data", async () => {
    // Twelve of twenty leads were won within the last 30 days, without a touch; eight wait in a queue.
    const queue = await rows.queue("Unassigned");
    for (let index = 0; index < 20; index += 1) {
      const isWon = index < 12;
      const opportunity = isWon
        ? await rows.opportunity(`o${index}`, {
            created: "2026-03-10T15:00:00Z",
            ownerid: ann,
            stagename: "Closed Won",
            isclosed: true,
            iswon: true,
            closedate: "2026-03-10",
          })
        : null;
      const lead = await rows.lead(`l${index}`, {
        owner: isWon ? ann : queue,
        created: "2026-02-01T00:00:00Z",
        leadsource: index % 2 === 0 ? "organic_search" : null,
        isconverted: isWon,
        converteddate: isWon ? "2026-03-10" : null,
        convertedopportunityid: opportunity,
        changedAt: isWon ? "2026-03-10T15:00:00Z" : "2026-02-01T00:00:00Z",
      });
      if (isWon) await rows.conversion(lead, "2026-03-10T15:00:00Z");
    }
    const computed = await bench.compute(asOf);
    expect(computed.outcome.captureGate).toBe("closed");
    expect(computed.value("unlogged_work_share", now())).toBe(1);
    expect(computed.value("undelivered_count", now())).toBe(8);
    expect(computed.value("won")).toBe(12);
    expect(computed.value("converted", { row: "source", member: "organic_search" })).toBe(6);
    expect(computed.value("leads_without_source_share", now())).toBe(0.5);
    const unknown = {
      rotting_lead_rate: [now(), "activity is not logged in the CRM"],
      investment: [{}, "cost missing"],
      cost_per_lead: [{}, "cost missing"],
      pipeline: [{}, "no campaign cost"],
      pipeline_per_dollar: [{}, "cost missing"],
      pipeline_without_cost: [{}, "no opportunity has an amount"],
      won_amount: [{}, "no won opportunity has an amount"],
      win_rate_by_amount: [{}, "no closed opportunity has an amount"],
    } as const;
    for (const [metric, [key, reason]] of Object.entries(unknown)) {
      expect([metric, computed.value(metric, key), computed.reason(metric, key)]).toEqual([
        metric,
        null,
        reason,
      ]);
    }
  });
});

describe("integrity", () => {
  test("numbers that do not agree stop the compute with what disagrees", async () => {
    await company();
    // An opportunity whose campaign row went missing between two models cannot happen; a doubled rate can be forced.
    await db.execute(sql`
      create function metrics.spoil() returns trigger language plpgsql as $$
      begin new.value := 2; return new; end $$`);
    await db.execute(sql`
      create trigger spoil before insert on metrics.metric_value for each row
      when (new.metric = 'rotting_lead_rate') execute function metrics.spoil()`);
    try {
      await expect(bench.compute(asOf)).rejects.toThrow(/check rates_are_shares .*rotting_lead_rate of/);
    } finally {
      await db.execute(sql`drop trigger spoil on metrics.metric_value`);
      await db.execute(sql`drop function metrics.spoil()`);
    }
  });
});
