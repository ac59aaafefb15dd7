import { DAY_MS } from "../../../src/core/time.ts";
import type { RowType } from "../../../src/metrics/catalog.ts";
import { type Book, byMember, inCohort, keyOf, WORKSPACE } from "./book.ts";
import { costIn } from "./campaigns.ts";
import type { CompanyFacts } from "./company-facts.ts";
import { hasKnownCost, per, sourceInvestment, spendingIn } from "./money-metrics.ts";
import { type OpportunityFacts, pipelineOf } from "./opportunities.ts";
import type { Person } from "./people.ts";
import { isIn, nextMonth } from "./zone-dates.ts";

/** A person's first marketing touch, where it was the first we knew of them. */
interface Acquisition {
  readonly person: Person;
  readonly campaignId: string;
  readonly date: string;
  readonly at: number;
}

/** Definitions 7: people acquired; whoever has a record older than 24 hours then was known before. */
function acquisitionsOf(facts: CompanyFacts): ReadonlyMap<string, Acquisition> {
  const found = new Map<string, Acquisition>();
  const known = new Set<string>();
  for (const { person, campaignId, date } of facts.responses) {
    if (known.has(person.id)) continue;
    known.add(person.id);
    // A touch known by date only precedes every event of its date.
    const at = facts.zone.startOf(date);
    if (person.firstRecordAt >= at - DAY_MS) found.set(person.id, { person, campaignId, date, at });
  }
  return found;
}

/** Definitions 7: pipeline by first touch of people acquired in a period, created within A days of it. */
export function addPipelineCohorts(book: Book, facts: CompanyFacts): void {
  const acquisitions = acquisitionsOf(facts);
  const carried = facts.opportunities.flatMap((opportunity) => {
    const ids = new Set(opportunity.people.map(({ id }) => id));
    const first = facts.responses.find(
      ({ person, date }) => ids.has(person.id) && facts.zone.startOf(date) <= opportunity.createdAt,
    );
    const acquisition = first === undefined ? undefined : acquisitions.get(first.person.id);
    return acquisition === undefined ? [] : [{ opportunity, acquisition }];
  });
  for (const period of facts.periods) {
    const spending = spendingIn(facts, period);
    const acquired = [...acquisitions.values()].filter(({ date }) => isIn(period, date));
    const ages = period.start === null ? [null] : [null, ...facts.settings.report.cohortAges];
    for (const age of ages) {
      const isMature =
        age === null ||
        period.start === null ||
        facts.zone.startOf(nextMonth(period.start)) + age * DAY_MS <= facts.asOf;
      const own = carried.filter(
        ({ opportunity, acquisition }) =>
          isIn(period, acquisition.date) &&
          (age === null || opportunity.createdAt <= acquisition.at + age * DAY_MS),
      );
      const write = (
        rowType: RowType,
        member: string | null,
        people: number,
        investment: number | null,
        pipeline: readonly OpportunityFacts[],
        rest: readonly OpportunityFacts[] | null,
      ): void => {
        const key = (metric: string): string => keyOf(inCohort(rowType, member, period, age), metric);
        const value = isMature ? pipelineOf(pipeline) : null;
        book.set(key("people_acquired"), { value: people });
        book.set(key("investment"), { value: investment });
        book.set(key("pipeline"), { value });
        book.set(key("pipeline_per_dollar"), per(value, investment));
        if (rest !== null) {
          book.set(key("pipeline_without_cost"), { value: isMature ? pipelineOf(rest) : null });
        }
      };
      const known = own.filter(({ acquisition }) => hasKnownCost(facts, acquisition.campaignId));
      const unknown = own.filter(({ acquisition }) => !hasKnownCost(facts, acquisition.campaignId));
      const plain = (items: typeof own): readonly OpportunityFacts[] =>
        items.map(({ opportunity }) => opportunity);
      write("workspace", WORKSPACE, acquired.length, spending.total, plain(known), plain(unknown));

      const peopleBySource = byMember(acquired, ({ person }) => person.source);
      const knownBySource = byMember(plain(known), ({ source }) => source);
      const unknownBySource = byMember(plain(unknown), ({ source }) => source);
      for (const source of new Set([
        ...peopleBySource.keys(),
        ...knownBySource.keys(),
        ...unknownBySource.keys(),
        ...spending.bySource.keys(),
      ])) {
        write(
          "source",
          source,
          peopleBySource.get(source)?.length ?? 0,
          sourceInvestment(facts, spending, source),
          knownBySource.get(source) ?? [],
          unknownBySource.get(source) ?? [],
        );
      }

      const familyOf = (id: string): string => facts.campaigns.get(id)?.familyId ?? id;
      const peopleByCampaign = byMember(acquired, ({ campaignId }) => familyOf(campaignId));
      const byCampaign = byMember(own, ({ acquisition }) => familyOf(acquisition.campaignId));
      for (const campaign of facts.campaigns.values()) {
        if (campaign.familyId !== campaign.id) continue;
        write(
          "campaign",
          campaign.id,
          peopleByCampaign.get(campaign.id)?.length ?? 0,
          costIn(campaign, period),
          plain(byCampaign.get(campaign.id) ?? []),
          null,
        );
      }
    }
  }
}
