import { z } from "zod";
import type { ReportRow } from "../../src/core/report-data.ts";
import { sql } from "../../src/database/sql.ts";
import { type ComputeOutcome, compute } from "../../src/metrics/compute.ts";
import { readWholeReport } from "../../src/metrics/report.ts";
import { metricsSettings, type SettingsPatch } from "./metrics-settings.ts";
import { type MirrorRows, mirrorRows } from "./mirror-rows.ts";
import { openTestDatabase } from "./test-database.ts";

/** Which report row to look at; without `member` the workspace's own. */
export interface RowKey {
  readonly row?: ReportRow["row_type"];
  readonly member?: string | null;
  readonly basis?: ReportRow["basis"];
  /** `lifetime`, `day`, or the first day of a month. */
  readonly period?: string;
  readonly age?: number | null;
}

/** What a compute left, ready to be asked. */
export interface Computed {
  readonly outcome: ComputeOutcome;
  readonly rows: readonly ReportRow[];
  /** The row, or undefined where the report has none. */
  find(key: RowKey): ReportRow | undefined;
  /** A metric's value; @throws where the row or the metric is not in the report. */
  value(metric: string, key?: RowKey): unknown;
  reason(metric: string, key?: RowKey): string | undefined;
  handoffs(): Promise<readonly z.infer<typeof handoffRow>[]>;
}

const handoffRow = z.object({
  lead_id: z.string(),
  owner_id: z.string(),
  handoff_id: z.string(),
  chain_id: z.string(),
  evidence: z.string(),
  handed_off_at: z.date().nullable(),
  at_risk_at: z.date().nullable(),
  rots_at: z.date().nullable(),
  first_touch_at: z.date().nullable(),
  first_touch_kind: z.string().nullable(),
  first_touch_by: z.string().nullable(),
  touch_count: z.number(),
  ended_at: z.date().nullable(),
  ended_by: z.string().nullable(),
  end_evidence: z.string().nullable(),
  state: z.string(),
  policy: z.string().nullable(),
  is_in_scope: z.boolean(),
  is_flagged: z.boolean(),
  handoff_number: z.number(),
});

/** A store, builders of its mirror, and a compute: what every metrics test stands on. */
export interface MetricsBench {
  readonly rows: MirrorRows;
  readonly store: Awaited<ReturnType<typeof openTestDatabase>>;
  compute(asOf: string, patch?: SettingsPatch): Promise<Computed>;
}

export async function openMetricsBench(): Promise<MetricsBench> {
  const store = await openTestDatabase();
  const db = store.database;
  const run = async (asOf: string, patch: SettingsPatch = {}): Promise<Computed> => {
    const outcome = await compute({ db }, metricsSettings(patch), {
      asOf: new Date(asOf),
    });
    const current = await readWholeReport(db, "w");
    const months = await readWholeReport(db, "w", { period: "month" });
    const rows = [...current.filter((row) => row.period_type !== "month"), ...months];
    const find = ({ row = "workspace", member = null, basis = "in_period", period, age = null }: RowKey) =>
      rows.find((one) => {
        const wanted = period ?? (basis === "point_in_time" ? "day" : "lifetime");
        return (
          one.row_type === row &&
          one.member === member &&
          one.basis === basis &&
          one.age_days === age &&
          (one.period_type === wanted || (one.period_type === "month" && one.period_start === wanted))
        );
      });
    const must = (metric: string, key: RowKey) => {
      const row = find(key);
      if (row === undefined) throw new Error(`no report row ${JSON.stringify(key)}`);
      if (!(metric in row)) throw new Error(`no ${metric} in row ${JSON.stringify(key)}`);
      return row;
    };
    return {
      outcome,
      rows,
      find,
      value: (metric, key = {}) => must(metric, key)[metric],
      reason: (metric, key = {}) => must(metric, key).reasons[metric],
      handoffs: () =>
        db.any(
          handoffRow,
          sql`select lead_id, owner_id, handoff_id, chain_id, evidence, handed_off_at, at_risk_at, rots_at,
                first_touch_at, first_touch_kind, first_touch_by, touch_count, ended_at, ended_by, end_evidence, state,
                policy, is_in_scope, is_flagged, handoff_number
              from metrics.int_handoff order by lead_id, handoff_number`,
        ),
    };
  };
  return { rows: mirrorRows(db), store, compute: run };
}

/** The point-in-time row of a rep, source or team, or the workspace's. */
export function now(row?: ReportRow["row_type"], member?: string | null): RowKey {
  return {
    basis: "point_in_time",
    ...(row === undefined ? {} : { row }),
    ...(member === undefined ? {} : { member }),
  };
}
