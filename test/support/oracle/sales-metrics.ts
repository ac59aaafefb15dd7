import type { RowType } from "../../../src/metrics/catalog.ts";
import { type Book, byMember, inPeriod, keyOf, median, ratio, sum, WORKSPACE } from "./book.ts";
import type { CompanyFacts } from "./company-facts.ts";
import type { OpportunityFacts } from "./opportunities.ts";
import type { Response } from "./responses.ts";
import { grainsOf } from "./rot-metrics.ts";
import { daysBetween, isIn } from "./zone-dates.ts";

/** Definitions 9: opportunities created and counted; won, lost and the cycle by close date. */
export function addSales(book: Book, facts: CompanyFacts): void {
  const { owners } = facts;
  type Grain = readonly [RowType, (opportunity: OpportunityFacts) => string | null | undefined];
  const grains: readonly Grain[] = [
    ["workspace", () => WORKSPACE],
    ["campaign", ({ campaignId }) => campaignId ?? undefined],
    ["source", ({ source }) => source],
    ["rep", ({ ownerId }) => (owners.isRep(ownerId) ? ownerId : undefined)],
    ["team", ({ ownerId }) => (owners.isRep(ownerId) ? (owners.teamOf(ownerId) ?? undefined) : undefined)],
  ];
  for (const [rowType, memberOf] of grains) {
    for (const [member, own] of byMember(
      rowType === "campaign" ? byFamily(facts) : facts.opportunities,
      memberOf,
    )) {
      for (const period of facts.periods) {
        const key = (metric: string): string => keyOf(inPeriod(rowType, member, period), metric);
        const created = own.filter((each) => each.countsInPipeline && isIn(period, each.createdOn));
        const closed = own.filter(({ outcome, closeOn }) => outcome !== "open" && isIn(period, closeOn));
        const won = closed.filter(({ outcome }) => outcome === "won");
        book.set(key("opportunities"), { value: created.length });
        book.set(key("opportunities_without_amount"), {
          value: created.filter(({ amount }) => amount === null).length,
        });
        book.set(key("won"), { value: won.length });
        const amounts = won.flatMap(({ amount }) => amount ?? []);
        book.set(key("won_amount"), { value: won.length > 0 && amounts.length === 0 ? null : sum(amounts) });
        book.set(key("lost"), { value: closed.length - won.length });
        book.set(key("win_rate"), ratio(won.length, closed.length));
        const days = won.map(({ createdOn, closeOn }) => daysBetween(createdOn, closeOn));
        book.set(key("sales_cycle_days_median"), { value: median(days) });
      }
    }
  }
}

/** Definitions 6: a family is one row, the parent's, with all descendants' people and pipeline. */
export function byFamily(facts: CompanyFacts): readonly OpportunityFacts[] {
  return facts.opportunities.map((opportunity) => ({
    ...opportunity,
    campaignId: facts.campaigns.get(opportunity.campaignId ?? "")?.familyId ?? opportunity.campaignId,
  }));
}

/** Definitions 9: responses, those who responded, and leads, counted differently on each grain. */
export function addFunnel(book: Book, facts: CompanyFacts): void {
  const familyOf = (id: string): string => facts.campaigns.get(id)?.familyId ?? id;
  const living = facts.leads.filter(({ removal, isInScope }) => removal === null && isInScope);
  const personOf = (leadId: string): string => facts.people.get(leadId)?.id ?? leadId;

  for (const period of facts.periods) {
    const answered = facts.responses.filter(({ date }) => isIn(period, date));
    const grains: readonly (readonly [RowType, (response: Response) => string | null])[] = [
      ["workspace", () => WORKSPACE],
      ["source", ({ person }) => person.source],
      ["campaign", ({ campaignId }) => familyOf(campaignId)],
    ];
    for (const [rowType, memberOf] of grains) {
      for (const [member, own] of byMember(answered, memberOf)) {
        const key = (metric: string): string => keyOf(inPeriod(rowType, member, period), metric);
        book.set(key("inquiries"), { value: own.length });
        book.set(key("inquirers"), { value: new Set(own.map(({ person }) => person.id)).size });
      }
    }

    const created = living
      .filter(({ createdAt }) => isIn(period, facts.zone.dateOf(createdAt)))
      .map((lead) => ({ lead, ownerId: null }));
    const made = facts.chains.filter(({ startsAt }) => isIn(period, facts.zone.dateOf(startsAt)));
    for (const [rowType, memberOf] of grainsOf(facts)) {
      const isPeople = rowType === "workspace" || rowType === "source";
      for (const [member, own] of byMember(isPeople ? created : made, memberOf)) {
        const count = isPeople ? new Set(own.map(({ lead }) => personOf(lead.id))).size : own.length;
        book.set(keyOf(inPeriod(rowType, member, period), "leads"), { value: count });
      }
    }
  }
}
