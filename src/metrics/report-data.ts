import { z } from "zod";
import type { Fraction, ReportData } from "../core/report-data.ts";
import type { Settings } from "../core/settings.ts";
import type { Queries } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { catalog } from "./catalog.ts";
import { readEvidence } from "./evidence.ts";
import { readWholeReport } from "./report.ts";
import { readConnections } from "./report-connections.ts";
import { type ComparedCounts, readTrust } from "./report-trust.ts";

const RunRow = z.object({
  as_of: z.date(),
  time_zone: z.string(),
  currency_code: z.string().nullable(),
});

const FractionRow = z.object({
  row_type: z.enum(["workspace", "campaign", "source", "rep", "team", "load_quartile"]),
  member: z.string().nullable(),
  period_type: z.enum(["day", "month", "lifetime"]),
  period_start: z.string().nullable(),
  basis: z.enum(["point_in_time", "in_period", "cohort"]),
  model: z.string(),
  age_days: z.number().nullable(),
  metric: z.string(),
  numerator: z.string(),
  denominator: z.string(),
});

/** What a store knows for a report; who ran the cycle adds what it wrote, its calls and its times. */
export type StoredReport = Omit<ReportData, "written" | "calls" | "phases">;

/**
 * The last compute as data for the renderers: report rows of the default periods, the parts of their ratios, the records
 * behind them, and how far all of it can be trusted.
 * @param counts the last comparison with each CRM; without it our own counts stand alone
 * @returns undefined before the first compute
 */
export async function readStoredReport(
  db: Queries,
  settings: Settings,
  counts: readonly ComparedCounts[] = [],
): Promise<StoredReport | undefined> {
  const workspaceId = settings.workspace.id;
  const run = await db.maybeOne(
    RunRow,
    sql`
      select run.as_of, run.time_zone, run.currency_code
      from metrics.run as run
      where run.workspace_id = ${workspaceId}`,
  );
  if (run === undefined) return undefined;
  const connections = await readConnections(db, workspaceId);
  return {
    run: {
      workspaceName: settings.workspace.name,
      connections,
      asOf: run.as_of,
      timeZone: run.time_zone,
      currency: run.currency_code,
    },
    metrics: catalog.map(({ name, label, unit, formula }) => ({ name, label, unit, formula })),
    rows: await readWholeReport(db, workspaceId),
    fractions: await readFractions(db, workspaceId),
    evidence: await readEvidence(db, { workspaceId }),
    trust: await readTrust(db, workspaceId, connections, counts),
  };
}

async function readFractions(db: Queries, workspaceId: string): Promise<readonly Fraction[]> {
  const rows = await db.any(
    FractionRow,
    sql`
      select row_type, member, period_type, period_start::text as period_start, basis, model, age_days, metric,
        numerator, denominator
      from metrics.metric_value
      where workspace_id = ${workspaceId} and numerator is not null and denominator is not null
        and (period_type <> 'month' or period_start = (
          select max(period_start) from metrics.metric_value where workspace_id = ${workspaceId} and period_type = 'month'
        ))`,
  );
  return rows.map((row) => ({
    ...row,
    numerator: Number(row.numerator),
    denominator: Number(row.denominator),
  }));
}
