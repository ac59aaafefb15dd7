import { emptyAnswer, jsonAnswer, streamAnswer } from "../../../server/answer.ts";
import { VendorError } from "../../org.ts";
import { type Call, param, type WireContext } from "../call.ts";
import { isMultipart, partText, readMultipart } from "../multipart.ts";
import { isJsonObject, type JsonObject, jsonParserError, readJsonObject, textValue } from "../read-json.ts";
import { csvPieces, quotedLine } from "./csv-lines.ts";
import {
  changedJobBody,
  createdJobBody,
  hasEnded,
  INGEST_OPERATIONS,
  type IngestJob,
  type IngestOperation,
  ingestJobBody,
  type RowOutcome,
} from "./ingest-jobs.ts";
import { csvForm, invalidJob, invalidJobState } from "./job-body.ts";
import { processIngest } from "./process-ingest.ts";

/** Most characters of a multipart create. */
const MULTIPART_LIMIT = 100_000;

const isOperation = (text: string | undefined): text is IngestOperation =>
  INGEST_OPERATIONS.some((operation) => operation === text);

function openJob(context: WireContext, call: Call, body: JsonObject): IngestJob {
  const operation = textValue(body, "operation");
  const object = textValue(body, "object");
  const externalIdField = textValue(body, "externalIdFieldName");
  if (!isOperation(operation)) {
    throw invalidJob(`Unknown operation: ${operation ?? "none"}; there are ${INGEST_OPERATIONS.join(", ")}`);
  }
  if (object === undefined) throw invalidJob("object is required");
  if (operation === "upsert" && externalIdField === undefined) {
    throw invalidJob("External ID was blank for an upsert job. Name it in externalIdFieldName.");
  }
  const form = csvForm(body);
  const { name } = context.org.describe(call.session, object);
  return context.ingestJobs.create({
    object: typeof name === "string" ? name : object,
    operation,
    externalIdField,
    assignmentRuleId: textValue(body, "assignmentRuleId"),
    session: call.session,
    version: call.version,
    ...form,
  });
}

/** The work goes on after the answer; the client asks for its state. */
function startProcessing(context: WireContext, job: IngestJob) {
  context.ingestJobs.setState(job, "UploadComplete");
  processIngest(context, job).catch((error: unknown) => {
    job.errorMessage = `InternalServerError : ${error instanceof Error ? error.message : "unknown"}`;
    context.ingestJobs.setState(job, "Failed");
  });
}

async function createFromMultipart(context: WireContext, call: Call) {
  const parts = await readMultipart(call.incoming);
  const jobPart = parts.get("job");
  const content = parts.get("content");
  if (jobPart === undefined || content === undefined) {
    throw jsonParserError("A multipart create has the parts job and content");
  }
  let body: unknown;
  try {
    body = JSON.parse(partText(jobPart));
  } catch (error) {
    throw jsonParserError(error instanceof Error ? error.message : "unexpected character");
  }
  if (!isJsonObject(body)) throw jsonParserError("The part job must be an object");
  const text = partText(content);
  if (text.length > MULTIPART_LIMIT) {
    throw invalidJob(`The part content is longer than ${MULTIPART_LIMIT} characters; upload it instead`);
  }
  const job = openJob(context, call, body);
  job.upload = Buffer.from(text, "utf8");
  startProcessing(context, job);
  return jsonAnswer(200, createdJobBody(job));
}

export async function createIngestJob(context: WireContext, call: Call) {
  if (isMultipart(call.incoming)) return createFromMultipart(context, call);
  return jsonAnswer(200, createdJobBody(openJob(context, call, await readJsonObject(call.incoming))));
}

export async function uploadIngestData(context: WireContext, call: Call) {
  const job = context.ingestJobs.find(param(call, "job"));
  if (job.upload !== undefined) {
    throw new VendorError(400, "BULK_API_ERROR", `Found multiple contents for job: ${job.id}`);
  }
  if (job.state !== "Open")
    throw invalidJobState(`A job that is ${job.state} takes no data; it must be Open`);
  job.upload = await call.incoming.body.bytes();
  return emptyAnswer(201);
}

