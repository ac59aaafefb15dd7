import { z } from "zod";
import { systemClock } from "../../core/time.ts";
import {
  HUBSPOT_PRESETS,
  type HubSpotPreset,
  hubspotPresetAnswer,
  isHubSpotPreset,
} from "../hubspot/wire/preset-answers.ts";
import { operations } from "../operations.ts";
import type { Answer } from "./answer.ts";
import type { EmulatedCrm } from "./request-ledger.ts";

const replacement = z.strictObject({
  status: z.int().min(100).max(599),
  headers: z.record(z.string(), z.string()).default({}),
  /** Text goes out as it is, anything else as JSON. */
  body: z.unknown().default(""),
  contentType: z.string().optional(),
});

/** Part of the answer, header or connection that a fault changes; one without any would do nothing. */
const EFFECTS = [
  "preset",
  "answer",
  "reset",
  "truncateAfterBytes",
  "stallAfterBytes",
  "bytesPerSecond",
  "endAfterCharacters",
  "setHeaders",
  "removeHeaders",
] as const;

function matchesName(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

const operationNames = operations.map((operation) => operation.name);

const isKnownOperation = (name: string) =>
  name === "unknown" || operationNames.some((known) => matchesName(name, known));

/** One fault: which requests it meets, how often, and what happens to them. */
export const faultSpec = z
  .strictObject({
    crm: z.enum(["salesforce", "hubspot"]).optional(),
    /** An operation's name, the beginning of one followed by `*`, or `unknown` for what is not emulated. */
    operation: z
      .string()
      .refine(isKnownOperation, {
        error: "no operation has this name; GET control/requests lists those called",
      })
      .optional(),
    method: z.string().optional(),
    /** Matches when the request reads or writes this object, in a Composite too. */
    object: z.string().optional(),
    /** Part of the path and query string. */
    path: z.string().optional(),
    /** Meets only these of the matching requests; 1 is the first. */
    nth: z.union([z.int().min(1), z.array(z.int().min(1)).min(1)]).optional(),
    /** Lets this many matching requests through first. */
    skip: z.int().min(0).default(0),
    /** How many requests it meets; null for all. Default: 1, or all where `nth` or `probability` choose. */
    times: z.int().min(1).nullable().optional(),
    /** The same as `times`. */
    count: z.int().min(1).nullable().optional(),
    /** Share of the matching requests it meets, drawn from `seed`: the same requests in the same run. */
    probability: z.number().min(0).max(1).optional(),
    seed: z.int().default(1),
    /** `after`: the request takes effect first, then its answer is spoiled. */
    when: z.enum(["before", "after"]).default("before"),
    delayMs: z.int().min(0).default(0),
    preset: z
      .enum([
        "expired_session",
        "expired_token",
        "revoked_token",
        "request_limit",
        "concurrent_limit",
        "server_error",
        "bad_gateway",
        "unavailable",
        "expired_locator",
        "invalid_job",
        "wrong_json",
        ...HUBSPOT_PRESETS,
      ])
      .optional(),
    answer: replacement.optional(),
    /** Closes the connection without an answer. */
    reset: z.literal(true).optional(),
    /** Sends this many bytes of the body, then closes the connection. */
    truncateAfterBytes: z.int().min(0).optional(),
    /** Sends this many bytes of the body, then nothing, leaving the connection open. */
    stallAfterBytes: z.int().min(0).optional(),
    /** Sends the body no faster than this. */
    bytesPerSecond: z.int().min(1).optional(),
    /** Ends the body here as if it were whole: nothing on the wire tells. */
    endAfterCharacters: z.int().min(0).optional(),
    setHeaders: z.record(z.string(), z.string()).optional(),
    removeHeaders: z.array(z.string()).optional(),
  })
  .refine((spec) => spec.delayMs > 0 || EFFECTS.some((effect) => spec[effect] !== undefined), {
    error: `a fault needs an effect: delayMs, ${EFFECTS.join(", ")}`,
  })
  .refine((spec) => spec.times === undefined || spec.count === undefined, {
    error: "times and count mean the same; give one",
  });

export type FaultSpec = z.infer<typeof faultSpec>;

/** What the fault table is asked about. */
interface FaultSubject {
  readonly crm: EmulatedCrm;
  readonly operation: string;
  readonly method: string;
  readonly address: string;
  /** Objects the request touches; only asked for when a fault names an object. */
  objects(): Promise<readonly string[]>;
}

export interface FaultTable {
  add(spec: FaultSpec): void;
  clear(): void;
  /** The fault that meets this request, if any; it is used up by one. */
  take(subject: FaultSubject): Promise<FaultSpec | undefined>;
  list(): readonly { fault: FaultSpec; met: number; remaining: number | null }[];
}

interface Entry {
  readonly spec: FaultSpec;
  /** How many requests it meets at most; null for all. */
  readonly limit: number | null;
  /** Next number in [0, 1). */
  readonly draw: () => number;
  seen: number;
  met: number;
}

/** Numbers in [0, 1) that follow from the seed (mulberry32). */
function drawFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function entryOf(spec: FaultSpec): Entry {
  const isChosen = spec.nth !== undefined || spec.probability !== undefined;
  const given = spec.times === undefined ? spec.count : spec.times;
  const limit = given === undefined ? (isChosen ? null : 1) : given;
  return { spec, limit, draw: drawFrom(spec.seed), seen: 0, met: 0 };
}

/** Whether the fault meets the matching request that was just counted. */
function isChosen({ spec, seen, draw }: Entry): boolean {
  const { nth, skip, probability } = spec;
  if (seen <= skip) return false;
  if (nth !== undefined && ![nth].flat().includes(seen)) return false;
  return probability === undefined || draw() < probability;
}

const same = (left: string, right: string) => left.toLowerCase() === right.toLowerCase();

async function matches(spec: FaultSpec, subject: FaultSubject): Promise<boolean> {
  if (spec.crm !== undefined && spec.crm !== subject.crm) return false;
  if (spec.operation !== undefined && !matchesName(spec.operation, subject.operation)) return false;
  if (spec.method !== undefined && !same(spec.method, subject.method)) return false;
  if (spec.path !== undefined && !subject.address.includes(spec.path)) return false;
  const wanted = spec.object;
  return wanted === undefined || (await subject.objects()).some((object) => same(object, wanted));
}

const isSpent = (entry: Entry) => entry.limit !== null && entry.met >= entry.limit;

export function createFaultTable(): FaultTable {
  let entries: Entry[] = [];
  return {
    add: (spec) => {
      entries.push(entryOf(spec));
    },
    clear: () => {
      entries = [];
    },
    take: async (subject) => {
      for (const entry of entries) {
        if (isSpent(entry) || !(await matches(entry.spec, subject))) continue;
        entry.seen += 1;
        if (!isChosen(entry)) continue;
        entry.met += 1;
        return entry.spec;
      }
      return undefined;
    },
    list: () =>
      entries.map((entry) => ({
        fault: entry.spec,
        met: entry.met,
        remaining: entry.limit === null ? null : entry.limit - entry.met,
      })),
  };
}

const vendor = (status: number, errorCode: string, message: string, headers = {}): Answer => ({
  status,
  headers,
  body: { kind: "json", value: [{ message, errorCode }] },
});

const page = (status: number, title: string): Answer => ({
  status,
  headers: {},
  body: {
    kind: "text",
    contentType: "text/html;charset=UTF-8",
    text: `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`,
  },
});

const sessionExpired = () =>
  vendor(401, "INVALID_SESSION_ID", "Session expired or invalid", { "WWW-Authenticate": "Token" });

/** A Bulk job's results are gone with the job; a query's locator is refused. */
const expiredLocator = (operation: string) =>
  operation.startsWith("jobs/")
    ? vendor(404, "NOT_FOUND", "The requested resource does not exist")
    : vendor(400, "INVALID_QUERY_LOCATOR", "invalid query locator");

/** Presets that mean the same of both CRMs, in HubSpot's words. */
const AT_HUBSPOT: Readonly<Record<string, HubSpotPreset>> = {
  expired_session: "hubspot_unauthenticated",
  expired_token: "hubspot_unauthenticated",
  revoked_token: "hubspot_unauthenticated",
  request_limit: "hubspot_daily",
  concurrent_limit: "hubspot_ten_secondly",
  server_error: "hubspot_internal",
  bad_gateway: "hubspot_bad_gateway",
};

function presetAnswer(
  preset: NonNullable<FaultSpec["preset"]>,
  operation: string,
  crm: EmulatedCrm,
): Answer | undefined {
  const now = systemClock.now().getTime();
  const translated = crm === "hubspot" ? AT_HUBSPOT[preset] : undefined;
  if (translated !== undefined) return hubspotPresetAnswer(translated, now);
  if (isHubSpotPreset(preset)) return hubspotPresetAnswer(preset, now);
  switch (preset) {
    case "expired_session":
    case "expired_token":
    case "revoked_token":
      return sessionExpired();
    case "request_limit":
      return vendor(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.");
    case "concurrent_limit":
      return vendor(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.");
    case "expired_locator":
      return isInParts(operation) ? undefined : expiredLocator(operation);
    case "invalid_job":
      return vendor(400, "INVALIDJOB", "InvalidJob : the job is no longer valid");
    case "server_error":
      return page(500, "Server Error");
    case "bad_gateway":
      return page(502, "Bad Gateway");
    case "unavailable":
      return page(503, "Service Unavailable");
    case "wrong_json":
      return {
        status: 200,
        headers: {},
        body: {
          kind: "text",
          contentType: "application/json;charset=UTF-8",
          text: '{"totalSize":1,"done":tr',
        },
      };
  }
}

/** A Composite's locators stand in its parts: they expire, and the org itself answers each part. */
const isInParts = (operation: string) => operation === "composite" || operation === "composite/batch";

/** What a fault does to the CRM itself, so that the requests after it fail too. */
export function faultEffect(
  spec: FaultSpec,
  operation: string,
): "end_session" | "revoke_app" | "expire_locators" | undefined {
  if (spec.preset === "expired_token") return "end_session";
  if (spec.preset === "expired_locator" && isInParts(operation)) return "expire_locators";
  return spec.preset === "revoked_token" ? "revoke_app" : undefined;
}

/** The answer a fault puts in the place of the real one, or undefined where it leaves the answer alone. */
export function faultAnswer(spec: FaultSpec, operation: string, crm: EmulatedCrm): Answer | undefined {
  if (spec.preset !== undefined) return presetAnswer(spec.preset, operation, crm);
  if (spec.answer === undefined) return undefined;
  const { status, headers, body, contentType } = spec.answer;
  if (typeof body !== "string") return { status, headers, body: { kind: "json", value: body } };
  return { status, headers, body: { kind: "text", text: body, contentType: contentType ?? "text/html" } };
}
