import type { ReportRow } from "../../core/report-data.ts";
import { type Cell, type TableView, textCell } from "./cell.ts";
import type { ReportReader } from "./metric-cells.ts";
import { metricTable } from "./metric-table.ts";
import type { Fact } from "./rot-section.ts";

export type Verdict = "cheap_but_poor" | "dear_but_rich" | "none";

export interface CampaignPoint {
  readonly label: string;
  readonly costPerLead: number;
  readonly pipelinePerDollar: number;
  readonly investment: number;
  readonly verdict: Verdict;
}

export interface PipelineChart {
  readonly summary: string;
  readonly points: readonly CampaignPoint[];
  /** Medians of the campaigns that are compared; null where fewer than two are. */
  readonly medianCostPerLead: number | null;
  readonly medianPipelinePerDollar: number | null;
  /** "$1": what the vertical axis counts by. */
  readonly oneUnit: string;
}

export interface PipelineSection {
  readonly chart: PipelineChart | null;
  /** One sentence a head of marketing can act on. */
  readonly finding: string;
  readonly table: TableView;
  readonly facts: readonly Fact[];
}

/** Smallest campaign that is compared with others, from the definition of the cost-per-lead trap. */
const COMPARED = { leads: 20, opportunities: 3 } as const;

export function pipelineSection(reader: ReportReader): PipelineSection {
  const rows = reader
    .lifetime("campaign")
    .toSorted(
      (a, b) =>
        (reader.value(b, "pipeline_per_dollar") ?? -1) - (reader.value(a, "pipeline_per_dollar") ?? -1) ||
        (reader.value(b, "pipeline") ?? 0) - (reader.value(a, "pipeline") ?? 0) ||
        (reader.value(b, "leads") ?? 0) - (reader.value(a, "leads") ?? 0) ||
        a.label.localeCompare(b.label, "en"),
    );
  return {
    chart: pipelineChart(reader, rows),
    finding: finding(reader, rows),
    table: campaignTable(reader, rows),
    facts: pipelineFacts(reader),
  };
}

function campaignTable(reader: ReportReader, rows: readonly ReportRow[]): TableView {
  const one = reader.format.oneUnit;
  return metricTable(reader, {
    id: "campaigns",
    caption: `Pipeline per ${one} invested beside cost per lead, by campaign, over its whole life`,
    nameHeading: "Campaign",
    rows,
    metrics: [
      { name: "investment", isEssential: false, cell: (row) => investmentCell(reader, row) },
      { name: "leads", isEssential: false },
      { name: "cost_per_lead", isEssential: true },
      { name: "opportunities", isEssential: false },
      { name: "pipeline", isEssential: false },
      { name: "pipeline_per_dollar", heading: `Pipeline per ${one}`, isEssential: true },
      { name: "won", isEssential: false },
      {
        name: "trap",
        heading: "Verdict",
        isEssential: true,
        align: "left",
        cell: (row) => verdictCell(reader, row),
      },
    ],
    allCommand: "ripeline report pipeline_per_dollar --by campaign",
    whenEmpty: "No campaign has a member, a cost or an opportunity yet.",
  });
}

/** The money, and in a word how it was dated; the campaign's costs below tell the rest. */
function investmentCell(reader: ReportReader, row: ReportRow): Cell {
  const cell = reader.cell(row, "investment");
  const basis = reader.text(row, "investment_basis");
  if (basis === null || reader.value(row, "investment") === null) return cell;
  return { ...cell, detail: basis.includes(",") ? "mixed" : basis.replace(/ \d+%$/, "") };
}

function verdictCell(reader: ReportReader, row: ReportRow): Cell {
  const target = reader.evidence.target("campaign", row.member, "all");
  switch (verdictOf(reader, row)) {
    case "cheap_but_poor":
      return textCell("cheap but poor", { tone: "bad", target });
    case "dear_but_rich":
      return textCell("dear but rich", { tone: "good", target });
    case "none":
      return isCompared(reader, row)
        ? textCell("in line", { tone: "quiet", target })
        : textCell("not compared", { tone: "quiet", target, note: row.reasons["trap"] ?? notComparedNote() });
  }
}

function notComparedNote(): string {
  return `Campaigns are compared from ${COMPARED.leads} leads and ${COMPARED.opportunities} opportunities on, with a known cost and pipeline.`;
}

