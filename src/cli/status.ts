import { z } from "zod";
import type { ConnectionStatus, StatusReport } from "../app.ts";
import { toJson } from "../core/json.ts";
import { describeReconciliation } from "./describe-reconciliation.ts";
import { describeEach } from "./each-connection.ts";
import { operation, type ScheduleStatus } from "./operation.ts";
import { table } from "./text-table.ts";

const DAY_MINUTES = 24 * 60;

const statusArgs = z.object({});

/** `ripeline status`: what stands in the way of writing, how far each stream is read and how the last runs ended. */
export const statusOperation = operation(statusArgs, async ({ app, schedules }) => {
  const report = await app.status();
  const jobs = await schedules();
  return { json: toJson({ ...report, schedules: jobs }), text: describe(report, jobs) };
});

function describe(report: StatusReport, jobs: readonly ScheduleStatus[]): string {
  if (report.connections.every(({ orgId }) => orgId === null)) return NOTHING;
  return [
    describeEach(report, describeConnection),
    "",
    ...jobs.map(
      (job) =>
        `Scheduled: ${job.name} ${job.everyMinutes >= DAY_MINUTES ? "every night" : `every ${job.everyMinutes} minutes`}, ` +
        `next at ${job.nextAt ?? "no known time"}`,
    ),
    ...(jobs.length === 0 ? ["No schedules: `ripeline start` has not run on this store."] : []),
  ].join("\n");
}

const NOTHING = "Nothing was synced yet. `ripeline doctor` tells what is missing.";

function describeConnection(report: ConnectionStatus): string {
  if (report.orgId === null) return NOTHING;
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
    ...(report.quota === null ? [] : [`WAITING: ${report.quota.message}`, ""]),
    ...describeWriting(report),
    ...report.questions.map((question) => `QUESTION: ${question}`),
    `Org ${report.orgId}; fields of ripeline ${report.appliedAt === null ? "not deployed" : `since ${report.appliedAt}`}; ` +
      `store: ${report.store}`,
    ...describeBudget(report),
    "",
    table(["step", "last run", "started", "took"], runs),
    "",
    table(["stream", "read up to", "rows in the last pull", "", "hidden fields"], streams),
    ...describeCounts(report),
    ...(report.reconciliation === null ? [] : ["", ...describeReconciliation(report.reconciliation)]),
  ].join("\n");
}

function describeBudget({ budget }: ConnectionStatus): readonly string[] {
  if (budget === null) return [];
  const { calls, ceiling, orgUsed, orgLimit, seenAt } = budget;
  return [
    `API calls of 24 hours: ${calls} of the ${ceiling} that ripeline may use (api.ceiling); ` +
      `the org has used ${orgUsed} of ${orgLimit} (${seenAt})`,
  ];
}

function describeCounts({ counts }: ConnectionStatus): readonly string[] {
  if (counts === null) return [];
  const rows = counts.objects.map(({ object, crm, mirror }) => [
    object,
    crm ?? "did not say",
    mirror,
    crm === null || crm === mirror ? "" : `${mirror - crm} apart`,
  ]);
  return ["", `Records at ${counts.at}`, table(["object", "in the CRM", "in the mirror", ""], rows)];
}

/** What needs somebody's attention first; nothing where writing goes well. */
function describeWriting({
  writesPaused,
  leadWritesStopped,
  refusedObjects,
  refusedRows,
  withheldOwners,
  sweep,
}: ConnectionStatus): readonly string[] {
  const refused = refusedRows.map((row) => [
    row.object,
    row.key,
    row.isClear ? "flag not cleared" : row.state,
    `${row.code}: ${row.message}`,
    row.nextTryAt,
  ]);
  const waiting = sweep?.waiting ?? [];
  const lines = [
    ...(writesPaused === null ? [] : [`PAUSED: ${writesPaused.message}`]),
    ...(leadWritesStopped === null ? [] : [`STOPPED: ${leadWritesStopped.message}`]),
    ...refusedObjects.map(
      ({ object, rows, since, message }) =>
        `REFUSED: nothing was written to ${object} since ${since}, ${rows} rows wait. ${message}`,
    ),
    ...(refused.length === 0
      ? []
      : [table(["refused by the CRM", "record or key", "", "in its words", "next try"], refused)]),
    ...withheldOwners.map(
      (each) =>
        `${each.rows} rows of ${each.object} are not their rep's: the CRM refused the owner (${each.code}: ${each.message}; ` +
        `users ${each.ownerIds.join(", ")}). ${each.next}.`,
    ),
    ...waiting.map(
      ({ object, reason, rows, dueAt, refusal }) =>
        `${rows} rows of ${object} are to be deleted (${REASONS[reason]}), due ${dueAt}` +
        (refusal === null ? "" : `; the CRM refused: ${refusal.code}: ${refusal.message}`),
    ),
    ...(sweep?.finishedAt == null
      ? []
      : [`Rows beyond their retention: last looked at ${sweep.finishedAt}, ${sweep.removed} deleted`]),
  ];
  return lines.length === 0 ? [] : [...lines, ""];
}

const REASONS = {
  retention: "older than they are kept",
  gone: "nothing stands behind them any more",
  team_only: "reps are not to be named",
} as const;
