import type { MoneyItem } from "../../engine/campaigns.ts";
import { CAMPAIGN } from "../../engine/object-types.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import { type Call, type HubSpotContext, needScope, needTier, param } from "../call.ts";

/** Campaigns come with Marketing Hub Professional. */
export function gateCampaigns(context: HubSpotContext, call: Call, access: "read" | "write"): void {
  needScope(call, [`marketing.campaigns.${access}`]);
  needTier(context, ["marketing"], "PROFESSIONAL", "campaigns");
}

export interface Campaign {
  readonly guid: string;
  readonly row: number;
  readonly budget: readonly MoneyItem[];
  readonly spend: readonly MoneyItem[];
  readonly assets: Readonly<Record<string, readonly string[]>>;
}

/** @throws HubSpotRefusal campaign_not_found */
export function campaignOf({ portal }: HubSpotContext, guid: string): Campaign {
  const parts = portal.campaigns.parts.get(guid);
  const row = parts === undefined ? -1 : portal.table(CAMPAIGN).rowOf(parts.recordId);
  if (parts === undefined || !portal.table(CAMPAIGN).isLive(row)) {
    throw new HubSpotRefusal("campaign_not_found", { id: guid });
  }
  return { guid, row, ...parts };
}

/** The campaign that the path names. */
export const campaignNamed = (context: HubSpotContext, call: Call) =>
  campaignOf(context, param(call, "campaignGuid"));
