import type { Incoming } from "../../server/incoming.ts";
import { jsonParserError } from "./read-json.ts";

/** A part of a multipart body: text where it came without a file name. */
export type MultipartPart = string | Uint8Array;

export const isMultipart = (incoming: Incoming) =>
  /^multipart\/form-data\b/i.test(incoming.headers["content-type"] ?? "");

/**
 * The parts of a `multipart/form-data` body by name.
 * @throws VendorError JSON_PARSER_ERROR where the body is not of the form its boundary promises.
 */
export async function readMultipart(incoming: Incoming): Promise<ReadonlyMap<string, MultipartPart>> {
  const bytes = await incoming.body.bytes();
  const headers = { "content-type": incoming.headers["content-type"] ?? "" };
  let form: FormData;
  try {
    form = await new Response(new Uint8Array(bytes), { headers }).formData();
  } catch {
    throw jsonParserError("Multipart message is malformed: check the boundary and the headers of the parts");
  }
  const parts = new Map<string, MultipartPart>();
  for (const [name, value] of form) {
    parts.set(name, typeof value === "string" ? value : new Uint8Array(await value.arrayBuffer()));
  }
  return parts;
}

export const partText = (part: MultipartPart): string =>
  typeof part === "string" ? part : new TextDecoder().decode(part);
