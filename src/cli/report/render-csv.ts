import { stringify } from "csv-stringify/sync";
import type { ReportRow } from "../../core/report-data.ts";

const KEYS = [
  "row_type",
  "member",
  "label",
  "period_type",
  "period_start",
  "basis",
  "model",
  "age_days",
  "currency",
] as const;

/**
 * Report rows as CSV (RFC 4180: CRLF, header row, UTF-8): the key columns, then a column for each metric that any row
 * has, then `reasons` as "metric: reason; …". Numbers keep their full precision; an unknown value is an empty cell and
 * its reason is in `reasons`.
 *
 * A text that a spreadsheet would run as a formula gets an apostrophe before it; numbers never do, so that a negative
 * one stays a number.
 *
 * @param metricOrder names in the order of the metric dictionary; others follow by name
 */
export function renderCsv(rows: readonly ReportRow[], metricOrder: readonly string[]): string {
  const columns = [...KEYS, ...metricColumns(rows, metricOrder), "reasons"];
  const records = rows.map((row) =>
    columns.map((column) => (column === "reasons" ? reasonsText(row) : scalar(row[column]))),
  );
  return stringify([columns, ...records], {
    record_delimiter: "windows",
    cast: { string: guardFormula, number: (value) => String(value) },
  });
}

function metricColumns(rows: readonly ReportRow[], metricOrder: readonly string[]): readonly string[] {
  const fixed = new Set<string>([...KEYS, "reasons"]);
  const present = new Set(rows.flatMap((row) => Object.keys(row)).filter((name) => !fixed.has(name)));
  const known = metricOrder.filter((name) => present.has(name));
  const others = [...present].filter((name) => !metricOrder.includes(name)).toSorted();
  return [...known, ...others];
}

function scalar(value: ReportRow[string] | undefined): string | number | null {
  return typeof value === "string" || typeof value === "number" ? value : null;
}

function reasonsText(row: ReportRow): string {
  return Object.entries(row.reasons)
    .map(([metric, reason]) => `${metric}: ${reason}`)
    .join("; ");
}

/** The characters that begin a formula in a spreadsheet, their full-width twins, and what a spreadsheet strips first. */
function guardFormula(text: string): string {
  return /^[\s]*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r]/.test(text) ? `'${text}` : text;
}
