import { createHash } from "node:crypto";
import { DateTime } from "luxon";
import { COMPANY_ZONE } from "../../salesforce/company/calendar.ts";
import type { CampaignFacts, CampaignPlan } from "../../salesforce/company/campaigns.ts";
import { instantText, type PortalRow } from "./portal-rows.ts";

const FIRST_CAMPAIGN = 900_001;

export interface PortalCampaigns {
  readonly rows: readonly PortalRow[];
  /** GUID of the campaign in HubSpot; null where it is kept elsewhere. */
  guidOf(campaignId: string): string | null;
  /** Id of the record that holds its properties, for associations. */
  recordOf(campaignId: string): string | null;
}

function guidFrom(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/**
 * A programme's cost goes to its campaigns by what they bring: HubSpot knows no parents, and people enter a bill where
 * they can.
 */
function costsOf({ facts, programCosts }: CampaignPlan): ReadonlyMap<string, number | null> {
  const shares = new Map<string, number>();
  for (const [program, cost] of programCosts) {
    const members = facts.filter((each) => each.program === program);
    const volume = members.reduce((sum, each) => sum + each.volume, 0);
    let left = cost;
    members.forEach((each, index) => {
      const share = index === members.length - 1 ? left : Math.round((cost * each.volume) / volume);
      left -= share;
      shares.set(each.id, share);
    });
  }
  return new Map(facts.map((each) => [each.id, shares.get(each.id) ?? each.cost]));
}

/** One bill a month, named after it since an item has no date; the last one makes the sum come out. */
function spendItems({ startsOn, endsOn, createdAt }: CampaignFacts, cost: number, now: number) {
  const zone = { zone: COMPANY_ZONE };
  const start = startsOn === null ? DateTime.fromMillis(createdAt, zone) : DateTime.fromISO(startsOn, zone);
  const end = endsOn === null ? now : Math.min(now, DateTime.fromISO(endsOn, zone).endOf("day").toMillis());
  const bills: DateTime[] = [];
  for (let month = start.startOf("month"); month.toMillis() <= end; month = month.plus({ months: 1 })) {
    bills.push(month);
  }
  const each = Math.floor(cost / Math.max(1, bills.length));
  return bills.map((month, order) => {
    const entered = Math.min(now - 60_000, month.endOf("month").toMillis());
    const amount = order === bills.length - 1 ? cost - each * (bills.length - 1) : each;
    return {
      name: `${month.toFormat("yyyy-MM")} spend`,
      amount,
      order,
      createdAt: entered,
      updatedAt: entered,
    };
  });
}

/** @param keeps whether a campaign is HubSpot's; all are unless told otherwise */
export function portalCampaigns(
  plan: CampaignPlan,
  options: { readonly seed: number; readonly now: number; readonly keeps?: (name: string) => boolean },
): PortalCampaigns {
  const { seed, now, keeps = () => true } = options;
  const kept = plan.facts.filter(({ name }) => keeps(name));
  const guids = new Map(kept.map(({ id, name }) => [id, guidFrom(`campaign ${seed} ${name}`)]));
  const records = new Map(kept.map(({ id }, index) => [id, String(FIRST_CAMPAIGN + index)]));
  const costs = costsOf(plan);
  const rows = kept.map((facts): PortalRow => {
    const { id, name, startsOn, endsOn, currency, budget } = facts;
    const cost = costs.get(id) ?? null;
    return {
      id: records.get(id),
      guid: guids.get(id),
      createdAt: instantText(facts.createdAt),
      properties: {
        hs_name: name,
        ...(startsOn === null ? {} : { hs_start_date: startsOn }),
        ...(endsOn === null ? {} : { hs_end_date: endsOn }),
        hs_campaign_status: facts.isAhead ? "planned" : facts.isOver ? "completed" : "in_progress",
        hs_currency_code: currency,
        hs_utm: name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-"),
      },
      budgetItems: budget === null ? [] : [{ name: "Budget", amount: budget, order: 0 }],
      spendItems: cost === null || facts.isAhead ? [] : spendItems(facts, cost, now),
    };
  });
  return {
    rows,
    guidOf: (campaignId) => guids.get(campaignId) ?? null,
    recordOf: (campaignId) => records.get(campaignId) ?? null,
  };
}
