import { z } from "zod";
import type { Portal } from "../portal.ts";
import { PROPERTY_TYPES } from "../schema/property-definition.ts";
import { instantOf } from "../values.ts";
import { instantInput, LoadError } from "./load-error.ts";

const ownerRow = z.strictObject({
  id: z.string(),
  email: z.string(),
  type: z.enum(["PERSON", "QUEUE"]).default("PERSON"),
  firstName: z.string().default(""),
  lastName: z.string().default(""),
  userId: z.int().nullable().optional(),
  userIdIncludingInactive: z.int().optional(),
  teams: z
    .array(z.strictObject({ id: z.string(), name: z.string(), primary: z.boolean().default(true) }))
    .default([]),
  archived: z.boolean().default(false),
  createdAt: instantInput.optional(),
  updatedAt: instantInput.optional(),
});

/** @throws LoadError */
export function loadOwner(portal: Portal, given: unknown, index: number): void {
  const parsed = ownerRow.safeParse(given);
  if (!parsed.success) throw new LoadError(z.prettifyError(parsed.error), index);
  const { createdAt, updatedAt, userId, userIdIncludingInactive, ...rest } = parsed.data;
  const made = createdAt === undefined ? portal.now() : instantOf(createdAt);
  const user = userIdIncludingInactive ?? userId ?? Number(rest.id) + 1_000_000;
  portal.owners.put({
    ...rest,
    userId: rest.archived ? null : (userId ?? user),
    userIdIncludingInactive: user,
    createdAt: made,
    updatedAt: updatedAt === undefined ? made : instantOf(updatedAt),
  });
}

const propertyRow = z.strictObject({
  objectType: z.string(),
  name: z.string(),
  label: z.string().optional(),
  type: z.enum(PROPERTY_TYPES).default("string"),
  fieldType: z.string().default("text"),
  groupName: z.string().optional(),
  options: z.array(z.strictObject({ label: z.string(), value: z.string() })).default([]),
  hasUniqueValue: z.boolean().default(false),
});

/** @throws LoadError */
export function loadProperty(portal: Portal, given: unknown, index: number): void {
  const parsed = propertyRow.safeParse(given);
  if (!parsed.success) throw new LoadError(z.prettifyError(parsed.error), index);
  const { objectType, options, label, groupName, ...rest } = parsed.data;
  const type = portal.findType(objectType);
  if (type === undefined) throw new LoadError(`there is no object ${objectType}`, index);
  const set = portal.properties(type.typeId);
  const [group] = set.groups.keys();
  const at = portal.now();
  set.put({
    ...rest,
    label: label ?? rest.name,
    groupName: groupName ?? group ?? "",
    description: "",
    options: options.map((option, displayOrder) => ({ ...option, displayOrder, hidden: false })),
    displayOrder: -1,
    hidden: false,
    formField: false,
    calculated: false,
    hubspotDefined: false,
    isReadOnly: false,
    archived: false,
    createdAt: at,
    updatedAt: at,
  });
}
