import { z } from "zod";
import type { StatusReport } from "../app.ts";
import { toJson } from "../core/json.ts";
import { operation, type ScheduleStatus } from "./operation.ts";
import { table } from "./text-table.ts";

const statusArgs = z.object({});

/** `ripeline status`: how far each stream is read and how the last runs ended. */
export const statusOperation = operation(statusArgs, async ({ app, schedules }) => {
  const report = await app.status();
  const jobs = await schedules();
  return { json: toJson({ ...report, schedules: jobs }), text: describe(report, jobs) };
});

function describe(report: StatusReport, jobs: readonly ScheduleStatus[]): string {
  if (report.orgId === null) return "Nothing was synced yet. `ripeline doctor` tells what is missing.";
  const runs = report.runs.map((run) => [
    run.step,
    run.outcome,
    run.startedAt,
    run.seconds === null ? "" : `${run.seconds.toFixed(1)} s`,
  ]);
  const streams = report.streams.map((stream) => [
    stream.stream,
    stream.isAbsent ? "not in this org" : (stream.watermark ?? "never read whole"),
    stream.rows ?? 0,
    stream.isUnderWay ? "under way" : "",
    stream.hiddenFields.join(", "),
  ]);
  return [
    `Org ${report.orgId}; fields of ripeline ${report.appliedAt === null ? "not deployed" : `since ${report.appliedAt}`}; ` +
      `store: ${report.store}`,
    "",
    table(["step", "last run", "started", "took"], runs),
    ...jobs.map(
      (job) =>
        `Scheduled: ${job.name} every ${job.everyMinutes} minutes, next at ${job.nextAt ?? "no known time"}`,
    ),
    ...(jobs.length === 0 ? ["No schedules: `ripeline start` has not run on this store."] : []),
    "",
    table(["stream", "read up to", "rows in the last pull", "", "hidden fields"], streams),
  ].join("\n");
}
