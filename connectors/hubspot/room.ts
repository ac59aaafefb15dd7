import { z } from "zod";
import type { ObjectRoom } from "../../src/core/ports.ts";
import { isAbsence } from "./absence.ts";
import { addressOf, CAMPAIGNS } from "./object-address.ts";
import { type PortalSchema, readProperties, readSchemas } from "./portal-definitions.ts";
import { countRecords } from "./record-counts.ts";
import type { Session } from "./session.ts";
import { isOurObject } from "./write-guard.ts";

const Limited = z.looseObject({ limit: z.number(), usage: z.number() });
const PerType = z.looseObject({ byObjectType: z.array(Limited.extend({ objectTypeId: z.string() })) });

const TYPE_IDS: Readonly<Record<string, string>> = {
  contacts: "0-1",
  companies: "0-2",
  deals: "0-3",
  leads: "0-136",
};

/**
 * What the portal's plan and the token let us have: custom properties that are left, which of ours are there, whether
 * custom objects may be made. Two calls an object and up to three more. Where the portal does not tell its limits, the
 * number is null, and the attempt will show.
 * @see https://developers.hubspot.com/docs/api-reference/crm-limits-tracking-v3/guide
 */
export async function readRoom(
  session: Session,
  portalId: string,
  objects: readonly string[],
): Promise<readonly ObjectRoom[]> {
  const limits = await readPropertyLimits(session);
  const schemas = objects.some(isOurObject) ? await schemasOf(session) : [];
  const rooms: ObjectRoom[] = [];
  for (const object of objects) {
    if (isOurObject(object)) rooms.push(await roomOfOurs(session, object, schemas));
    else rooms.push(await roomOfTheirs(session, object, addressOf(object, portalId), limits));
  }
  return rooms;
}

async function roomOfTheirs(
  session: Session,
  object: string,
  type: string,
  limits: ReadonlyMap<string, number>,
): Promise<ObjectRoom> {
  try {
    await probe(session, object);
    const properties = await readProperties(session, type);
    return {
      object,
      isThere: true,
      mayBeMade: false,
      fields: ourNames(properties),
      fieldsLeft: limits.get(TYPE_IDS[object] ?? object) ?? null,
      reason: null,
    };
  } catch (error) {
    if (!isAbsence(error)) throw error;
    const fields = new Set<string>();
    return { object, isThere: false, mayBeMade: false, fields, fieldsLeft: 0, reason: error.message };
  }
}

/** Definitions can be read where the plan has not the records: only a look at those tells. */
async function probe(session: Session, object: string): Promise<void> {
  if (object === CAMPAIGNS) {
    const request = session.requests.campaigns(null, ["hs_name"]);
    await session.call({ request, step: "The look for campaigns", bucket: "plain", purpose: "write" });
  } else await countRecords(session, object);
}

async function roomOfOurs(
  session: Session,
  object: string,
  schemas: readonly PortalSchema[] | string,
): Promise<ObjectRoom> {
  const absent = { object, isThere: false, fields: new Set<string>(), fieldsLeft: null };
  if (typeof schemas === "string") return { ...absent, mayBeMade: false, reason: schemas };
  const schema = schemas.find(({ name }) => name === object);
  if (schema !== undefined) {
    const fields = ourNames(schema.properties);
    return { ...absent, isThere: true, mayBeMade: false, fields, reason: null };
  }
  const left = await readObjectsLeft(session);
  const isFull = left !== null && left < 1;
  const reason = isFull ? "the portal has as many custom objects as its plan allows" : null;
  return { ...absent, mayBeMade: !isFull, reason };
}

function ourNames(properties: readonly { readonly name: string }[]): ReadonlySet<string> {
  return new Set(properties.map(({ name }) => name).filter((name) => name.startsWith("ripeline_")));
}

/** Words where the plan has no custom objects, or the token no scope for them. */
async function schemasOf(session: Session): Promise<readonly PortalSchema[] | string> {
  try {
    return await readSchemas(session);
  } catch (error) {
    if (isAbsence(error)) return error.message;
    throw error;
  }
}

/** Custom properties that are left, by type id; empty where the portal does not say. */
async function readPropertyLimits(session: Session): Promise<ReadonlyMap<string, number>> {
  const body = await readLimits(session, "custom-properties");
  const parsed = PerType.safeParse(body);
  if (!parsed.success) return new Map();
  return new Map(
    parsed.data.byObjectType.map(({ objectTypeId, limit, usage }) => [
      objectTypeId,
      Math.max(0, limit - usage),
    ]),
  );
}

async function readObjectsLeft(session: Session): Promise<number | null> {
  const parsed = Limited.safeParse(await readLimits(session, "custom-object-types"));
  return parsed.success ? parsed.data.limit - parsed.data.usage : null;
}

async function readLimits(
  session: Session,
  kind: "custom-properties" | "custom-object-types",
): Promise<unknown> {
  const request = session.requests.limits(kind);
  try {
    const step = `The question for the limits of ${kind}`;
    return (await session.call({ request, step, bucket: "plain", purpose: "write" })).body;
  } catch (error) {
    if (isAbsence(error)) return null;
    throw error;
  }
}
