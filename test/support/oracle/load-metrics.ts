import type { RowType } from "../../../src/metrics/catalog.ts";
import { type Book, byMember, keyOf, sum, today, WORKSPACE } from "./book.ts";
import type { CompanyFacts } from "./company-facts.ts";

/** One open handoff or opportunity in somebody's hands. */
interface Piece {
  readonly kind: "handoff" | "opportunity";
  readonly ownerId: string;
  readonly source: string | null;
}

/** Definitions 5: what is in process, load against capacity, and how evenly it is spread. */
export function addLoad(book: Book, facts: CompanyFacts): void {
  const { owners, settings } = facts;
  const pieces: readonly Piece[] = [
    ...facts.handoffs
      .filter(({ endedAt }) => endedAt === null)
      .map(({ lead, ownerId }): Piece => ({ kind: "handoff", ownerId, source: lead.source })),
    ...facts.opportunities
      .filter(({ outcome }) => outcome === "open")
      .map(({ ownerId, source }): Piece => ({ kind: "opportunity", ownerId, source })),
  ];
  const grains: readonly (readonly [RowType, (piece: Piece) => string | null | undefined])[] = [
    ["workspace", () => WORKSPACE],
    ["source", ({ source }) => source],
    ["rep", ({ ownerId }) => (owners.isRep(ownerId) ? ownerId : undefined)],
    ["team", ({ ownerId }) => (owners.isRep(ownerId) ? (owners.teamOf(ownerId) ?? undefined) : undefined)],
  ];
  for (const [rowType, memberOf] of grains) {
    for (const [member, own] of byMember(pieces, memberOf)) {
      const key = (metric: string): string => keyOf(today(rowType, member, facts.today), metric);
      book.set(key("in_process"), { value: own.length });
      book.set(key("open_opportunities"), {
        value: own.filter(({ kind }) => kind === "opportunity").length,
      });
    }
  }

  addStalled(book, facts);

  const { weights, capacity, capacityByRole, capacityByUser, availability, away } = settings.reps;
  const active = owners.reps.filter((userId) => owners.isActive(userId));
  const standing = active.map((userId) => {
    const own = pieces.filter(({ ownerId }) => ownerId === userId);
    const weighted = sum(own.map(({ kind }) => (kind === "handoff" ? weights.handoff : weights.opportunity)));
    const team = owners.teamOf(userId);
    const isAway = away.some(
      ({ user, from, to }) => user === userId && from <= facts.today && facts.today <= to,
    );
    const base = capacityByUser[userId] ?? capacityByRole[owners.roleNameOf(userId) ?? ""] ?? capacity;
    const carries = base === null ? null : base * (isAway ? 0 : (availability[userId] ?? 1));
    return { userId, team, inProcess: own.length, weighted, carries };
  });
  for (const { userId, weighted, carries } of standing) {
    const key = (metric: string): string => keyOf(today("rep", userId, facts.today), metric);
    book.set(key("load"), { value: carries === null || carries === 0 ? null : weighted / carries });
    book.set(key("headroom"), { value: carries === null ? null : carries - weighted });
  }
  // Of a team, and of all: what its active reps hold against what they can carry, where all have a capacity.
  const groups: readonly (readonly [RowType, ReadonlyMap<string | null, typeof standing>])[] = [
    ["workspace", byMember(standing, () => WORKSPACE)],
    ["team", byMember(standing, ({ team }) => team ?? undefined)],
  ];
  for (const [rowType, members] of groups) {
    for (const [member, group] of members) {
      const key = (metric: string): string => keyOf(today(rowType, member, facts.today), metric);
      const isKnown = group.every(({ carries }) => carries !== null && carries > 0);
      const weighted = sum(group.map((rep) => rep.weighted));
      const carries = sum(group.map((rep) => rep.carries ?? 0));
      book.set(key("load"), { value: isKnown ? weighted / carries : null });
      book.set(key("headroom"), { value: isKnown ? carries - weighted : null });
    }
  }
  // Never across roles; a spread of fewer than three says nothing.
  for (const [team, group] of byMember(standing, ({ team: role }) => role ?? undefined)) {
    const haveCapacity = group.every(({ carries }) => carries !== null && carries > 0);
    const xs = group.map(({ inProcess, weighted, carries }) =>
      haveCapacity && carries !== null ? weighted / carries : inProcess,
    );
    book.set(keyOf(today("team", team, facts.today), "load_gini"), {
      value: group.length < 3 ? null : gini(xs),
    });
  }
}

/** Definitions 4: open opportunities at or past the instant from which they are stalled, by who owns them. */
function addStalled(book: Book, facts: CompanyFacts): void {
  const { owners } = facts;
  const stalled = facts.opportunities.filter(
    ({ stalledFrom }) => stalledFrom !== null && stalledFrom <= facts.asOf,
  );
  const repOf = (ownerId: string): string | undefined => (owners.isRep(ownerId) ? ownerId : undefined);
  const grains: readonly (readonly [RowType, (ownerId: string) => string | undefined])[] = [
    ["workspace", () => WORKSPACE],
    ["rep", repOf],
    ["team", (ownerId) => owners.teamOf(repOf(ownerId) ?? "") ?? undefined],
  ];
  for (const [rowType, memberOf] of grains) {
    for (const [member, own] of byMember(stalled, ({ ownerId }) => memberOf(ownerId))) {
      book.set(keyOf(today(rowType, member, facts.today), "stalled_opportunities"), { value: own.length });
    }
  }
}

/** Sum over all pairs of |xi - xj|, over 2 n squared times the mean; null where all are zero. */
function gini(xs: readonly number[]): number | null {
  const mean = sum(xs) / xs.length;
  if (mean === 0) return null;
  const pairs = sum(xs.flatMap((one) => xs.map((other) => Math.abs(one - other))));
  return pairs / (2 * xs.length ** 2 * mean);
}
