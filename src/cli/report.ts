import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import type { App, ReportQuery } from "../app.ts";
import { renderHtmlReport } from "../console/html-report/render-html-report.ts";
import { toJson } from "../core/json.ts";
import type { ReportData } from "../core/report-data.ts";
import { UsageError } from "./command-line.ts";
import { operation } from "./operation.ts";
import { renderCsv } from "./report/render-csv.ts";
import { renderReportTables } from "./report/render-report-tables.ts";
import { renderRows } from "./report/render-rows.ts";

const reportArgs = z.object({
  metric: z.string().nullable(),
  by: z.enum(["source", "campaign", "rep", "team", "month"]).nullable(),
  period: z.enum(["month", "lifetime", "day"]).nullable(),
  basis: z.enum(["point_in_time", "in_period", "cohort"]).nullable(),
  format: z.enum(["table", "json", "csv", "html"]),
  asOf: z.iso.datetime().nullable(),
  out: z.string().nullable(),
  width: z.number(),
  color: z.boolean(),
});

type ReportArgs = z.infer<typeof reportArgs>;

/** `ripeline report`: the last compute (or one for another instant) as tables, JSON, CSV or HTML. */
export const reportOperation = operation(reportArgs, async ({ app, onProgress }, args) => {
  if (args.asOf !== null) await app.exclusively(() => app.compute(new Date(args.asOf ?? ""), onProgress));
  const query: ReportQuery = {
    ...(args.metric === null ? {} : { metric: args.metric }),
    ...(args.by === null ? {} : { by: args.by }),
    ...(args.period === null ? {} : { period: args.period }),
    ...(args.basis === null ? {} : { basis: args.basis }),
  };
  const rows = await app.report(query);
  const json = toJson(rows);
  const text = await render(app, args, rows);
  if (args.out === null) return { json, text };
  const file = resolve(args.out);
  await writeFile(file, text, "utf8");
  return { json, text: `Written to ${file}` };
});

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
  if (stored === undefined) throw new UsageError("nothing was computed yet; run `ripeline sync` first");
  return { ...stored, written: [], calls: [], phases: [] };
}
