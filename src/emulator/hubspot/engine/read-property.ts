import { calculationOf } from "./calculated-values.ts";
import { CAMPAIGN, type ObjectType } from "./object-types.ts";
import type { Portal } from "./portal.ts";
import { instantText } from "./store/columns.ts";
import type { HistoryEntry } from "./store/record-table.ts";

/** The values of one property over all rows. */
interface Reader {
  /** As it goes out; null where there is none. */
  text(row: number): string | null;
  /** For comparing: milliseconds or a number, NaN for anything else. */
  number(row: number): number;
}

const numberOf = (text: string | null): number => (text === null || text === "" ? Number.NaN : Number(text));

const sumText = (amounts: readonly { readonly amount: number }[]): string =>
  String(amounts.reduce((sum, item) => sum + item.amount, 0));

function campaignSum(portal: Portal, kind: "budget" | "spend"): Reader {
  const text = (row: number) => {
    const guid = portal.campaigns.guidOf.get(portal.table(CAMPAIGN).id(row));
    const parts = guid === undefined ? undefined : portal.campaigns.parts.get(guid);
    return parts === undefined || parts[kind].length === 0 ? null : sumText(parts[kind]);
  };
  return { text, number: (row) => numberOf(text(row)) };
}

/** How a property is read; undefined where there is no active one of that name. */
export function readerOf(portal: Portal, type: ObjectType, name: string): Reader | undefined {
  const property = portal.properties(type.typeId).find(name);
  if (property === undefined) return undefined;
  const table = portal.table(type.typeId);
  if (property.name === "hs_object_id") {
    return { text: (row) => String(table.id(row)), number: (row) => table.id(row) };
  }
  if (property.name === "createdate" || property.name === "hs_createdate") {
    return { text: (row) => table.createdAt.text(row), number: (row) => table.createdAt.number(row) };
  }
  if (property.name === type.modifiedProperty) {
    return { text: (row) => table.updatedAt.text(row), number: (row) => table.updatedAt.number(row) };
  }
  if (type.typeId === CAMPAIGN && property.name === "hs_budget_items_sum_amount")
    return campaignSum(portal, "budget");
  if (type.typeId === CAMPAIGN && property.name === "hs_spend_items_sum_amount")
    return campaignSum(portal, "spend");
  const calculate = calculationOf(type.typeId, property.name);
  if (calculate !== undefined) {
    const text = (row: number) => calculate({ portal, type, row });
    return {
      text,
      number: (row) => (property.type === "datetime" ? Date.parse(text(row) ?? "") : numberOf(text(row))),
    };
  }
  const column = table.column(property.name, property.type === "datetime");
  if (property.type !== "date") return column;
  return {
    text: (row) => column.text(row),
    number: (row) => Date.parse(column.text(row) ?? ""),
  };
}

/** A property's value as it goes out; null where it is empty or unknown. */
export const readProperty = (portal: Portal, type: ObjectType, row: number, name: string): string | null =>
  readerOf(portal, type, name)?.text(row) ?? null;

/** What a property was, newest first. What was there from the start has one entry, at the record's creation. */
export function historyOf(
  portal: Portal,
  type: ObjectType,
  row: number,
  name: string,
): readonly HistoryEntry[] {
  const property = portal.properties(type.typeId).find(name);
  if (property === undefined) return [];
  const table = portal.table(type.typeId);
  const kept = table.history(property.name).get(row);
  if (kept !== undefined) return kept;
  const value = readProperty(portal, type, row, property.name);
  if (value === null) return [];
  const isInstantNow = property.name === type.modifiedProperty;
  const timestamp = isInstantNow ? table.updatedAt.number(row) : table.createdAt.number(row);
  return [{ value, timestamp, sourceType: sourceOf(portal, type, row) }];
}

const sourceOf = (portal: Portal, type: ObjectType, row: number) =>
  portal.table(type.typeId).column("hs_object_source", false).text(row) ?? "CRM_UI";

export interface HistoryOut {
  readonly value: string;
  readonly timestamp: string;
  readonly sourceType: string;
  readonly sourceId?: string;
  readonly sourceLabel?: string;
  readonly updatedByUserId?: number;
}

export const historyOut = (entries: readonly HistoryEntry[]): readonly HistoryOut[] =>
  entries.map((entry) => ({ ...entry, timestamp: instantText(entry.timestamp) }));
