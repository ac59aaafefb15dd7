import type { ReportRow, RowType } from "../../core/report-data.ts";
import { type Cell, type TableView, type Tone, textCell, UNKNOWN } from "./cell.ts";
import type { ReportReader } from "./metric-cells.ts";
import { metricTable } from "./metric-table.ts";

/** One bar of a rate. */
export interface RateBar {
  readonly label: string;
  /** Null: unknown, drawn as a word and not as a bar of no length. */
  readonly value: number | null;
  readonly text: string;
  readonly tone: Tone;
}

export interface RateChart {
  /** Says what the picture shows, for those who do not see it. */
  readonly summary: string;
  readonly bars: readonly RateBar[];
  /** The workspace's own rate, drawn as a line to compare with. */
  readonly overall: number | null;
  readonly overallText: string;
  /** Members with a rate that are in the table only: counted on fewer than 10, or beyond the room there is. */
  readonly leftOut: number;
}

export interface Fact {
  readonly label: string;
  readonly cell: Cell;
}

/** Counts by member, the largest first. */
export interface CountChart {
  readonly summary: string;
  readonly bars: readonly RateBar[];
}

export interface RotSection {
  readonly sourceChart: RateChart | null;
  readonly sourceTable: TableView;
  readonly repChart: RateChart | null;
  readonly repTable: TableView;
  /** What became of all leads so far, beside those that are open now. */
  readonly history: readonly Fact[];
  readonly undelivered: readonly Fact[];
  readonly undeliveredChart: CountChart | null;
}

/** Rotting above this multiple of the workspace's own rate is drawn in the warning colour; it is emphasis, not a verdict. */
const STANDS_OUT = 1.25;
const MOST_BARS = 14;

const ROT_METRICS = [
  "rotting_lead_rate",
  "rotting_share_of_untouched",
  "gone_cold_rate",
  "open_leads",
  "undelivered_count",
  "unlogged_work_share",
] as const;

const ESSENTIAL: ReadonlySet<string> = new Set(["rotting_lead_rate", "open_leads", "undelivered_count"]);

export function rotSection(reader: ReportReader): RotSection {
  const workspace = reader.today("workspace")[0];
  return {
    sourceChart: rateChart(reader, "source", "source"),
    sourceTable: rotTable(reader, "source", "Source"),
    repChart: rateChart(reader, "rep", "rep"),
    repTable: rotTable(reader, "rep", "Rep"),
    history: historyFacts(reader),
    undelivered: undeliveredFacts(reader, workspace),
    undeliveredChart: undeliveredChart(reader),
  };
}

function rotTable(reader: ReportReader, rowType: RowType, heading: string): TableView {
  return metricTable(reader, {
    id: `rot-by-${rowType}`,
    caption: `Leads without a recorded touch past their deadline, by ${rowType}`,
    nameHeading: heading,
    rows: byRate(
      reader,
      reader.today(rowType).filter((row) => isWorking(reader, row)),
    ),
    metrics: ROT_METRICS.map((name) => ({ name, isEssential: ESSENTIAL.has(name) })),
    allCommand: `ripeline report rotting_lead_rate --by ${rowType}`,
    whenEmpty: `No ${rowType} holds an open lead.`,
  });
}

/** A member without a single open or undelivered lead has nothing to say here. */
function isWorking(reader: ReportReader, row: ReportRow): boolean {
  const counts = ["open_leads", "undelivered_count"].map((metric) => reader.value(row, metric));
  return counts.every((count) => count === null) || counts.some((count) => count !== null && count > 0);
}

/** Highest rate first; a rate counted on a handful comes after all that are not, or one lost lead would top the list. */
function byRate(reader: ReportReader, rows: readonly ReportRow[]): readonly ReportRow[] {
  const weight = (row: ReportRow) => {
    const rate = reader.value(row, "rotting_lead_rate");
    if (rate === null) return -2;
    return reader.isSmall(row, "rotting_lead_rate") ? rate - 1.5 : rate;
  };
  const size = (row: ReportRow) =>
    (reader.value(row, "open_leads") ?? 0) + (reader.value(row, "undelivered_count") ?? 0);
  return rows.toSorted(
    (a, b) => weight(b) - weight(a) || size(b) - size(a) || a.label.localeCompare(b.label, "en"),
  );
}

