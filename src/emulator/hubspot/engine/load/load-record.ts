import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { MoneyItem } from "../campaigns.ts";
import { CAMPAIGN, type ObjectType } from "../object-types.ts";
import type { Portal } from "../portal.ts";
import { instantOf, isFault, parseValue, printValue, type Stored } from "../values.ts";
import { deriveFrom } from "../write/derive-values.ts";
import { traceOf } from "../write/log-engagement.ts";
import { initValue } from "../write/set-value.ts";
import { instantInput, LoadError } from "./load-error.ts";

const id = z.union([z.string().regex(/^\d+$/), z.int().min(1)]);

const moneyItem = z.strictObject({
  id: z.string().optional(),
  name: z.string(),
  amount: z.number(),
  order: z.int().default(0),
  description: z.string().optional(),
  createdAt: z.int().optional(),
  updatedAt: z.int().optional(),
});

/** One record as the API prints it, or its properties alone. */
const recordRow = z.strictObject({
  id: id.optional(),
  properties: z.record(z.string(), z.string().nullable()).default({}),
  propertiesWithHistory: z
    .record(
      z.string(),
      z.array(
        z.object({
          value: z.string(),
          timestamp: instantInput,
          sourceType: z.string().default("CRM_UI"),
          sourceId: z.string().optional(),
          updatedByUserId: z.int().optional(),
        }),
      ),
    )
    .optional(),
  createdAt: instantInput.optional(),
  updatedAt: instantInput.optional(),
  archived: z.boolean().optional(),
  archivedAt: instantInput.optional(),
  /** Ids by the other object's name, or what the API prints. */
  associations: z
    .record(z.string(), z.union([z.array(id), z.object({ results: z.array(z.looseObject({ id })) })]))
    .optional(),
  url: z.string().optional(),
  /** Campaigns only. */
  guid: z.string().optional(),
  budgetItems: z.array(moneyItem).optional(),
  spendItems: z.array(moneyItem).optional(),
  assets: z.record(z.string(), z.array(z.string())).optional(),
});

type RecordRow = z.infer<typeof recordRow>;

const STAMPS = ["createdate", "hs_createdate", "lastmodifieddate", "hs_lastmodifieddate", "hs_object_id"];

/** Read-only properties may be loaded; owners and stages need not exist yet. */
function storedOf(portal: Portal, type: ObjectType, name: string, text: string | null, index: number) {
  const property = portal.properties(type.typeId).find(name);
  if (property === undefined) throw new LoadError(`${type.plural} have no property ${name}`, index);
  if (text === null || property.name === type.stageProperty || property.name === type.pipelineProperty) {
    return { name: property.name, value: text };
  }
  const isLoose = property.type === "enumeration" && property.options.length === 0;
  const value = isLoose ? text : parseValue(text, property, { isOwner: () => true, current: null });
  if (isFault(value)) throw new LoadError(`${name}: ${value.message}`, index);
  return { name: property.name, value };
}

function rowFor(
  portal: Portal,
  type: ObjectType,
  row: RecordRow,
  at: number,
): { readonly row: number; readonly isNew: boolean } {
  const table = portal.table(type.typeId);
  const named = row.id ?? row.properties["hs_object_id"] ?? undefined;
  if (named === undefined) return { row: table.append(portal.nextRecordId(), at), isNew: true };
  const known = table.rowOf(Number(named));
  if (known >= 0) return { row: known, isNew: false };
  portal.keepId(Number(named));
  return { row: table.append(Number(named), at), isNew: true };
}

function loadHistory(portal: Portal, type: ObjectType, row: number, parsed: RecordRow, index: number): void {
  for (const [name, entries] of Object.entries(parsed.propertiesWithHistory ?? {})) {
    const property = portal.properties(type.typeId).find(name);
    if (property === undefined) throw new LoadError(`${type.plural} have no property ${name}`, index);
    const table = portal.table(type.typeId);
    table.history(property.name).set(
      row,
      entries
        .map(({ value, timestamp, sourceType, sourceId, updatedByUserId }) => ({
          value,
          timestamp: instantOf(timestamp),
          sourceType,
          ...(sourceId === undefined ? {} : { sourceId }),
          ...(updatedByUserId === undefined ? {} : { updatedByUserId }),
        }))
        .toSorted((left, right) => right.timestamp - left.timestamp),
    );
  }
}

/** Stage dates and the like, where the row does not give them, as of each step of the history. */
function derive(portal: Portal, type: ObjectType, row: number, values: ReadonlyMap<string, Stored>): void {
  const table = portal.table(type.typeId);
  for (const [name, value] of values) {
    const steps = table.history(name).get(row)?.toReversed() ?? [
      { value: printValue(value) ?? "", timestamp: table.createdAt.number(row) },
    ];
    let old: string | null = null;
    for (const { value: text, timestamp } of steps) {
      const next = text === "" ? null : text;
      const move = { portal, type, row, old, next, at: timestamp };
      for (const [entailed, derived] of deriveFrom(name, move, new Set(values.keys()))) {
        if (values.has(entailed)) continue;
        const property = portal.properties(type.typeId).find(entailed);
        if (property === undefined) continue;
        table.column(entailed, property.type === "datetime").set(row, derived);
      }
      old = next;
    }
  }
}

