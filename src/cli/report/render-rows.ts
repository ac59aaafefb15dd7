import type { ReportRow } from "../../core/report-data.ts";
import { table } from "../text-table.ts";

const KEYS: ReadonlySet<string> = new Set([
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

/** Report rows as one plain table a basis and period type, metrics that any of the rows has as columns. */
export function renderRows(rows: readonly ReportRow[], metricOrder: readonly string[]): string {
  if (rows.length === 0) return "No rows.";
  const groups = Map.groupBy(rows, (row) => `${row.basis}, ${row.period_type}`);
  return [...groups]
    .map(([name, group]) => {
      const present = new Set(group.flatMap((row) => Object.keys(row)).filter((key) => !KEYS.has(key)));
      const metrics = metricOrder.filter((metric) => present.has(metric));
      const body = group.map((row) => [
        row.label,
        row.period_start ?? "",
        ...(row.basis === "cohort" ? [row.age_days === null ? "to date" : `${row.age_days} days`] : []),
        ...metrics.map((metric) => cellText(row, metric)),
      ]);
      const age = group[0]?.basis === "cohort" ? ["age"] : [];
      return `${name}\n${table([group[0]?.row_type ?? "", "from", ...age, ...metrics], body)}`;
    })
    .join("\n\n");
}

function cellText(row: ReportRow, metric: string): string {
  const value = row[metric];
  const reason = row.reasons[metric];
  if (value === undefined) return "";
  if (value === null) return `unknown (${reason ?? "no reason given"})`;
  const text = typeof value === "number" ? shortNumber(value) : typeof value === "string" ? value : "";
  return reason === undefined ? text : `${text} (${reason})`;
}

/** Four significant decimals are enough to read; --json has all of them. */
function shortNumber(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 4 });
}
