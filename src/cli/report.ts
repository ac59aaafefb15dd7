import { z } from "zod";
import type { App, ReportQuery } from "../app.ts";
import { renderHtmlReport } from "../console/html-report/render-html-report.ts";
import { ConfigError } from "../core/errors.ts";
import { type Json, toJson } from "../core/json.ts";
import type { ReportData } from "../core/report-data.ts";
import { UsageError } from "./command-line.ts";
import { refuseUnknownMetric } from "./known-metric.ts";
import { operation } from "./operation.ts";
import { renderCsv } from "./report/render-csv.ts";
import { renderReportTables } from "./report/render-report-tables.ts";
import { renderRows } from "./report/render-rows.ts";

const reportArgs = z.object({
  metric: z.string().nullable(),
  by: z.enum(["source", "campaign", "rep", "team", "load_quartile", "month"]).nullable(),
  period: z.enum(["month", "lifetime", "day"]).nullable(),
  basis: z.enum(["point_in_time", "in_period", "cohort"]).nullable(),
  format: z.enum(["table", "json", "csv", "html"]),
  asOf: z.iso.datetime().nullable(),
  width: z.number(),
  color: z.boolean(),
});

type ReportArgs = z.infer<typeof reportArgs>;

const LOAD_V_ROT = "load_v_rot";

/** `ripeline report`: the last compute (or another instant's numbers) as tables, JSON, CSV or HTML. */
export const reportOperation = operation(reportArgs, ({ app, onProgress }, given) => {
  const args = withoutNickname(given);
  refuseUnknownMetric(app, args.metric);
  if (args.asOf === null) return answer(app, args);
  const asked = new Date(args.asOf);
  return app.exclusively(async (signal) => {
    const present = await app.computedAsOf();
    await app.compute(asked, onProgress, signal);
    try {
      return await answer(app, args);
    } finally {
      // The store holds one set of numbers, and others read it: the present ones go back in.
      if (present !== null) await app.compute(present, onProgress, signal);
    }
  });
});

/** load_v_rot is no metric but the name of several: those by load quartile. */
function withoutNickname(args: ReportArgs): ReportArgs {
  return args.metric === LOAD_V_ROT ? { ...args, metric: null, by: args.by ?? "load_quartile" } : args;
}

async function answer(app: App, args: ReportArgs): Promise<{ readonly json: Json; readonly text: string }> {
  if ((await app.computedAsOf()) === null) {
    throw new ConfigError("Nothing was computed yet; run `ripeline sync` first.");
  }
  const query: ReportQuery = {
    ...(args.metric === null ? {} : { metric: args.metric }),
    ...(args.by === null ? {} : { by: args.by }),
    ...(args.period === null ? {} : { period: args.period }),
    ...(args.basis === null ? {} : { basis: args.basis }),
  };
  const rows = await app.report(query);
  return { json: toJson(rows), text: await render(app, args, rows) };
}

async function render(app: App, args: ReportArgs, rows: Awaited<ReturnType<App["report"]>>): Promise<string> {
  const isWhole = args.metric === null && args.by === null && args.period === null && args.basis === null;
  switch (args.format) {
    case "json":
      return JSON.stringify(rows);
    case "csv":
      return renderCsv(rows, app.metricNames);
    case "html":
      if (!isWhole)
        throw new UsageError(
          "--format html shows the whole report; leave METRIC, --by, --period and --basis out",
        );
      return renderHtmlReport(await wholeReport(app));
    case "table":
      if (isWhole) {
        return renderReportTables(await wholeReport(app), {
          width: args.width,
          color: args.color ? "always" : "never",
        });
      }
      return renderRows(rows, app.metricNames);
  }
}

/** The report as the store knows it; what a cycle wrote and called stands in that cycle's own answer. */
async function wholeReport(app: App): Promise<ReportData> {
  const stored = await app.storedReport();
  if (stored === undefined) throw new ConfigError("Nothing was computed yet; run `ripeline sync` first.");
  return { ...stored, written: [], calls: [], phases: [] };
}
