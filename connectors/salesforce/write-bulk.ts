import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parse } from "csv-parse";
import { stringify } from "csv-stringify/sync";
import { z } from "zod";
import { ConnectorError, TransientHttpError, WireShapeError } from "../../src/core/errors.ts";
import type { WireValue, WriteOutcome, WriteReport, WriteRequest, WriteRow } from "../../src/core/ports.ts";
import type { CallPurpose } from "../shared/rate-governor.ts";
import { redact } from "../shared/redact.ts";
import type { CallAnswer, Session } from "./session.ts";
import { isRetryableRowCode } from "./vendor-error.ts";
import { writePurpose } from "./write-purpose.ts";

/** Rows of one job: well under 100 MB of CSV with our narrow rows. */
const ROWS_PER_JOB = 100_000;
const FIRST_POLL_MS = 500;
const LONGEST_POLL_MS = 30_000;
const LONGEST_JOB_MS = 4 * 60 * 60 * 1000;
const UPLOAD_TRIES = 2;

const Job = z.looseObject({
  id: z.string().min(1),
  state: z.enum(["Open", "UploadComplete", "InProgress", "JobComplete", "Failed", "Aborted"]),
  errorMessage: z.string().nullish(),
});
type Job = z.infer<typeof Job>;

const Result = z.record(z.string(), z.string());

interface Counter {
  readonly purpose: CallPurpose;
  calls: number;
  answeredAt: Date;
}

/**
 * Updates or upserts many rows by Bulk API 2.0 ingest jobs: three calls, the polls and two or three results a job,
 * whatever its size. The org saves 200 rows a transaction, so that this is only for objects that bear full batches.
 * No job names an assignment rule; assignment rules do not run on Bulk loads without one.
 *
 * One outcome a row, in input order; results come back in any order and are matched by key. A row without a result
 * comes back as retryable.
 * @see https://developer.salesforce.com/docs/platform/api-asynch/guide/datafiles-prepare-csv.html
 */
export async function writeRowsByBulk(session: Session, request: WriteRequest): Promise<WriteReport> {
  const counter: Counter = { purpose: writePurpose(request.object), calls: 0, answeredAt: new Date(0) };
  const outcomes: WriteOutcome[] = [];
  for (let start = 0; start < request.rows.length; start += ROWS_PER_JOB) {
    const rows = request.rows.slice(start, start + ROWS_PER_JOB);
    try {
      outcomes.push(...(await runJob(session, request, rows, counter)));
    } catch (error) {
      // What earlier jobs wrote must not be forgotten: the rest comes back as not sent.
      if (outcomes.length === 0 || !(error instanceof Error)) throw error;
      const code = "code" in error && typeof error.code === "string" ? error.code : "NOT_SENT";
      for (const row of request.rows.slice(outcomes.length)) {
        outcomes.push({ key: row.key, ok: false, code, message: error.message, retryable: true });
      }
      break;
    }
  }
  return { outcomes, calls: counter.calls, answeredAt: counter.answeredAt };
}

async function runJob(
  session: Session,
  request: WriteRequest,
  rows: readonly WriteRow[],
  counter: Counter,
): Promise<readonly WriteOutcome[]> {
  const step = `The Bulk write to ${request.object}`;
  const id = await upload(session, request, rows, counter, step);
  const job = await waitForJob(session, id, counter, step);
  const results = new Map<string, WriteOutcome>();
  await readResults(session, `/jobs/ingest/${id}/successfulResults`, step, counter, (result) => {
    const key = result[request.keyField] ?? "";
    results.set(key, {
      key,
      ok: true,
      id: result["sf__Id"] ?? "",
      created: result["sf__Created"] === "true",
    });
  });
  await readResults(session, `/jobs/ingest/${id}/failedResults`, step, counter, (result) => {
    const key = result[request.keyField] ?? "";
    results.set(key, toFailure(key, result["sf__Error"] ?? ""));
  });
  const why =
    job.state === "JobComplete"
      ? "The job gave no result for this row."
      : redact(job.errorMessage ?? `The job ended as ${job.state}.`);
  return rows.map(
    (row) =>
      results.get(row.key) ?? {
        key: row.key,
        ok: false,
        code: "NOT_PROCESSED",
        message: why,
        retryable: true,
      },
  );
}

