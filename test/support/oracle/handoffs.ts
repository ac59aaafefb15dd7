import type { Settings } from "../../../src/core/settings.ts";
import { DAY_MS, HOUR_MS } from "../../../src/core/time.ts";
import type { AddOpenTime } from "./business-time.ts";
import type { Histories } from "./lead-history.ts";
import type { LeadFacts, StatusClass } from "./leads.ts";
import type { Owners } from "./owners.ts";
import type { Touch } from "./touches.ts";
import { groupBy } from "./vendor-rows.ts";

export type End = "converted" | "disqualified" | "recycled" | "reassigned" | "deleted" | "merged";
export type OpenState =
  | "waiting"
  | "at_risk"
  | "rotting"
  | "worked"
  | "worked_late"
  | "gone_cold"
  | "unknown";

/** A stretch of a lead in one rep's hands (definitions 2). Instants are milliseconds, UTC. */
export interface Handoff {
  readonly lead: LeadFacts;
  readonly ownerId: string;
  readonly evidence: "history" | "born" | "unknown";
  /** When this rep got it. */
  readonly madeAt: number;
  /** When its clock began: earlier than `madeAt` where it was inherited; null where nobody knows. */
  readonly startsAt: number | null;
  readonly atRiskAt: number | null;
  readonly rotsAt: number | null;
  readonly firstTouchAt: number | null;
  readonly lastTouchAt: number | null;
  readonly endedAt: number | null;
  readonly endedBy: End | null;
  readonly state: OpenState | End;
  /** Handoffs of one chain have the same number. */
  readonly chain: number;
}

export interface HandoffInputs {
  readonly leads: readonly LeadFacts[];
  readonly histories: Histories;
  readonly owners: Owners;
  readonly touches: ReadonlyMap<string, readonly Touch[]>;
  readonly classOf: (status: string) => StatusClass;
  /** Creation of an opportunity, for conversions without a history row. */
  readonly opportunityCreatedAt: (opportunityId: string) => number | null;
  readonly addOpenTime: AddOpenTime;
  readonly settings: Settings;
  readonly asOf: number;
}

interface Draft {
  readonly ownerId: string;
  readonly evidence: Handoff["evidence"];
  readonly madeAt: number;
  readonly startsAt: number | null;
  readonly rotsAt: number | null;
  readonly atRiskAt: number | null;
  readonly chain: number;
  endedAt: number | null;
  endedBy: End | null;
}

/** Every handoff of every lead in scope, each lead's in order. */
export function handoffsOf(inputs: HandoffInputs): readonly Handoff[] {
  let chains = 0;
  const nextChain = (): number => {
    chains += 1;
    return chains;
  };
  return inputs.leads.filter(({ isInScope }) => isInScope).flatMap((lead) => ofLead(lead, inputs, nextChain));
}

function ofLead(lead: LeadFacts, inputs: HandoffInputs, nextChain: () => number): readonly Handoff[] {
  const { histories, owners, classOf, settings, asOf } = inputs;
  const history = histories.of(lead.id);
  const touches = inputs.touches.get(lead.id) ?? [];
  const drafts: Draft[] = [];
  let current: Draft | null = null;
  let owner = history.owners[0]?.from ?? lead.ownerId;
  // Without a Status row the lead was made in the status it has; but none is made converted.
  const firstStatus = classOf(history.statuses[0]?.from ?? lead.status);
  let status: StatusClass = firstStatus === "converted" ? "open" : firstStatus;

  const begin = (at: number, evidence: Handoff["evidence"]): void => {
    // Definitions 4: the first policy that matches gives the time to the deadline; at_risk after three quarters.
    const policy = settings.rot.policies.find(
      ({ match }) =>
        (match.sources === undefined || (lead.source !== null && match.sources.includes(lead.source))) &&
        (match.reps === undefined || match.reps.includes(owner)) &&
        (match.teams === undefined || match.teams.includes(owners.teamOf(owner) ?? "")),
    );
    if (policy === undefined || !["wall_clock", "org_default"].includes(policy.calendar)) {
      throw new Error("the oracle works policies of the wall clock and of the org's default hours");
    }
    const after = (share: number): number => {
      const span = share * policy.expiryHours * HOUR_MS;
      return policy.calendar === "wall_clock" ? at + span : inputs.addOpenTime(at, span);
    };
    const isKnown = evidence !== "unknown";
    current = {
      ownerId: owner,
      evidence,
      madeAt: at,
      startsAt: isKnown ? at : null,
      rotsAt: isKnown ? after(1) : null,
      atRiskAt: isKnown ? after(0.75) : null,
      chain: nextChain(),
      endedAt: null,
      endedBy: null,
    };
    drafts.push(current);
  };
  const inherit = (from: Draft, at: number): void => {
    current = {
      ...from,
      ownerId: owner,
      evidence: from.evidence === "unknown" ? "unknown" : "history",
      madeAt: at,
      endedAt: null,
      endedBy: null,
    };
    drafts.push(current);
  };
  const end = (at: number, cause: End): Draft | null => {
    const ended: Draft | null = current;
    if (ended !== null) {
      ended.endedAt = at;
      ended.endedBy = cause;
    }
    current = null;
    return ended;
  };

  // Born: created in a rep's hands, and seen young or with tracked history reaching back to creation.
  if (owners.isRep(owner) && status === "open") {
    const reachesBack = histories.oldestOwnerRow !== null && histories.oldestOwnerRow <= lead.createdAt;
    const seenYoung = asOf - lead.createdAt <= DAY_MS;
    begin(lead.createdAt, reachesBack || seenYoung ? "born" : "unknown");
  }
  const events = [
    ...history.owners.map((change) => ({ at: change.at, owner: change, status: null })),
    ...history.statuses.map((change) => ({ at: change.at, owner: null, status: classOf(change.to) })),
    ...(history.convertedAt === null
      ? []
      : [{ at: history.convertedAt, owner: null, status: "converted" as const }]),
  ].toSorted((a, b) => a.at - b.at);
  for (const event of events) {
    if (event.owner !== null) {
      if (event.owner.to === owner) continue;
      owner = event.owner.to;
      const before = end(event.at, "reassigned");
      if (!owners.isRep(owner) || status !== "open") continue;
      if (before === null) {
        begin(event.at, "history");
        continue;
      }
      // From rep to rep: the clock restarts while the lead is untouched, unless `restart` says otherwise.
      const since = before.startsAt ?? lead.createdAt;
      const isTouched = touches.some(({ at }) => at >= since && at <= event.at);
      const restarts =
        settings.rot.restart === "always" || (settings.rot.restart === "untouched" && !isTouched);
      if (restarts && !histories.isRealignment(event.owner)) begin(event.at, "history");
      else inherit(before, event.at);
    } else if (event.status !== status) {
      const isReopened = status !== "open" && event.status === "open";
      status = event.status;
      if (status !== "open") end(event.at, status);
      if (isReopened && owners.isRep(owner)) begin(event.at, "history");
    }
  }
  // Ends without a history row: the opportunity's creation, else the record's last stamp.
  if (lead.isConverted) {
    const created = lead.opportunityId === null ? null : inputs.opportunityCreatedAt(lead.opportunityId);
    end(created ?? lead.changedAt, "converted");
  }
  const today = classOf(lead.status);
  if (today !== "open") end(lead.changedAt, today);
  if (lead.removal !== null) end(lead.changedAt, lead.removal);

  return drafts.map((draft) => finish(lead, draft, touches, inputs));
}

