import type { RowType } from "../../../src/metrics/catalog.ts";
import { type Book, byMember, type Entry, inPeriod, keyOf, median, sum, WORKSPACE } from "./book.ts";
import { type CampaignFacts, costIn } from "./campaigns.ts";
import type { CompanyFacts } from "./company-facts.ts";
import { type OpportunityFacts, pipelineOf } from "./opportunities.ts";
import { firstResponses } from "./responses.ts";
import { byFamily } from "./sales-metrics.ts";
import { isIn, LIFETIME, type Period } from "./zone-dates.ts";

/** Member of source rows that holds the cost of campaigns to which nobody responded. */
export const WITHOUT_LEADS = "investment without leads";

/** Definitions 6 and 7: investment, cost per lead and in-period pipeline by primary campaign. */
export function addMoney(book: Book, facts: CompanyFacts): void {
  for (const period of facts.periods) {
    addCampaigns(book, facts, period);
    addSources(book, facts, period);
  }
  addTraps(book, "campaign");
  addTraps(book, "source");
}

/** 0 makes ratios null, and so does an unknown. */
export function per(part: number | null, whole: number | null): Entry {
  if (part === null || whole === null || whole === 0) return { value: null };
  return { value: part / whole, numerator: part, denominator: whole };
}

function addCampaigns(book: Book, facts: CompanyFacts, period: Period): void {
  const familyOf = (id: string): string => facts.campaigns.get(id)?.familyId ?? id;
  const familyFirst = firstResponses(facts.responses, familyOf);
  const opportunities = byMember(byFamily(facts), ({ campaignId }) => campaignId ?? undefined);
  for (const campaign of facts.campaigns.values()) {
    // A child whose parent alone holds the cost is counted there.
    if (campaign.familyId !== campaign.id) continue;
    const investment = costIn(campaign, period);
    const people = familyFirst.filter(({ group, date }) => group === campaign.id && isIn(period, date));
    const pipeline = pipelineOf(
      (opportunities.get(campaign.id) ?? []).filter(({ createdOn }) => isIn(period, createdOn)),
    );
    const key = (metric: string): string => keyOf(inPeriod("campaign", campaign.id, period), metric);
    book.set(key("leads"), { value: people.length });
    book.set(key("investment"), { value: investment });
    book.set(key("cost_per_lead"), per(investment === 0 ? null : investment, people.length));
    book.set(key("pipeline"), { value: pipeline });
    book.set(key("pipeline_per_dollar"), per(pipeline, investment));
  }
}

export function hasKnownCost(facts: CompanyFacts, campaignId: string | null): boolean {
  const own = facts.campaigns.get(campaignId ?? "");
  return own !== undefined && facts.campaigns.get(own.familyId)?.cost != null;
}

/** What campaigns of known cost spent in a period, and on whom. */
export interface Spending {
  readonly bySource: ReadonlyMap<string | null, number>;
  readonly peopleBySource: ReadonlyMap<string | null, ReadonlySet<string>>;
  readonly total: number;
  /** Distinct people whose first response to one of them falls in the period. */
  readonly people: number;
}

/** Definitions 7: a campaign's money goes to the sources of its people of the period, else of all its people. */
export function spendingIn(facts: CompanyFacts, period: Period): Spending {
  const familyOf = (id: string): string => facts.campaigns.get(id)?.familyId ?? id;
  const known: readonly CampaignFacts[] = [...facts.campaigns.values()].filter(({ cost }) => cost !== null);
  const first = firstResponses(facts.responses, familyOf);
  const bySource = new Map<string | null, number>();
  const peopleBySource = new Map<string | null, Set<string>>();
  const everybody = new Set<string>();
  const spend = (source: string | null, amount: number): void => {
    bySource.set(source, (bySource.get(source) ?? 0) + amount);
  };
  for (const campaign of known) {
    const cost = costIn(campaign, period) ?? 0;
    const ever = first.filter(({ group }) => group === campaign.id);
    const inside = ever.filter(({ date }) => isIn(period, date));
    for (const { person } of inside) {
      everybody.add(person.id);
      peopleBySource.set(person.source, (peopleBySource.get(person.source) ?? new Set()).add(person.id));
    }
    const sharers = inside.length > 0 ? inside : ever;
    if (sharers.length === 0 && cost > 0) spend(WITHOUT_LEADS, cost);
    for (const { person } of sharers) spend(person.source, cost / sharers.length);
  }
  const total = sum(known.map((campaign) => costIn(campaign, period) ?? 0));
  return { bySource, peopleBySource, total, people: everybody.size };
}

