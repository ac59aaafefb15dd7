import type { Answer } from "../../../server/answer.ts";
import { type Incoming, memoryBody, splitAddress } from "../../../server/incoming.ts";
import type { JsonObject } from "../read-json.ts";

/** A request inside a request. Headers are the subrequest's own: nothing of the outer ones is passed on. */
export function subrequest(method: string, url: string, headers: JsonObject, body: unknown): Incoming {
  const own: Record<string, string | undefined> = { "content-type": "application/json" };
  for (const [name, value] of Object.entries(headers)) own[name.toLowerCase()] = String(value);
  const text = body === undefined || body === null ? "" : JSON.stringify(body);
  return { method, ...splitAddress(url), headers: own, body: memoryBody(Buffer.from(text, "utf8")) };
}

/** Records, queries and collections may be asked for inside a Composite; jobs, deploys and Composites may not. */
export const isAllowedInside = (path: string) =>
  /^\/services\/data\/v\d+\.\d+\/(?:sobjects|query|queryAll|composite\/sobjects|limits|tooling\/query)(?:\/|$)/i.test(
    path,
  );

/** The body of an inner answer as it stands inside the outer one; null where there is none (204, 304). */
export const answerBody = (answer: Answer): unknown =>
  answer.body.kind === "json" ? answer.body.value : answer.body.kind === "text" ? answer.body.text : null;
