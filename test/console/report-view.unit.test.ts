import { describe, expect, it } from "vitest";
import { type Cell, noteMark } from "../../src/console/report-view/cell.ts";
import { indexEvidence, rowsPerList } from "../../src/console/report-view/evidence-groups.ts";
import { explainCommand } from "../../src/console/report-view/evidence-table.ts";
import { createFormat } from "../../src/console/report-view/format.ts";
import { buildReportView } from "../../src/console/report-view/report-view.ts";
import type { ReportData, ReportRow } from "../../src/core/report-data.ts";
import { demoReport, unknownReport } from "../support/report-fixture.ts";

function campaignRow(label: string, values: Readonly<Record<string, number | string | null>>): ReportRow {
  return {
    row_type: "campaign",
    member: `701${label}`,
    label,
    period_type: "lifetime",
    period_start: null,
    basis: "in_period",
    model: "primary_campaign",
    age_days: null,
    currency: "USD",
    reasons: {},
    ...values,
  };
}

function repRow(label: string, values: Readonly<Record<string, number | null>>, reasons = {}): ReportRow {
  return {
    ...campaignRow(label, values),
    row_type: "rep",
    member: `005${label}`,
    period_type: "day",
    period_start: "2026-11-20",
    basis: "point_in_time",
    model: "",
    reasons,
  };
}

function withRows(rows: readonly ReportRow[]): ReportData {
  return { ...demoReport(), rows, fractions: [], evidence: [] };
}

describe("formats", () => {
  const format = createFormat({ timeZone: "America/Chicago", currency: "USD" });

  it("writes ratios as percentages, with a decimal only below ten", () => {
    expect([0, 0.0451, 0.0996, 0.345, 1.4].map((value) => format.ratio(value))).toEqual([
      "0%",
      "4.5%",
      "10%",
      "35%",
      "140%",
    ]);
  });

  it("never shows a share that is more than nothing as 0%", () => {
    // 39 of 150,000 calls = 0.026%
    expect(format.ratio(39 / 150_000)).toBe("under 0.1%");
  });

  it("writes money with cents only where they matter, in the workspace's currency", () => {
    expect([format.money(305_600), format.money(93.66), format.moneyRatio(4)]).toEqual([
      "$305,600",
      "$93.66",
      "$4.00",
    ]);
    expect(createFormat({ timeZone: "UTC", currency: "BRL" }).oneUnit).toBe("R$1");
  });

  it("writes instants in the workspace's zone and leaves calendar days where they are", () => {
    // 14:00 UTC in November is 08:00 in Chicago (UTC-6); a date without time must not slip a day westward.
    expect(format.instant(new Date("2026-11-20T14:00:00Z"))).toBe("20 Nov 2026, 08:00");
    expect(format.day("2026-12-15")).toBe("15 Dec 2026");
  });
});

