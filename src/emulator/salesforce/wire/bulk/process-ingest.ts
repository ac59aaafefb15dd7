import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { CsvError, parse } from "csv-parse";
import { type FieldValues, type SaveResult, VendorError, type WriteOptions } from "../../org.ts";
import type { WireContext } from "../call.ts";
import { type IngestColumn, ingestColumns, ingestRecord, UnknownColumnError } from "./ingest-columns.ts";
import type { IngestJob } from "./ingest-jobs.ts";
import { DELIMITERS } from "./job-body.ts";

/** Rows handed to the org at once: a transaction's worth. */
const CHUNK = 200;
/** Rows of one Bulk batch, of which the org has so many a day. */
const BATCH = 10_000;

/** `STATUS_CODE:message:fields--`, the form of `sf__Error`. */
function errorText({ errors }: SaveResult): string {
  return errors
    .map(({ statusCode, message, fields }) => {
      const names = fields.length === 0 ? "" : `${fields.join(",")} `;
      return `${statusCode}:${message}:${names}--`;
    })
    .join(";");
}

function write(context: WireContext, job: IngestJob, rows: readonly FieldValues[]): readonly SaveResult[] {
  const options: WriteOptions = {
    // Unlike REST, Bulk runs an assignment rule only where the job names one.
    autoAssign: job.assignmentRuleId !== undefined,
    allowDuplicates: false,
    allOrNone: false,
    operation: `bulk ingest ${job.operation}`,
  };
  const { org } = context;
  switch (job.operation) {
    case "insert":
      return org.insert(job.session, job.object, rows, options);
    case "update":
      return org.update(job.session, job.object, rows, options);
    case "upsert":
      return org.upsert(job.session, job.object, job.externalIdField ?? "Id", rows, options);
    case "delete":
    case "hardDelete":
      return org.remove(
        job.session,
        rows.map(({ Id }) => (typeof Id === "string" ? Id : "")),
        options,
      );
  }
}

function settle(
  context: WireContext,
  job: IngestJob,
  columns: readonly IngestColumn[],
  lines: readonly (readonly string[])[],
) {
  const results = write(
    context,
    job,
    lines.map((cells) => ingestRecord(columns, cells)),
  );
  lines.forEach((cells, index) => {
    const result = results[index];
    if (result === undefined) throw new Error("the org returned fewer outcomes than rows");
    const { success, id, created } = result;
    job.outcomes.push({
      cells,
      id: id ?? "",
      created: success && (job.operation === "insert" || created === true),
      error: success ? undefined : errorText(result),
    });
  });
}

/** Lines that end otherwise than the job says; the vendor fails the whole job. */
class LineEndingError extends Error {
  constructor(declared: string) {
    super(`ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is ${declared}`);
    this.name = "LineEndingError";
  }
}

const QUOTE = 34;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** How the header's line ends: the first line feed outside quotes decides; undefined for a single line. */
function lineEndingOf(upload: Uint8Array): "LF" | "CRLF" | undefined {
  let isQuoted = false;
  for (let at = 0; at < upload.length; at += 1) {
    if (upload[at] === QUOTE) isQuoted = !isQuoted;
    if (upload[at] === LINE_FEED && !isQuoted) return upload[at - 1] === CARRIAGE_RETURN ? "CRLF" : "LF";
  }
  return undefined;
}

/** Rows of the upload as lists of texts. A row with another number of cells than the header ends the reading. */
async function* readLines(job: IngestJob): AsyncGenerator<readonly string[]> {
  const ending = lineEndingOf(job.upload ?? new Uint8Array());
  if (ending !== undefined && ending !== job.lineEnding) throw new LineEndingError(job.lineEnding);
  const parser = parse({
    bom: true,
    delimiter: DELIMITERS[job.columnDelimiter],
    skip_empty_lines: true,
  });
  const source = Readable.from([job.upload ?? new Uint8Array()]);
  source.on("error", (error) => parser.destroy(error));
  for await (const record of source.pipe(parser)) {
    const cells: unknown = record;
    if (Array.isArray(cells)) yield cells.map(String);
  }
}

async function run(context: WireContext, job: IngestJob) {
  let columns: readonly IngestColumn[] | undefined;
  let lines: (readonly string[])[] = [];
  const flush = async () => {
    if (columns !== undefined && lines.length > 0) settle(context, job, columns, lines);
    lines = [];
    // Other requests get their turn between two transactions.
    await setImmediate();
  };
  for await (const cells of readLines(job)) {
    if (columns === undefined) {
      job.columns = cells;
      columns = ingestColumns(context.org, job, cells);
      continue;
    }
    if (job.state === "Aborted") {
      job.unprocessed.push(cells);
      continue;
    }
    lines.push(cells);
    if (lines.length === CHUNK) await flush();
  }
  await flush();
}

function failure(error: unknown): string {
  if (error instanceof UnknownColumnError || error instanceof LineEndingError) return error.message;
  if (error instanceof VendorError) return `InvalidBatch : ${error.errorCode}: ${error.message}`;
  if (error instanceof CsvError) return `InvalidBatch : Failed to parse CSV data: ${error.message}`;
  throw error;
}

/**
 * Works off a job's upload: InProgress, then JobComplete (rows may have failed) or Failed (the upload makes no
 * sense as a whole). Never rejects for what the client sent.
 */
export async function processIngest(context: WireContext, job: IngestJob): Promise<void> {
  await setImmediate();
  if (job.state !== "UploadComplete") return;
  context.ingestJobs.setState(job, "InProgress");
  try {
    await run(context, job);
    // An abort may have come between two chunks.
    if (stateNow(job) === "InProgress") context.ingestJobs.setState(job, "JobComplete");
  } catch (error) {
    job.errorMessage = failure(error);
    context.ingestJobs.setState(job, "Failed");
  }
  context.ingestJobs.countBatches(Math.max(1, Math.ceil(job.outcomes.length / BATCH)));
  job.upload = undefined;
}

/** Read through a call, since the compiler takes the state for unchanged across an await. */
const stateNow = (job: IngestJob) => job.state;
