import { emptyAnswer, jsonAnswer, streamAnswer } from "../../../server/answer.ts";
import { type QueryResult, type Session, VendorError } from "../../org.ts";
import { type Call, dataPath, param, type WireContext } from "../call.ts";
import { readJsonObject, textValue } from "../read-json.ts";
import { objectFields } from "../rest/object-fields.ts";
import { csvLine, csvPieces, quotedLine } from "./csv-lines.ts";
import { csvForm, invalidJob, invalidJobState } from "./job-body.ts";
import { createdJobBody, type QueryJob, queryJobBody } from "./query-jobs.ts";
import { refuseCompoundColumns, refuseUnsupported } from "./unsupported-soql.ts";

const DOUBLES = new Set(["double", "currency", "percent"]);

/** Jobs and result addresses of one page of a list. */
const LIST_PAGE = 1_000;
const RESULT_PAGES = 5;

function doubleColumns(context: WireContext, session: Session, result: QueryResult): readonly boolean[] {
  const fields = objectFields(context.org, session, result.entity);
  return result.columns.map((column) => DOUBLES.has(fields.get(column.toLowerCase())?.type ?? ""));
}

export async function createQueryJob(context: WireContext, call: Call) {
  const body = await readJsonObject(call.incoming);
  const operation = textValue(body, "operation");
  if (operation !== "query" && operation !== "queryAll") {
    throw invalidJob(`Unknown operation: ${operation ?? "none"}; a query job is query or queryAll`);
  }
  const soql = textValue(body, "query");
  if (soql === undefined || soql.trim() === "") throw invalidJob("query is required");
  const form = csvForm(body);
  refuseUnsupported(soql);
  // Run at once, on the request: what the vendor refuses in a statement it refuses at the create.
  const result = context.org.query(call.session, soql, { all: operation === "queryAll" });
  refuseCompoundColumns(result);
  const doubles = doubleColumns(context, call.session, result);
  const { session, version } = call;
  const job = context.queryJobs.create({ operation, session, version, result, doubles, ...form });
  return jsonAnswer(200, createdJobBody(job, "UploadComplete"));
}

export function getQueryJob(context: WireContext, call: Call) {
  const job = context.queryJobs.find(param(call, "job"));
  return jsonAnswer(200, queryJobBody(job, context.queryJobs.look(job)));
}

export function listQueryJobs(context: WireContext, call: Call) {
  const jobs = [...context.queryJobs.list()].reverse();
  const offset = Number(call.incoming.query.get("queryLocator") ?? 0);
  const page = jobs.slice(offset, offset + LIST_PAGE);
  const next = offset + LIST_PAGE < jobs.length ? offset + LIST_PAGE : undefined;
  return jsonAnswer(200, {
    done: next === undefined,
    records: page.map((job) => queryJobBody(job, context.queryJobs.state(job))),
    nextRecordsUrl: next === undefined ? null : `${dataPath(call)}/jobs/query?queryLocator=${next}`,
  });
}

export async function abortQueryJob(context: WireContext, call: Call) {
  const body = await readJsonObject(call.incoming);
  const job = context.queryJobs.find(param(call, "job"));
  if (textValue(body, "state") !== "Aborted") throw invalidJobState("The only change of state is Aborted");
  context.queryJobs.abort(job);
  return jsonAnswer(200, createdJobBody(job, "Aborted"));
}

export function deleteQueryJob(context: WireContext, call: Call) {
  context.queryJobs.remove(context.queryJobs.find(param(call, "job")));
  return emptyAnswer(204);
}

const locatorOf = (job: QueryJob, offset: number) =>
  Buffer.from(`0:${job.id}:${offset}`, "utf8").toString("base64url");

function offsetOf(job: QueryJob, locator: string | null): number {
  if (locator === null || locator === "") return 0;
  const [, id, digits] = /^0:(\w{18}):(\d+)$/.exec(Buffer.from(locator, "base64url").toString("utf8")) ?? [];
  const offset = Number(digits);
  if (id !== job.id || !(offset < Math.max(1, job.result.totalSize))) {
    throw new VendorError(400, "INVALID_LOCATOR", `Invalid locator: ${locator}`);
  }
  return offset;
}

/** A job whose results may be read by this call. @throws VendorError 409 for another version than the job's */
function finishedJob(context: WireContext, call: Call): QueryJob {
  const job = context.queryJobs.find(param(call, "job"));
  if (job.version !== call.version) {
    throw new VendorError(
      409,
      "API_VERSION_MISMATCH",
      `The job was created with API version ${job.version}; its results cannot be read with ${call.version}`,
    );
  }
  const state = context.queryJobs.state(job);
  if (state !== "JobComplete") {
    throw invalidJobState(`The results of a job are there when it is JobComplete; this one is ${state}`);
  }
  return job;
}

function pageRows(context: WireContext, call: Call): number {
  const asked = call.incoming.query.get("maxRecords");
  if (asked === null) return context.settings.bulkPageRows;
  const rows = Number(asked);
  if (!Number.isInteger(rows) || rows < 1) {
    throw new VendorError(400, "INVALID_MAX_RECORDS", `maxRecords must be a whole number from 1: ${asked}`);
  }
  return Math.min(rows, context.settings.bulkPageRows);
}

/** One page of CSV, header included, produced while it is sent. */
export function queryResults(context: WireContext, call: Call) {
  const job = finishedJob(context, call);
  const offset = offsetOf(job, call.incoming.query.get("locator"));
  const { result, doubles } = job;
  const rows = Math.min(pageRows(context, call), result.totalSize - offset);
  const until = offset + rows;
  const line = (row: number) => csvLine(job, result.cells(offset + row), doubles);
  return streamAnswer("text/csv; charset=UTF-8", csvPieces(quotedLine(job, result.columns), rows, line), {
    "Sforce-Locator": until < result.totalSize ? locatorOf(job, until) : "null",
    "Sforce-NumberOfRecords": String(rows),
  });
}

export function queryResultPages(context: WireContext, call: Call) {
  const job = finishedJob(context, call);
  const size = context.settings.bulkPageRows;
  const first = offsetOf(job, call.incoming.query.get("nextRecordsLocator"));
  const base = `${dataPath(call)}/jobs/query/${job.id}`;
  const offsets = Array.from({ length: RESULT_PAGES }, (_, index) => first + index * size).filter(
    (offset, index) => index === 0 || offset < job.result.totalSize,
  );
  const next = first + RESULT_PAGES * size;
  const done = next >= job.result.totalSize;
  return jsonAnswer(200, {
    resultPages: offsets.map((offset) => ({
      resultUrl: `${base}/results?locator=${locatorOf(job, offset)}&maxRecords=${size}`,
    })),
    nextRecordsUrl: done ? null : `${base}/resultPages?nextRecordsLocator=${locatorOf(job, next)}`,
    done,
  });
}
