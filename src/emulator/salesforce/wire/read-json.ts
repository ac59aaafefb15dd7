import type { Incoming } from "../../server/incoming.ts";
import { VendorError } from "../org.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const jsonParserError = (message: string) => new VendorError(400, "JSON_PARSER_ERROR", message);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw jsonParserError(error instanceof Error ? error.message : "unexpected character");
  }
}

/**
 * A request's JSON body.
 * @throws VendorError 415 where the content type is not JSON, JSON_PARSER_ERROR where the body is not.
 */
async function readJson(incoming: Incoming): Promise<unknown> {
  const type = incoming.headers["content-type"] ?? "application/json";
  if (!/^application\/(?:[\w.]+\+)?json\b/i.test(type)) {
    throw new VendorError(
      415,
      "UNSUPPORTED_MEDIA_TYPE",
      `Content-Type header specified in HTTP request is not supported: ${type}`,
    );
  }
  const text = (await incoming.body.bytes()).toString("utf8");
  if (text.trim() === "") {
    throw jsonParserError("The HTTP entity body is required, but this request has no entity body.");
  }
  return parseJson(text);
}

/** @throws VendorError JSON_PARSER_ERROR where the body is no object. */
export async function readJsonObject(incoming: Incoming): Promise<JsonObject> {
  const value = await readJson(incoming);
  if (!isJsonObject(value)) {
    throw jsonParserError(
      `Cannot deserialize instance of object from ${Array.isArray(value) ? "START_ARRAY" : "VALUE"} value`,
    );
  }
  return value;
}

/** A text value of a body, or undefined where it is absent or null. @throws VendorError JSON_PARSER_ERROR */
export function textValue(body: JsonObject, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw jsonParserError(`${name} must be text`);
  return value;
}

/** True for `true` and "true", as the vendor reads flags. */
export const flagValue = (body: JsonObject, name: string): boolean =>
  body[name] === true || (typeof body[name] === "string" && /^true$/i.test(String(body[name])));
