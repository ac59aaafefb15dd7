import type { ReportRow } from "../../core/report-data.ts";
import { type Cell, type Column, type TableView, type Tone, textCell } from "./cell.ts";
import type { ReportReader } from "./metric-cells.ts";

/** Most rows of one table; the command below it lists all. */
const TABLE_ROWS = 60;

export interface MetricColumn {
  readonly name: string;
  /** Instead of the dictionary's label. */
  readonly heading?: string;
  readonly isEssential: boolean;
  readonly tone?: (value: number, row: ReportRow) => Tone;
  /** Instead of the metric's own cell, for texts and verdicts. */
  readonly cell?: (row: ReportRow) => Cell;
  readonly align?: "left" | "right";
}

export interface MetricTableSpec {
  readonly id: string;
  readonly caption: string;
  readonly nameHeading: string;
  /** In the order shown. */
  readonly rows: readonly ReportRow[];
  readonly metrics: readonly MetricColumn[];
  readonly allCommand: string;
  readonly whenEmpty: string;
}

/**
 * A table of members against metrics. A column none of whose rows carries the metric is left out: it does not apply to
 * that kind of member, which is another thing than being unknown.
 */
export function metricTable(reader: ReportReader, spec: MetricTableSpec): TableView {
  const metrics = spec.metrics.filter((column) => spec.rows.some((row) => column.name in row));
  const columns: Column[] = [
    { heading: spec.nameHeading, align: "left", isEssential: true },
    ...metrics.map((column) => ({
      heading: column.heading ?? reader.label(column.name),
      align: column.align ?? ("right" as const),
      isEssential: column.isEssential,
    })),
  ];
  const rows = spec.rows.slice(0, TABLE_ROWS).map((row) => [
    textCell(row.label, { target: reader.evidence.target(row.row_type, row.member, "all") }),
    ...metrics.map((column): Cell => {
      if (!(column.name in row)) return textCell("does not apply", { tone: "quiet" });
      if (column.cell !== undefined) return column.cell(row);
      const { tone } = column;
      return reader.cell(row, column.name, tone === undefined ? undefined : (value) => tone(value, row));
    }),
  ]);
  return {
    id: spec.id,
    caption: spec.caption,
    columns,
    rows,
    total: spec.rows.length,
    allCommand: spec.allCommand,
    whenEmpty: spec.whenEmpty,
  };
}
