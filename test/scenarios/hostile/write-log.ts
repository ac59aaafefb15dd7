import { z } from "zod";

/** `writes` of `GET control/requests`. */
export const Writes = z.array(
  z.object({ object: z.string(), id: z.string(), operation: z.string(), fields: z.array(z.string()) }),
);
export type Write = z.infer<typeof Writes>[number];

const OUR_FIELD = /^Ripeline_\w+__c$/;
const OUR_OBJECT = /^Ripeline_\w+__c$/;
/** Objects of the org that carry fields of ours. */
const SHARED: ReadonlySet<string> = new Set(["Lead", "Contact", "Opportunity", "Campaign"]);
/** Which record a row is, and what kind of record: they say where a value goes and are none themselves. */
const ADDRESS: ReadonlySet<string> = new Set(["Id", "attributes"]);
/** On our own objects: a rep's row belongs to the rep, and money stands in the row's currency. */
const OWN_STANDARD: ReadonlySet<string> = new Set(["OwnerId", "CurrencyIsoCode"]);
/** `apply` gives the integration user the permission set that it has deployed. */
const ASSIGNMENT: ReadonlySet<string> = new Set(["AssigneeId", "PermissionSetId"]);

/** What a write names that is not ours to write; nothing for a write as it should be. */
export function foreignNames({ object, operation, fields }: Write): readonly string[] {
  const isOwn = OUR_OBJECT.test(object);
  if (object === "PermissionSetAssignment") return fields.filter((name) => !ASSIGNMENT.has(name));
  if (!isOwn && !SHARED.has(object)) return [`${operation} of ${object}`];
  if (!isOwn && /DELETE/i.test(operation)) return [`${operation} of ${object}`];
  // Records of the org's own objects are never made by us either.
  if (!isOwn && /CREATE|INSERT|POST/i.test(operation)) return [`${operation} of ${object}`];
  return fields
    .filter((name) => !OUR_FIELD.test(name) && !ADDRESS.has(name) && !(isOwn && OWN_STANDARD.has(name)))
    .map((name) => `${object}.${name}`);
}
