import { jsonAnswer } from "../../../server/answer.ts";
import { VendorError } from "../../org.ts";
import type { Call, WireContext } from "../call.ts";
import { flagValue, isJsonObject, type JsonObject, jsonParserError, readJsonObject } from "../read-json.ts";
import { requestLimitExceeded } from "../vendor-answer.ts";
import { answerBody, isAllowedInside, subrequest } from "./subrequest.ts";

const SUBREQUEST_LIMIT = 25;

function readRequests(body: JsonObject): readonly JsonObject[] {
  const list: unknown = body["batchRequests"];
  if (!Array.isArray(list) || list.length === 0) {
    throw jsonParserError("batchRequests must be a list of at least one subrequest");
  }
  if (list.length > SUBREQUEST_LIMIT) {
    throw new VendorError(
      400,
      "LIMIT_EXCEEDED",
      `The request can’t contain more than ${SUBREQUEST_LIMIT} operations.`,
    );
  }
  const values: readonly unknown[] = list;
  return values.map((value) => {
    if (!isJsonObject(value)) throw jsonParserError("each of batchRequests must be an object");
    return value;
  });
}

/** Addresses may start at the version: `v67.0/sobjects/Lead`. */
const absolute = (url: string) => (/^\/?v\d/i.test(url) ? `/services/data/${url.replace(/^\//, "")}` : url);

async function runOne(call: Call, request: JsonObject) {
  const { method, url } = request;
  if (typeof method !== "string" || typeof url !== "string") {
    throw jsonParserError("method and url of a subrequest are required");
  }
  const incoming = subrequest(method.toUpperCase(), absolute(url), {}, request["richInput"]);
  if (!isAllowedInside(incoming.path)) {
    const message = "The requested resource does not exist";
    return { statusCode: 404, result: [{ errorCode: "NOT_FOUND", message }] };
  }
  const answer = await call.dispatch(incoming);
  return { statusCode: answer.status, result: answerBody(answer) };
}

/** Composite Batch: up to 25 independent subrequests, each of them metered. */
export async function compositeBatch(context: WireContext, call: Call) {
  const body = await readJsonObject(call.incoming);
  const requests = readRequests(body);
  // The request itself is charged already, so the first subrequest is paid for.
  const rest = requests.length - 1;
  if (context.usage.remaining() < rest) throw requestLimitExceeded();
  context.usage.charge(rest);
  context.ledger.meter("salesforce", rest);
  const results: { statusCode: number; result: unknown }[] = [];
  let hasErrors = false;
  for (const request of requests) {
    if (hasErrors && flagValue(body, "haltOnError")) {
      const message = "Batch processing halted per request. See the error of an earlier subrequest.";
      results.push({ statusCode: 412, result: [{ errorCode: "BATCH_PROCESSING_HALTED", message }] });
      continue;
    }
    const result = await runOne(call, request);
    hasErrors ||= result.statusCode >= 400;
    results.push(result);
  }
  return jsonAnswer(200, { hasErrors, results });
}