/** Creates the job and gives it its rows. A job takes one upload, so that a broken one needs a new job. */
async function upload(
  session: Session,
  request: WriteRequest,
  rows: readonly WriteRow[],
  counter: Counter,
  step: string,
): Promise<string> {
  const csv = toCsv(request.keyField, rows);
  for (let attempt = 1; ; attempt += 1) {
    const created = await call(session, counter, {
      method: "POST",
      path: "/jobs/ingest",
      json: {
        object: request.object,
        operation: request.keyField === "Id" ? "update" : "upsert",
        ...(request.keyField === "Id" ? {} : { externalIdFieldName: request.keyField }),
        contentType: "CSV",
        columnDelimiter: "COMMA",
        lineEnding: "LF",
      },
      step,
    });
    const { id } = readJob(created.body, step);
    try {
      await call(session, counter, {
        method: "PUT",
        path: `/jobs/ingest/${id}/batches`,
        body: csv,
        headers: { "Content-Type": "text/csv; charset=UTF-8" },
        step,
      });
      await call(session, counter, {
        method: "PATCH",
        path: `/jobs/ingest/${id}`,
        json: { state: "UploadComplete" },
        step,
      });
      return id;
    } catch (error) {
      if (!(error instanceof TransientHttpError) || attempt >= UPLOAD_TRIES) throw error;
    }
  }
}

async function waitForJob(session: Session, id: string, counter: Counter, step: string): Promise<Job> {
  let waited = 0;
  for (let delay = FIRST_POLL_MS; waited < LONGEST_JOB_MS; delay = Math.min(delay * 2, LONGEST_POLL_MS)) {
    await session.pacing.sleep(delay);
    waited += delay;
    const answer = await session.call({
      method: "GET",
      path: `/jobs/ingest/${id}`,
      step,
      purpose: counter.purpose,
      effect: "repeatable",
    });
    counter.calls += answer.calls;
    counter.answeredAt = answer.date;
    const job = readJob(answer.body, step);
    if (job.state !== "UploadComplete" && job.state !== "InProgress") return job;
  }
  throw new TransientHttpError(
    "salesforce",
    `${step}: job ${id} is still not done after ${waited / 60_000} minutes. Its rows are sent again later, which does no harm.`,
    undefined,
  );
}

async function call(
  session: Session,
  counter: Counter,
  request: Pick<Parameters<Session["call"]>[0], "method" | "path" | "json" | "body" | "headers" | "step">,
): Promise<CallAnswer> {
  const answer = await session.call({ ...request, purpose: counter.purpose, effect: "once" });
  counter.calls += answer.calls;
  counter.answeredAt = answer.date;
  return answer;
}

function readJob(body: unknown, step: string): Job {
  const parsed = Job.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new WireShapeError("salesforce", `${step}: the answer is no job description.`);
}

/** `#N/A` clears a field, an empty cell leaves it: a field that one row does not name stays as it is. */
function toCsv(keyField: string, rows: readonly WriteRow[]): string {
  const fields = [...new Set(rows.flatMap((row) => Object.keys(row.fields)))];
  const cell = (value: WireValue | undefined): string => {
    if (value === undefined) return "";
    return value === null || value === "" ? "#N/A" : String(value);
  };
  return stringify(
    [
      [keyField, ...fields],
      ...rows.map((row) => [row.key, ...fields.map((field) => cell(row.fields[field]))]),
    ],
    { record_delimiter: "\n", quoted_match: /\r/ },
  );
}

async function readResults(
  session: Session,
  path: string,
  step: string,
  counter: Counter,
  take: (result: Readonly<Record<string, string>>) => void,
): Promise<void> {
  const { answer, calls } = await session.stream({ path, step, purpose: counter.purpose });
  counter.calls += calls;
  const parser = parse({ columns: true, bom: true, skip_empty_lines: true });
  const reading = pipeline(Readable.from(answer.body), parser);
  // The loop below throws what breaks the pipeline; this keeps its own rejection from being unhandled meanwhile.
  reading.catch(() => undefined);
  try {
    for await (const record of parser) take(Result.parse(record));
    await reading;
  } catch (error) {
    if (error instanceof ConnectorError) throw error;
    // Without the cause, which quotes the record.
    throw new WireShapeError("salesforce", `${step}: the job's results are no CSV with a header.`);
  }
}

/** `CODE:words:FIELDS--`, the fields being absent as a rule. */
function toFailure(key: string, text: string): WriteOutcome {
  const match = /^([A-Z][A-Z0-9_]*)\s*:\s*(.*?)(?::[^:]*--)?$/s.exec(text);
  const code = match?.[1] ?? "BULK_ROW_FAILED";
  return { key, ok: false, code, message: redact(match?.[2] ?? text), retryable: isRetryableRowCode(code) };
}
