import { z } from "zod";
import {
  AuthError,
  type ConnectorError,
  PermissionError,
  QuotaExhaustedError,
  RateLimitedError,
  RequestRefusedError,
  TransientHttpError,
} from "../../src/core/errors.ts";
import { redact } from "../shared/redact.ts";

const Context = z.record(z.string(), z.unknown());

/** Every field may be missing; what is there in another shape counts as missing. */
const Problem = z.looseObject({
  message: z.string().optional().catch(undefined),
  category: z.string().optional().catch(undefined),
  subCategory: z.string().optional().catch(undefined),
  policyName: z.string().optional().catch(undefined),
  context: Context.optional().catch(undefined),
  errors: z
    .array(z.looseObject({ message: z.string().optional(), context: Context.optional() }))
    .optional()
    .catch(undefined),
});

/** One problem in the vendor's words. */
type VendorProblem = z.infer<typeof Problem>;

/** Undefined where the text is not the vendor's: a page of HTML, a proxy's line. */
function vendorProblem(text: string): VendorProblem | undefined {
  try {
    const parsed = Problem.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** What limits us: a window of seconds that passes, or the day. */
type LimitedBy = "ten seconds" | "second" | "day";

/** Which of the limits a 429 names. A search says neither policy nor Retry-After; Cloudflare sends a line of text. */
function limitedBy(problem: VendorProblem | undefined, headers: Headers): LimitedBy {
  const policy = problem?.policyName;
  if (policy === "DAILY") return "day";
  if (policy === "SECONDLY") return "second";
  if (policy !== undefined || problem === undefined) return "ten seconds";
  return headers.get("x-hubspot-ratelimit-daily-remaining") === "0" ? "day" : "second";
}

const WAIT_MS = { "ten seconds": 10_000, second: 1_000 } as const;
/** After heavy writes a record is locked this long. */
const LOCK_MS = 2_000;

/** A waiting time that the vendor named, milliseconds; null where it named none. */
function retryAfter(headers: Headers): number | null {
  const seconds = Number(headers.get("retry-after") ?? "");
  return seconds > 0 ? seconds * 1000 : null;
}

export interface Refusal {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  /** What was being done: "The search for contacts". */
  readonly step: string;
  readonly host: string;
}

/**
 * A refused answer as a typed error: status and the vendor's fields decide the class, never its sentences, which only
 * go into the message.
 * @see https://developers.hubspot.com/docs/api-reference/error-handling
 */
export function refusal({ status, text, headers, step, host }: Refusal): ConnectorError {
  const problem = vendorProblem(text);
  const words = redact(problem?.message ?? "").replace(/\.+$/, "");
  const category = problem?.category ?? problem?.subCategory ?? `HTTP ${status}`;
  const said = words === "" ? category : `${category}: ${words}`;
  if (status === 429) {
    const limit = limitedBy(problem, headers);
    if (limit !== "day") return new RateLimitedError("hubspot", retryAfter(headers) ?? WAIT_MS[limit]);
    return new QuotaExhaustedError(
      "hubspot",
      `${step} was refused: the portal has used up its API calls of the day (${said}). Nothing is lost, the next run ` +
        "after midnight in the portal's time zone catches up; its admin sees which apps call in Settings, Integrations.",
    );
  }
  if (status === 423) return new RateLimitedError("hubspot", retryAfter(headers) ?? LOCK_MS);
  // 477: the portal is being moved between data centres, for up to a day.
  if (status === 477) return new RateLimitedError("hubspot", retryAfter(headers) ?? 60_000);
  if (status >= 500 || status === 408) {
    const what = problem === undefined ? "a page that is not the API's" : said;
    return new TransientHttpError(
      "hubspot",
      `${step} failed: ${host} answered HTTP ${status} with ${what}. HubSpot is down or overloaded; it is tried again.`,
      status,
    );
  }
  if (status === 401) {
    return new AuthError(
      "hubspot",
      `${step} was refused: HubSpot does not take the token (HTTP 401, ${said}). It was revoked or rotated: put the ` +
        "present one of the private app or service key into HUBSPOT_ACCESS_TOKEN.",
    );
  }
  if (status === 403) return missingScopes(step, said, problem);
  const next =
    status === 404
      ? "Check HUBSPOT_BASE_URL and that the portal has this object."
      : "Run `ripeline doctor`; if that finds nothing, report this as a fault of ripeline.";
  return new RequestRefusedError(
    "hubspot",
    `${step} was refused (HTTP ${status}): ${said}. ${next}`,
    status,
    problem?.category ?? (status === 404 ? "OBJECT_NOT_FOUND" : `HTTP_${status}`),
  );
}

function missingScopes(step: string, said: string, problem: VendorProblem | undefined): PermissionError {
  const scopes = [problem?.context, ...(problem?.errors ?? []).map((error) => error.context)].flatMap(
    (context) => [...textsOf(context?.["requiredGranularScopes"]), ...textsOf(context?.["requiredScopes"])],
  );
  const named = [...new Set(scopes)];
  return new PermissionError(
    "hubspot",
    named.length > 0
      ? `${step} was refused: the token lacks a scope; one of ${named.join(", ")} is needed. Add it to the private app or ` +
          "service key in HubSpot, then sync again."
      : `${step} was refused (HTTP 403, ${said}). Check the scopes of the private app or service key, and that the ` +
          "portal's plan has this feature.",
  );
}

function textsOf(value: unknown): readonly string[] {
  const list = z.array(z.string()).safeParse(value);
  return list.success ? list.data : [];
}
