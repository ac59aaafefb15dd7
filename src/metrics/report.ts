import { z } from "zod";
import type { ReportRow } from "../core/report-data.ts";
import type { Queries } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import type { Basis, RowType } from "./catalog.ts";

/** What a report is asked for; without anything: the workspace's lifetime, latest month and today, on all bases. */
export interface ReportQuery {
  /** Only rows that have this metric, with this metric alone. */
  readonly metric?: string;
  /** Row type; `month`: the workspace by month. */
  readonly by?: RowType | "month";
  readonly period?: "day" | "month" | "lifetime";
  readonly basis?: Basis;
}

const storedRow = z.object({
  row_type: z.enum(["workspace", "campaign", "source", "rep", "team", "load_quartile"]),
  member: z.string().nullable(),
  label: z.string().nullable(),
  period_type: z.enum(["day", "month", "lifetime"]),
  period_start: z.string().nullable(),
  basis: z.enum(["point_in_time", "in_period", "cohort"]),
  model: z.string(),
  age_days: z.number().nullable(),
  currency: z.string().nullable(),
  reasons: z.record(z.string(), z.string()),
  metrics: z.record(z.string(), z.union([z.number(), z.string(), z.null()])),
});

/**
 * The report rows of the last compute: one per grain member, period and basis, with each metric of its basis as a
 * number in full double precision, a text, or null with an entry in `reasons`.
 * Order: row type, member's label, period, basis, age.
 */
export async function readReport(
  db: Queries,
  workspaceId: string,
  request: ReportQuery = {},
): Promise<readonly ReportRow[]> {
  const rowType = request.by === undefined || request.by === "month" ? "workspace" : request.by;
  return readRows(db, workspaceId, request, [rowType]);
}

/** As `readReport`, for every row type at once: the demo's report and the HTML page are made of it. */
export async function readWholeReport(
  db: Queries,
  workspaceId: string,
  request: Omit<ReportQuery, "by"> = {},
): Promise<readonly ReportRow[]> {
  return readRows(db, workspaceId, request, [
    "workspace",
    "campaign",
    "source",
    "rep",
    "team",
    "load_quartile",
  ]);
}

async function readRows(
  db: Queries,
  workspaceId: string,
  request: ReportQuery,
  rowTypes: readonly RowType[],
): Promise<readonly ReportRow[]> {
  const period = request.by === "month" ? "month" : request.period;
  const rows = await db.any(
    storedRow,
    sql`
      with latest as (
        select max(period_start) as month
        from metrics.metric_value
        where workspace_id = ${workspaceId} and period_type = 'month'
      )
      select
        row_type,
        member,
        max(label) as label,
        period_type,
        period_start::text as period_start,
        basis,
        model,
        age_days,
        max(currency_code) as currency,
        coalesce(jsonb_object_agg(metric, reason) filter (where reason is not null), '{}'::jsonb) as reasons,
        jsonb_object_agg(metric, coalesce(to_jsonb(text_value), to_jsonb(value::float8))) as metrics
      from metrics.metric_value
      cross join latest
      where workspace_id = ${workspaceId}
        and row_type = any(${rowTypes}::text[])
        and (${request.metric ?? null}::text is null or metric = ${request.metric ?? null})
        and (${request.basis ?? null}::text is null or basis = ${request.basis ?? null})
        and case
          when ${period ?? null}::text is null then period_type <> 'month' or period_start = latest.month
          else period_type = ${period ?? null}
        end
      group by row_type, member, period_type, period_start, basis, model, age_days
      order by
        array_position(array['workspace', 'campaign', 'source', 'rep', 'team', 'load_quartile'], row_type),
        case when row_type = 'load_quartile' then member end, max(label), member, period_type, period_start, basis, age_days nulls first`,
  );
  return rows.map(({ metrics, label, ...head }) => ({ ...head, label: label ?? "", ...metrics }));
}