/** 0 where other sources took the period's money; null where no campaign of known cost ever brought this one anybody. */
export function sourceInvestment(
  facts: CompanyFacts,
  spending: Spending,
  source: string | null,
): number | null {
  const everPaid = facts.responses.some(
    ({ campaignId, person }) => person.source === source && hasKnownCost(facts, campaignId),
  );
  return spending.bySource.get(source) ?? (everPaid ? 0 : null);
}

function addSources(book: Book, facts: CompanyFacts, period: Period): void {
  const spending = spendingIn(facts, period);
  const created = facts.opportunities.filter(({ createdOn }) => isIn(period, createdOn));
  const write = (
    rowType: RowType,
    member: string | null,
    investment: number | null,
    leads: number,
    own: readonly OpportunityFacts[],
  ): void => {
    const key = (metric: string): string => keyOf(inPeriod(rowType, member, period), metric);
    const pipeline = pipelineOf(own.filter(({ campaignId }) => hasKnownCost(facts, campaignId)));
    const rest = pipelineOf(own.filter(({ campaignId }) => !hasKnownCost(facts, campaignId)));
    book.set(key("investment"), { value: investment });
    book.set(key("cost_per_lead"), per(investment === 0 ? null : investment, leads));
    book.set(key("pipeline"), { value: pipeline });
    book.set(key("pipeline_without_cost"), { value: rest });
    book.set(key("pipeline_per_dollar"), per(pipeline, investment));
  };
  const bySource = byMember(created, ({ source }) => source);
  for (const source of new Set([...spending.bySource.keys(), ...bySource.keys()])) {
    const investment = sourceInvestment(facts, spending, source);
    write(
      "source",
      source,
      investment,
      spending.peopleBySource.get(source)?.size ?? 0,
      bySource.get(source) ?? [],
    );
  }
  write("workspace", WORKSPACE, spending.total, spending.people, created);
  // Only workspace and source rows leave out what has no known cost.
  const { owners } = facts;
  const repOf = ({ ownerId }: OpportunityFacts): string | undefined =>
    owners.isRep(ownerId) ? ownerId : undefined;
  for (const [rep, own] of byMember(created, repOf)) {
    book.set(keyOf(inPeriod("rep", rep, period), "pipeline"), { value: pipelineOf(own) });
  }
  const teamOf = (opportunity: OpportunityFacts): string | undefined => {
    const rep = repOf(opportunity);
    return rep === undefined ? undefined : (owners.teamOf(rep) ?? undefined);
  };
  for (const [team, own] of byMember(created, teamOf)) {
    book.set(keyOf(inPeriod("team", team, period), "pipeline"), { value: pipelineOf(own) });
  }
}

/** Definitions 7: cheap leads that buy little, dear ones that buy much, among lifetime rows large enough to say. */
function addTraps(book: Book, rowType: "campaign" | "source"): void {
  const prefix = `${rowType} | `;
  const suffix = " | lifetime | in_period | to date | cost_per_lead";
  const members = [...book.keys()]
    .filter((key) => key.startsWith(prefix) && key.endsWith(suffix))
    .map((key) => key.slice(prefix.length, -suffix.length));
  const number = (member: string, metric: string): number | null => {
    const value = book.get(keyOf(inPeriod(rowType, member, LIFETIME), metric))?.value;
    return typeof value === "number" ? value : null;
  };
  const rows = members.flatMap((member) => {
    const cost = number(member, "cost_per_lead");
    const yields = number(member, "pipeline_per_dollar");
    const isLarge =
      (number(member, "investment") ?? 0) > 0 &&
      (number(member, "leads") ?? 0) >= 20 &&
      (number(member, "opportunities") ?? 0) >= 3;
    return isLarge && cost !== null && yields !== null ? [{ member, cost, yields }] : [];
  });
  const middleCost = median(rows.map(({ cost }) => cost)) ?? 0;
  const middleYield = median(rows.map(({ yields }) => yields)) ?? 0;
  for (const { member, cost, yields } of rows) {
    const trap =
      cost < middleCost && yields < middleYield
        ? "cheap_but_poor"
        : cost > middleCost && yields > middleYield
          ? "dear_but_rich"
          : null;
    book.set(keyOf(inPeriod(rowType, member, LIFETIME), "trap"), { value: trap });
  }
}
