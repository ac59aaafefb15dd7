import { type Book, type Entry, inCohort, inPeriod, keyOf, type RowKey, sum, WORKSPACE } from "./book.ts";
import { type CampaignFacts, costIn } from "./campaigns.ts";
import type { CompanyFacts } from "./company-facts.ts";
import { hasKnownCost, spendingIn, WITHOUT_LEADS } from "./money-metrics.ts";
import { firstResponses } from "./responses.ts";
import { isIn, type Period } from "./zone-dates.ts";

/** An entry of operations or labour, as it stands in a cost file. */
export interface OverheadEntry {
  readonly date: string;
  readonly kind: "operations" | "labour";
  readonly amount: number;
  /** Null: spread over the programs of the month. */
  readonly campaignId: string | null;
}

/** Definitions 6: investment with operations and labour on top, and its share of revenue. Reads the plain metrics. */
export function addLoaded(book: Book, facts: CompanyFacts, entries: readonly OverheadEntry[]): void {
  for (const period of facts.periods) {
    const borne = overheadIn(facts, entries, period);
    const spending = spendingIn(facts, period);
    const cohorts = period.start === null ? [null] : [null, ...facts.settings.report.cohortAges];
    const write = (rowType: RowKey["rowType"], member: string | null, overhead: number, people: number) => {
      const keys = [
        inPeriod(rowType, member, period),
        ...cohorts.map((age) => inCohort(rowType, member, period, age)),
      ];
      for (const key of keys) {
        const plain = book.get(keyOf(key, "investment"));
        if (plain === undefined) continue;
        const loaded = typeof plain.value === "number" ? plain.value + overhead : null;
        const pipeline = book.get(keyOf(key, "pipeline"))?.value ?? null;
        book.set(keyOf(key, "investment_loaded"), { value: loaded });
        book.set(keyOf(key, "pipeline_per_dollar_loaded"), over(pipeline, loaded));
        if (key.basis === "in_period") {
          book.set(keyOf(key, "cost_per_lead_loaded"), over(loaded === 0 ? null : loaded, people));
        }
      }
    };
    for (const campaign of facts.campaigns.values()) {
      if (campaign.familyId !== campaign.id) continue;
      const leads = book.get(keyOf(inPeriod("campaign", campaign.id, period), "leads"))?.value;
      write("campaign", campaign.id, borne.get(campaign.id) ?? 0, typeof leads === "number" ? leads : 0);
    }
    const bySource = splitBySource(facts, borne, period);
    const sources = facts.responses.map(({ person }) => person.source);
    for (const source of new Set([...sources, ...bySource.keys(), WITHOUT_LEADS])) {
      write("source", source, bySource.get(source) ?? 0, spending.peopleBySource.get(source)?.size ?? 0);
    }
    write("workspace", WORKSPACE, sum([...borne.values()]), spending.people);

    const workspace = inPeriod("workspace", WORKSPACE, period);
    const won = book.get(keyOf(workspace, "won_amount"))?.value ?? 0;
    book.set(keyOf(workspace, "investment_share_of_revenue"), over(spending.total, won));
  }
}

function over(above: Entry["value"], below: Entry["value"]): Entry {
  if (typeof above !== "number" || typeof below !== "number" || below === 0) return { value: null };
  return { value: above / below, numerator: above, denominator: below };
}

/** What each campaign bears in a period; null: what none does. */
function overheadIn(
  facts: CompanyFacts,
  entries: readonly OverheadEntry[],
  period: Period,
): ReadonlyMap<string | null, number> {
  const borne = new Map<string | null, number>();
  const bear = (id: string | null, amount: number): void => {
    borne.set(id, (borne.get(id) ?? 0) + amount);
  };
  const programs: readonly CampaignFacts[] = [...facts.campaigns.values()].filter(
    ({ id, familyId, cost }) => id === familyId && cost !== null,
  );
  for (const { date, amount, campaignId } of entries) {
    if (date > facts.today || !isIn(period, date)) continue;
    if (campaignId !== null && hasKnownCost(facts, campaignId)) {
      bear(facts.campaigns.get(campaignId)?.familyId ?? campaignId, amount);
      continue;
    }
    const month: Period = { type: "month", start: `${date.slice(0, 7)}-01` };
    const own = programs.map((campaign) => ({ id: campaign.id, cost: costIn(campaign, month) ?? 0 }));
    const total = sum(own.map(({ cost }) => cost));
    if (total === 0) bear(null, amount);
    else for (const { id, cost } of own) if (cost > 0) bear(id, (amount * cost) / total);
  }
  return borne;
}

/** As own cost: to the sources of a campaign's people of the period, else of all its people. */
function splitBySource(
  facts: CompanyFacts,
  borne: ReadonlyMap<string | null, number>,
  period: Period,
): ReadonlyMap<string | null, number> {
  const first = firstResponses(facts.responses, (id) => facts.campaigns.get(id)?.familyId ?? id);
  const bySource = new Map<string | null, number>();
  for (const [id, amount] of borne) {
    const ever = first.filter(({ group }) => group === id);
    const inside = ever.filter(({ date }) => isIn(period, date));
    const sharers = inside.length > 0 ? inside : ever;
    const sources =
      sharers.length === 0 ? [WITHOUT_LEADS] : sharers.map(({ person }): string | null => person.source);
    for (const source of sources) bySource.set(source, (bySource.get(source) ?? 0) + amount / sources.length);
  }
  return bySource;
}
