/** Values that are computed when read: names of people, archive state, campaign totals. */
import { DAY_MS } from "../../../core/time.ts";
import {
  type Entity,
  entityOf,
  fieldOf,
  isDeleted,
  isTrue,
  type OrgState,
  rawOf,
  textOf,
} from "./org-state.ts";
import type { DerivedValue } from "./schema/definitions.ts";
import type { Raw } from "./store/columns.ts";

const ARCHIVED_AFTER_DAYS = 365;

interface CampaignTotals {
  leads: number;
  convertedLeads: number;
  contacts: number;
  responses: number;
  opportunities: number;
  won: number;
  amount: number;
  wonAmount: number;
}

interface CampaignBook {
  readonly version: string;
  readonly totals: ReadonlyMap<string, CampaignTotals>;
  readonly children: ReadonlyMap<string, readonly number[]>;
}

const books = new WeakMap<OrgState, CampaignBook>();

/** Totals by campaign id, kept until a row of the tables behind them changes. */
function campaignBook(state: OrgState): CampaignBook {
  const campaigns = entityOf(state, "Campaign");
  const members = entityOf(state, "CampaignMember");
  const opportunities = entityOf(state, "Opportunity");
  const leads = entityOf(state, "Lead");
  const version = [campaigns, members, opportunities, leads].map((entity) => entity.table.version).join("/");
  const known = books.get(state);
  if (known?.version === version) return known;
  const totals = new Map<string, CampaignTotals>();
  const totalsOf = (id: string) => {
    let entry = totals.get(id);
    if (entry === undefined) {
      entry = {
        leads: 0,
        convertedLeads: 0,
        contacts: 0,
        responses: 0,
        opportunities: 0,
        won: 0,
        amount: 0,
        wonAmount: 0,
      };
      totals.set(id, entry);
    }
    return entry;
  };
  forLiveRows(members, (row) => {
    const campaign = textOf(members, row, "CampaignId");
    if (campaign === null) return;
    const entry = totalsOf(campaign);
    const lead = textOf(members, row, "LeadId");
    if (lead !== null) {
      entry.leads++;
      const leadRow = leads.table.rowOfId(lead);
      if (leadRow >= 0 && isTrue(leads, leadRow, "IsConverted")) entry.convertedLeads++;
    } else if (textOf(members, row, "ContactId") !== null) entry.contacts++;
    if (isTrue(members, row, "HasResponded")) entry.responses++;
  });
  forLiveRows(opportunities, (row) => {
    const campaign = textOf(opportunities, row, "CampaignId");
    if (campaign === null) return;
    const entry = totalsOf(campaign);
    const amount = Number(rawOf(opportunities, row, "Amount") ?? 0);
    entry.opportunities++;
    entry.amount += amount;
    if (isTrue(opportunities, row, "IsWon")) {
      entry.won++;
      entry.wonAmount += amount;
    }
  });
  const children = new Map<string, number[]>();
  forLiveRows(campaigns, (row) => {
    const parent = textOf(campaigns, row, "ParentId");
    if (parent === null) return;
    const list = children.get(parent);
    if (list === undefined) children.set(parent, [row]);
    else list.push(row);
  });
  const book = { version, totals, children };
  books.set(state, book);
  return book;
}

function forLiveRows(entity: Entity, visit: (row: number) => void): void {
  for (let row = 0; row < entity.table.rowCount; row++) {
    if (!entity.table.isPurged(row) && !isDeleted(entity, row)) visit(row);
  }
}

/** Own cost and that of every descendant; null where none of them has any. A loop of parents is counted once. */
function hierarchyCost(state: OrgState, row: number, field: string): Raw {
  const campaigns = entityOf(state, "Campaign");
  const { children } = campaignBook(state);
  const seen = new Set<number>();
  const pending = [row];
  let sum: number | null = null;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const cost = rawOf(campaigns, next, field);
    if (typeof cost === "number") sum = (sum ?? 0) + cost;
    const id = campaigns.table.ids.text(next);
    if (id !== null) pending.push(...(children.get(id) ?? []));
  }
  return sum;
}

function totalOf(state: OrgState, entity: Entity, row: number, key: keyof CampaignTotals): number {
  const id = entity.table.ids.text(row);
  return (id === null ? undefined : campaignBook(state).totals.get(id)?.[key]) ?? 0;
}

/**
 * Test for archived activities: events a year old; closed tasks due, or without a due date created, a year ago. A
 * stored IsArchived wins. Returned as a closure over columns, since every query of activities asks it of every row.
 */
export function archiveTest(state: OrgState, entity: Entity): (row: number) => boolean {
  const column = (name: string) => entity.table.column(fieldOf(entity, name));
  const stored = column("IsArchived");
  const due = column("ActivityDate");
  const isTask = entity.def.name === "Task";
  const since = column(isTask ? "CreatedDate" : "StartDateTime");
  const closed = isTask ? column("IsClosed") : undefined;
  const today = Math.floor(state.clock.now().getTime() / DAY_MS);
  const last = today - ARCHIVED_AFTER_DAYS;
  return (row) => {
    const told = stored.raw(row);
    if (told !== null) return told === 1;
    if (closed !== undefined && closed.raw(row) !== 1) return false;
    const day = due.raw(row);
    if (typeof day === "number") return day <= last;
    const instant = since.raw(row);
    return typeof instant === "number" && Math.floor(instant / DAY_MS) <= last;
  };
}

/** The value of a derived field that has none stored. */
export function deriveValue(state: OrgState, entity: Entity, row: number, value: DerivedValue): Raw {
  switch (value) {
    case "person_name": {
      const parts = [textOf(entity, row, "FirstName"), textOf(entity, row, "LastName")];
      return parts.filter((part) => part !== null).join(" ") || null;
    }
    case "is_archived":
      return archiveTest(state, entity)(row) ? 1 : 0;
    case "hierarchy_actual_cost":
      return hierarchyCost(state, row, "ActualCost");
    case "hierarchy_budgeted_cost":
      return hierarchyCost(state, row, "BudgetedCost");
    case "number_of_leads":
      return totalOf(state, entity, row, "leads");
    case "number_of_converted_leads":
      return totalOf(state, entity, row, "convertedLeads");
    case "number_of_contacts":
      return totalOf(state, entity, row, "contacts");
    case "number_of_responses":
      return totalOf(state, entity, row, "responses");
    case "number_of_opportunities":
      return totalOf(state, entity, row, "opportunities");
    case "number_of_won_opportunities":
      return totalOf(state, entity, row, "won");
    case "amount_all_opportunities":
      return totalOf(state, entity, row, "amount");
    case "amount_won_opportunities":
      return totalOf(state, entity, row, "wonAmount");
    case "expected_revenue": {
      const amount = rawOf(entity, row, "Amount");
      const probability = rawOf(entity, row, "Probability");
      if (typeof amount !== "number" || typeof probability !== "number") return null;
      return Math.round(amount * probability) / 100;
    }
    case "lead_or_contact_id":
      return textOf(entity, row, "ContactId") ?? textOf(entity, row, "LeadId");
    case "is_assignment_rule_active":
      return state.settings.leadAssignmentRule.isActive && textOf(entity, row, "SobjectType") === "Lead"
        ? 1
        : 0;
  }
}
