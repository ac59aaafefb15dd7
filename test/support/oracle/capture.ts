import { DAY_MS } from "../../../src/core/time.ts";
import { type Book, byMember, keyOf, ratio, today } from "./book.ts";
import type { CompanyFacts } from "./company-facts.ts";
import type { LeadFacts } from "./leads.ts";
import { grainsOf } from "./rot-metrics.ts";

interface WorkedLead {
  readonly lead: LeadFacts;
  readonly ownerId: string | null;
  readonly touched: boolean;
}

/** Leads converted or moved into a working status in the 30 days before as_of (definitions 3, capture gate). */
function workedLeads(facts: CompanyFacts): readonly WorkedLead[] {
  const isRecent = (at: number): boolean => at > facts.asOf - 30 * DAY_MS && at <= facts.asOf;
  return facts.leads.flatMap((lead): WorkedLead[] => {
    if (!lead.isInScope || lead.removal !== null) return [];
    const history = facts.histories.of(lead.id);
    const moves = history.statuses.filter(({ at, to }) => isRecent(at) && facts.isWorking(to));
    const converted =
      history.convertedAt ??
      (lead.isConverted && lead.opportunityId !== null
        ? facts.opportunityCreatedAt(lead.opportunityId)
        : null);
    const instants = [
      ...moves.map(({ at }) => at),
      ...(converted !== null && isRecent(converted) ? [converted] : []),
    ];
    if (instants.length === 0) return [];
    const last = Math.max(...instants);
    const holder = facts.handoffs.findLast(
      (handoff) => handoff.lead.id === lead.id && handoff.madeAt <= last,
    );
    return [
      {
        lead,
        ownerId: holder?.ownerId ?? null,
        touched: (facts.touches.get(lead.id) ?? []).length > 0,
      },
    ];
  });
}

export type Gate = "passed" | "not_proven" | "closed";

/** Under ten such leads nothing is proven; above the limit no metric that needs a touch is given. */
export function captureGate(facts: CompanyFacts): { readonly gate: Gate; readonly share: number | null } {
  const worked = workedLeads(facts);
  const share = worked.length === 0 ? null : worked.filter(({ touched }) => !touched).length / worked.length;
  if (share === null || worked.length < 10) return { gate: "not_proven", share };
  return { gate: share > facts.settings.rot.maxUnlogged ? "closed" : "passed", share };
}

export function addUnloggedWork(book: Book, facts: CompanyFacts): void {
  const worked = workedLeads(facts);
  for (const [rowType, memberOf] of grainsOf(facts)) {
    for (const [member, own] of byMember(worked, memberOf)) {
      const untouched = own.filter(({ touched }) => !touched).length;
      book.set(
        keyOf(today(rowType, member, facts.today), "unlogged_work_share"),
        ratio(untouched, own.length),
      );
    }
  }
}
