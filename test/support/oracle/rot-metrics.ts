import type { RowType } from "../../../src/metrics/catalog.ts";
import { type Book, byMember, inCohort, inPeriod, keyOf, ratio, today, WORKSPACE } from "./book.ts";
import type { CompanyFacts } from "./company-facts.ts";
import type { LeadFacts } from "./leads.ts";
import { isIn } from "./zone-dates.ts";

/** What is counted belongs to a lead's source and to the rep who held it (definitions 4, last sentence). */
interface Held {
  readonly lead: LeadFacts;
  readonly ownerId: string | null;
}

type Grain = readonly [RowType, (item: Held) => string | null | undefined];

export function grainsOf(facts: CompanyFacts): readonly Grain[] {
  return [
    ["workspace", () => WORKSPACE],
    ["source", ({ lead }) => lead.source],
    ["rep", ({ ownerId }) => ownerId ?? undefined],
    ["team", ({ ownerId }) => (ownerId === null ? undefined : (facts.owners.teamOf(ownerId) ?? undefined))],
  ];
}

/** Definitions 4: rates of the present, over open handoffs of known start. */
export function addRotNow(book: Book, facts: CompanyFacts): void {
  const open = facts.handoffs.filter(({ endedAt }) => endedAt === null);
  for (const [rowType, memberOf] of grainsOf(facts)) {
    for (const [member, held] of byMember(open, memberOf)) {
      const key = (metric: string): string => keyOf(today(rowType, member, facts.today), metric);
      const inState = (...states: readonly string[]): number =>
        held.filter(({ state }) => states.includes(state)).length;
      const untouched = inState("waiting", "at_risk", "rotting");
      const rotting = inState("rotting");
      const warm = inState("worked", "worked_late");
      const cold = inState("gone_cold");
      book.set(key("rotting_lead_rate"), ratio(rotting, untouched + warm));
      book.set(key("rotting_share_of_untouched"), ratio(rotting, untouched));
      book.set(key("gone_cold_rate"), ratio(cold, warm + cold));
      book.set(key("rotting_leads"), { value: rotting });
      book.set(key("at_risk_leads"), { value: inState("at_risk") });
      book.set(key("gone_cold_leads"), { value: cold });
      book.set(key("handoff_unknown"), { value: inState("unknown") });
      book.set(key("open_leads"), { value: held.length });
    }
  }
}

/** Definitions 4: of the chains made in a period, the share of those due that had no touch by their deadline. */
export function addRotCohorts(book: Book, facts: CompanyFacts): void {
  for (const period of facts.periods) {
    const made = facts.chains.filter(({ startsAt }) => isIn(period, facts.zone.dateOf(startsAt)));
    for (const [rowType, memberOf] of grainsOf(facts)) {
      for (const [member, chains] of byMember(made, memberOf)) {
        const count = (outcome: string): number => chains.filter((chain) => chain.outcome === outcome).length;
        const key = (metric: string): string => keyOf(inCohort(rowType, member, period), metric);
        book.set(key("rot_cohort_rate"), ratio(count("late"), count("late") + count("in_time")));
        book.set(key("rot_cohort_ended_untouched"), { value: count("ended_untouched") });
        book.set(key("rot_cohort_not_yet_due"), { value: count("not_yet_due") });
      }
    }
  }
}

/** Definitions 4: leads disqualified, recycled, deleted or converted in a period without any touch, of all such. */
export function addDisposed(book: Book, facts: CompanyFacts): void {
  const endings = facts.handoffs.flatMap(({ lead, ownerId, endedAt, endedBy }) => {
    if (endedAt === null || endedBy === null || endedBy === "reassigned" || endedBy === "merged") return [];
    const touched = (facts.touches.get(lead.id) ?? []).some(({ at }) => at <= endedAt);
    return [{ lead, ownerId, endedAt, touched }];
  });
  for (const period of facts.periods) {
    const ended = endings.filter(({ endedAt }) => isIn(period, facts.zone.dateOf(endedAt)));
    for (const [rowType, memberOf] of grainsOf(facts)) {
      for (const [member, own] of byMember(ended, memberOf)) {
        const untouched = own.filter(({ touched }) => !touched).length;
        book.set(
          keyOf(inPeriod(rowType, member, period), "disposed_untouched_rate"),
          ratio(untouched, own.length),
        );
      }
    }
  }
}

/** Definitions 2: qualified leads owned by neither a rep nor one who left. */
export function addUndelivered(book: Book, facts: CompanyFacts): void {
  const undelivered = facts.leads.filter(
    (lead) =>
      lead.isInScope &&
      lead.removal === null &&
      !lead.isConverted &&
      facts.classOf(lead.status) === "open" &&
      !facts.owners.isRep(lead.ownerId),
  );
  const items = undelivered.map((lead) => {
    const moved = facts.histories.of(lead.id).owners.findLast(({ to }) => to === lead.ownerId);
    const wasWithRep = moved !== undefined && facts.owners.isRep(moved.from);
    return { lead, ownerId: null, since: wasWithRep ? moved.at : lead.createdAt };
  });
  const expiry = facts.settings.rot.deliveryExpiryHours * 3_600_000;
  for (const [rowType, memberOf] of grainsOf(facts)) {
    for (const [member, own] of byMember(items, memberOf)) {
      const key = (metric: string): string => keyOf(today(rowType, member, facts.today), metric);
      book.set(key("undelivered_count"), { value: own.length });
      const past = own.filter(({ since }) => facts.asOf - since > expiry).length;
      book.set(key("undelivered_past_expiry_rate"), ratio(past, own.length));
    }
  }
}
