import type { FieldValues } from "../org.ts";
import type { JsonObject } from "./read-json.ts";

/** A record of a request body without `attributes`; its id, however it is written, stands under `Id`. */
export function recordFields(body: JsonObject): FieldValues {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    if (name === "attributes") continue;
    fields[/^id$/i.test(name) ? "Id" : name] = value;
  }
  return fields;
}

/** The record's object as its `attributes` name it. */
export function attributesType(body: JsonObject): string | undefined {
  const attributes = body["attributes"];
  if (typeof attributes !== "object" || attributes === null || !("type" in attributes)) return undefined;
  return typeof attributes.type === "string" ? attributes.type : undefined;
}