describe("the report's words", () => {
  it("shows an unknown rate as unknown with its reason, never as 0 or blank", () => {
    const view = buildReportView(unknownReport());
    const headline = view.headlines[0];
    expect(headline?.cell).toMatchObject({ text: "unknown", note: "activity is not logged in the CRM" });
    const cells = [...view.rot.sourceTable.rows, ...view.pipeline.table.rows].flat();
    const isBlank = (cell: Cell) =>
      cell.text.trim() === "" ||
      (cell.text === "unknown" &&
        cell.target !== undefined &&
        cell.note === undefined &&
        cell.tone === "quiet");
    expect(cells.filter(isBlank)).toEqual([]);
    expect(view.rot.sourceTable.rows.every((row) => row[1]?.text === "unknown")).toBe(true);
  });

  it("says at the top that activity is not logged when the capture gate is closed", () => {
    const closed = unknownReport();
    expect(buildReportView(closed).warning).toBe(
      "No call, e-mail or meeting is recorded for any rep. Everything that needs a touch is therefore unknown, not zero.",
    );
    const connections = closed.run.connections.map((each) => ({ ...each, captureReason: null }));
    const unexplained = { ...closed, run: { ...closed.run, connections } };
    expect(buildReportView(unexplained).warning).toContain(
      "100% of the leads that moved on in the last 30 days did so without a recorded touch: activity is not logged in Salesforce.",
    );
    expect(buildReportView(demoReport()).warning).toBeNull();
  });

  it("keeps a source called unknown apart from having no source", () => {
    const names = buildReportView(unknownReport()).rot.sourceTable.rows.map((row) => row[0]?.text);
    expect(names).toContain("unknown");
    expect(names).toContain("no source");
  });

  it("marks the cheap lead that brings little and the dear one that brings much", () => {
    // Definitions 7: 10,000 each; A 200 leads and 18,000 of pipeline, B 100 leads and 40,000.
    const data = withRows([
      campaignRow("A", {
        investment: 10_000,
        leads: 200,
        opportunities: 10,
        cost_per_lead: 50,
        pipeline: 18_000,
        pipeline_per_dollar: 1.8,
        trap: "cheap_but_poor",
      }),
      campaignRow("B", {
        investment: 10_000,
        leads: 100,
        opportunities: 16,
        cost_per_lead: 100,
        pipeline: 40_000,
        pipeline_per_dollar: 4,
        trap: "dear_but_rich",
      }),
    ]);
    const { pipeline } = buildReportView(data);
    expect(pipeline.table.rows.map((row) => [row[0]?.text, row.at(-1)?.text])).toEqual([
      ["B", "dear but rich"],
      ["A", "cheap but poor"],
    ]);
    expect(pipeline.finding).toBe(
      "“A” looks cheap by the lead and brings little; “B” looks dear by the lead and brings much.",
    );
    // Two campaigns: the medians lie half way, (50 + 100) / 2 and (1.8 + 4) / 2.
    expect(pipeline.chart).toMatchObject({ medianCostPerLead: 75, medianPipelinePerDollar: 2.9 });
  });

  it("does not judge a campaign with fewer than 20 leads", () => {
    const data = withRows([
      campaignRow("Small", {
        investment: 900,
        leads: 19,
        opportunities: 3,
        cost_per_lead: 47.37,
        pipeline: 9_000,
        pipeline_per_dollar: 10,
        trap: null,
      }),
    ]);
    const { pipeline } = buildReportView(data);
    expect(pipeline.table.rows[0]?.at(-1)?.text).toBe("not compared");
    expect(pipeline.chart).toBeNull();
  });

  it("draws capacity from load and headroom, also where the rep is exactly full", () => {
    // w = 60, c = 50: load 1.2, headroom -10. w = c = 40: load 1, headroom 0.
    const bars = buildReportView(
      withRows([
        repRow("Over", { in_process: 60, open_leads: 55, open_opportunities: 5, load: 1.2, headroom: -10 }),
        repRow("Full", { in_process: 40, open_leads: 40, open_opportunities: 0, load: 1, headroom: 0 }),
        repRow(
          "Unset",
          { in_process: 7, open_leads: 7, open_opportunities: 0, load: null, headroom: null },
          { load: "no capacity is set" },
        ),
      ]),
    ).line.chart?.bars;
    expect(
      bars?.map((bar) => [bar.label, bar.capacity === null ? null : Math.round(bar.capacity), bar.isOver]),
    ).toEqual([
      ["Over", 50, true],
      ["Full", 40, false],
      ["Unset", null, false],
    ]);
  });

  it("leaves people who left out of the average of reps", () => {
    const [, , inProcess] = buildReportView(
      withRows([
        repRow("Here", { in_process: 30, load: 0.5 }),
        repRow("There", { in_process: 10, load: 0.2 }),
        repRow("Left", { in_process: 80, load: null }, { load: "inactive owner" }),
      ]),
    ).headlines;
    // (30 + 10) / 2 = 20
    expect(inProcess?.cell).toMatchObject({ text: "20", detail: "average of 2 active reps" });
  });

  it("says what was written only in the report of a run", () => {
    const data = demoReport();
    expect(buildReportView(data).run?.timing).toBe("pull 4.2 s, compute 2.6 s, push 3.1 s");
    expect(buildReportView({ ...data, written: [], calls: [], phases: [] }).run).toBeNull();
    // A run that changed nothing still says so.
    expect(buildReportView({ ...data, written: [] }).run?.written.whenEmpty).toBe(
      "Nothing was written: nothing had changed.",
    );
  });

  it("compares counts only where the CRM was asked for its own", () => {
    const data = demoReport();
    expect(buildReportView(data).trust.counts.rows[0]?.map((cell) => cell.text)).toEqual([
      "Lead",
      "5,000",
      "5,000",
      "agree",
    ]);
    expect(buildReportView(data).trust.counts.caption).toMatch(
      /as they were read at that moment: 1 Jun 2026/,
    );
    const connectionId = "salesforce";
    const unasked = { ...data.trust, counts: [{ connectionId, object: "Lead", crm: null, mirror: 5_000 }] };
    expect(
      buildReportView({ ...data, trust: unasked }).trust.counts.rows[0]?.map((cell) => cell.text),
    ).toEqual(["Lead", "5,000"]);
    const apart = { ...data.trust, counts: [{ connectionId, object: "Lead", crm: 5_002, mirror: 5_000 }] };
    expect(buildReportView({ ...data, trust: apart }).trust.counts.rows[0]?.at(-1)?.text).toBe("-2 apart");
  });

  it("speaks of a dollar where the org has told no currency", () => {
    const data = unknownReport();
    const view = buildReportView({ ...data, run: { ...data.run, currency: null } });
    expect(view.headlines[1]?.label).toBe("Pipeline per dollar invested");
  });

  it("names a few of the metrics that a hidden field leaves incomplete, by their labels", () => {
    const data = demoReport();
    const hiddenFields = [
      {
        connectionId: "salesforce",
        object: "Campaign",
        field: "ActualCost",
        metrics: ["investment", "cost_per_lead", "pipeline", "pipeline_per_dollar", "won", "leads"],
      },
    ];
    const view = buildReportView({ ...data, trust: { ...data.trust, hiddenFields } });
    expect(view.trust.hiddenFields.rows[0]?.map((cell) => cell.text)).toEqual([
      "Campaign.ActualCost",
      "investment, cost per lead, pipeline, pipeline per dollar, 2 more",
    ]);
  });

  it("ranks and draws no rate that is counted on a handful before one that is not", () => {
    const data = withRows([
      repRow("Tiny", { rotting_lead_rate: 1, open_leads: 1 }, { rotting_lead_rate: "small" }),
      repRow("Large", { rotting_lead_rate: 0.4, open_leads: 40 }),
      repRow("Larger", { rotting_lead_rate: 0, open_leads: 60 }),
    ]);
    const { rot } = buildReportView(data);
    expect(rot.repTable.rows.map((row) => row[0]?.text)).toEqual(["Large", "Larger", "Tiny"]);
    expect(rot.repChart?.bars.map((bar) => bar.label)).toEqual(["Large", "Larger"]);
    expect(rot.repChart?.leftOut).toBe(1);
  });

  it("leaves out a column that applies to no row instead of calling it unknown", () => {
    const view = buildReportView(demoReport());
    const headings = view.rot.repTable.columns.map((column) => column.heading);
    expect(headings).not.toContain("Undelivered leads");
    expect(view.rot.sourceTable.columns.map((column) => column.heading)).toContain("Undelivered leads");
  });
});