function finish(lead: LeadFacts, draft: Draft, touches: readonly Touch[], inputs: HandoffInputs): Handoff {
  const { startsAt, endedAt } = draft;
  const until = endedAt ?? inputs.asOf;
  const own = startsAt === null ? [] : touches.filter(({ at }) => at >= startsAt && at <= until);
  const firstTouchAt = own[0]?.at ?? null;
  const lastTouchAt = own.at(-1)?.at ?? null;
  const state =
    draft.endedBy ??
    openState(
      { ...draft, firstTouchAt, lastTouchAt },
      inputs.asOf,
      inputs.settings.rot.coldAfterDays * DAY_MS,
    );
  return { lead, ...draft, firstTouchAt, lastTouchAt, state };
}

/** Definitions 4: the states of an open handoff. At the deadline a touch is in time, and an untouched lead rots. */
function openState(
  handoff: Pick<Handoff, "startsAt" | "atRiskAt" | "rotsAt" | "firstTouchAt" | "lastTouchAt">,
  asOf: number,
  coldAfterMs: number,
): OpenState {
  const { atRiskAt, rotsAt, firstTouchAt, lastTouchAt } = handoff;
  if (rotsAt === null || atRiskAt === null) return "unknown";
  if (firstTouchAt === null || lastTouchAt === null) {
    if (asOf >= rotsAt) return "rotting";
    return asOf >= atRiskAt ? "at_risk" : "waiting";
  }
  if (lastTouchAt < asOf - coldAfterMs) return "gone_cold";
  return firstTouchAt <= rotsAt ? "worked" : "worked_late";
}

/** A handoff and those that inherit from it: one entry of the cohort rate, each exactly one of three. */
export interface Chain {
  readonly lead: LeadFacts;
  readonly startsAt: number;
  /** Who made the first handoff's rep, and who answers for the outcome. */
  readonly firstOwnerId: string;
  readonly ownerId: string;
  readonly outcome: "ended_untouched" | "not_yet_due" | "late" | "in_time";
  readonly endedAt: number | null;
  readonly endedBy: End | null;
}

/** Chains of known start. */
export function chainsOf(handoffs: readonly Handoff[], asOf: number): readonly Chain[] {
  const chains: Chain[] = [];
  for (const links of groupBy(handoffs, ({ chain }) => String(chain)).values()) {
    const [first, last] = [links[0], links.at(-1)];
    if (first === undefined || last === undefined) continue;
    const { startsAt, rotsAt } = first;
    if (startsAt === null || rotsAt === null) continue;
    const touched = links.flatMap(({ firstTouchAt }) => (firstTouchAt === null ? [] : [firstTouchAt]));
    const firstTouch = touched.length === 0 ? null : Math.min(...touched);
    // The rep who held it at the deadline, or at its end if that was earlier.
    const decisive = last.endedAt === null ? rotsAt : Math.min(rotsAt, last.endedAt);
    const holder = links.findLast(({ madeAt }) => madeAt <= decisive) ?? first;
    const endedEarly = last.endedAt !== null && last.endedAt < rotsAt;
    const outcome =
      firstTouch === null && endedEarly
        ? "ended_untouched"
        : rotsAt > asOf
          ? "not_yet_due"
          : firstTouch !== null && firstTouch <= rotsAt
            ? "in_time"
            : "late";
    chains.push({
      lead: first.lead,
      startsAt,
      firstOwnerId: first.ownerId,
      ownerId: holder.ownerId,
      outcome,
      endedAt: last.endedAt,
      endedBy: last.endedBy,
    });
  }
  return chains;
}
