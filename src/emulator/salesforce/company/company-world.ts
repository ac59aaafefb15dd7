import { DAY_MS } from "../../../core/time.ts";
import { type Calendar, companyCalendar } from "./calendar.ts";
import { planCampaigns } from "./campaigns.ts";
import { leadStory, listStory } from "./lead-story.ts";
import type { Licenses } from "./licenses.ts";
import { cumulate, type RandomStream } from "./random.ts";
import { hireStaff } from "./staff.ts";
import type { CompanyWorld, LeadStory } from "./story.ts";

export interface CompanySize {
  /** Leads of the year, those of a purchased list included. */
  readonly leads: number;
  readonly seed: number;
  readonly now: Date;
}

/** The company before anybody has written down a record: the same in whichever CRM it is told. */
export interface ToldCompany {
  readonly world: CompanyWorld;
  readonly firstDay: Date;
  /** Leads that have a story of their own; those after them came with the list. */
  readonly told: number;
  /** The calendar day on which the lead of that number came; numbers may lie between two leads. */
  dayOf(index: number): number;
  /** The life of one lead. @param random the lead's own stream, from its start */
  story(index: number, random: RandomStream): LeadStory;
}

const PAST_DAYS = 364;
/** A sync user is told from a rep by creating and keeping more than 200 leads in 30 days. */
const LIST_LEADS = 215;

/** Leads a day: fewer at weekends and on holidays, half as many again at the end of the year as at its start. */
function dayTotals(calendar: Calendar): readonly number[] {
  const { days, today, now } = calendar;
  return cumulate(
    days.slice(0, today + 1).map(({ isWorkday, midnight }, day) => {
      const partOfDay = day === today ? Math.min(1, (now - midnight) / DAY_MS) * 0.6 : 1;
      return (isWorkday ? 1 : 0.22) * (0.8 + (0.4 * day) / today) * partOfDay;
    }),
  );
}

/** Day of the quantile `share` of the year's leads. */
function dayAt(totals: readonly number[], share: number): number {
  const target = share * (totals.at(-1) ?? 0);
  const day = totals.findIndex((total) => total > target);
  return day === -1 ? totals.length - 1 : day;
}

/**
 * A year of Alder Works up to `now`: its calendar, people and campaigns, and the story of every lead.
 * @param licenses what the rows of its Salesforce users point at; a company without an org has no such rows
 */
export function tellCompany({ leads, seed, now }: CompanySize, licenses: Licenses): ToldCompany {
  const calendar = companyCalendar(now, PAST_DAYS);
  const firstDay = new Date(calendar.days[0]?.midnight ?? now);
  const staff = hireStaff({ leads, seed, start: firstDay.getTime(), now: now.getTime(), licenses });
  const told = leads - (leads < 2_000 ? 0 : Math.max(LIST_LEADS, Math.round(leads * 0.043)));
  const plan = planCampaigns(calendar, told * 0.7, staff.marketer.id);
  const world: CompanyWorld = { calendar, staff, plan, keepsCampaign: () => true };
  const totals = dayTotals(calendar);
  const dayOf = (index: number) => dayAt(totals, index / told);
  return {
    world,
    firstDay,
    told,
    dayOf,
    story: (index, random) => {
      return index < told ? leadStory(world, dayOf(index + 0.5), random) : listStory(world, random);
    },
  };
}
