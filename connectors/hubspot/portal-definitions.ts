import { z } from "zod";
import { RequestRefusedError, WireShapeError } from "../../src/core/errors.ts";
import { issue } from "./record-page.ts";
import type { Session } from "./session.ts";

const Option = z.looseObject({ value: z.string(), label: z.string() });

const Property = z.looseObject({
  name: z.string(),
  label: z.string().default(""),
  description: z.string().nullish(),
  type: z.string(),
  fieldType: z.string().nullish(),
  groupName: z.string().nullish(),
  hasUniqueValue: z.boolean().nullish(),
  options: z.array(Option).nullish(),
});
/** A property as the portal defines it. */
export type PortalProperty = z.infer<typeof Property>;

const Group = z.looseObject({ name: z.string(), label: z.string().default("") });
const Schema = z.looseObject({
  objectTypeId: z.string(),
  name: z.string(),
  labels: z.looseObject({ singular: z.string().nullish(), plural: z.string().nullish() }).nullish(),
  description: z.string().nullish(),
  properties: z.array(Property).default([]),
});
/** One of the portal's custom objects. */
export type PortalSchema = z.infer<typeof Schema>;

const List = z.looseObject({
  list: z.looseObject({
    listId: z.union([z.string(), z.number().transform(String)]),
    filterBranch: z.unknown().optional(),
  }),
});
/** An active list, with its filters. */
export type PortalList = z.infer<typeof List>["list"];

/** @throws WireShapeError where the answer has another shape; it names no value */
export function readAs<T>(schema: z.ZodType<T>, body: unknown, step: string): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new WireShapeError("hubspot", `${step}: the answer cannot be read (${issue(parsed.error)}).`);
}

/** All properties of a type that are not archived. @param type as addresses name it */
export async function readProperties(session: Session, type: string): Promise<readonly PortalProperty[]> {
  const step = `The list of properties of ${type}`;
  const request = await session.requests.properties(type);
  const { body } = await session.call({ request, step, bucket: "plain", purpose: "write" });
  return readAs(z.looseObject({ results: z.array(Property) }), body, step).results;
}

export async function readGroups(session: Session, type: string): Promise<readonly z.infer<typeof Group>[]> {
  const step = `The list of property groups of ${type}`;
  const request = session.requests.groups(type);
  const { body } = await session.call({ request, step, bucket: "plain", purpose: "write" });
  return readAs(z.looseObject({ results: z.array(Group) }), body, step).results;
}

/** Custom objects, from their list: for a minute after a change the single answer flips between old and new. */
export async function readSchemas(session: Session): Promise<readonly PortalSchema[]> {
  const step = "The list of custom objects";
  const request = session.requests.schemas();
  const { body } = await session.call({ request, step, bucket: "plain", purpose: "write" });
  return readAs(z.looseObject({ results: z.array(Schema) }), body, step).results;
}

/** Null where the type has no list of this name. */
export async function readList(session: Session, typeId: string, name: string): Promise<PortalList | null> {
  const step = `The look for the list "${name}"`;
  const request = session.requests.listByName(typeId, name);
  try {
    const { body } = await session.call({ request, step, bucket: "plain", purpose: "write" });
    return readAs(List, body, step).list;
  } catch (error) {
    if (error instanceof RequestRefusedError && error.status === 404) return null;
    throw error;
  }
}
