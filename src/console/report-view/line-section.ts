import type { ReportRow } from "../../core/report-data.ts";
import type { Cell, TableView, Tone } from "./cell.ts";
import type { ReportReader } from "./metric-cells.ts";
import { metricTable } from "./metric-table.ts";

export interface LoadBar {
  readonly label: string;
  readonly leads: number;
  readonly opportunities: number;
  /** Capacity x availability; null where it is not configured. */
  readonly capacity: number | null;
  readonly isOver: boolean;
}

export interface LoadChart {
  readonly summary: string;
  readonly bars: readonly LoadBar[];
}

export interface LineSection {
  readonly chart: LoadChart | null;
  readonly repTable: TableView;
  readonly teamTable: TableView;
}

const MOST_BARS = 24;

export function lineSection(reader: ReportReader): LineSection {
  const reps = reader
    .today("rep")
    .filter((row) => (reader.value(row, "in_process") ?? 0) > 0 || reader.value(row, "load") !== null)
    .toSorted(
      (a, b) =>
        (reader.value(b, "load") ?? -1) - (reader.value(a, "load") ?? -1) ||
        (reader.value(b, "in_process") ?? 0) - (reader.value(a, "in_process") ?? 0) ||
        a.label.localeCompare(b.label, "en"),
    );
  return {
    chart: loadChart(reader, reps),
    repTable: metricTable(reader, {
      id: "line-by-rep",
      caption: "Leads and opportunities in process, load and headroom, by rep",
      nameHeading: "Rep",
      rows: reps,
      metrics: [
        { name: "in_process", isEssential: true },
        { name: "open_leads", isEssential: false },
        { name: "open_opportunities", isEssential: false },
        { name: "load", isEssential: true, cell: (row) => loadCell(reader, row) },
        { name: "headroom", isEssential: true, tone: (value) => (value < 0 ? "bad" : "plain") },
      ],
      allCommand: "ripeline report in_process --by rep",
      whenEmpty: "No rep holds an open lead or opportunity.",
    }),
    teamTable: metricTable(reader, {
      id: "line-by-team",
      caption: "How evenly the work is spread inside each team",
      nameHeading: "Team",
      rows: reader.today("team").toSorted((a, b) => a.label.localeCompare(b.label, "en")),
      metrics: [
        { name: "in_process", isEssential: true },
        { name: "load", isEssential: false, cell: (row) => loadCell(reader, row) },
        { name: "headroom", isEssential: false, tone: (value) => (value < 0 ? "bad" : "plain") },
        { name: "load_gini", heading: "Spread (Gini: 0 even, 1 all on one)", isEssential: true },
        { name: "rotting_lead_rate", isEssential: false },
      ],
      allCommand: "ripeline report load_gini --by team",
      whenEmpty: "No team is known.",
    }),
  };
}

/** Load reads best as a share of what a rep can carry, with its two parts. */
function loadCell(reader: ReportReader, row: ReportRow): Cell {
  const value = reader.value(row, "load");
  const cell = reader.cell(row, "load");
  return value === null ? cell : { ...cell, text: reader.format.ratio(value), tone: loadTone(value) };
}

function loadTone(value: number): Tone {
  if (value > 1) return "bad";
  return value > 0.9 ? "warning" : "plain";
}

function loadChart(reader: ReportReader, reps: readonly ReportRow[]): LoadChart | null {
  const bars = reps.slice(0, MOST_BARS).map((row): LoadBar => {
    const load = reader.value(row, "load");
    return {
      label: row.label,
      leads: reader.value(row, "open_leads") ?? 0,
      opportunities: reader.value(row, "open_opportunities") ?? 0,
      capacity: capacityOf(reader, row),
      isOver: load !== null && load > 1,
    };
  });
  if (bars.length === 0) return null;
  const over = bars.filter((bar) => bar.isOver).length;
  return {
    summary:
      `Open leads and open opportunities of ${bars.length} reps, the most loaded first` +
      (bars.some((bar) => bar.capacity !== null) ? `, each with a mark at capacity; ${over} above it` : "") +
      ". The table below holds every value.",
    bars,
  };
}

/**
 * Capacity x availability, from load = w / c and headroom = c - w. At a load of exactly 1 the two say the same thing and
 * c is the weighted count itself, which is in_process at the default weights.
 */
function capacityOf(reader: ReportReader, row: ReportRow): number | null {
  const load = reader.value(row, "load");
  const headroom = reader.value(row, "headroom");
  if (load === null || headroom === null) return null;
  return Math.abs(1 - load) < 1e-9 ? reader.value(row, "in_process") : headroom / (1 - load);
}

/** How many of the shown reps carry more than they can. */
export function countOverCapacity(reader: ReportReader): number {
  return reader.today("rep").filter((row) => (reader.value(row, "load") ?? 0) > 1).length;
}
