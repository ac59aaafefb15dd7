import type { FieldValues } from "../org.ts";
import { type Calendar, instantText } from "./calendar.ts";
import { idSequence } from "./record-ids.ts";

/**
 * How good a campaign's people are. `conversion`: share of worked leads that become opportunities; `amount`: their
 * median in EUR. `cost`: per lead, in the campaign's currency; null = never entered; 0 = entered as nothing.
 */
interface Blueprint {
  readonly name: string;
  readonly type: string;
  readonly source: string;
  /** Days before `now`; a negative end lies ahead. Null = left blank. */
  readonly from: number | null;
  readonly to: number | null;
  /** Share of the leads that come while it runs, against the others running. */
  readonly volume: number;
  readonly conversion: number;
  readonly amount: number;
  readonly cost: number | null;
  readonly parent?: string;
  readonly currency?: "USD";
}

const PROGRAMS: readonly string[] = [
  "Always-on search",
  "Field events",
  "Webinar series",
  "Partner programme",
];

const b = (
  name: string,
  type: string,
  source: string,
  [from, to]: readonly [number | null, number | null],
  [volume, conversion, amount, cost]: readonly [number, number, number, number | null],
  extra: { readonly parent?: string; readonly currency?: "USD" } = {},
): Blueprint => ({ name, type, source, from, to, volume, conversion, amount, cost, ...extra });

/**
 * Syndication is the cheap lead that buys little; the dinners are the dear lead that buys much: a list by cost per lead
 * puts them the wrong way round. Costs are missing, zero, kept on a parent, in dollars, or still to come elsewhere.
 */
const BLUEPRINTS: readonly Blueprint[] = [
  b("Content syndication IT Digest", "Content", "Content Syndication", [330, -60], [9, 0.05, 1_400, 16]),
  b("Content syndication Plant Weekly", "Content", "Content Syndication", [200, 20], [7, 0.06, 1_900, 21]),
  b("Executive dinners", "Event", "Event", [340, -30], [2.6, 0.46, 46_000, 470], { parent: "Field events" }),
  b("Search brand EMEA", "Paid Search", "Paid Search", [365, -90], [6, 0.17, 8_500, 84], {
    parent: "Always-on search",
  }),
  b("Search generic EMEA", "Paid Search", "Paid Search", [365, -90], [7, 0.12, 7_500, 104], {
    parent: "Always-on search",
  }),
  b("Search US", "Paid Search", "Paid Search", [280, -90], [5, 0.14, 9_000, 120], {
    parent: "Always-on search",
    currency: "USD",
  }),
  b("Search competitor names", "Paid Search", "Paid Search", [150, 30], [3, 0.09, 8_000, 140], {
    parent: "Always-on search",
  }),
  b("Social sponsored posts", "Advertisement", "Social", [300, -45], [6, 0.08, 5_500, 75]),
  b("Social retargeting", "Advertisement", "Social", [120, -45], [3, 0.11, 6_500, 64]),
  b("Website contact form", "Website", "Web", [null, null], [9, 0.2, 9_500, null]),
  b("Website demo request", "Website", "Web", [365, -180], [5, 0.28, 8_500, 86]),
  b("Website price calculator", "Website", "Web", [180, -180], [4, 0.14, 6_000, 55]),
  b("Newsletter sign-up", "Email", "Newsletter", [365, -90], [5, 0.05, 4_000, 0]),
  b("Spring nurture mail", "Email", "Newsletter", [110, 50], [4, 0.06, 3_500, 34]),
  b("Autumn nurture mail", "Email", "Newsletter", [260, 200], [4, 0.06, 3_500, 36]),
  b("Webinar: maintenance that pays", "Webinar", "Webinar", [310, 300], [26, 0.14, 9_500, 88], {
    parent: "Webinar series",
  }),
  b("Webinar: sensors in practice", "Webinar", "Webinar", [250, 240], [24, 0.15, 9_000, 82], {
    parent: "Webinar series",
  }),
  b("Webinar: energy audits", "Webinar", "Webinar", [180, 170], [22, 0.13, 8_500, 90], {
    parent: "Webinar series",
  }),
  b("Webinar: line balancing", "Webinar", "Webinar", [110, 100], [28, 0.16, 9_800, 79], {
    parent: "Webinar series",
  }),
  b("Webinar: spare parts on time", "Webinar", "Webinar", [45, 35], [24, 0.15, 9_300, 85], {
    parent: "Webinar series",
  }),
  b("Webinar: audit season", "Webinar", "Webinar", [12, -3], [20, 0.15, 9_000, 80], {
    parent: "Webinar series",
  }),
  b("Trade fair Hanover", "Trade Show", "Trade Show", [70, 66], [150, 0.17, 14_000, 310], {
    parent: "Field events",
  }),
  b("Trade fair Nuremberg", "Trade Show", "Trade Show", [215, 212], [150, 0.15, 13_000, 290], {
    parent: "Field events",
  }),
  b("Trade fair Chicago", "Trade Show", "Trade Show", [140, 137], [130, 0.16, 16_000, 420], {
    parent: "Field events",
    currency: "USD",
  }),
  b("Road show Rhine", "Event", "Event", [125, 113], [14, 0.24, 15_000, 260], { parent: "Field events" }),
  b("Customer day", "Event", "Event", [95, 94], [90, 0.2, 20_000, null], { parent: "Field events" }),
  b("Partner referrals DACH", "Partner", "Partner", [365, -200], [4, 0.3, 18_000, null], {
    parent: "Partner programme",
  }),
  b("Partner referrals Benelux", "Partner", "Partner", [240, -200], [2.4, 0.28, 17_000, null], {
    parent: "Partner programme",
  }),
  b("Customer referrals", "Referral Program", "Referral", [365, -200], [2.4, 0.34, 17_000, 240]),
  b("Direct mail pump makers", "Direct Mail", "Direct Mail", [190, 150], [2, 0.09, 8_000, 210]),
  b("Direct mail bakeries", "Direct Mail", "Direct Mail", [85, 60], [1.5, 0.07, 5_000, 190]),
  b("Podcast sponsoring", "Advertisement", "Podcast", [140, 20], [1.2, 0.1, 9_000, 330]),
  b("Print advert Foundry Review", "Advertisement", "Other", [220, 160], [0, 0, 0, 6_500]),
  b("Phone outreach retail", "Telemarketing", "Outbound", [300, 90], [2, 0.1, 6_000, 130]),
  b("Trade fair Leipzig", "Trade Show", "Trade Show", [-20, -23], [0, 0, 0, null], {
    parent: "Field events",
  }),
  b("Purchased list components", "List", "Purchased List", [14, -10], [0, 0.02, 3_000, 2_400]),
];