function verdictOf(reader: ReportReader, row: ReportRow): Verdict {
  const trap = reader.text(row, "trap");
  return trap === "cheap_but_poor" || trap === "dear_but_rich" ? trap : "none";
}

function isCompared(reader: ReportReader, row: ReportRow): boolean {
  return (
    (reader.value(row, "investment") ?? 0) > 0 &&
    (reader.value(row, "leads") ?? 0) >= COMPARED.leads &&
    (reader.value(row, "opportunities") ?? 0) >= COMPARED.opportunities &&
    reader.value(row, "cost_per_lead") !== null &&
    reader.value(row, "pipeline_per_dollar") !== null
  );
}

function pipelineChart(reader: ReportReader, rows: readonly ReportRow[]): PipelineChart | null {
  const compared = rows.filter((row) => isCompared(reader, row));
  const points = compared.map(
    (row): CampaignPoint => ({
      label: row.label,
      costPerLead: reader.value(row, "cost_per_lead") ?? 0,
      pipelinePerDollar: reader.value(row, "pipeline_per_dollar") ?? 0,
      investment: reader.value(row, "investment") ?? 0,
      verdict: verdictOf(reader, row),
    }),
  );
  if (points.length === 0) return null;
  const hasMedian = points.length > 1;
  return {
    summary:
      `${points.length} campaigns by cost per lead (across) and pipeline per ${reader.format.oneUnit} invested (up). ` +
      `${finding(reader, rows)} The table below holds every value.`,
    points,
    medianCostPerLead: hasMedian ? median(points.map((point) => point.costPerLead)) : null,
    medianPipelinePerDollar: hasMedian ? median(points.map((point) => point.pipelinePerDollar)) : null,
    oneUnit: reader.format.oneUnit,
  };
}

function finding(reader: ReportReader, rows: readonly ReportRow[]): string {
  const named = (verdict: Verdict) =>
    rows.filter((row) => verdictOf(reader, row) === verdict).map((row) => row.label);
  const poor = named("cheap_but_poor");
  const rich = named("dear_but_rich");
  if (!rows.some((row) => isCompared(reader, row)))
    return "No campaign can be judged yet: that takes a known cost, amounts on opportunities, and enough of both.";
  if (poor.length === 0 && rich.length === 0)
    return "Judged by cost per lead or by pipeline, the campaigns come out alike: no cheap lead hides a poor investment.";
  const parts = [
    ...(poor.length === 0 ? [] : [`${looks(poor, "cheap")} little`]),
    ...(rich.length === 0 ? [] : [`${looks(rich, "dear")} much`]),
  ];
  return `${parts.join("; ")}.`;
}

function looks(names: readonly string[], price: "cheap" | "dear"): string {
  const [look, bring] = names.length === 1 ? ["looks", "brings"] : ["look", "bring"];
  return `${enumerate(names)} ${look} ${price} by the lead and ${bring}`;
}

function enumerate(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `“${name}”`);
  const rest = names.length - shown.length;
  const words = rest > 0 ? [...shown, `${rest} more`] : shown;
  return new Intl.ListFormat("en", { type: "conjunction" }).format(words);
}

function pipelineFacts(reader: ReportReader): readonly Fact[] {
  const inPeriod = reader.lifetime("workspace")[0];
  const cohort = reader.cohort("workspace")[0];
  const facts: Fact[] = [];
  for (const name of ["investment", "pipeline", "pipeline_without_cost", "cost_per_lead"]) {
    if (inPeriod !== undefined && name in inPeriod)
      facts.push({ label: reader.label(name), cell: reader.cell(inPeriod, name) });
  }
  if (inPeriod !== undefined && "trap_kendall_tau" in inPeriod)
    facts.push({
      label: "Do cheap leads bring rich pipeline? 1 always, -1 never (Kendall’s tau)",
      cell: reader.cell(inPeriod, "trap_kendall_tau"),
    });
  if (cohort !== undefined && "pipeline_per_dollar" in cohort)
    facts.push({
      label: `Pipeline per ${reader.format.oneUnit}, by the first touch of those it acquired`,
      cell: reader.cell(cohort, "pipeline_per_dollar"),
    });
  return facts;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
