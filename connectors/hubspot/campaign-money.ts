import { z } from "zod";
import { RequestRefusedError, WireShapeError } from "../../src/core/errors.ts";
import { type Campaign, Text, TextId } from "./list-shapes.ts";
import type { PullRun } from "./pull-run.ts";
import { issue, type Row } from "./record-page.ts";
import type { Session } from "./session.ts";

/**
 * Whether a campaign's items are read: it changed, or may be spending now. Whether a new item moves `updatedAt` is not
 * documented.
 */
export function isDue(campaign: Campaign, since: Date | null): boolean {
  if (since === null || !(Date.parse(campaign.updatedAt) < since.getTime())) return true;
  const status = campaign.properties["hs_campaign_status"] ?? "";
  return ["in_progress", "active"].includes(status.toLowerCase());
}

const Amount = z
  .union([
    z.number(),
    z
      .string()
      .regex(/^-?\d+(\.\d+)?$/)
      .transform(Number),
  ])
  .nullish();
const Instant = z.union([z.number(), z.string()]).nullish();

const Item = z.looseObject({
  id: TextId,
  name: Text,
  amount: Amount,
  order: z.number().nullish(),
  createdAt: Instant,
  updatedAt: Instant,
});

const Totals = z.looseObject({
  budgetItems: z.array(Item).default([]),
  spendItems: z.array(Item).default([]),
  currencyCode: Text,
  budgetTotal: Amount,
  spendTotal: Amount,
  remainingBudget: Amount,
});

/** Null for a campaign that was deleted since the list. */
export async function readMoney(session: Session, run: PullRun, id: string): Promise<Row | null> {
  const step = `The read of a campaign's budget and spend`;
  try {
    const request = session.requests.campaignTotals(id);
    const answer = await session.call({ request, step, bucket: "plain" });
    run.calls += answer.calls;
    const totals = Totals.safeParse(answer.body);
    if (!totals.success) {
      throw new WireShapeError("hubspot", `${step}: campaign ${id} (${issue(totals.error)}).`);
    }
    const { data } = totals;
    return {
      id,
      currencyCode: data.currencyCode ?? null,
      budgetTotal: data.budgetTotal ?? null,
      spendTotal: data.spendTotal ?? null,
      remainingBudget: data.remainingBudget ?? null,
      budgetItems: itemsText(data.budgetItems),
      spendItems: itemsText(data.spendItems),
    };
  } catch (error) {
    if (error instanceof RequestRefusedError && error.status === 404) return null;
    throw error;
  }
}

/** Without descriptions: they are free text. */
function itemsText(items: readonly z.infer<typeof Item>[]): string {
  return JSON.stringify(
    items.map(({ id, name, amount, order, createdAt, updatedAt }) => ({
      id,
      name,
      amount,
      order,
      createdAt,
      updatedAt,
    })),
  );
}
