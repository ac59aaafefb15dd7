import { DAY_MS } from "../../../core/time.ts";
import type { RandomStream } from "../../salesforce/company/random.ts";

interface DealStory {
  readonly id: string;
  readonly contact: string;
  readonly company: string;
  readonly owner: string;
  /** When the contact came in. */
  readonly from: number;
}

const OPEN = [
  "appointmentscheduled",
  "qualifiedtobuy",
  "presentationscheduled",
  "decisionmakerboughtin",
  "contractsent",
] as const;

/** A deal with every stage it went through; one in three ends won, one in three lost, the rest is open. */
export function planDeal(story: DealStory, now: number, random: RandomStream): Record<string, unknown> {
  const createdAt = Math.min(now - 1_000, story.from + random.whole(1, 20) * DAY_MS);
  const steps: { readonly value: string; readonly timestamp: string }[] = [];
  const last = random.whole(0, OPEN.length - 1);
  let at = createdAt;
  for (let index = 0; index <= last && at < now; index++) {
    steps.push({ value: OPEN[index] ?? OPEN[0], timestamp: new Date(at).toISOString() });
    at += Math.round(random.between(1, 14) * DAY_MS);
  }
  const isOver = at < now && random.chance(0.67);
  if (isOver) {
    const value = random.chance(0.5) ? "closedwon" : "closedlost";
    steps.push({ value, timestamp: new Date(at).toISOString() });
  }
  return {
    id: story.id,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: steps.at(-1)?.timestamp,
    properties: {
      dealname: `Deal ${story.id}`,
      amount: String(Math.round(random.skewed(8_000, 0.8))),
      deal_currency_code: "USD",
      pipeline: "default",
      dealstage: steps.at(-1)?.value ?? OPEN[0],
      closedate: new Date(isOver ? at : now + random.whole(5, 60) * DAY_MS).toISOString(),
      dealtype: random.chance(0.8) ? "newbusiness" : "existingbusiness",
      hubspot_owner_id: story.owner,
    },
    propertiesWithHistory: { dealstage: steps },
    associations: { contacts: [story.contact], companies: [story.company] },
  };
}
