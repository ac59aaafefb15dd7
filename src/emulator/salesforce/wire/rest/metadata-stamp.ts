import { createHash } from "node:crypto";
import { SECOND_MS } from "../../../../core/time.ts";
import { type Answer, emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import type { Call, WireContext } from "../call.ts";

function stampHeaders(context: WireContext) {
  const changedAt = context.org.metadataChangedAt();
  const tag = createHash("sha256").update(`${context.org.organizationId} ${changedAt.toISOString()}`);
  return { ETag: `"${tag.digest("hex").slice(0, 8)}"`, "Last-Modified": changedAt.toUTCString() };
}

/** HTTP's order: If-None-Match decides where it is sent, else If-Modified-Since, to the second. */
function isUnchanged(context: WireContext, call: Call, etag: string): boolean {
  const tags = call.incoming.headers["if-none-match"];
  if (tags !== undefined) return tags.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
  const since = Date.parse(call.incoming.headers["if-modified-since"] ?? "");
  const changedAt = Math.floor(context.org.metadataChangedAt().getTime() / SECOND_MS) * SECOND_MS;
  return !Number.isNaN(since) && since >= changedAt;
}

/**
 * A describe answer with the org's one metadata stamp as ETag and Last-Modified, or 304 where the client has it
 * already.
 */
export function stampedAnswer(context: WireContext, call: Call, body: () => unknown): Answer {
  const headers = stampHeaders(context);
  return isUnchanged(context, call, headers.ETag)
    ? emptyAnswer(304, headers)
    : jsonAnswer(200, body(), headers);
}
