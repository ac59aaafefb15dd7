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
    z.looseObject({
      method: z.string(),
      url: z.string().default(""),
      httpHeaders: z.record(z.string(), z.string()).optional(),
    }),
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
 * True for an id that a record of a custom object can have: those begin with "a". Leads, contacts, opportunities, tasks
 * and every other standard record begin with a digit.
 */
export function isRecordOfCustomObject(id: string): boolean {
  return /^a[0-9A-Za-z]{14}(?:[0-9A-Za-z]{3})?$/.test(id);
}

/**
 * The last gate before the network: a write of records that lacks the headers above is refused, whoever made it, and so
 * is the deletion of anything that cannot be a record of ours.
 * Composite does not pass its own headers to its parts, so that each writing part must carry them too.
 * @throws RequestRefusedError code WRITE_GUARD
 */
export function assertHarmlessWrite(request: OutgoingRequest): void {
  if (request.method === "GET") return;
  const path = request.path.split("?")[0] ?? "";
  if (/\/composite\/(batch|tree|graph)/.test(path)) refuse(`${path} is not used for writes`);
  if (/\/sobjects(\/|$)/.test(path)) {
    if (!hasHarmlessHeaders(request.headers)) refuse(`${request.method} ${path} lacks them`);
    if (request.method === "DELETE") assertDeletesOurKind(request.path);
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
  for (const part of writes.filter(({ method }) => method === "DELETE")) assertDeletesOurKind(part.url);
}

/** Records of custom objects by their ids, and assignments of a permission set. */
function assertDeletesOurKind(address: string): void {
  const [path = "", query = ""] = address.split("?");
  if (/\/sobjects\/PermissionSetAssignment\//.test(path)) return;
  const isCollection = path.endsWith("/composite/sobjects");
  const ids = new URLSearchParams(query).get("ids")?.split(",") ?? [];
  if (isCollection && ids.length > 0 && ids.every(isRecordOfCustomObject)) return;
  throw new RequestRefusedError(
    "salesforce",
    `Not sent: ${isCollection ? "a deletion names" : `DELETE ${path} would hit`} records that are not ripeline's. This is a fault of ripeline: report it.`,
    0,
    "WRITE_GUARD",
  );
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
