import type { Settings } from "../../../src/core/settings.ts";
import type { Response } from "./responses.ts";
import { type CompanyRows, flag, living, must, mustInstant, text, type VendorRow } from "./vendor-rows.ts";
import { addDays, daysBetween, isIn, type Period, type ZoneDates } from "./zone-dates.ts";

/** A campaign's money (definitions 6). Dates in the workspace's zone; cost in its currency. */
export interface CampaignFacts {
  readonly id: string;
  readonly name: string;
  /** Own cost; null: blank, not started, or entered twice. */
  readonly cost: number | null;
  readonly basis: "spread" | "assumed";
  readonly startOn: string;
  /** Last date over which cost is spread. */
  readonly endOn: string;
  /** Itself, or the parent that alone holds the family's cost. */
  readonly familyId: string;
}

export function campaignsOf(
  rows: CompanyRows,
  settings: Settings,
  inputs: {
    readonly money: (row: VendorRow, field: string) => number | null;
    readonly responses: readonly Response[];
    readonly zone: ZoneDates;
    readonly asOf: number;
  },
): ReadonlyMap<string, CampaignFacts> {
  const { money, responses, zone, asOf } = inputs;
  const today = zone.dateOf(asOf);
  const campaigns = living(rows, "Campaign");
  const childrenOf = (id: string): readonly VendorRow[] =>
    campaigns.filter((row) => text(row, "ParentId") === id);
  const descendantsOf = (id: string): readonly VendorRow[] =>
    childrenOf(id).flatMap((child) => [child, ...descendantsOf(must(child, "Id"))]);
  const ownCost = (row: VendorRow): number | null => money(row, "ActualCost");

  // "Where only a parent has cost, the family is one row, the parent's."
  const familyOf = new Map<string, string>();
  for (const parent of campaigns) {
    const below = descendantsOf(must(parent, "Id"));
    if (ownCost(parent) === null || below.length === 0 || below.some((row) => ownCost(row) !== null))
      continue;
    for (const row of below) familyOf.set(must(row, "Id"), must(parent, "Id"));
  }
  // "A parent whose own cost equals its children's sum within 1% is left out until config says."
  const isTwice = (row: VendorRow): boolean => {
    const own = ownCost(row);
    const below = childrenOf(must(row, "Id")).reduce((total, child) => total + (ownCost(child) ?? 0), 0);
    return (
      own !== null &&
      below > 0 &&
      Math.abs(own - below) <= 0.01 * below &&
      settings.investment.parents[must(row, "Id")] !== "parent"
    );
  };

  const facts = new Map<string, CampaignFacts>();
  for (const row of campaigns) {
    const id = must(row, "Id");
    const members = living(rows, "CampaignMember").filter((member) => text(member, "CampaignId") === id);
    const firstMember = members
      .map((member) => mustInstant(member, "CreatedDate"))
      .toSorted((a, b) => a - b)[0];
    const lastResponse = responses.findLast(({ campaignId }) => campaignId === id)?.date;
    const [start, end] = [text(row, "StartDate"), text(row, "EndDate")];
    const startOn = start ?? zone.dateOf(firstMember ?? mustInstant(row, "CreatedDate"));
    const lastOn = end ?? (flag(row, "IsActive") ? today : (lastResponse ?? today));
    const endOn = lastOn < today ? lastOn : today;
    const hasStarted = startOn <= today;
    facts.set(id, {
      id,
      name: must(row, "Name"),
      cost: hasStarted && !isTwice(row) ? ownCost(row) : null,
      basis: start === null || end === null ? "assumed" : "spread",
      startOn,
      endOn: endOn < startOn ? startOn : endOn,
      familyId: familyOf.get(id) ?? id,
    });
  }
  return facts;
}

/** The part of a campaign's own cost that falls in a period: an equal part a day, both end dates included. */
export function costIn(campaign: CampaignFacts, period: Period): number | null {
  if (campaign.cost === null) return null;
  const days = daysBetween(campaign.startOn, campaign.endOn) + 1;
  let inside = 0;
  for (let day = 0; day < days; day += 1) {
    if (isIn(period, addDays(campaign.startOn, day))) inside += 1;
  }
  return (campaign.cost * inside) / days;
}
