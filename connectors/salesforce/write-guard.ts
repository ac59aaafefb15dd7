import { z } from "zod";
import { RequestRefusedError } from "../../src/core/errors.ts";
import type { HttpMethod } from "../shared/http.ts";

/**
 * Sent with every write of records. Without the first, Salesforce runs assignment rules on REST creates and updates, so
 * that writing a flag would move the owner; without the second a duplicate rule can refuse the update of a field.
 * @see https://developer.salesforce.com/docs/platform/api-rest/guide/headers-autoassign
 */
export const harmlessWriteHeaders = {
  "Sforce-Auto-Assign": "FALSE",
  "Sforce-Duplicate-Rule-Header": "allowSave=true",
} as const;

const Composite = z.looseObject({
  compositeRequest: z.array(
    z.looseObject({ method: z.string(), httpHeaders: z.record(z.string(), z.string()).optional() }),
  ),
});

export interface OutgoingRequest {
  readonly method: HttpMethod;
  /** From `/services` on, or from below the version (`/composite`). */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body before it became text. */
  readonly json?: unknown;
}

/**
 * The last gate before the network: a write of records that lacks the headers above is refused, whoever made it.
 * Composite does not pass its own headers to its parts, so that each writing part must carry them too.
 * @throws RequestRefusedError code WRITE_GUARD
 */
export function assertHarmlessWrite(request: OutgoingRequest): void {
  if (request.method === "GET") return;
  const path = request.path.split("?")[0] ?? "";
  if (/\/composite\/(batch|tree|graph)/.test(path)) refuse(`${path} is not used for writes`);
  if (/\/sobjects(\/|$)/.test(path)) {
    if (!hasHarmlessHeaders(request.headers)) refuse(`${request.method} ${path} lacks them`);
    return;
  }
  if (path.endsWith("/jobs/ingest")) {
    const body = z.looseObject({ assignmentRuleId: z.unknown().optional() }).parse(request.json);
    if (body.assignmentRuleId !== undefined) refuse("a Bulk job names an assignment rule");
    return;
  }
  if (!path.endsWith("/composite")) return;
  const writes = Composite.parse(request.json).compositeRequest.filter((part) => part.method !== "GET");
  if (writes.length > 0 && !hasHarmlessHeaders(request.headers)) refuse("a Composite with writes lacks them");
  if (!writes.every((part) => hasHarmlessHeaders(part.httpHeaders ?? {}))) {
    refuse("a writing part of a Composite lacks them");
  }
}

function hasHarmlessHeaders(headers: Readonly<Record<string, string>>): boolean {
  return Object.entries(harmlessWriteHeaders).every(([name, value]) => headers[name] === value);
}

function refuse(what: string): never {
  throw new RequestRefusedError(
    "salesforce",
    `Not sent: writes must carry ${Object.keys(harmlessWriteHeaders).join(" and ")}, but ${what}. This is a fault of ripeline: report it.`,
    0,
    "WRITE_GUARD",
  );
}
