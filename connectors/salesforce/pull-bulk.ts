import { z } from "zod";
import { RequestRefusedError, TransientHttpError, WireShapeError } from "../../src/core/errors.ts";
import type { PageSink } from "../../src/core/ports.ts";
import { redact } from "../shared/redact.ts";
import { toCheckpoint } from "./checkpoint.ts";
import { checkedCsv } from "./csv-rows.ts";
import { mayStartOver, type PullRun } from "./pull-run.ts";
import { RowCountError } from "./row-count-error.ts";
import type { Session } from "./session.ts";
import { bulkQuery } from "./soql.ts";

export interface BulkPullContext {
  readonly session: Session;
  readonly sink: PageSink;
  readonly bulkPageRows: number;
}

const Job = z.looseObject({
  id: z.string().min(1),
  state: z.enum(["UploadComplete", "InProgress", "JobComplete", "Failed", "Aborted"]),
  numberRecordsProcessed: z.int().nonnegative().optional(),
  errorMessage: z.string().nullish(),
});
type Job = z.infer<typeof Job>;

const PAGE_TRIES = 3;

/**
 * Creates a query job for each run that needs one; a run that resumes keeps its own.
 * @returns the runs whose query was refused
 * @see https://developer.salesforce.com/docs/platform/api-asynch/guide/query-create-job.html
 */
export async function openBulkJobs(
  context: BulkPullContext,
  runs: readonly PullRun[],
): Promise<readonly { readonly run: PullRun; readonly error: Error }[]> {
  const refused: { run: PullRun; error: Error }[] = [];
  for (const run of runs) {
    try {
      if (run.step.kind === "bulk") await openJob(context, run);
    } catch (error) {
      refused.push({
        run,
        error: error instanceof Error ? error : new Error("The job was refused", { cause: error }),
      });
    }
  }
  return refused;
}

async function openJob(context: BulkPullContext, run: PullRun): Promise<void> {
  const { stream, fields, since, ids } = run.request;
  const step = `The Bulk query on ${stream.object}`;
  const answer = await context.session.call({
    method: "POST",
    path: "/jobs/query",
    json: {
      operation: "queryAll",
      query: bulkQuery({ stream, fields, since, ...(ids === undefined ? {} : { ids }) }),
      contentType: "CSV",
      columnDelimiter: "COMMA",
      lineEnding: "LF",
    },
    step,
    purpose: "read",
    // A second job, should the first answer be lost, costs the org a query and us nothing.
    effect: "repeatable",
  });
  run.calls += answer.calls;
  run.queriedAt = answer.date;
  run.total = null;
  run.job = readJob(answer.body, step).id;
}

/**
 * Waits for the run's job and streams its result pages into the sink. A page that breaks off is read again from its
 * locator; a stored job that is void is made anew. The job itself is left: the org drops it after seven days, and deleting it
 * would cost a call.
 * @throws TransientHttpError for pages that stay incomplete; WireShapeError for missing headers; RequestRefusedError
 *   for a job that failed
 * @see https://developer.salesforce.com/docs/platform/api-asynch/guide/query-get-job-results.html
 */
export async function pullBulk(context: BulkPullContext, run: PullRun): Promise<void> {
  const { stream } = run.request;
  const step = `The Bulk query on ${stream.object}`;
  let locator: string | null = null;
  if (run.step.kind === "bulk-resume") {
    locator = run.step.position.locator;
  } else {
    await waitForJob(context, run, step);
  }
  while (true) {
    try {
      locator = await pullPage(context, run, locator, step);
    } catch (error) {
      const isRefused = error instanceof RequestRefusedError;
      const isVoid = isRefused || error instanceof RowCountError;
      // A job of this very pull may be gone too (an admin deleted it, the org dropped it): once that is worth a new one.
      const isResumed = run.step.kind === "bulk-resume";
      if (!isVoid || !(isResumed || (isRefused && mayStartOver(run)))) throw error;
      if (!isResumed) run.hasStartedOver = true;
      // The interrupted pull's job was dropped, is of another API version, or does not add up: read all of it again,
      // which the merge by Id makes harmless. Holding on to it would fail the same way in every later run.
      run.step = { kind: "bulk" };
      run.base = run.rows;
      await openJob(context, run);
      await waitForJob(context, run, step);
      locator = null;
      continue;
    }
    if (locator === null) return;
  }
}

function jobOf(run: PullRun): string {
  if (run.job !== null) return run.job;
  throw new WireShapeError("salesforce", `${run.request.stream.name} has no Bulk job.`);
}

function readJob(body: unknown, step: string): Job {
  const parsed = Job.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new WireShapeError("salesforce", `${step}: the answer is no job description.`);
}

const FIRST_POLL_MS = 250;
const LONGEST_POLL_MS = 30_000;
const LONGEST_JOB_MS = 4 * 60 * 60 * 1000;

