import { DAY_MS, MINUTE_MS } from "../../../core/time.ts";
import { drawInstant, drawRep } from "./lead-story.ts";
import { FIRM_COUNT, FIRST_NAMES, type Firm, firm, LAST_NAMES } from "./names.ts";
import type { RandomStream } from "./random.ts";
import type { Rep } from "./staff.ts";
import type { CompanyWorld } from "./story.ts";

/** Business that comes through no lead: repeat orders, renewals, a rep's own finds. */
export interface OtherBusiness {
  readonly at: number;
  /** Since when the customer has been one; `at` for new business. */
  readonly since: number;
  readonly owner: Rep;
  readonly firm: Firm;
  readonly first: string;
  readonly last: string;
  readonly email: string;
  readonly type: "Existing Business" | "Renewal" | "Early Renewal" | "New Business";
  readonly source: string | null;
  readonly campaignId: string | null;
  readonly currency: "EUR" | "USD";
  readonly hasContactRole: boolean;
}

export function otherBusiness(world: CompanyWorld, day: number, random: RandomStream): OtherBusiness {
  const { calendar, staff, plan } = world;
  const reached = calendar.atWork(drawInstant(calendar, day, random), random.next());
  const at = Math.min(reached, calendar.now - 10 * MINUTE_MS);
  const owner = drawRep(staff, at, random, null);
  const where = firm(random.whole(0, FIRM_COUNT - 1));
  const [first, last] = [random.pick(FIRST_NAMES), random.pick(LAST_NAMES)];
  const draw = random.next();
  const type =
    draw < 0.42
      ? "Existing Business"
      : draw < 0.68
        ? "Renewal"
        : draw < 0.75
          ? "Early Renewal"
          : "New Business";
  const since = type === "New Business" ? at : at - random.between(200, 900) * DAY_MS;
  const running = plan.byDay[calendar.dayOf(at)];
  const campaign = random.chance(0.18) ? running?.campaigns[random.weighted(running.totals)] : undefined;
  return {
    at,
    since,
    owner,
    firm: where,
    first,
    last,
    email: `${first}.${last}@${where.domain}`.toLowerCase(),
    type,
    source: type === "New Business" ? random.pick(["Outbound", "Referral", null]) : null,
    // Events sell to customers too; the cheap and the dear campaign stay what they are.
    campaignId: campaign?.source === "Trade Show" || campaign?.source === "Webinar" ? campaign.id : null,
    currency: owner.team === 2 ? "USD" : "EUR",
    hasContactRole: random.chance(0.6),
  };
}

/** Median amount in EUR, and how much of it is won. */
export const otherTerms = (type: OtherBusiness["type"]) =>
  type.includes("Renewal") ? { amount: 9_000, winRate: 0.82 } : { amount: 7_000, winRate: 0.4 };
