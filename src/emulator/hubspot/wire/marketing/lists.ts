import { z } from "zod";
import { emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import { branchTest, readBranch } from "../../engine/list-filter.ts";
import type { List } from "../../engine/lists.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import { instantText } from "../../engine/store/columns.ts";
import { type Call, type Handler, type HubSpotContext, needScope, param } from "../call.ts";
import { flagParameter, limitParameter, readBody } from "../read-body.ts";

const listInput = z.object({
  name: z.string().min(1),
  objectTypeId: z.string(),
  processingType: z.enum(["MANUAL", "DYNAMIC", "SNAPSHOT"]),
  filterBranch: z.unknown().optional(),
  // Folders, permissions and the like: taken and not followed.
  listFolderId: z.int().optional(),
  listPermissions: z.unknown().optional(),
  membershipSettings: z.unknown().optional(),
  customProperties: z.record(z.string(), z.string()).optional(),
});

function listNamed(context: HubSpotContext, call: Call, access: "read" | "write"): List {
  needScope(call, [`crm.lists.${access}`]);
  const id = param(call, "listId");
  const list = context.portal.lists.held.get(id);
  if (list === undefined || list.deletedAt !== undefined) throw new HubSpotRefusal("list_not_found", { id });
  return list;
}

/** Members as of now: a dynamic list is worked out whenever it is asked for. */
function membersOf({ portal }: HubSpotContext, list: List): readonly number[] {
  const table = portal.table(list.objectTypeId);
  if (list.processingType !== "DYNAMIC") return list.members.filter((id) => table.isLive(table.rowOf(id)));
  const test = branchTest(portal, portal.typeNamed(list.objectTypeId), readBranch(list.filterBranch));
  const members: number[] = [];
  for (const row of table.rowsById()) if (table.isLive(row) && test(row)) members.push(table.id(row));
  return members;
}

function listBody(context: HubSpotContext, list: List, withFilters: boolean): Record<string, unknown> {
  const { listId, name, objectTypeId, processingType, version, createdAt, updatedAt, filterBranch } = list;
  return {
    listId,
    listVersion: version,
    createdAt: instantText(createdAt),
    updatedAt: instantText(updatedAt),
    processingType,
    processingStatus: "COMPLETE",
    objectTypeId,
    name,
    size: membersOf(context, list).length,
    ...(withFilters && filterBranch !== undefined ? { filterBranch } : {}),
  };
}

function checkName(context: HubSpotContext, name: string, except?: string): void {
  for (const list of context.portal.lists.held.values()) {
    if (list.listId !== except && list.deletedAt === undefined && list.name === name) {
      throw new HubSpotRefusal("list_name_taken", { name });
    }
  }
}

function save(context: HubSpotContext, call: Call, list: List): List {
  const changed = { ...list, version: list.version + 1, updatedAt: context.portal.now() };
  context.portal.lists.held.set(list.listId, changed);
  context.portal.logWrite({ operation: call.operation, object: "lists", id: list.listId, fields: [] });
  return changed;
}

/** 200, not 201. A snapshot takes its members when it is made. */
export const createList: Handler = async (context, call) => {
  needScope(call, ["crm.lists.write"]);
  const { portal } = context;
  const input = await readBody(call, listInput);
  const type = portal.typeNamed(input.objectTypeId);
  checkName(context, input.name);
  if (input.processingType !== "MANUAL") branchTest(portal, type, readBranch(input.filterBranch));
  const at = portal.now();
  const list: List = {
    listId: portal.lists.nextId(),
    name: input.name,
    objectTypeId: type.typeId,
    processingType: input.processingType,
    filterBranch: input.filterBranch,
    members: [],
    version: 0,
    createdAt: at,
    updatedAt: at,
  };
  const members =
    input.processingType === "SNAPSHOT" ? membersOf(context, { ...list, processingType: "DYNAMIC" }) : [];
  return jsonAnswer(200, { list: listBody(context, save(context, call, { ...list, members }), true) });
};

export const getList: Handler = (context, call) => {
  const list = listNamed(context, call, "read");
  return jsonAnswer(200, { list: listBody(context, list, flagParameter(call, "includeFilters")) });
};

export const getListByName: Handler = (context, call) => {
  needScope(call, ["crm.lists.read"]);
  const name = param(call, "name");
  const { typeId } = context.portal.typeNamed(param(call, "objectType"));
  const list = [...context.portal.lists.held.values()].find(
    (one) => one.name === name && one.objectTypeId === typeId && one.deletedAt === undefined,
  );
  if (list === undefined) throw new HubSpotRefusal("list_not_found", { id: name });
  return jsonAnswer(200, { list: listBody(context, list, flagParameter(call, "includeFilters")) });
};

export const searchLists: Handler = async (context, call) => {
  needScope(call, ["crm.lists.read"]);
  const schema = z.object({
    query: z.string().nullish(),
    count: z.int().min(1).max(500).default(20),
    offset: z.int().min(0).default(0),
    processingTypes: z.array(z.string()).nullish(),
    listIds: z.array(z.string()).nullish(),
  });
  const { query, count, offset, processingTypes, listIds } = await readBody(call, schema);
  const found = [...context.portal.lists.held.values()]
    .filter((list) => list.deletedAt === undefined)
    .filter((list) => list.name.toLowerCase().includes((query ?? "").toLowerCase()))
    .filter(
      (list) =>
        (processingTypes ?? []).length === 0 || processingTypes?.includes(list.processingType) === true,
    )
    .filter((list) => (listIds ?? []).length === 0 || listIds?.includes(list.listId) === true);
  const page = found.slice(offset, offset + count);
  return jsonAnswer(200, {
    offset: offset + page.length,
    hasMore: offset + page.length < found.length,
    total: found.length,
    lists: page.map((list) => listBody(context, list, false)),
  });
};

export const renameList: Handler = (context, call) => {
  const list = listNamed(context, call, "write");
  const name = call.incoming.query.get("listName") ?? "";
  if (name === "") throw new HubSpotRefusal("invalid_parameter", { name: "listName", expected: "a text" });
  checkName(context, name, list.listId);
  return jsonAnswer(200, { updatedList: listBody(context, save(context, call, { ...list, name }), false) });
};

export const updateListFilters: Handler = async (context, call) => {
  const list = listNamed(context, call, "write");
  if (list.processingType !== "DYNAMIC") {
    throw new HubSpotRefusal("list_definition", { reason: "only a dynamic list has filters to change" });
  }
  const { filterBranch } = await readBody(call, z.object({ filterBranch: z.unknown() }));
  branchTest(context.portal, context.portal.typeNamed(list.objectTypeId), readBranch(filterBranch));
  return jsonAnswer(200, {
    updatedList: listBody(context, save(context, call, { ...list, filterBranch }), true),
  });
};

export const deleteList: Handler = (context, call) => {
  const list = listNamed(context, call, "write");
  save(context, call, { ...list, deletedAt: context.portal.now() });
  return emptyAnswer(204);
};

export const listMembers: Handler = (context, call) => {
  const list = listNamed(context, call, "read");
  const limit = limitParameter(call, 100, 250);
  const after = Number(call.incoming.query.get("after") ?? 0);
  const members = membersOf(context, list).filter((id) => id > after);
  const page = members.slice(0, limit);
  const last = page.at(-1);
  return jsonAnswer(200, {
    results: page.map((id) => ({
      recordId: String(id),
      membershipTimestamp: instantText(list.updatedAt),
    })),
    ...(members.length > limit && last !== undefined ? { paging: { next: { after: String(last) } } } : {}),
  });
};

/** Adds or removes; members of a dynamic list follow from its filters. */
export const changeMembers: Handler = async (context, call) => {
  const list = listNamed(context, call, "write");
  if (list.processingType === "DYNAMIC") {
    throw new HubSpotRefusal("list_definition", { reason: "members of a dynamic list cannot be changed" });
  }
  const ids = (await readBody(call, z.array(z.union([z.string(), z.number()])))).map(Number);
  const table = context.portal.table(list.objectTypeId);
  const isAdding = call.operation.endsWith("/add");
  const known = new Set(list.members);
  const missing = ids.filter((id) => !table.isLive(table.rowOf(id)));
  const moved = ids.filter((id) => !missing.includes(id) && known.has(id) !== isAdding);
  const members = isAdding ? [...list.members, ...moved] : list.members.filter((id) => !moved.includes(id));
  save(context, call, { ...list, members });
  const texts = moved.map(String);
  return jsonAnswer(200, {
    recordsIdsAdded: isAdding ? texts : [],
    recordIdsRemoved: isAdding ? [] : texts,
    recordIdsMissing: missing.map(String),
  });
};
