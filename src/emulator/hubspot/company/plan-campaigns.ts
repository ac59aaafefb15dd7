import { createHash } from "node:crypto";
import { DAY_MS } from "../../../core/time.ts";
import { RandomStream } from "../../salesforce/company/random.ts";

/** A campaign and when it ran; `row` is what is loaded. */
export interface PlannedCampaign {
  readonly guid: string;
  readonly source: string;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly row: Record<string, unknown>;
}

const KINDS = [
  ["Search ads", "PAID_SEARCH", 6_000],
  ["Social ads", "PAID_SOCIAL", 4_500],
  ["Newsletter", "EMAIL_MARKETING", 800],
  ["Trade fair", "OFFLINE", 15_000],
  ["Webinar", "REFERRALS", 1_200],
] as const;

const guidOf = (seed: number, index: number) => {
  const hex = createHash("sha256").update(`campaign ${seed} ${index}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

const dayText = (instant: number) => new Date(instant).toISOString().slice(0, 10);

/** Spend comes in monthly items whose name carries the month: HubSpot gives an item no date. */
function spendItems(startsAt: number, endsAt: number, now: number, budget: number, random: RandomStream) {
  const items = [];
  for (let at = startsAt, order = 0; at < Math.min(endsAt, now); at += 30 * DAY_MS, order++) {
    const months = Math.max(1, Math.ceil((endsAt - startsAt) / (30 * DAY_MS)));
    const amount = Math.round((budget / months) * random.between(0.7, 1.15) * 100) / 100;
    items.push({ name: `${dayText(at).slice(0, 7)} spend`, amount, order, createdAt: at, updatedAt: at });
  }
  return items;
}

/** Eight campaigns, and one more for every 500 contacts; every eighth has no spend entered. */
export function planCampaigns(
  seed: { readonly leads: number; readonly seed: number; readonly now: Date },
  historyDays: number,
): readonly PlannedCampaign[] {
  const now = seed.now.getTime();
  const midnight = now - (now % DAY_MS);
  const count = 8 + Math.floor(seed.leads / 500);
  return Array.from({ length: count }, (_, index): PlannedCampaign => {
    const random = new RandomStream(seed.seed, 1, index);
    const [kind, source, usual] = KINDS[index % KINDS.length] ?? KINDS[0];
    const startsAt = midnight - Math.floor((historyDays * (count - index)) / count) * DAY_MS;
    const endsAt = startsAt + random.whole(30, 120) * DAY_MS;
    const budget = Math.round(usual * random.between(0.6, 1.6));
    const guid = guidOf(seed.seed, index);
    return {
      guid,
      source,
      startsAt,
      endsAt,
      row: {
        id: String(900_001 + index),
        guid,
        createdAt: new Date(startsAt - DAY_MS).toISOString(),
        properties: {
          hs_name: `${kind} ${dayText(startsAt).slice(0, 7)} ${index + 1}`,
          hs_start_date: dayText(startsAt),
          hs_end_date: dayText(endsAt),
          hs_campaign_status: endsAt <= now ? "completed" : "in_progress",
          hs_currency_code: "USD",
        },
        budgetItems: [{ name: "Budget", amount: budget, order: 0 }],
        spendItems: index % 8 === 7 ? [] : spendItems(startsAt, endsAt, now, budget, random),
      },
    };
  });
}
