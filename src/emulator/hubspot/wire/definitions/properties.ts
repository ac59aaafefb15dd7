import { z } from "zod";
import { emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import { CAMPAIGN, type ObjectType } from "../../engine/object-types.ts";
import type { PropertyGroup } from "../../engine/property-sets.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import type { PropertyDefinition } from "../../engine/schema/property-definition.ts";
import {
  type Call,
  type Handler,
  type HubSpotContext,
  hasScope,
  needTier,
  needTypeTier,
  param,
} from "../call.ts";
import { batchAnswer, checkCount } from "../objects/batch-inputs.ts";
import { flagParameter, readBody } from "../read-body.ts";
import {
  changedProperty,
  newProperty,
  propertyBody,
  propertyCreate,
  propertyPatch,
} from "./property-body.ts";

/** Properties an object may have beside HubSpot's own. */
const CUSTOM_LIMIT = { FREE: 10, STARTER: 1_000, PROFESSIONAL: 1_000, ENTERPRISE: 1_000 };

/** Scopes of schemas are apart from those of records; writing does not include reading. Without them: plain text. */
function typeOf(context: HubSpotContext, call: Call, access: "read" | "write"): ObjectType {
  const type = context.portal.typeNamed(param(call, "objectType"));
  const object = type.isCustom ? "custom" : type.isEngagement ? "contacts" : type.plural;
  const anyOf = [`crm.schemas.${object}.${access}`, ...(access === "read" ? type.scope.read : [])];
  if (!hasScope(call, anyOf)) {
    throw new HubSpotRefusal("missing_scopes_text", { object: type.singular, scopes: anyOf.join(", ") });
  }
  needTypeTier(context, type);
  return type;
}

/** A stage's or pipeline's options are the pipelines as they are. */
function present(context: HubSpotContext, type: ObjectType, property: PropertyDefinition) {
  const pipelines = context.portal.pipelines.of(type.typeId);
  const isStage = property.name === type.stageProperty;
  if (!isStage && property.name !== type.pipelineProperty) return propertyBody(property);
  const given = isStage ? pipelines.flatMap((one) => one.stages) : pipelines;
  const options = given.map(({ id, label }, displayOrder) => ({
    label,
    value: id,
    displayOrder,
    hidden: false,
  }));
  return propertyBody({ ...property, options });
}

const find = (context: HubSpotContext, type: ObjectType, name: string) =>
  context.portal.properties(type.typeId).get(name);

export const listProperties: Handler = (context, call) => {
  const type = typeOf(context, call, "read");
  const isArchived = flagParameter(call, "archived");
  const all = [...context.portal.properties(type.typeId).all()].filter((one) => one.archived === isArchived);
  return jsonAnswer(200, { results: all.map((one) => present(context, type, one)) });
};

export const getProperty: Handler = (context, call) => {
  const type = typeOf(context, call, "read");
  const set = context.portal.properties(type.typeId);
  const property = set.get(param(call, "propertyName"), flagParameter(call, "archived"));
  return jsonAnswer(200, present(context, type, property));
};

/** The name of an archived property brings its values back. @throws HubSpotRefusal */
function create(
  context: HubSpotContext,
  type: ObjectType,
  body: z.infer<typeof propertyCreate>,
): PropertyDefinition {
  const { portal } = context;
  const set = portal.properties(type.typeId);
  if (set.find(body.name) !== undefined) throw new HubSpotRefusal("property_exists", { name: body.name });
  if (!set.groups.has(body.groupName)) throw new HubSpotRefusal("group_not_found", { name: body.groupName });
  if (body.calculationFormula !== undefined) {
    needTier(
      context,
      ["marketing", "sales", "service", "data", "content"],
      "PROFESSIONAL",
      "calculated properties",
    );
  }
  if (body.calculationFormula !== undefined) {
    throw new HubSpotRefusal("property_definition", {
      reason: "formulas are not worked out by this emulator",
    });
  }
  if (type.typeId === CAMPAIGN && !portal.settings.campaignProperties) {
    throw new HubSpotRefusal("property_definition", {
      reason: "campaigns take no properties of the account's own",
    });
  }
  const limit = CUSTOM_LIMIT[portal.settings.tiers.marketing];
  const own = [...set.all()].filter((one) => !one.hubspotDefined && !one.archived).length;
  if (own >= limit) throw new HubSpotRefusal("limit_reached", { limit, what: "custom properties" });
  const made = newProperty(body, portal.now());
  set.put(made);
  portal.table(type.typeId).forgetUniques();
  return made;
}

function logDefinition(context: HubSpotContext, call: Call, type: ObjectType, name: string): void {
  context.portal.logWrite({ operation: call.operation, object: type.plural, id: name, fields: [] });
}

export const createProperty: Handler = async (context, call) => {
  const type = typeOf(context, call, "write");
  const made = create(context, type, await readBody(call, propertyCreate));
  logDefinition(context, call, type, made.name);
  return jsonAnswer(201, propertyBody(made));
};

export const updateProperty: Handler = async (context, call) => {
  const type = typeOf(context, call, "write");
  const changed = changedProperty(
    find(context, type, param(call, "propertyName")),
    await readBody(call, propertyPatch),
    context.portal.now(),
  );
  context.portal.properties(type.typeId).put(changed);
  logDefinition(context, call, type, changed.name);
  return jsonAnswer(200, propertyBody(changed));
};

/** Lists, schemas and rules that would miss the property. */
function usesOf(context: HubSpotContext, type: ObjectType, name: string): readonly string[] {
  const { portal } = context;
  const lists = [...portal.lists.held.values()]
    .filter(
      (list) => list.deletedAt === undefined && JSON.stringify(list.filterBranch ?? "").includes(`"${name}"`),
    )
    .map((list) => `list ${list.listId}`);
  const schema = portal.schemas.held.get(type.typeId);
  const inSchema = [schema?.primaryDisplayProperty, ...(schema?.requiredProperties ?? [])].includes(name);
  return [...lists, ...(inSchema ? [`schema ${schema?.name}`] : [])];
}

function archive(context: HubSpotContext, type: ObjectType, name: string): void {
  const property = find(context, type, name);
  if (property.hubspotDefined) throw new HubSpotRefusal("property_built_in", { name });
  const uses = usesOf(context, type, property.name);
  if (uses.length > 0) throw new HubSpotRefusal("property_in_use", { name, uses: uses.join(", ") });
  const at = context.portal.now();
  context.portal.properties(type.typeId).put({ ...property, archived: true, archivedAt: at, updatedAt: at });
}

export const archiveProperty: Handler = (context, call) => {
  const type = typeOf(context, call, "write");
  const name = param(call, "propertyName");
  if (context.portal.properties(type.typeId).find(name) !== undefined) archive(context, type, name);
  logDefinition(context, call, type, name);
  return emptyAnswer(204);
};

const names = z.object({ inputs: z.array(z.object({ name: z.string() })), archived: z.boolean().optional() });

export const batchReadProperties: Handler = async (context, call) => {
  const type = typeOf(context, call, "read");
  const startedAt = context.portal.now();
  const { inputs, archived } = await readBody(call, names);
  checkCount(inputs);
  const set = context.portal.properties(type.typeId);
  const errors: HubSpotRefusal[] = [];
  const results = inputs.flatMap(({ name }) => {
    const found = archived === true ? set.archivedNamed(name) : set.find(name);
    if (found !== undefined) return [present(context, type, found)];
    errors.push(new HubSpotRefusal("property_not_found", { name }, { context: { name: [name] } }));
    return [];
  });
  return batchAnswer(context, startedAt, results, errors);
};

export const batchCreateProperties: Handler = async (context, call) => {
  const type = typeOf(context, call, "write");
  const startedAt = context.portal.now();
  const { inputs } = await readBody(call, z.object({ inputs: z.array(propertyCreate) }));
  checkCount(inputs);
  const errors: HubSpotRefusal[] = [];
  const results = inputs.flatMap((input) => {
    try {
      const made = create(context, type, input);
      logDefinition(context, call, type, made.name);
      return [propertyBody(made)];
    } catch (error) {
      if (!(error instanceof HubSpotRefusal) || error.kind !== "property_exists") throw error;
      errors.push(new HubSpotRefusal(error.kind, { name: input.name }, { context: { name: [input.name] } }));
      return [];
    }
  });
  return batchAnswer(context, startedAt, results, errors, call.version === "v3" ? 201 : 200);
};

export const batchArchiveProperties: Handler = async (context, call) => {
  const type = typeOf(context, call, "write");
  const { inputs } = await readBody(call, names);
  checkCount(inputs);
  for (const { name } of inputs) {
    if (context.portal.properties(type.typeId).find(name) === undefined) continue;
    archive(context, type, name);
    logDefinition(context, call, type, name);
  }
  return emptyAnswer(204);
};

const groupCreate = z.object({
  name: z.string().min(1),
  label: z.string().min(1),
  displayOrder: z.int().optional(),
});

const groupBody = ({ name, label, displayOrder, archived }: PropertyGroup) => ({
  name,
  label,
  displayOrder,
  archived,
});

function groupOf(context: HubSpotContext, type: ObjectType, name: string): PropertyGroup {
  const group = context.portal.properties(type.typeId).groups.get(name);
  if (group === undefined) throw new HubSpotRefusal("group_not_found", { name });
  return group;
}

export const listGroups: Handler = (context, call) => {
  const { groups } = context.portal.properties(typeOf(context, call, "read").typeId);
  return jsonAnswer(200, { results: [...groups.values()].map(groupBody) });
};

export const getGroup: Handler = (context, call) =>
  jsonAnswer(200, groupBody(groupOf(context, typeOf(context, call, "read"), param(call, "groupName"))));

export const createGroup: Handler = async (context, call) => {
  const type = typeOf(context, call, "write");
  const { name, label, displayOrder } = await readBody(call, groupCreate);
  const { groups } = context.portal.properties(type.typeId);
  if (groups.has(name)) throw new HubSpotRefusal("group_exists", { name });
  const made = { name, label, displayOrder: displayOrder ?? -1, archived: false, hubspotDefined: false };
  groups.set(name, made);
  logDefinition(context, call, type, name);
  return jsonAnswer(201, groupBody(made));
};

export const updateGroup: Handler = async (context, call) => {
  const type = typeOf(context, call, "write");
  const group = groupOf(context, type, param(call, "groupName"));
  const { label, displayOrder } = await readBody(call, groupCreate.omit({ name: true }).partial());
  const changed = { ...group, label: label ?? group.label, displayOrder: displayOrder ?? group.displayOrder };
  context.portal.properties(type.typeId).groups.set(group.name, changed);
  logDefinition(context, call, type, group.name);
  return jsonAnswer(200, groupBody(changed));
};

export const archiveGroup: Handler = (context, call) => {
  const type = typeOf(context, call, "write");
  const name = param(call, "groupName");
  const set = context.portal.properties(type.typeId);
  const uses = [...set.all()].filter((one) => one.groupName === name && !one.archived).map((one) => one.name);
  if (uses.length > 0) throw new HubSpotRefusal("group_in_use", { name, uses: uses.join(", ") });
  set.groups.delete(name);
  logDefinition(context, call, type, name);
  return emptyAnswer(204);
};