describe("the rows behind a number", () => {
  it("leads a rep's rate to that rep's handoffs and the workspace's to all of them", () => {
    const index = indexEvidence(demoReport());
    const group = index.groups.find((each) => each.label === "Ben Castellano");
    expect(index.target("rep", group?.member ?? null, "handoffs")).toBe(`${group?.id}-handoffs`);
    expect(index.target("workspace", null, "handoffs")).toBe("rows-rep");
    expect(index.target("workspace", null, "undelivered")).toBe("workspace-1-undelivered");
  });

  it("leads a number without rows to the part that holds all of them", () => {
    expect(indexEvidence({ evidence: [], rows: [] }).target("campaign", "701x", "costs")).toBe("rows");
  });

  it("tells how many rows there are when it shows only the first", () => {
    const tables = buildReportView(unknownReport()).chapters.flatMap((chapter) =>
      chapter.groups.flatMap((group) => group.tables),
    );
    const undelivered = tables.find((table) => table.caption === "Undelivered leads");
    expect(undelivered).toMatchObject({
      total: 7_335,
      allCommand: "ripeline explain undelivered_count workspace",
    });
    expect(undelivered?.rows).toHaveLength(200);
  });

  it("prints fewer rows of each list when there are hundreds of lists", () => {
    // 12,000 rows a page: 60 x 200 just fit, of 400 lists 30 rows each do, and never fewer than 20 are printed.
    const limits = [1, 60, 400, 5_000].map((lists) =>
      rowsPerList(Array.from({ length: lists }, () => 1_000)),
    );
    expect(limits).toEqual([200, 200, 30, 20]);
  });

  it("quotes a source for a shell in the command that explains it", () => {
    expect(explainCommand("rotting_lead_rate", "source", "Bob's list")).toBe(
      `ripeline explain rotting_lead_rate 'source:Bob'\\''s list'`,
    );
    expect(explainCommand("pipeline", "campaign", "701000000000001AAA")).toBe(
      "ripeline explain pipeline campaign:701000000000001AAA",
    );
  });

  it("letters notes beyond z", () => {
    expect([0, 25, 26, 27].map(noteMark)).toEqual(["a", "z", "aa", "ab"]);
  });
});