async function waitForJob(context: BulkPullContext, run: PullRun, step: string): Promise<void> {
  const { session } = context;
  const id = jobOf(run);
  let waited = 0;
  for (let delay = FIRST_POLL_MS; waited < LONGEST_JOB_MS; delay = Math.min(delay * 2, LONGEST_POLL_MS)) {
    await session.pacing.sleep(delay);
    waited += delay;
    const answer = await session.call({
      method: "GET",
      path: `/jobs/query/${id}`,
      step,
      purpose: "read",
      effect: "repeatable",
    });
    run.calls += answer.calls;
    const job = readJob(answer.body, step);
    if (job.state === "UploadComplete" || job.state === "InProgress") continue;
    if (job.state === "JobComplete") {
      if (job.numberRecordsProcessed === undefined) {
        throw new WireShapeError("salesforce", `${step}: job ${id} does not say how many records it read.`);
      }
      run.total = job.numberRecordsProcessed;
      return;
    }
    const words = redact(job.errorMessage ?? "no reason given");
    throw new RequestRefusedError(
      "salesforce",
      `${step}: job ${id} was ${job.state === "Failed" ? "given up by Salesforce" : "aborted"}: ${words}. See Setup, Bulk Data Load Jobs; the next run makes a new job.`,
      200,
      /^[A-Z_]+(?=\s*:)/.exec(words)?.[0] ?? `BULK_JOB_${job.state.toUpperCase()}`,
    );
  }
  throw new TransientHttpError(
    "salesforce",
    `${step}: job ${id} is still not done after ${waited / 60_000} minutes; it is tried again.`,
    undefined,
  );
}

/** Delivers one page. @returns the next page's locator, null after the last */
async function pullPage(
  context: BulkPullContext,
  run: PullRun,
  locator: string | null,
  step: string,
): Promise<string | null> {
  for (let attempt = 1; ; attempt += 1) {
    const broken: { error?: unknown } = {};
    try {
      return await deliverPage(context, run, locator, step, broken);
    } catch (error) {
      // Only a body that broke off is read again; what the sink refuses stays refused.
      const { error: cause } = broken;
      if (cause instanceof TransientHttpError && attempt < PAGE_TRIES) {
        await context.session.pacing.sleep(1000 * 2 ** attempt);
        continue;
      }
      throw cause instanceof Error ? cause : error;
    }
  }
}

async function deliverPage(
  context: BulkPullContext,
  run: PullRun,
  locator: string | null,
  step: string,
  broken: { error?: unknown },
): Promise<string | null> {
  const { session, sink, bulkPageRows } = context;
  const { stream, fields } = run.request;
  const job = jobOf(run);
  const at = locator === null ? "" : `&locator=${encodeURIComponent(locator)}`;
  const { answer, calls } = await session.stream({
    path: `/jobs/query/${job}/results?maxRecords=${bulkPageRows}${at}`,
    step,
    purpose: "read",
  });
  run.calls += calls;
  try {
    const count = Number(answer.headers.get("sforce-numberofrecords") ?? Number.NaN);
    const mark = answer.headers.get("sforce-locator");
    if (mark === null || mark === "" || !Number.isInteger(count)) {
      throw new WireShapeError(
        "salesforce",
        `${step}: a result page of job ${job} lacks ${mark === null || mark === "" ? "Sforce-Locator" : "Sforce-NumberOfRecords"}, without which its end cannot be known. A proxy may strip it.`,
      );
    }
    const next = mark === "null" ? null : mark;
    const total = run.total;
    const queriedAt = run.queriedAt;
    if (total === null || queriedAt === null) {
      throw new WireShapeError("salesforce", `${step}: job ${job} has no record count.`);
    }
    const rows = run.rows + count;
    if (next === null ? rows !== run.base + total : next === locator) {
      throw new RowCountError(
        `${step}: job ${job} read ${total} records, but its pages hold ${rows - run.base}. The last page was not kept; the next run reads it again.`,
      );
    }
    await sink.accept({
      stream,
      fields,
      csv: watched(
        checkedCsv(answer.body, { columns: fields.map((field) => field.name), rows: count, step }),
        broken,
      ),
      expectedRows: count,
      expectedTotal: next === null ? run.base + total : null,
      next:
        next === null
          ? null
          : toCheckpoint({ route: "bulk", job, locator: next, rows, base: run.base, total, queriedAt }),
      queriedAt,
    });
    run.rows = rows;
    run.delivered += count;
    return next;
  } finally {
    // Without effect on a body that was read to its end.
    answer.discard();
  }
}

/** Notes what broke the bytes, since the sink may throw its own error for it. */
async function* watched(
  bytes: AsyncIterable<Uint8Array>,
  broken: { error?: unknown },
): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    broken.error = error;
    throw error;
  }
}
