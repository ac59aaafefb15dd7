import type { Fraction, MetricText, ReportData, ReportRow, RowType } from "../../core/report-data.ts";
import { type Cell, type Tone, textCell, unknownCell } from "./cell.ts";
import { type EvidenceIndex, type EvidenceKind, indexEvidence } from "./evidence-groups.ts";
import { createFormat, type Format } from "./format.ts";

/** Reads one report's rows: picks them, and turns their metrics into cells with unit, reason, parts and link. */
export interface ReportReader {
  readonly data: ReportData;
  readonly format: Format;
  readonly evidence: EvidenceIndex;
  /** Rows of the day of the report: rates at a point in time. */
  today(rowType: RowType): readonly ReportRow[];
  /** Rows over the whole history, in-period. */
  lifetime(rowType: RowType): readonly ReportRow[];
  /** The lifetime row by first touch, "to date". */
  cohort(rowType: RowType): readonly ReportRow[];
  label(metric: string): string;
  formula(metric: string): string;
  /** The metric as a number; null where unknown or not in the row. */
  value(row: ReportRow | undefined, metric: string): number | null;
  text(row: ReportRow | undefined, metric: string): string | null;
  /** True where the value stands on fewer than 10 and is no basis for a ranking. */
  isSmall(row: ReportRow, metric: string): boolean;
  cell(row: ReportRow | undefined, metric: string, tone?: (value: number) => Tone): Cell;
}

/** Which rows make a number; the rest are made by all of a member's rows. */
const KIND_OF_METRIC: Readonly<Record<string, EvidenceKind>> = {
  rotting_lead_rate: "handoffs",
  rotting_share_of_untouched: "handoffs",
  gone_cold_rate: "handoffs",
  rot_cohort_rate: "handoffs",
  disposed_untouched_rate: "handoffs",
  unlogged_work_share: "handoffs",
  open_leads: "handoffs",
  undelivered_count: "undelivered",
  undelivered_past_expiry_rate: "undelivered",
  open_opportunities: "opportunities",
  opportunities: "opportunities",
  pipeline: "opportunities",
  pipeline_without_cost: "opportunities",
  won: "opportunities",
  won_amount: "opportunities",
  win_rate: "opportunities",
  leads: "responses",
  investment: "costs",
};

/** The word metrics use beside a value whose denominator is under 10. */
const SMALL = "small";
const SMALL_NOTE = "Counted on fewer than 10: an anecdote, not a rate.";

/** @param data the report; its catalog decides units and words. */
export function createReader(data: ReportData): ReportReader {
  const format = createFormat({ timeZone: data.run.timeZone, currency: data.run.currency });
  const evidence = indexEvidence(data);
  const texts = new Map<string, MetricText>(data.metrics.map((entry) => [entry.name, entry]));
  const fractions = new Map(data.fractions.map((part) => [fractionKey(part, part.metric), part]));
  const reader: ReportReader = {
    data,
    format,
    evidence,
    today: (rowType) =>
      data.rows.filter(
        (row) => row.row_type === rowType && row.basis === "point_in_time" && row.period_type === "day",
      ),
    lifetime: (rowType) =>
      data.rows.filter(
        (row) => row.row_type === rowType && row.basis === "in_period" && row.period_type === "lifetime",
      ),
    cohort: (rowType) =>
      data.rows.filter(
        (row) =>
          row.row_type === rowType &&
          row.basis === "cohort" &&
          row.period_type === "lifetime" &&
          row.age_days === null,
      ),
    label: (metric) => texts.get(metric)?.label ?? metric.replaceAll("_", " "),
    formula: (metric) => texts.get(metric)?.formula ?? "",
    value: (row, metric) => {
      const value = row?.[metric];
      return typeof value === "number" ? value : null;
    },
    text: (row, metric) => {
      const value = row?.[metric];
      return typeof value === "string" ? value : null;
    },
    isSmall: (row, metric) => row.reasons[metric] === SMALL,
    cell: (row, metric, tone) => {
      if (row === undefined) return unknownCell("nothing to report on yet");
      const target = evidence.target(row.row_type, row.member, KIND_OF_METRIC[metric] ?? "all");
      const reason = row.reasons[metric];
      const value = row[metric];
      if (typeof value !== "number") return { ...unknownCell(reason ?? "no reason was recorded"), target };
      const fraction = fractions.get(fractionKey(row, metric));
      const unit = texts.get(metric)?.unit ?? "count";
      const hasParts = fraction !== undefined && unit === "ratio";
      return textCell(format.metric(unit, value), {
        target,
        tone: tone?.(value) ?? "plain",
        ...(hasParts
          ? { detail: `${format.count(fraction.numerator)} of ${format.count(fraction.denominator)}` }
          : {}),
        ...(reason === undefined ? {} : { note: reason === SMALL ? SMALL_NOTE : reason }),
      });
    },
  };
  return reader;
}

function fractionKey(row: Omit<Fraction, "metric" | "numerator" | "denominator">, metric: string): string {
  return JSON.stringify([
    row.row_type,
    row.member,
    row.period_type,
    row.period_start,
    row.basis,
    row.model,
    row.age_days,
    metric,
  ]);
}
