import { z } from "zod";
import { emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import type { MoneyItem, MoneyKind } from "../../engine/campaigns.ts";
import { CAMPAIGN } from "../../engine/object-types.ts";
import { readProperty } from "../../engine/read-property.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import { type Call, type Handler, type HubSpotContext, param } from "../call.ts";
import { readBody } from "../read-body.ts";
import { type Campaign, campaignNamed, gateCampaigns } from "./campaign-access.ts";

const sum = (items: readonly MoneyItem[]) => items.reduce((total, item) => total + item.amount, 0);

/** Sums stand only where there are items. */
export const budgetTotals: Handler = (context, call) => {
  gateCampaigns(context, call, "read");
  const { row, budget, spend } = campaignNamed(context, call);
  const { portal } = context;
  const currency = readProperty(portal, portal.typeNamed(CAMPAIGN), row, "hs_currency_code");
  return jsonAnswer(200, {
    budgetItems: budget,
    spendItems: spend,
    currencyCode: currency ?? portal.companyCurrency,
    ...(budget.length === 0 ? {} : { budgetTotal: sum(budget) }),
    ...(spend.length === 0 ? {} : { spendTotal: sum(spend) }),
    ...(budget.length === 0 ? {} : { remainingBudget: sum(budget) - sum(spend) }),
  });
};

const itemInput = z.object({
  name: z.string().min(1),
  amount: z.number(),
  order: z.int(),
  description: z.string().optional(),
});

const MONEY_KINDS: readonly MoneyKind[] = ["budget", "spend"];

function kindOf(call: Call): MoneyKind {
  const kind = MONEY_KINDS.find((one) => call.operation.startsWith(`campaign/${one}`));
  if (kind === undefined) throw new Error(`${call.operation} is about neither budget nor spend`);
  return kind;
}

function putItems(
  context: HubSpotContext,
  call: Call,
  campaign: Campaign,
  items: readonly MoneyItem[],
): void {
  const { portal } = context;
  const parts = portal.campaigns.parts.get(campaign.guid);
  if (parts === undefined) throw new HubSpotRefusal("campaign_not_found", { id: campaign.guid });
  portal.campaigns.parts.set(campaign.guid, { ...parts, [kindOf(call)]: items });
  portal.table(CAMPAIGN).updatedAt.set(campaign.row, portal.now());
  portal.logWrite({
    operation: call.operation,
    object: "campaigns",
    id: campaign.guid,
    fields: [kindOf(call)],
  });
}

function itemOf(call: Call, campaign: Campaign): MoneyItem {
  const id = param(call, "itemId");
  const item = campaign[kindOf(call)].find((one) => one.id === id);
  if (item === undefined) throw new HubSpotRefusal("item_not_found", { id });
  return item;
}

export const createItem: Handler = async (context, call) => {
  gateCampaigns(context, call, "write");
  const campaign = campaignNamed(context, call);
  const { description, ...input } = await readBody(call, itemInput);
  const at = context.portal.now();
  const item: MoneyItem = {
    id: context.portal.campaigns.nextItemId(),
    ...input,
    ...(description === undefined ? {} : { description }),
    createdAt: at,
    updatedAt: at,
  };
  putItems(context, call, campaign, [...campaign[kindOf(call)], item]);
  return jsonAnswer(201, item);
};

export const getItem: Handler = (context, call) => {
  gateCampaigns(context, call, "read");
  return jsonAnswer(200, itemOf(call, campaignNamed(context, call)));
};

export const putItem: Handler = async (context, call) => {
  gateCampaigns(context, call, "write");
  const campaign = campaignNamed(context, call);
  const item = itemOf(call, campaign);
  const { description, ...input } = await readBody(call, itemInput);
  const changed: MoneyItem = {
    ...item,
    ...input,
    ...(description === undefined ? {} : { description }),
    updatedAt: context.portal.now(),
  };
  putItems(
    context,
    call,
    campaign,
    campaign[kindOf(call)].map((one) => (one.id === item.id ? changed : one)),
  );
  return jsonAnswer(200, changed);
};

export const deleteItem: Handler = (context, call) => {
  gateCampaigns(context, call, "write");
  const campaign = campaignNamed(context, call);
  const item = itemOf(call, campaign);
  putItems(
    context,
    call,
    campaign,
    campaign[kindOf(call)].filter((one) => one.id !== item.id),
  );
  return emptyAnswer(204);
};
