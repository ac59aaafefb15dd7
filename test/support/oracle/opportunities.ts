import type { Settings } from "../../../src/core/settings.ts";
import { DAY_MS } from "../../../src/core/time.ts";
import type { Person } from "./people.ts";
import type { Touch } from "./touches.ts";
import {
  amount,
  type CompanyRows,
  flag,
  groupBy,
  living,
  must,
  mustInstant,
  text,
  type VendorRow,
} from "./vendor-rows.ts";
import { addDays, type ZoneDates } from "./zone-dates.ts";

/** An opportunity at as_of (definitions 7 and 9). Money in the workspace's currency, dates in its zone. */
export interface OpportunityFacts {
  readonly id: string;
  readonly ownerId: string;
  readonly campaignId: string | null;
  readonly source: string | null;
  readonly outcome: "open" | "won" | "lost";
  readonly amount: number | null;
  readonly createdAt: number;
  readonly createdOn: string;
  readonly closeOn: string;
  /** Of a type that counts, and ever in a stage that does. */
  readonly countsInPipeline: boolean;
  readonly people: readonly Person[];
  /** When it was won or lost; null while it is open. Milliseconds UTC. */
  readonly closedAt: number | null;
  /** Open: stalled from then on; else null. Milliseconds UTC. */
  readonly stalledFrom: number | null;
}

/** Definitions 4: the default; days by stage are not worked here. */
const DAYS_14 = 14 * DAY_MS;

export function opportunitiesOf(
  rows: CompanyRows,
  settings: Settings,
  inputs: {
    readonly money: (row: VendorRow, field: string) => number | null;
    readonly people: ReadonlyMap<string, Person>;
    readonly zone: ZoneDates;
    readonly touches: ReadonlyMap<string, readonly Touch[]>;
  },
): readonly OpportunityFacts[] {
  const { money, people, zone, touches } = inputs;
  const stages = living(rows, "OpportunityStage");
  const order = (row: VendorRow): number => amount(row, "SortOrder") ?? 0;
  const named = (name: string): VendorRow | undefined => stages.find((row) => text(row, "ApiName") === name);
  const firstOpen = stages
    .filter((row) => flag(row, "IsActive") && !flag(row, "IsClosed"))
    .toSorted((a, b) => order(a) - order(b))[0];
  const from = settings.pipeline.stage === null ? firstOpen : named(settings.pipeline.stage);
  if (from === undefined) throw new Error("the oracle finds no stage at which pipeline begins");
  const reaches = (name: string): boolean => {
    const stage = named(name);
    if (stage === undefined) return false;
    return (!flag(stage, "IsClosed") || flag(stage, "IsWon")) && order(stage) >= order(from);
  };

  const histories = groupBy(living(rows, "OpportunityHistory"), (row) => text(row, "OpportunityId"));
  const roles = groupBy(living(rows, "OpportunityContactRole"), (row) => text(row, "OpportunityId"));
  const leads = groupBy(living(rows, "Lead"), (row) => text(row, "ConvertedOpportunityId"));

  const entriesOf = (history: readonly VendorRow[]): readonly VendorRow[] =>
    history.filter(
      (step, index) => index > 0 && text(step, "StageName") !== text(history[index - 1] ?? {}, "StageName"),
    );
  /** Its creation, the last entry into a stage, the last touch on one of the records: whichever is latest. */
  const lastMove = (row: VendorRow, history: readonly VendorRow[], records: readonly string[]): number => {
    const entries = entriesOf(history);
    return Math.max(
      mustInstant(row, "CreatedDate"),
      ...entries.map((step) => mustInstant(step, "CreatedDate")),
      ...records.flatMap((record) => (touches.get(record) ?? []).map(({ at }) => at)),
    );
  };

  /** The last entry into a stage; without history the end of the close date, and never before its creation. */
  const closing = (row: VendorRow, history: readonly VendorRow[]): number => {
    const last = entriesOf(history).at(-1);
    const at =
      last === undefined
        ? zone.startOf(addDays(must(row, "CloseDate"), 1))
        : mustInstant(last, "CreatedDate");
    return Math.max(mustInstant(row, "CreatedDate"), at);
  };

  return living(rows, "Opportunity").map((row) => {
    const id = must(row, "Id");
    const history = (histories.get(id) ?? []).toSorted(
      (a, b) => mustInstant(a, "CreatedDate") - mustInstant(b, "CreatedDate"),
    );
    const outcome = flag(row, "IsWon") ? "won" : flag(row, "IsClosed") ? "lost" : "open";
    const type = typeOf(text(row, "Type"), settings);
    const reached = [must(row, "StageName"), ...history.map((step) => must(step, "StageName"))].some(reaches);
    // A lost one stays at its last non-zero amount.
    const lastWorth = history.findLast((step) => (amount(step, "Amount") ?? 0) !== 0);
    const worth = money(row, "Amount");
    const contacts = (roles.get(id) ?? []).map((role) => text(role, "ContactId"));
    const converted = (leads.get(id) ?? []).map((lead) => text(lead, "ConvertedContactId"));
    const allContacts = [...contacts, ...converted].flatMap((contact) => contact ?? []);
    const own = (contacts.length > 0 ? contacts : converted).flatMap((contact) => {
      const person = people.get(contact ?? "");
      return person === undefined ? [] : [person];
    });
    const source = own.flatMap((person) => person.source ?? [])[0] ?? text(row, "LeadSource");
    return {
      id,
      ownerId: must(row, "OwnerId"),
      campaignId: text(row, "CampaignId"),
      source,
      outcome,
      amount:
        outcome === "lost" && worth === 0 && lastWorth !== undefined ? money(lastWorth, "Amount") : worth,
      createdAt: mustInstant(row, "CreatedDate"),
      createdOn: zone.dateOf(mustInstant(row, "CreatedDate")),
      closeOn: must(row, "CloseDate"),
      countsInPipeline: settings.pipeline.types.includes(type) && reached,
      people: own,
      closedAt: outcome === "open" ? null : closing(row, history),
      stalledFrom: outcome === "open" ? lastMove(row, history, [id, ...allContacts]) + DAYS_14 : null,
    };
  });
}

function typeOf(type: string | null, settings: Settings): "new" | "expansion" | "renewal" {
  const name = (type ?? "").toLowerCase();
  const mapped = settings.pipeline.typeMap[name];
  if (mapped !== undefined) return mapped;
  if (name === "existing business") return "expansion";
  return name.includes("renew") ? "renewal" : "new";
}

/** Definitions 7: the sum; null when none of the counted opportunities has an amount; nothing counted is 0. */
export function pipelineOf(opportunities: readonly OpportunityFacts[]): number | null {
  const counted = opportunities.filter(({ countsInPipeline }) => countsInPipeline);
  const amounts = counted.flatMap((opportunity) => opportunity.amount ?? []);
  if (counted.length > 0 && amounts.length === 0) return null;
  return amounts.reduce((total, each) => total + each, 0);
}
