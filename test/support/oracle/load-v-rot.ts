import { type Book, byMember, inCohort, keyOf, ratio, sum } from "./book.ts";
import type { CompanyFacts } from "./company-facts.ts";
import type { Chain } from "./handoffs.ts";
import { isIn } from "./zone-dates.ts";

interface Met extends Chain {
  /** What the rep carried just before the chain began. */
  readonly carried: number;
  /** The same over capacity, where the whole team has one. */
  readonly load: number;
}

/** Definitions 5, load_v_rot: what became of chains by how loaded their first rep was just before. */
export function addLoadVRot(book: Book, facts: CompanyFacts): void {
  const quartiles = new Map<number, Met[]>([1, 2, 3, 4].map((quartile) => [quartile, []]));
  for (const [, chains] of byMember(facts.chains, ({ firstOwnerId }) => facts.owners.teamOf(firstOwnerId))) {
    const met = loadsOf(chains, facts);
    const cuts = [0.25, 0.5, 0.75].map((share) =>
      quantile(
        met.map(({ load }) => load),
        share,
      ),
    );
    for (const chain of met) {
      quartiles.get(1 + cuts.filter((cut) => chain.load > cut).length)?.push(chain);
    }
  }
  const opportunities = new Map(facts.opportunities.map((each) => [each.id, each]));
  for (const period of facts.periods) {
    for (const [quartile, all] of quartiles) {
      const chains = all.filter(({ startsAt }) => isIn(period, facts.zone.dateOf(startsAt)));
      if (chains.length === 0) continue;
      const key = (metric: string): string =>
        keyOf(inCohort("load_quartile", String(quartile), period), metric);
      const count = (outcome: string): number => chains.filter((chain) => chain.outcome === outcome).length;
      const won = chains.flatMap(({ lead, endedBy }) =>
        endedBy === "converted" ? (opportunities.get(lead.opportunityId ?? "")?.outcome ?? []) : [],
      );
      const outcomes = (outcome: string): number => won.filter((each) => each === outcome).length;
      book.set(key("rot_cohort_rate"), ratio(count("late"), count("late") + count("in_time")));
      book.set(
        key("touches_per_lead"),
        ratio(sum(chains.map((chain) => touchesOf(chain, facts))), chains.length),
      );
      book.set(key("cohort_win_rate"), ratio(outcomes("won"), outcomes("won") + outcomes("lost")));
      book.set(
        key("in_process_at_handoff_mean"),
        ratio(sum(chains.map(({ carried }) => carried)), chains.length),
      );
    }
  }
}

/** One team's chains, with what their reps carried. */
function loadsOf(chains: readonly Chain[], facts: CompanyFacts): readonly Met[] {
  const { owners, settings } = facts;
  const { capacity, capacityByRole, capacityByUser, availability, weights } = settings.reps;
  const carries = (userId: string): number | null => {
    const base = capacityByUser[userId] ?? capacityByRole[owners.roleNameOf(userId) ?? ""] ?? capacity;
    return base === null ? null : base * (availability[userId] ?? 1);
  };
  const haveCapacity = chains.every(({ firstOwnerId }) => (carries(firstOwnerId) ?? 0) > 0);
  const handoffs = Map.groupBy(facts.handoffs, ({ ownerId }) => ownerId);
  const opportunities = Map.groupBy(facts.opportunities, ({ ownerId }) => ownerId);
  return chains.map((chain) => {
    const at = chain.startsAt;
    const isHeld = (from: number, until: number | null): boolean =>
      from < at && (until === null || until >= at);
    const open = (handoffs.get(chain.firstOwnerId) ?? []).filter(
      ({ startsAt, madeAt, endedAt }) => startsAt !== null && isHeld(madeAt, endedAt),
    );
    const deals = (opportunities.get(chain.firstOwnerId) ?? []).filter(({ createdAt, closedAt }) =>
      isHeld(createdAt, closedAt),
    );
    const carried = open.length * weights.handoff + deals.length * weights.opportunity;
    return { ...chain, carried, load: haveCapacity ? carried / (carries(chain.firstOwnerId) ?? 1) : carried };
  });
}

function touchesOf({ lead, startsAt, endedAt, endedBy }: Chain, facts: CompanyFacts): number {
  return (facts.touches.get(lead.id) ?? []).filter(
    ({ at }) =>
      at >= startsAt && (endedAt === null || at < endedAt || (at === endedAt && endedBy !== "reassigned")),
  ).length;
}

/** Between two values where the share falls between them. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}
