import { z } from "zod";
import type { Answer } from "./answer.ts";
import type { EmulatedCrm } from "./request-ledger.ts";

const replacement = z.strictObject({
  status: z.int().min(100).max(599),
  headers: z.record(z.string(), z.string()).default({}),
  /** Text goes out as it is, anything else as JSON. */
  body: z.unknown().default(""),
  contentType: z.string().optional(),
});

/** One fault: which requests it meets, how often, and what happens to them. */
export const faultSpec = z.strictObject({
  crm: z.enum(["salesforce", "hubspot"]).optional(),
  /** An operation's name, or the beginning of one followed by `*`. */
  operation: z.string().optional(),
  method: z.string().optional(),
  /** Matches when the request reads or writes this object, in a Composite too. */
  object: z.string().optional(),
  /** Part of the path and query string. */
  path: z.string().optional(),
  /** Lets this many matching requests through first. */
  skip: z.int().min(0).default(0),
  /** How many requests it meets; null for all. */
  times: z.int().min(1).nullable().default(1),
  /** `after`: the request takes effect first, then its answer is spoiled. */
  when: z.enum(["before", "after"]).default("before"),
  delayMs: z.int().min(0).default(0),
  preset: z
    .enum([
      "expired_session",
      "request_limit",
      "server_error",
      "bad_gateway",
      "unavailable",
      "expired_locator",
      "wrong_json",
    ])
    .optional(),
  answer: replacement.optional(),
  /** Closes the connection without an answer. */
  reset: z.literal(true).optional(),
  /** Sends this many bytes of the body, then closes the connection. */
  truncateAfterBytes: z.int().min(0).optional(),
  /** Sends this many bytes of the body, then nothing, leaving the connection open. */
  stallAfterBytes: z.int().min(0).optional(),
  setHeaders: z.record(z.string(), z.string()).optional(),
  removeHeaders: z.array(z.string()).optional(),
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
  seen: number;
  met: number;
}

const same = (left: string, right: string) => left.toLowerCase() === right.toLowerCase();

function matchesName(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}

async function matches(spec: FaultSpec, subject: FaultSubject): Promise<boolean> {
  if (spec.crm !== undefined && spec.crm !== subject.crm) return false;
  if (spec.operation !== undefined && !matchesName(spec.operation, subject.operation)) return false;
  if (spec.method !== undefined && !same(spec.method, subject.method)) return false;
  if (spec.path !== undefined && !subject.address.includes(spec.path)) return false;
  const wanted = spec.object;
  return wanted === undefined || (await subject.objects()).some((object) => same(object, wanted));
}

const isSpent = (entry: Entry) => entry.spec.times !== null && entry.met >= entry.spec.times;

export function createFaultTable(): FaultTable {
  let entries: Entry[] = [];
  return {
    add: (spec) => {
      entries.push({ spec, seen: 0, met: 0 });
    },
    clear: () => {
      entries = [];
    },
    take: async (subject) => {
      for (const entry of entries) {
        if (isSpent(entry) || !(await matches(entry.spec, subject))) continue;
        entry.seen += 1;
        if (entry.seen <= entry.spec.skip) continue;
        entry.met += 1;
        return entry.spec;
      }
      return undefined;
    },
    list: () =>
      entries.map((entry) => ({
        fault: entry.spec,
        met: entry.met,
        remaining: entry.spec.times === null ? null : entry.spec.times - entry.met,
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

function presetAnswer(preset: NonNullable<FaultSpec["preset"]>): Answer {
  switch (preset) {
    case "expired_session":
      return vendor(401, "INVALID_SESSION_ID", "Session expired or invalid", { "WWW-Authenticate": "Token" });
    case "request_limit":
      return vendor(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.");
    case "expired_locator":
      return vendor(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
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

/** The answer a fault puts in the place of the real one, or undefined where it leaves the answer alone. */
export function faultAnswer(spec: FaultSpec): Answer | undefined {
  if (spec.preset !== undefined) return presetAnswer(spec.preset);
  if (spec.answer === undefined) return undefined;
  const { status, headers, body, contentType } = spec.answer;
  if (typeof body !== "string") return { status, headers, body: { kind: "json", value: body } };
  return { status, headers, body: { kind: "text", text: body, contentType: contentType ?? "text/html" } };
}
