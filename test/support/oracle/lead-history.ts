import { MINUTE_MS } from "../../../src/core/time.ts";
import { type CompanyRows, everything, must, mustInstant, text } from "./vendor-rows.ts";

export interface OwnerChange {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly by: string;
}

export interface StatusChange {
  readonly at: number;
  readonly from: string;
  readonly to: string;
}

/** One lead's tracked changes, earliest first. */
export interface LeadHistory {
  readonly owners: readonly OwnerChange[];
  readonly statuses: readonly StatusChange[];
  readonly convertedAt: number | null;
}

export interface Histories {
  readonly of: (leadId: string) => LeadHistory;
  /** When the org's oldest Owner row was written; null without any. */
  readonly oldestOwnerRow: number | null;
  /** Definitions 2: more than 200 rep-to-rep changes by one user within any sliding ten minutes. */
  readonly isRealignment: (change: OwnerChange) => boolean;
}

const OWNER_FIELDS = ["Owner", "ownerAssignment", "ownerAccepted"];
/** Ids of users and queues: a row of names has none. */
const OWNER_ID = /^00[5G][A-Za-z0-9]{15}$/;

export function historiesOf(rows: CompanyRows, isRep: (ownerId: string) => boolean): Histories {
  interface Draft {
    owners: OwnerChange[];
    statuses: StatusChange[];
    convertedAt: number | null;
  }
  const drafts = new Map<string, Draft>();
  const draftOf = (leadId: string): Draft => {
    const draft = drafts.get(leadId) ?? { owners: [], statuses: [], convertedAt: null };
    drafts.set(leadId, draft);
    return draft;
  };
  let oldest: number | null = null;
  for (const row of everything(rows, "LeadHistory")) {
    const draft = draftOf(must(row, "LeadId"));
    const at = mustInstant(row, "CreatedDate");
    const [field, from, to] = [must(row, "Field"), text(row, "OldValue"), text(row, "NewValue")];
    if (field === "leadConverted") draft.convertedAt = Math.min(at, draft.convertedAt ?? at);
    if (field === "Status" && from !== null && to !== null) draft.statuses.push({ at, from, to });
    if (!OWNER_FIELDS.includes(field)) continue;
    oldest = Math.min(at, oldest ?? at);
    if (from === null || to === null || !OWNER_ID.test(from) || !OWNER_ID.test(to)) continue;
    // Several rows tell of one change.
    const isKnown = draft.owners.some((change) => change.at === at && change.to === to);
    if (!isKnown) draft.owners.push({ at, from, to, by: must(row, "CreatedById") });
  }
  for (const draft of drafts.values()) {
    draft.owners.sort((a, b) => a.at - b.at);
    draft.statuses.sort((a, b) => a.at - b.at);
  }

  const moves = [...drafts.values()]
    .flatMap(({ owners }) => owners)
    .filter(({ from, to }) => isRep(from) && isRep(to))
    .toSorted((a, b) => a.at - b.at);
  const realigned = new Set<OwnerChange>();
  for (const first of moves) {
    const window = moves.filter(
      ({ at, by }) => by === first.by && at >= first.at && at <= first.at + 10 * MINUTE_MS,
    );
    if (window.length > 200) for (const change of window) realigned.add(change);
  }

  const none: LeadHistory = { owners: [], statuses: [], convertedAt: null };
  return {
    of: (leadId) => drafts.get(leadId) ?? none,
    oldestOwnerRow: oldest,
    isRealignment: (change) => realigned.has(change),
  };
}
