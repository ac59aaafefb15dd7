import { DAY_MS } from "../../../core/time.ts";
import type { Calendar } from "../../salesforce/company/calendar.ts";
import { stagePath } from "../../salesforce/company/opportunity-rows.ts";
import type { RandomStream } from "../../salesforce/company/random.ts";
import { USD_PER_EUR } from "../../salesforce/company/setup-rows.ts";
import type { Person } from "../../salesforce/company/staff.ts";
import type { TouchKind } from "../../salesforce/company/story.ts";
import { addEngagement } from "./engagement-rows.ts";
import { historyRows } from "./portal-history.ts";
import type { PortalOwners } from "./portal-owners.ts";
import { filled, instantText, type PortalRows } from "./portal-rows.ts";

export interface DealStory {
  readonly at: number;
  readonly owner: Person;
  readonly company: string;
  readonly companyName: string;
  readonly contact: string;
  /** Deals without contacts are common: nobody linked them. */
  readonly hasContact: boolean;
  readonly type: "newbusiness" | "existingbusiness" | "renewal" | null;
  readonly source: string;
  /** Median amount in EUR. */
  readonly amount: number;
  readonly winRate: number;
  readonly currency: "EUR" | "USD";
}

/** How the deal stands at the end of the story. */
export interface DealOutcome {
  readonly id: string;
  readonly wonAt: number | null;
}

const STAGES: Readonly<Record<string, string>> = {
  Qualification: "appointmentscheduled",
  "Needs Analysis": "qualifiedtobuy",
  Proposal: "presentationscheduled",
  Negotiation: "contractsent",
  "Closed Won": "closedwon",
  "Closed Lost": "closedlost",
};
const FIRST_STAGE = "appointmentscheduled";
const TOUCHES: readonly [TouchKind, ...TouchKind[]] = ["call", "mailed", "meeting", "email", "cancelled"];
const PRODUCTS = ["Line monitor", "Maintenance plan", "Sensor kit", "Spare parts contract"] as const;

interface Company {
  readonly calendar: Calendar;
  readonly owners: PortalOwners;
}

/** A deal, every stage it went through, what it was worth on the way, and what its owner did for it. */
export function addDeal(
  rows: PortalRows,
  story: DealStory,
  { calendar, owners }: Company,
  random: RandomStream,
): DealOutcome {
  const id = rows.reserve("deals");
  const path = stagePath(story, random, calendar);
  const rate = story.currency === "USD" ? USD_PER_EUR : 1;
  const asked = Math.round((random.skewed(story.amount, 0.45) * rate) / 10) * 10;
  const offered = Math.max(10, Math.round((asked * random.between(0.75, 1.15)) / 10) * 10);
  // Some reps never enter what it is worth.
  const hasAmount = !random.chance(0.05);
  const steps = path.map(({ at, stage }) => ({
    value: STAGES[stage.name] ?? FIRST_STAGE,
    at: Math.floor(at),
    by: story.owner,
  }));
  const amounts = steps.map(({ at, by }, index) => ({
    value: String(index < 2 ? asked : offered),
    at,
    by,
  }));
  const last = path.at(-1);
  const lastAt = Math.floor(last?.at ?? story.at);
  const closesAt = last?.stage.isClosed === true ? lastAt : Math.floor(story.at + 45 * DAY_MS);
  const logged = { ...(story.hasContact ? { contacts: [story.contact] } : {}), deals: [id] };
  rows.add("deals", {
    id,
    createdAt: instantText(Math.floor(story.at)),
    updatedAt: instantText(lastAt),
    properties: filled({
      dealname: `${story.companyName} - ${random.pick(PRODUCTS)}`,
      amount: hasAmount ? (amounts.at(-1)?.value ?? null) : null,
      deal_currency_code: story.currency,
      pipeline: "default",
      dealstage: steps.at(-1)?.value ?? FIRST_STAGE,
      closedate: instantText(closesAt),
      dealtype: story.type,
      hs_analytics_source: story.source,
      hubspot_owner_id: owners.ownerOf(story.owner),
    }),
    propertiesWithHistory: {
      dealstage: historyRows(steps, owners),
      ...(hasAmount ? { amount: historyRows(amounts, owners) } : {}),
    },
    associations: {
      companies: [story.company],
      ...(story.hasContact ? { contacts: [story.contact] } : {}),
    },
  });
  for (const { at } of steps.slice(1)) {
    const touchedAt = at - random.between(0.1, 1) * DAY_MS;
    if (!random.chance(0.75) || touchedAt <= story.at) continue;
    addEngagement(
      rows,
      { at: touchedAt, kind: random.pick(TOUCHES), by: story.owner },
      logged,
      owners,
      random,
    );
  }
  return { id, wonAt: last?.stage.isWon === true ? lastAt : null };
}