/** What the story of a lead needs to know of its campaign. */
export interface CompanyCampaign {
  readonly id: string;
  readonly name: string;
  readonly source: string;
  readonly conversion: number;
  readonly amount: number;
  readonly isWebsite: boolean;
}

/** A campaign as its marketer plans it, in no CRM's words. Days are local; amounts in `currency`. */
export interface CampaignFacts {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly source: string;
  /** Programme that it belongs to; null = none. */
  readonly program: string | null;
  readonly startsOn: string | null;
  readonly endsOn: string | null;
  readonly isOver: boolean;
  readonly isAhead: boolean;
  /** Null = never entered; 0 = entered as nothing. */
  readonly cost: number | null;
  readonly budget: number | null;
  readonly currency: "EUR" | "USD";
  /** Share of the leads that come while it runs. */
  readonly volume: number;
  /** Milliseconds, UTC. */
  readonly createdAt: number;
}

export interface CampaignPlan {
  readonly campaigns: readonly [CompanyCampaign, ...CompanyCampaign[]];
  readonly facts: readonly CampaignFacts[];
  /** What a programme was paid for as a whole, by its name. */
  readonly programCosts: ReadonlyMap<string, number>;
  /** Campaigns that bring leads on a calendar day, with running totals of their volumes. */
  readonly byDay: readonly {
    readonly campaigns: readonly CompanyCampaign[];
    readonly totals: readonly number[];
  }[];
  readonly rows: readonly FieldValues[];
  readonly statusRows: readonly FieldValues[];
  /** The list a sync user loads in one night. */
  readonly listCampaign: CompanyCampaign;
}

const round50 = (amount: number): number => Math.max(50, Math.round(amount / 50) * 50);

/**
 * Thirty-six campaigns under four programmes, their costs in step with the number of leads.
 * @param campaignLeads leads that come through campaigns over the year
 */
