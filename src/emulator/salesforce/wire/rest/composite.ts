import { type Answer, jsonAnswer } from "../../../server/answer.ts";
import type { Call, WireContext } from "../call.ts";
import { flagValue, isJsonObject, type JsonObject, jsonParserError, readJsonObject } from "../read-json.ts";
import { atomicallyAsync } from "./atomically.ts";
import { BrokenReferenceError, fillReferences } from "./composite-references.ts";
import { answerBody, isAllowedInside, subrequest } from "./subrequest.ts";

const SUBREQUEST_LIMIT = 25;
/** Queries and collections among the subrequests. */
const HEAVY_LIMIT = 5;

const METHODS = new Set(["GET", "POST", "PUT", "PATCH", "DELETE"]);

interface Part {
  readonly method: string;
  readonly url: string;
  readonly referenceId: string;
  readonly body: unknown;
  readonly headers: JsonObject;
}

interface PartResult {
  readonly body: unknown;
  readonly httpHeaders: Readonly<Record<string, string>>;
  readonly httpStatusCode: number;
  readonly referenceId: string | null;
}

function readPart(value: unknown): Part {
  if (!isJsonObject(value)) throw jsonParserError("each of compositeRequest must be an object");
  const { method, url, referenceId } = value;
  if (typeof method !== "string" || !METHODS.has(method.toUpperCase())) {
    throw jsonParserError("method of a subrequest must be GET, POST, PUT, PATCH or DELETE");
  }
  if (typeof url !== "string") throw jsonParserError("url of a subrequest is required");
  if (typeof referenceId !== "string") throw jsonParserError("referenceId of a subrequest is required");
  if (!/^[A-Za-z0-9]\w*$/.test(referenceId)) {
    throw jsonParserError(
      `Provided referenceId ('${referenceId}') must start with a letter or a number, and it can contain only letters, numbers and underscores ('_').`,
    );
  }
  const headers = value["httpHeaders"];
  if (headers !== undefined && headers !== null && !isJsonObject(headers)) {
    throw jsonParserError("httpHeaders of a subrequest must be an object");
  }
  return { method: method.toUpperCase(), url, referenceId, body: value["body"], headers: headers ?? {} };
}

function readParts(body: JsonObject): readonly Part[] {
  const list: unknown = body["compositeRequest"];
  if (!Array.isArray(list) || list.length === 0) {
    throw jsonParserError("compositeRequest must be a list of at least one subrequest");
  }
  const values: readonly unknown[] = list;
  const parts = values.map(readPart);
  const seen = new Set<string>();
  for (const { referenceId } of parts) {
    if (seen.has(referenceId)) {
      throw jsonParserError(
        `Duplicate referenceId provided: ${referenceId}. Each referenceId must be unique.`,
      );
    }
    seen.add(referenceId);
  }
  return parts;
}

const refusal = (
  errorCode: string,
  message: string,
  referenceId: string | null,
  httpStatusCode = 400,
): PartResult => ({ body: [{ errorCode, message }], httpHeaders: {}, httpStatusCode, referenceId });

/** The form the vendor gives its refusal of the whole: one response without a reference. Seen in a user's log. */
const refuseWhole = (message: string) =>
  jsonAnswer(400, { compositeResponse: [refusal("LIMIT_EXCEEDED", message, null)] });

const isHeavy = (url: string) => /\/(?:query|queryAll|composite\/sobjects)(?:[/?]|$)/i.test(url);

/** Headers that a subrequest's answer carries, under the names the vendor prints. */
function visibleHeaders(answer: Answer): Readonly<Record<string, string>> {
  const visible: Record<string, string> = {};
  for (const name of ["Location", "ETag", "Last-Modified"]) {
    const value = answer.headers[name];
    if (value !== undefined) visible[name] = value;
  }
  return visible;
}

async function runPart(call: Call, part: Part, done: ReadonlyMap<string, PartResult>): Promise<PartResult> {
  let filled: Part;
  try {
    const value = (reference: string) => done.get(reference)?.body;
    filled = {
      ...part,
      url: String(fillReferences(part.url, value)),
      body: fillReferences(part.body, value),
    };
  } catch (error) {
    if (!(error instanceof BrokenReferenceError)) throw error;
    return refusal("PROCESSING_HALTED", error.message, part.referenceId);
  }
  const incoming = subrequest(filled.method, filled.url, filled.headers, filled.body);
  if (!isAllowedInside(incoming.path)) {
    return refusal("NOT_FOUND", "The requested resource does not exist", part.referenceId, 404);
  }
  const answer = await call.dispatch(incoming);
  return {
    body: answerBody(answer),
    httpHeaders: visibleHeaders(answer),
    httpStatusCode: answer.status,
    referenceId: part.referenceId,
  };
}

/** A collection answers 200 with failed rows in it; for the allOrNone of the whole that is a failure too. */
function isFailure({ httpStatusCode, body }: PartResult): boolean {
  if (httpStatusCode >= 400) return true;
  if (!Array.isArray(body)) return false;
  const rows: readonly unknown[] = body;
  return rows.some((row) => isJsonObject(row) && row["success"] === false);
}

async function runParts(call: Call, parts: readonly Part[], until: "the end" | "a failure") {
  const done = new Map<string, PartResult>();
  for (const part of parts) {
    const result = await runPart(call, part, done);
    done.set(part.referenceId, result);
    if (until === "a failure" && isFailure(result)) break;
  }
  return done;
}

/** With allOrNone every other subrequest, run or not, says that it was undone. */
const halted = (part: Part) =>
  refusal(
    "PROCESSING_HALTED",
    "The transaction was rolled back since another operation in the same transaction failed.",
    part.referenceId,
  );

/**
 * Composite: one metered request, up to 25 subrequests run in order, later ones referring to earlier answers with
 * `@{reference.path}`. Each subrequest has its own headers only.
 */
export async function composite(context: WireContext, call: Call): Promise<Answer> {
  const body = await readJsonObject(call.incoming);
  const parts = readParts(body);
  if (parts.length > SUBREQUEST_LIMIT) {
    return refuseWhole(`The request can’t contain more than ${SUBREQUEST_LIMIT} operations.`);
  }
  if (parts.filter((part) => isHeavy(part.url)).length > HEAVY_LIMIT) {
    return refuseWhole(
      `The request can’t contain more than ${HEAVY_LIMIT} Query or sObject Collections operations.`,
    );
  }
  const allOrNone = flagValue(body, "allOrNone");
  const done = allOrNone
    ? await atomicallyAsync(context.org, async () => {
        const value = await runParts(call, parts, "a failure");
        return { commit: ![...value.values()].some(isFailure), value };
      })
    : await runParts(call, parts, "the end");
  const isUndone = allOrNone && [...done.values()].some(isFailure);
  return jsonAnswer(200, {
    compositeResponse: parts.map((part) => {
      const result = done.get(part.referenceId);
      return result === undefined || (isUndone && !isFailure(result)) ? halted(part) : result;
    }),
  });
}
