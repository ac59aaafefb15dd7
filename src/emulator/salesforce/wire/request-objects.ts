import { type Incoming, splitAddress } from "../../server/incoming.ts";
import type { Org } from "../org.ts";
import { isJsonObject, type JsonObject } from "./read-json.ts";
import { attributesType } from "./record-fields.ts";

const FROM = /\bfrom\s+(\w+)/gi;

const objectsOfSoql = (soql: string) => [...soql.matchAll(FROM)].map((match) => match[1] ?? "");

const objectOfPath = (path: string) => /\/(?:composite\/)?sobjects\/(\w+)/i.exec(path)?.[1] ?? undefined;

function jsonOf(bytes: Buffer): JsonObject {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function objectsOfAddress(org: Org, address: { readonly path: string; readonly query: URLSearchParams }) {
  const ids = address.query.get("ids")?.split(",") ?? [];
  return [
    objectOfPath(address.path),
    ...objectsOfSoql(address.query.get("q") ?? ""),
    ...ids.map((id) => org.objectOfId(id.trim())),
  ];
}

function objectsOfBody(org: Org, body: JsonObject): readonly (string | undefined)[] {
  const own = [body["object"], body["query"]].flatMap((value, index) => {
    if (typeof value !== "string") return [];
    return index === 0 ? [value] : objectsOfSoql(value);
  });
  const records = listOf(body["records"]).filter(isJsonObject).map(attributesType);
  const inner = [...listOf(body["compositeRequest"]), ...listOf(body["batchRequests"])]
    .filter(isJsonObject)
    .flatMap((part) => [
      ...objectsOfAddress(org, splitAddress(typeof part["url"] === "string" ? part["url"] : "")),
      ...(isJsonObject(part["body"]) ? objectsOfBody(org, part["body"]) : []),
    ]);
  return [...own, ...records, ...inner];
}

/** Names of the objects a request reads or writes, as far as its address and JSON body say. */
export async function requestObjects(org: Org, incoming: Incoming): Promise<readonly string[]> {
  const isJson = /json/i.test(incoming.headers["content-type"] ?? "");
  const body = isJson ? jsonOf(await incoming.body.bytes()) : {};
  const names = [...objectsOfAddress(org, incoming), ...objectsOfBody(org, body)];
  return [...new Set(names.filter((name) => name !== undefined))];
}