export function planCampaigns(calendar: Calendar, campaignLeads: number, marketerId: string): CampaignPlan {
  const nextId = idSequence("Campaign");
  const statusId = idSequence("CampaignMemberStatus");
  const { days, today } = calendar;
  const at = (daysAgo: number): number => Math.min(Math.max(today - daysAgo, 0), days.length - 1);
  const runs = (plan: Blueprint, day: number): boolean =>
    plan.volume > 0 && day >= at(plan.from ?? 365) && day <= at(plan.to ?? -180);

  const dayTotals = days.map((_, day) =>
    BLUEPRINTS.reduce((sum, plan) => sum + (runs(plan, day) ? plan.volume : 0), 0),
  );
  const expectedLeads = (plan: Blueprint): number => {
    let share = 0;
    for (let day = 0; day <= today; day += 1) {
      share += runs(plan, day) ? plan.volume / (dayTotals[day] ?? 1) : 0;
    }
    return (share / (today + 1)) * campaignLeads;
  };

  const programIds = new Map(PROGRAMS.map((name) => [name, nextId()]));
  const dated = (daysAgo: number | null): string | null =>
    daysAgo === null ? null : (days[at(daysAgo)]?.date ?? null);
  const madeAt = (daysAgo: number): number => days[at(daysAgo)]?.midnight ?? calendar.now;
  const audit = (daysAgo: number): FieldValues => {
    const created = instantText(madeAt(daysAgo));
    return {
      OwnerId: marketerId,
      CreatedById: marketerId,
      CreatedDate: created,
      LastModifiedById: marketerId,
      LastModifiedDate: created,
      SystemModstamp: created,
    };
  };

  // The partner programme is paid for as a whole; its children never had a cost of their own.
  const programCosts = new Map([["Partner programme", round50(campaignLeads * 5)]]);
  const rows: FieldValues[] = PROGRAMS.map((name) => ({
    Id: programIds.get(name),
    Name: name,
    Type: "Other",
    Status: "In Progress",
    IsActive: true,
    ActualCost: programCosts.get(name) ?? null,
    BudgetedCost: null,
    StartDate: dated(365),
    EndDate: dated(-30),
    CurrencyIsoCode: "EUR",
    ...audit(365),
  }));

  const planned = BLUEPRINTS.map((plan) => {
    const id = nextId();
    const isOver = (plan.to ?? -1) > 0;
    const isAhead = (plan.from ?? 0) < 0;
    // A flat sum where no lead comes through the campaign's own doors; else so much a lead.
    const actual =
      plan.cost === null || plan.cost === 0
        ? plan.cost
        : round50(plan.volume === 0 ? plan.cost : plan.cost * expectedLeads(plan));
    const budget = actual === null ? (isAhead ? 25_000 : null) : round50(actual * 1.1);
    const currency = plan.currency ?? "EUR";
    const sinceDaysAgo = Math.max(plan.from ?? 365, 30);
    rows.push({
      Id: id,
      Name: plan.name,
      Type: plan.type,
      Status: isAhead ? "Planned" : isOver ? "Completed" : "In Progress",
      IsActive: !isOver,
      ParentId: plan.parent === undefined ? null : programIds.get(plan.parent),
      ActualCost: actual,
      BudgetedCost: budget,
      StartDate: dated(plan.from),
      EndDate: dated(plan.to),
      CurrencyIsoCode: currency,
      ...audit(sinceDaysAgo),
    });
    const facts: CampaignFacts = {
      id,
      name: plan.name,
      type: plan.type,
      source: plan.source,
      program: plan.parent ?? null,
      startsOn: dated(plan.from),
      endsOn: dated(plan.to),
      isOver,
      isAhead,
      cost: actual,
      budget,
      currency,
      volume: plan.volume,
      createdAt: madeAt(sinceDaysAgo),
    };
    const campaign: CompanyCampaign = {
      id,
      name: plan.name,
      source: plan.source,
      conversion: plan.conversion,
      amount: plan.amount,
      isWebsite: plan.type === "Website",
    };
    return { plan, campaign, facts };
  });

  const byDay = days.map((_, day) => {
    const running = planned.filter(({ plan }) => runs(plan, day));
    let total = 0;
    return {
      campaigns: running.map(({ campaign }) => campaign),
      totals: running.map(({ plan }) => {
        total += plan.volume;
        return total;
      }),
    };
  });

  const [first, ...others] = planned.map(({ campaign }) => campaign);
  const listCampaign = others.at(-1) ?? first;
  if (first === undefined || listCampaign === undefined) {
    throw new Error("The company has no campaigns: BLUEPRINTS is empty.");
  }
  const statusRows = rows.flatMap(({ Id }) =>
    ["Sent", "Responded"].map((label, index) => ({
      Id: statusId(),
      CampaignId: Id,
      Label: label,
      SortOrder: index + 1,
      IsDefault: index === 0,
      HasResponded: index === 1,
    })),
  );
  const facts = planned.map((each) => each.facts);
  return { campaigns: [first, ...others], facts, programCosts, byDay, rows, statusRows, listCampaign };
}
