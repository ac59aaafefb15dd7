import { z } from "zod";
import type { Operation } from "../../operation.ts";
import type { Incoming } from "../../server/incoming.ts";
import { HubSpotRefusal } from "../engine/refusal.ts";
import type { Call, HubSpotContext, OpenCall } from "./call.ts";

/** @throws HubSpotRefusal unsupported_media_type, invalid_json */
async function parsedBody(incoming: Incoming): Promise<unknown> {
  const type = incoming.headers["content-type"];
  const text = (await incoming.body.bytes()).toString("utf8");
  if (text.trim() === "") return {};
  if (type === undefined || !/^application\/(?:[\w.]+\+)?json\b/i.test(type)) {
    throw new HubSpotRefusal("unsupported_media_type", { type: type ?? "none" });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HubSpotRefusal("invalid_json", {
      reason: error instanceof Error ? error.message : "unreadable",
    });
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Where the first key stands that a schema has dropped; undefined where it kept them all. */
function strayKey(sent: unknown, kept: unknown, path = ""): string | undefined {
  if (Array.isArray(sent) && Array.isArray(kept)) {
    for (const [index, one] of sent.entries()) {
      const stray = strayKey(one, kept[index], `${path}[${index}]`);
      if (stray !== undefined) return stray;
    }
    return undefined;
  }
  if (!isObject(sent) || !isObject(kept)) return undefined;
  for (const [key, value] of Object.entries(sent)) {
    const at = path === "" ? key : `${path}.${key}`;
    const stray = key in kept ? strayKey(value, kept[key], at) : at;
    if (stray !== undefined) return stray;
  }
  return undefined;
}

/**
 * A request's JSON body. HubSpot ignores keys that it does not know; here they are refused until the setting assertions
 * is false, so that a client's traffic has documented bodies only.
 * @throws HubSpotRefusal invalid_json, assertion
 */
export async function readBody<T>(call: OpenCall, schema: z.ZodType<T>): Promise<T> {
  const sent = await parsedBody(call.incoming);
  const parsed = schema.safeParse(sent);
  if (!parsed.success) throw new HubSpotRefusal("invalid_json", { reason: z.prettifyError(parsed.error) });
  const stray = call.asserts ? strayKey(sent, parsed.data) : undefined;
  if (stray !== undefined) {
    throw new HubSpotRefusal("assertion", { what: `${call.operation} has no key ${stray} in its body` });
  }
  return parsed.data;
}

/** @throws HubSpotRefusal assertion for a query parameter that the operation does not have */
export function refuseStrayParameters(operation: Operation, incoming: Incoming): void {
  for (const name of incoming.query.keys()) {
    if (operation.parameters.includes(name)) continue;
    throw new HubSpotRefusal("assertion", { what: `${operation.name} has no query parameter ${name}` });
  }
}

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
type Scalar = z.infer<typeof scalar>;

/** An id that should be text. */
export const idValue = z.union([z.string(), z.number()]);

/** Property values as sent; {@link textValues} makes texts of them. */
export const propertyValues = z.record(z.string(), scalar);

/** @throws HubSpotRefusal assertion, where the emulator is to refuse what HubSpot lets pass */
export function assertThat(context: HubSpotContext, holds: boolean, what: () => string): void {
  if (!holds && context.portal.settings.assertions) throw new HubSpotRefusal("assertion", { what: what() });
}

/** HubSpot makes texts of numbers; here only texts are let pass, until the setting assertions is false. */
export function textValues(
  context: HubSpotContext,
  values: Readonly<Record<string, Scalar>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]): [string, string] => {
      assertThat(
        context,
        typeof value === "string",
        () => `the value of ${name} is ${describe(value)}, not a text`,
      );
      return [name, value === null ? "" : String(value)];
    }),
  );
}

const describe = (value: Scalar) => (value === null ? "null (an empty text clears)" : `a ${typeof value}`);

/** The text of an id. */
export function textId(context: HubSpotContext, id: string | number): string {
  assertThat(context, typeof id === "string", () => `the id ${id} is a number, not a text`);
  return String(id);
}

/** Names in a query parameter, given once with commas or several times. */
export const namesParameter = (call: Call, name: string): readonly string[] =>
  call.incoming.query
    .getAll(name)
    .flatMap((text) => text.split(","))
    .map((text) => text.trim())
    .filter(Boolean);

/** @throws HubSpotRefusal page_limit */
export function limitParameter(call: Call, usual: number, most: number): number {
  const text = call.incoming.query.get("limit");
  if (text === null || text === "") return usual;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > most) {
    throw new HubSpotRefusal("page_limit", { limit: most, given: text });
  }
  return limit;
}

/** True for `true` only. */
export const flagParameter = (call: Call, name: string): boolean =>
  call.incoming.query.get(name)?.toLowerCase() === "true";
