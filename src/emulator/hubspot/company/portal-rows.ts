import type { Firm } from "../../salesforce/company/names.ts";
import { loadRows } from "../engine/load/load-rows.ts";
import type { Portal } from "../engine/portal.ts";

/** A record as the control load takes it. */
export type PortalRow = Readonly<Record<string, unknown>>;

/** Whatever is linked to comes before what links to it, and records before the engagements that leave a trace on them. */
const LOAD_ORDER = [
  "companies",
  "contacts",
  "leads",
  "deals",
  "calls",
  "emails",
  "meetings",
  "notes",
  "tasks",
  "communications",
] as const;

export type BufferedType = (typeof LOAD_ORDER)[number];
export type EngagementType = Exclude<BufferedType, "companies" | "contacts" | "leads" | "deals">;

/** First ids; all else is numbered in the order it is made. */
const FIRST = { contacts: 100_001, companies: 5_000_001, others: 20_000_001 } as const;

/** Rows on their way into the portal, handed over and forgotten at every {@link PortalRows.flush}. */
export interface PortalRows {
  /** An id for a record that others point at before it is made. */
  reserve(type: BufferedType): string;
  add(type: BufferedType, row: PortalRow): void;
  /** The company's id; its record is made when it first turns up. @param at milliseconds, UTC */
  company(firm: Firm, at: number): string;
  /** From the next flush on the loser's id answers with the survivor. */
  merge(loser: string, survivor: string): void;
  /** Rows added so far, flushed ones included. */
  count(type: BufferedType): number;
  flush(): void;
}

export const instantText = (at: number): string => new Date(at).toISOString();

/** What is null was never set, and has no history either. */
export function filled(
  properties: Readonly<Record<string, string | null>>,
): Readonly<Record<string, string | null>> {
  return Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== null));
}

function removeMerged(portal: Portal, merges: ReadonlyMap<string, string>): void {
  const contacts = portal.table(portal.typeNamed("contacts").typeId);
  for (const [loser, survivor] of merges) contacts.remove(contacts.rowOf(Number(loser)), Number(survivor));
  if (merges.size > 0) contacts.forgetUniques();
}

export function portalRows(portal: Portal): PortalRows {
  const numbers: Record<keyof typeof FIRST, number> = { ...FIRST };
  const lines = new Map<BufferedType, PortalRow[]>(LOAD_ORDER.map((type) => [type, []]));
  const counts = new Map<BufferedType, number>();
  const companies = new Map<string, string>();
  const merges = new Map<string, string>();
  const add = (type: BufferedType, row: PortalRow): void => {
    lines.get(type)?.push(row);
    counts.set(type, (counts.get(type) ?? 0) + 1);
  };
  const reserve = (type: BufferedType): string => {
    const series = type === "contacts" || type === "companies" ? type : "others";
    numbers[series] += 1;
    return String(numbers[series] - 1);
  };
  return {
    reserve,
    add,
    company: (firm, at) => {
      const known = companies.get(firm.domain);
      if (known !== undefined) return known;
      const id = reserve("companies");
      companies.set(firm.domain, id);
      add("companies", {
        id,
        createdAt: instantText(at),
        properties: { name: firm.name, domain: firm.domain },
      });
      return id;
    },
    merge: (loser, survivor) => merges.set(loser, survivor),
    count: (type) => counts.get(type) ?? 0,
    flush: () => {
      for (const [type, rows] of lines) loadRows(portal, type, rows.splice(0));
      removeMerged(portal, merges);
      merges.clear();
    },
  };
}