function loadLinks(portal: Portal, type: ObjectType, row: number, parsed: RecordRow, index: number): void {
  const from = portal.table(type.typeId).id(row);
  for (const [name, given] of Object.entries(parsed.associations ?? {})) {
    const other = portal.findType(name);
    if (other === undefined) throw new LoadError(`there is no object ${name}`, index);
    const ids = Array.isArray(given) ? given : given.results.map((one) => one.id);
    ids.forEach((to, order) => link(portal, type, row, from, other, Number(to), order));
  }
}

/** The first contact of a lead and the first company of a contact or deal are the primary ones. */
function link(
  portal: Portal,
  type: ObjectType,
  row: number,
  from: number,
  other: ObjectType,
  to: number,
  order: number,
) {
  if (!portal.associations.link(type.typeId, from, other.typeId, to)) return;
  const main = portal.associationTypes
    .between(type.typeId, other.typeId)
    .find((kind) => kind.label === "Primary");
  if (order === 0 && main !== undefined) {
    const { category, typeId, inverse } = main;
    portal.associations.label(type.typeId, from, other.typeId, to, [{ category, typeId }]);
    portal.associations.label(other.typeId, to, type.typeId, from, [{ category, typeId: inverse }]);
  }
  const target = portal.table(other.typeId).rowOf(to);
  if (!type.isEngagement || target < 0) return;
  const trace = traceOf(portal, { type, row }, { type: other, row: target });
  for (const [name, value] of trace) initValue(portal, other, target, name, value);
}

function loadItems(
  portal: Portal,
  items: readonly z.infer<typeof moneyItem>[],
  at: number,
): readonly MoneyItem[] {
  return items.map(({ id: given, description, createdAt, updatedAt, ...item }) => {
    if (given !== undefined) portal.campaigns.keepItemId(Number(given));
    return {
      ...item,
      id: given ?? portal.campaigns.nextItemId(),
      ...(description === undefined ? {} : { description }),
      createdAt: createdAt ?? at,
      updatedAt: updatedAt ?? createdAt ?? at,
    };
  });
}

function loadCampaign(portal: Portal, row: number, record: RecordRow): void {
  const table = portal.table(CAMPAIGN);
  const recordId = table.id(row);
  const guid = record.guid ?? portal.campaigns.guidOf.get(recordId) ?? randomUUID();
  if (!portal.campaigns.parts.has(guid)) portal.campaigns.add(recordId, guid);
  const parts = portal.campaigns.parts.get(guid);
  if (parts === undefined) return;
  const at = table.createdAt.number(row);
  portal.campaigns.parts.set(guid, {
    ...parts,
    ...(record.budgetItems === undefined ? {} : { budget: loadItems(portal, record.budgetItems, at) }),
    ...(record.spendItems === undefined ? {} : { spend: loadItems(portal, record.spendItems, at) }),
    ...(record.assets === undefined ? {} : { assets: record.assets }),
  });
}

/** @throws LoadError */
export function loadRecord(portal: Portal, type: ObjectType, given: unknown, index: number): void {
  const parsed = recordRow.safeParse(given);
  if (!parsed.success) throw new LoadError(z.prettifyError(parsed.error), index);
  const record = parsed.data;
  const values = new Map<string, Stored>();
  for (const [name, text] of Object.entries(record.properties)) {
    if (STAMPS.includes(name)) continue;
    const { name: own, value } = storedOf(portal, type, name, text, index);
    values.set(own, value);
  }
  const stamp = (key: "createdAt" | "updatedAt", property: string) => {
    const text = record[key] ?? record.properties[property] ?? record.properties[property.replace("hs_", "")];
    return text === undefined || text === null ? undefined : instantOf(text);
  };
  const createdAt = stamp("createdAt", type.createdProperty);
  const { row, isNew } = rowFor(portal, type, record, createdAt ?? portal.now());
  const table = portal.table(type.typeId);
  if (createdAt !== undefined) table.createdAt.set(row, createdAt);
  if (!isNew) table.forgetUniques();
  for (const [name, value] of values) {
    if (value !== null) initValue(portal, type, row, name, value);
    else table.column(name, portal.properties(type.typeId).find(name)?.type === "datetime").set(row, null);
  }
  loadHistory(portal, type, row, record, index);
  if (isNew) derive(portal, type, row, values);
  loadLinks(portal, type, row, record, index);
  if (type.typeId === CAMPAIGN) loadCampaign(portal, row, record);
  table.updatedAt.set(
    row,
    stamp("updatedAt", type.modifiedProperty) ?? (isNew ? table.createdAt.number(row) : portal.now()),
  );
  if (record.archived === true) table.archive(row, instantOf(record.archivedAt ?? "") || portal.now());
}
