import { z } from "zod";
import {
  type ConnectorError,
  PermissionError,
  QuotaExhaustedError,
  RateLimitedError,
  RequestRefusedError,
  TransientHttpError,
} from "../../src/core/errors.ts";
import { redact } from "../shared/redact.ts";

/** One entry of the vendor's error array. */
export interface VendorProblem {
  readonly code: string;
  /** The vendor's words without the query's snippet, tokens and e-mail addresses masked. */
  readonly words: string;
}

const Problems = z.array(z.looseObject({ errorCode: z.string(), message: z.string().default("") })).min(1);

const LOCATION = /^ERROR at Row:\d+:Column:\d+\s*$/;

/** A SOQL error's message starts with a snippet of the query and a caret; the sentence comes after. */
function wordsOf(message: string): string {
  const lines = message.split("\n").map((line) => line.trim());
  const at = lines.findIndex((line) => LOCATION.test(line));
  const after = at >= 0 ? lines.slice(at + 1) : lines.slice(lines.lastIndexOf("^") + 1);
  return redact(after.join(" ").replace(/^\s*ERROR:\s*/, ""));
}

/** The first problem of an error body, or undefined where the body is not the vendor's. */
export function vendorProblem(body: unknown): VendorProblem | undefined {
  const parsed = Problems.safeParse(body);
  const first = parsed.success ? parsed.data[0] : undefined;
  return first === undefined ? undefined : { code: first.errorCode, words: wordsOf(first.message) };
}

/** Row codes that say "not now": the same values may be accepted later. */
const retryableRowCodes: ReadonlySet<string> = new Set([
  "UNABLE_TO_LOCK_ROW",
  "REQUEST_RUNNING_TOO_LONG",
  "SERVER_UNAVAILABLE",
  "UNKNOWN_EXCEPTION",
  "QUERY_TIMEOUT",
  "LIMIT_EXCEEDED",
  "PROCESSING_HALTED",
  "APEX_CPU_LIMIT_EXCEEDED",
  "ALL_OR_NONE_OPERATION_ROLLED_BACK",
  // The org's own trigger failed, often on a limit that smaller batches stay under.
  "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
]);

export function isRetryableRowCode(code: string): boolean {
  return retryableRowCodes.has(code);
}

export interface RefusalContext {
  /** What was being done: "the query on Lead". */
  readonly step: string;
  readonly host: string;
  /** HTTP Retry-After in seconds, where it was sent. */
  readonly retryAfter?: string | null;
}

const nextSteps: Readonly<Record<string, string>> = {
  INVALID_FIELD:
    "The field is missing or hidden from this user: run `ripeline doctor`, then grant it in the permission set.",
  INVALID_TYPE:
    "The object is missing or hidden from this user: run `ripeline doctor`, then grant it in the permission set.",
  NOT_FOUND: "Check SALESFORCE_INSTANCE_URL and that the object exists in this org.",
};

/** Waiting time for a refusal of concurrent requests, which names none. */
const CONCURRENCY_WAIT_MS = 10_000;

/**
 * A refused answer as a typed error: status and the vendor's code decide the class, the message names step, code, the
 * vendor's words and what to do next. 401 is not handled here: the session renews its token first.
 * @see https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
 */
export function refusal(status: number, body: unknown, context: RefusalContext): ConnectorError {
  const { step, host } = context;
  const problem = vendorProblem(body);
  if (status >= 500 || status === 420 || problem === undefined) {
    const what =
      problem === undefined ? "an answer that is not Salesforce's" : `${problem.code}: ${problem.words}`;
    const why = `The org is down or in maintenance${problem === undefined ? ", or SALESFORCE_INSTANCE_URL is not its address" : ""}`;
    return new TransientHttpError(
      "salesforce",
      `${step} failed: ${host} answered HTTP ${status} with ${what}. ${why}; it is tried again.`,
      status,
    );
  }
  const { code, words } = problem;
  if (code === "REQUEST_LIMIT_EXCEEDED") {
    // One code for two limits; only the words tell the day's total from too many long calls at the same time.
    if (/^Concurrent/i.test(words)) return new RateLimitedError("salesforce", CONCURRENCY_WAIT_MS);
    return new QuotaExhaustedError(
      "salesforce",
      `${step} was refused: the org has used up its API calls of the last 24 hours (${code}: ${words}). ` +
        "Nothing is lost, the next run catches up; ask the admin what else calls the API (Setup, System Overview).",
    );
  }
  if (status === 429) {
    const seconds = Number(context.retryAfter ?? "");
    return new RateLimitedError("salesforce", seconds > 0 ? seconds * 1000 : CONCURRENCY_WAIT_MS);
  }
  if (code === "QUERY_TIMEOUT" || code === "SERVER_UNAVAILABLE" || code === "UNABLE_TO_LOCK_ROW") {
    return new TransientHttpError(
      "salesforce",
      `${step} failed: ${code}: ${words}; it is tried again.`,
      status,
    );
  }
  if (status === 403) {
    return new PermissionError(
      "salesforce",
      `${step} was refused: ${code}: ${words}. Give the integration user the permission set of \`ripeline apply\` and API access.`,
    );
  }
  const next =
    nextSteps[code] ?? "Run `ripeline doctor`; if that finds nothing, report this as a fault of ripeline.";
  return new RequestRefusedError(
    "salesforce",
    `${step} was refused: ${code}: ${words}. ${next}`.replaceAll(/\.{2,}/g, "."),
    status,
    code,
  );
}
