import { z } from "zod";
import { emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import { customObjectType } from "../../engine/object-types.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import type { ObjectSchema } from "../../engine/schemas.ts";
import { HUBS } from "../../engine/settings.ts";
import { instantText } from "../../engine/store/columns.ts";
import { type Call, type Handler, type HubSpotContext, needScope, needTier, param } from "../call.ts";
import { readBody } from "../read-body.ts";
import { newProperty, propertyBody, propertyCreate } from "./property-body.ts";

const schemaInput = z.object({
  name: z.string().min(1),
  labels: z.object({ singular: z.string().min(1), plural: z.string().min(1) }),
  description: z.string().optional(),
  primaryDisplayProperty: z.string().min(1),
  secondaryDisplayProperties: z.array(z.string()).default([]),
  requiredProperties: z.array(z.string()).default([]),
  searchableProperties: z.array(z.string()).default([]),
  properties: z.array(propertyCreate.partial({ groupName: true })).default([]),
  associatedObjects: z.array(z.string()).default([]),
});

const refuse = (reason: string) => new HubSpotRefusal("schema_definition", { reason });

/** Custom objects come with Enterprise, in whichever hub. */
function gate(context: HubSpotContext, call: Call, access: "read" | "write"): void {
  needScope(call, [`crm.schemas.custom.${access}`]);
  needTier(context, HUBS, "ENTERPRISE", "custom objects");
}

function schemaBody(context: HubSpotContext, schema: ObjectSchema): Record<string, unknown> {
  const { portal } = context;
  const { objectTypeId, createdAt, updatedAt, associatedObjects, ...rest } = schema;
  const associations = associatedObjects.flatMap((name) => {
    const other = portal.findType(name);
    if (other === undefined) return [];
    const kind = portal.associationTypes.defaultOf(objectTypeId, other.typeId);
    return [
      {
        id: String(kind.typeId),
        name: `${schema.name}_to_${other.singular}`,
        fromObjectTypeId: objectTypeId,
        toObjectTypeId: other.typeId,
        createdAt: null,
        updatedAt: null,
      },
    ];
  });
  return {
    id: objectTypeId.slice(2),
    objectTypeId,
    ...rest,
    archived: false,
    createdAt: instantText(createdAt),
    updatedAt: instantText(updatedAt),
    properties: [...portal.properties(objectTypeId).all()].filter((one) => !one.archived).map(propertyBody),
    associations,
  };
}

function schemaNamed(context: HubSpotContext, call: Call): ObjectSchema {
  const name = param(call, "objectType");
  const type = context.portal.findType(name);
  const schema = type === undefined ? undefined : context.portal.schemas.held.get(type.typeId);
  if (schema === undefined) throw new HubSpotRefusal("schema_not_found", { name });
  return schema;
}

export const listSchemas: Handler = (context, call) => {
  gate(context, call, "read");
  return jsonAnswer(200, {
    results: [...context.portal.schemas.held.values()].map((schema) => schemaBody(context, schema)),
  });
};

export const getSchema: Handler = (context, call) => {
  gate(context, call, "read");
  return jsonAnswer(200, schemaBody(context, schemaNamed(context, call)));
};

export const createSchema: Handler = async (context, call) => {
  gate(context, call, "write");
  const { portal } = context;
  const input = await readBody(call, schemaInput);
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(input.name)) throw refuse("name takes letters, digits and _ only");
  if (portal.findType(input.name) !== undefined)
    throw new HubSpotRefusal("schema_exists", { name: input.name });
  const named = new Set(input.properties.map((property) => property.name));
  const asked = [
    input.primaryDisplayProperty,
    ...input.requiredProperties,
    ...input.searchableProperties,
    ...input.secondaryDisplayProperties,
  ];
  const lacking = asked.find((name) => !named.has(name));
  if (lacking !== undefined) throw refuse(`property ${lacking} is not among properties`);
  for (const name of input.associatedObjects) portal.typeNamed(name.toLowerCase());
  const { properties, description, ...rest } = input;
  const at = portal.now();
  const fullyQualifiedName = `p${portal.portalId}_${input.name}`;
  const objectTypeId = portal.schemas.nextTypeId();
  const group = `${input.name}_information`;
  const definitions = properties.map((one) => newProperty({ ...one, groupName: one.groupName ?? group }, at));
  const schema: ObjectSchema = {
    ...rest,
    ...(description === undefined ? {} : { description }),
    objectTypeId,
    fullyQualifiedName,
    createdAt: at,
    updatedAt: at,
  };
  portal.schemas.held.set(objectTypeId, schema);
  portal.addType(customObjectType(schema));
  const set = portal.properties(objectTypeId);
  for (const definition of definitions) {
    set.put(definition);
    if (!set.groups.has(definition.groupName)) {
      const { groupName: name } = definition;
      set.groups.set(name, { name, label: name, displayOrder: -1, archived: false, hubspotDefined: false });
    }
  }
  portal.logWrite({ operation: call.operation, object: "schemas", id: objectTypeId, fields: [] });
  return jsonAnswer(201, schemaBody(context, schema));
};

const schemaPatch = schemaInput
  .omit({ name: true, properties: true, associatedObjects: true })
  .extend({
    secondaryDisplayProperties: z.array(z.string()),
    requiredProperties: z.array(z.string()),
    searchableProperties: z.array(z.string()),
  })
  .partial();

export const updateSchema: Handler = async (context, call) => {
  gate(context, call, "write");
  const { portal } = context;
  const schema = schemaNamed(context, call);
  const patch = await readBody(call, schemaPatch);
  const set = portal.properties(schema.objectTypeId);
  const asked = [
    ...(patch.primaryDisplayProperty === undefined ? [] : [patch.primaryDisplayProperty]),
    ...(patch.requiredProperties ?? []),
    ...(patch.searchableProperties ?? []),
  ];
  const lacking = asked.find((name) => set.find(name) === undefined);
  if (lacking !== undefined) throw refuse(`property ${lacking} does not exist`);
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  const changed: ObjectSchema = { ...schema, ...given, updatedAt: portal.now() };
  portal.schemas.held.set(schema.objectTypeId, changed);
  portal.addType(customObjectType(changed));
  portal.logWrite({
    operation: call.operation,
    object: "schemas",
    id: schema.objectTypeId,
    fields: Object.keys(given),
  });
  return jsonAnswer(200, schemaBody(context, changed));
};

/** Only while the object has no records. */
export const deleteSchema: Handler = (context, call) => {
  gate(context, call, "write");
  const { portal } = context;
  const { objectTypeId, name } = schemaNamed(context, call);
  const table = portal.table(objectTypeId);
  const count = [...table.rowsById()].filter((row) => table.isLive(row)).length;
  if (count > 0) throw new HubSpotRefusal("schema_in_use", { name, count });
  portal.schemas.held.delete(objectTypeId);
  portal.removeType(objectTypeId);
  portal.logWrite({ operation: call.operation, object: "schemas", id: objectTypeId, fields: [] });
  return emptyAnswer(204);
};
