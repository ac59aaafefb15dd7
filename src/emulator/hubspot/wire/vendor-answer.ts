import { randomBytes } from "node:crypto";
import { type Answer, emptyAnswer, jsonAnswer, textAnswer } from "../../server/answer.ts";
import type { Incoming } from "../../server/incoming.ts";
import type { HubSpotRefusal } from "../engine/refusal.ts";

/** A UUID of version 7, as correlation ids are since 2026: its beginning is the time. */
export function correlationId(now: number): string {
  const time = now.toString(16).padStart(12, "0");
  const random = randomBytes(10).toString("hex");
  const variant = (8 + (Number.parseInt(random.slice(3, 4), 16) % 4)).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}

const tracedContext = (traceId: string, existingId: string | undefined) => ({
  ...(existingId === undefined ? {} : { existingId: [existingId] }),
  objectWriteTraceId: [traceId],
});

/** What a refusal says in JSON. Inside a batch it has no correlation id. */
export function refusalBody(refusal: HubSpotRefusal): Record<string, unknown> {
  const { message, category, subCategory, extras } = refusal;
  return {
    status: "error",
    ...(category === undefined ? {} : { category }),
    ...(subCategory === undefined ? {} : { subCategory }),
    message,
    ...(extras.errors === undefined ? {} : { errors: extras.errors }),
    ...(extras.context === undefined && extras.traceId === undefined
      ? {}
      : {
          context: {
            ...extras.context,
            ...(extras.traceId === undefined ? {} : tracedContext(extras.traceId, extras.existingId)),
          },
        }),
  };
}

const NOT_FOUND_PAGE =
  "<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>\n";

const wantsJson = (incoming: Incoming) => /\bjson\b/i.test(incoming.headers["accept"] ?? "");

/** HubSpot's answer to a refused request. */
export function refusalAnswer(refusal: HubSpotRefusal, incoming: Incoming, now: number): Answer {
  const { kind, status, message, extras, category } = refusal;
  if (kind === "record_not_found" || kind === "pipeline_not_found") {
    const headers = { "X-HubSpot-NotFound": "true" };
    if (!wantsJson(incoming)) return textAnswer(status, "text/html;charset=utf-8", NOT_FOUND_PAGE, headers);
    if (kind === "pipeline_not_found") return emptyAnswer(status, headers);
  }
  if (kind === "missing_scopes_text") return textAnswer(status, "text/plain;charset=utf-8", message);
  const id = correlationId(now);
  const { status: word, message: text, ...rest } = refusalBody(refusal);
  const { category: _category, ...details } = rest;
  return jsonAnswer(
    status,
    {
      status: word,
      message: text,
      correlationId: id,
      ...details,
      ...(extras.links === undefined ? {} : { links: extras.links }),
      ...(category === undefined ? {} : { category }),
    },
    { "X-HubSpot-Correlation-Id": id },
  );
}