function rateChart(reader: ReportReader, rowType: RowType, noun: string): RateChart | null {
  const workspace = reader.today("workspace")[0];
  const overall = reader.value(workspace, "rotting_lead_rate");
  const known = byRate(reader, reader.today(rowType)).filter(
    (row) => reader.value(row, "rotting_lead_rate") !== null,
  );
  const solid = known.filter((row) => !reader.isSmall(row, "rotting_lead_rate"));
  const rows = solid.length > 0 ? solid : known;
  if (rows.length === 0) return null;
  const bars = rows.slice(0, MOST_BARS).map((row): RateBar => {
    const value = reader.value(row, "rotting_lead_rate");
    const cell = reader.cell(row, "rotting_lead_rate");
    const standsOut = value !== null && overall !== null && value > overall * STANDS_OUT;
    return {
      label: row.label,
      value,
      text: cell.detail === undefined ? cell.text : `${cell.text}, ${cell.detail}`,
      tone: standsOut ? "bad" : "plain",
    };
  });
  const worst = bars[0];
  const overallText = overall === null ? UNKNOWN : reader.format.ratio(overall);
  return {
    summary:
      `Rotting lead rate by ${noun}, highest first` +
      (worst === undefined ? "" : `: ${worst.label} ${worst.text}`) +
      `; all leads ${overallText}. The table below holds every value.`,
    bars,
    overall,
    overallText,
    leftOut: known.length - bars.length,
  };
}

function historyFacts(reader: ReportReader): readonly Fact[] {
  const rows = [...reader.lifetime("workspace"), ...reader.cohort("workspace")];
  const names = [
    ["rot_cohort_rate", "Missed their deadline, of all that were due"],
    ["disposed_untouched_rate", "Closed or converted without any touch"],
    ["lead_first_response_hours_median", "Half got a first response within"],
    ["lead_first_response_hours_p90", "Nine in ten got one within"],
  ] as const;
  return names.flatMap(([name, label]): Fact[] => {
    const row = rows.find((each) => name in each);
    return row === undefined ? [] : [{ label, cell: reader.cell(row, name) }];
  });
}

function undeliveredFacts(reader: ReportReader, workspace: ReportRow | undefined): readonly Fact[] {
  const names = [
    ["undelivered_count", "Undelivered now"],
    ["undelivered_age_hours_median", "Half have waited longer than"],
    ["undelivered_age_hours_p90", "One in ten has waited longer than"],
    ["undelivered_past_expiry_rate", "Past the delivery deadline"],
  ] as const;
  const facts = names
    .filter(([name]) => workspace !== undefined && name in workspace)
    .map(([name, label]): Fact => {
      const tone = (value: number): Tone =>
        name !== "undelivered_count" || value === 0 ? "plain" : "warning";
      return { label, cell: { ...reader.cell(workspace, name, tone), target: undeliveredTarget(reader) } };
    });
  const holders = undeliveredHolders(reader);
  return holders === null ? facts : [...facts, { label: "Where they lie", cell: holders }];
}

function undeliveredChart(reader: ReportReader): CountChart | null {
  const bars = reader
    .today("source")
    .flatMap((row): RateBar[] => {
      const value = reader.value(row, "undelivered_count");
      if (value === null || value === 0) return [];
      return [{ label: row.label, value, text: reader.format.count(value), tone: "plain" }];
    })
    .toSorted((a, b) => (b.value ?? 0) - (a.value ?? 0));
  if (bars.length < 2) return null;
  const shown = bars.slice(0, MOST_BARS);
  return {
    summary: `Undelivered leads by source: ${shown.map((bar) => `${bar.label} ${bar.text}`).join(", ")}`,
    bars: shown,
  };
}

function undeliveredTarget(reader: ReportReader): string {
  return reader.evidence.target("workspace", null, "undelivered");
}

/** "Inbound queue 120, nobody 4": only where every undelivered lead is listed, since a sample would mislead. */
function undeliveredHolders(reader: ReportReader): Cell | null {
  const list = reader.data.evidence.find(
    (entry) => entry.kind === "undelivered" && entry.rowType === "workspace",
  );
  if (list?.kind !== "undelivered" || list.total === 0 || list.rows.length < list.total) return null;
  const counts = new Map<string, number>();
  for (const row of list.rows) {
    const holder = row.holder ?? "nobody";
    counts.set(holder, (counts.get(holder) ?? 0) + 1);
  }
  const largest = [...counts].toSorted((a, b) => b[1] - a[1]).slice(0, 4);
  return textCell(largest.map(([holder, count]) => `${holder} ${reader.format.count(count)}`).join(", "), {
    target: undeliveredTarget(reader),
  });
}
