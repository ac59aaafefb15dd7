import { z } from "zod";
import { type Answer, emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import { keepsRules } from "../../addresses.ts";
import { CONTACT, type ObjectType } from "../../engine/object-types.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import { checkValues } from "../../engine/write/check-values.ts";
import { linkRecords } from "../../engine/write/link-records.ts";
import { mergeRecords } from "../../engine/write/merge-records.ts";
import { archiveRecord, createRecord, updateRecord } from "../../engine/write/save-record.ts";
import {
  type Call,
  type Handler,
  type HubSpotContext,
  needScope,
  objectType,
  param,
  sourceOf,
} from "../call.ts";
import {
  flagParameter,
  idValue,
  limitParameter,
  namesParameter,
  propertyValues,
  readBody,
  textId,
  textValues,
} from "../read-body.ts";
import { checkLeadLinks, linksOf, newLinks } from "./links-body.ts";
import { associationsBody, recordBody, wantedOf, writtenOf } from "./record-body.ts";

/** Property by which an address or input names records; undefined for the record id. */
export function uniqueProperty(
  context: HubSpotContext,
  type: ObjectType,
  name: string | null | undefined,
): string | undefined {
  if (name === null || name === undefined || name === "") return undefined;
  const property = context.portal.properties(type.typeId).find(name);
  if (property?.hasUniqueValue === true) return property.name;
  throw new HubSpotRefusal("non_unique_id_property", {
    type: type.typeId,
    name,
    portal: context.portal.portalId,
  });
}

/** Row that an id or unique value names; -1 if none. Merged ids lead to the survivor. */
export function rowNamed(
  context: HubSpotContext,
  type: ObjectType,
  id: string,
  property: string | undefined,
): number {
  const table = context.portal.table(type.typeId);
  if (property !== undefined) return table.rowOfUnique(property, id);
  return /^\d+$/.test(id) ? table.rowOf(table.survivorOf(Number(id))) : -1;
}

function recordRow(context: HubSpotContext, call: Call, type: ObjectType, archived: boolean): number {
  const property = uniqueProperty(context, type, call.incoming.query.get("idProperty"));
  const table = context.portal.table(type.typeId);
  const row = rowNamed(context, type, param(call, "objectId"), property);
  if (row < 0 || !(archived ? table.isArchived(row) : table.isLive(row))) {
    throw new HubSpotRefusal("record_not_found");
  }
  return row;
}

function otherTypes(context: HubSpotContext, call: Call): readonly ObjectType[] {
  return namesParameter(call, "associations").map((name) => context.portal.typeNamed(name));
}

export const getRecord: Handler = (context, call) => {
  const type = objectType(context, call, "read");
  const row = recordRow(context, call, type, flagParameter(call, "archived"));
  const wanted = wantedOf(
    context,
    call,
    type,
    namesParameter(call, "properties"),
    namesParameter(call, "propertiesWithHistory"),
  );
  return jsonAnswer(200, {
    ...recordBody(context.portal, type, row, wanted),
    ...associationsBody(context.portal, type, row, otherTypes(context, call)),
  });
};

/** Pages follow the ids: `after` is the last one plus one. */
export const listRecords: Handler = (context, call) => {
  const type = objectType(context, call, "read");
  const { portal } = context;
  const histories = namesParameter(call, "propertiesWithHistory");
  const limit = limitParameter(call, 10, histories.length > 0 ? 50 : 100);
  const wanted = wantedOf(context, call, type, namesParameter(call, "properties"), histories);
  const others = otherTypes(context, call);
  const isArchived = flagParameter(call, "archived");
  const from = call.incoming.query.get("after") ?? "";
  if (!/^\d*$/.test(from))
    throw new HubSpotRefusal("invalid_parameter", { name: "after", expected: "a number" });
  const table = portal.table(type.typeId);
  const rows: number[] = [];
  let hasMore = false;
  for (const row of table.rowsById()) {
    if (from !== "" && table.id(row) < Number(from)) continue;
    if (!(isArchived ? table.isArchived(row) : table.isLive(row))) continue;
    if (rows.length === limit) {
      hasMore = true;
      break;
    }
    rows.push(row);
  }
  const last = rows.at(-1);
  const after = last === undefined ? "" : String(table.id(last) + 1);
  const query = new URLSearchParams(call.incoming.query);
  query.set("after", after);
  return jsonAnswer(200, {
    results: rows.map((row) => ({
      ...recordBody(portal, type, row, wanted),
      ...associationsBody(portal, type, row, others),
    })),
    ...(hasMore
      ? { paging: { next: { after, link: `${context.url}${call.incoming.path}?${query.toString()}` } } }
      : {}),
  });
};

const createBody = z.object({ properties: propertyValues, associations: newLinks });

export const createOne: Handler = async (context, call) => {
  const type = objectType(context, call, "write");
  const { portal } = context;
  const body = await readBody(call, createBody);
  const values = checkValues(portal, type, textValues(context, body.properties), {
    row: undefined,
    keepsRules: keepsRules(call.version),
  });
  const links = linksOf(context, type, body.associations);
  checkLeadLinks(type, links);
  const row = createRecord(portal, type, values, sourceOf(call));
  const id = portal.table(type.typeId).id(row);
  for (const { to, kinds } of links) linkRecords(portal, { type, id }, to, kinds, sourceOf(call));
  portal.logWrite({
    operation: call.operation,
    object: type.plural,
    id: String(id),
    fields: [...values.keys()],
  });
  return jsonAnswer(201, recordBody(portal, type, row, writtenOf(portal, type, values.keys())), {
    Location: `${context.url}${call.incoming.path.replace(/\/$/, "")}/${id}`,
  });
};

export const updateOne: Handler = async (context, call) => {
  const type = objectType(context, call, "write");
  const { portal } = context;
  const body = await readBody(call, z.object({ properties: propertyValues }));
  const row = recordRow(context, call, type, false);
  const values = checkValues(portal, type, textValues(context, body.properties), {
    row,
    keepsRules: keepsRules(call.version),
  });
  updateRecord(portal, type, row, values, sourceOf(call));
  const id = String(portal.table(type.typeId).id(row));
  portal.logWrite({ operation: call.operation, object: type.plural, id, fields: [...values.keys()] });
  return jsonAnswer(200, recordBody(portal, type, row, writtenOf(portal, type, values.keys())));
};

export const archiveOne: Handler = (context, call) => {
  const type = objectType(context, call, "write");
  const { portal } = context;
  const row = rowNamed(context, type, param(call, "objectId"), undefined);
  if (archiveRecord(portal, type, row, sourceOf(call))) {
    const id = String(portal.table(type.typeId).id(row));
    portal.logWrite({ operation: call.operation, object: type.plural, id, fields: [] });
  }
  return emptyAnswer(204);
};

export const merge: Handler = async (context, call) => {
  const type = objectType(context, call, "write");
  const { portal } = context;
  const body = await readBody(call, z.object({ primaryObjectId: idValue, objectIdToMerge: idValue }));
  const row = mergeRecords(
    portal,
    type,
    Number(textId(context, body.primaryObjectId)),
    Number(textId(context, body.objectIdToMerge)),
    { ...sourceOf(call), sourceType: "MERGE_OBJECTS" },
  );
  const id = String(portal.table(type.typeId).id(row));
  portal.logWrite({ operation: call.operation, object: type.plural, id, fields: ["hs_merged_object_ids"] });
  return jsonAnswer(200, recordBody(portal, type, row, writtenOf(portal, type, ["hs_merged_object_ids"])));
};

/** Gone for good: no list shows it, archived or not. */
export const gdprDelete: Handler = async (context, call): Promise<Answer> => {
  const type = objectType(context, call, "write");
  if (type.typeId !== CONTACT) throw new HubSpotRefusal("unknown_path");
  needScope(call, ["crm.objects.contacts.write"]);
  const body = await readBody(call, z.object({ objectId: idValue, idProperty: z.string().nullish() }));
  const table = context.portal.table(type.typeId);
  const property = uniqueProperty(context, type, body.idProperty);
  const row = rowNamed(context, type, textId(context, body.objectId), property);
  if (row >= 0) {
    archiveRecord(context.portal, type, row, sourceOf(call));
    table.remove(row);
    table.forgetUniques();
    const id = String(table.id(row));
    context.portal.logWrite({ operation: call.operation, object: type.plural, id, fields: [] });
  }
  return emptyAnswer(204);
};