export function getIngestJob(context: WireContext, call: Call) {
  const job = context.ingestJobs.find(param(call, "job"));
  return jsonAnswer(200, ingestJobBody(job, context.ingestJobs.look(job)));
}

export const listIngestJobs = (context: WireContext, _call: Call) =>
  jsonAnswer(200, {
    done: true,
    records: context.ingestJobs.list().map((job) => ingestJobBody(job, context.ingestJobs.visibleState(job))),
    nextRecordsUrl: null,
  });

function abort(context: WireContext, job: IngestJob) {
  if (job.state === "Aborted") throw invalidJobState("Aborting already Aborted Job not allowed");
  if (hasEnded(job.state)) throw invalidJobState("Aborting already Completed Job not allowed");
  context.ingestJobs.setState(job, "Aborted");
}

export async function changeIngestJob(context: WireContext, call: Call) {
  const body = await readJsonObject(call.incoming);
  const job = context.ingestJobs.find(param(call, "job"));
  const state = textValue(body, "state");
  if (state === "Aborted") {
    abort(context, job);
  } else if (state === "UploadComplete") {
    if (job.state !== "Open") throw invalidJobState(`Closing a job that is ${job.state} not allowed`);
    startProcessing(context, job);
  } else {
    throw invalidJobState(`Unknown state: ${state ?? "none"}; a client sets UploadComplete or Aborted`);
  }
  return jsonAnswer(200, changedJobBody(job, job.state));
}

export function deleteIngestJob(context: WireContext, call: Call) {
  context.ingestJobs.remove(context.ingestJobs.find(param(call, "job")));
  return emptyAnswer(204);
}

/** The outcomes in an order of their own: the vendor promises none, so nobody may rely on the upload's. */
function shuffled(outcomes: readonly RowOutcome[]): readonly RowOutcome[] {
  const count = outcomes.length;
  // A prime step visits every row once unless the count is its multiple.
  const step = count % 7919 === 0 ? 104_729 : 7_919;
  return outcomes.flatMap((_, index) => outcomes[(index * step + Math.floor(count / 2)) % count] ?? []);
}

function resultsAnswer(
  context: WireContext,
  call: Call,
  options: {
    readonly heads: readonly string[];
    keeps(outcome: RowOutcome): boolean;
    lead(outcome: RowOutcome): readonly string[];
  },
) {
  const job = context.ingestJobs.find(param(call, "job"));
  const isThere = hasEnded(context.ingestJobs.visibleState(job));
  const rows = isThere ? shuffled(job.outcomes.filter((outcome) => options.keeps(outcome))) : [];
  const header = quotedLine(job, [...options.heads, ...job.columns]);
  const line = (index: number) => {
    const outcome = rows[index];
    return outcome === undefined ? "" : quotedLine(job, [...options.lead(outcome), ...outcome.cells]);
  };
  return streamAnswer("text/csv; charset=UTF-8", csvPieces(header, rows.length, line));
}

export const successfulResults = (context: WireContext, call: Call) =>
  resultsAnswer(context, call, {
    heads: ["sf__Id", "sf__Created"],
    keeps: (outcome) => outcome.error === undefined,
    lead: (outcome) => [outcome.id, String(outcome.created)],
  });

export const failedResults = (context: WireContext, call: Call) =>
  resultsAnswer(context, call, {
    heads: ["sf__Id", "sf__Error"],
    keeps: (outcome) => outcome.error !== undefined,
    lead: (outcome) => [outcome.id, outcome.error ?? ""],
  });

export function unprocessedRecords(context: WireContext, call: Call) {
  const job = context.ingestJobs.find(param(call, "job"));
  const rows = job.unprocessed;
  return streamAnswer(
    "text/csv; charset=UTF-8",
    csvPieces(quotedLine(job, job.columns), rows.length, (index) => quotedLine(job, rows[index] ?? [])),
  );
}
