import { DAY_MS, MINUTE_MS } from "../../../core/time.ts";
import type { FieldValues } from "../org.ts";
import { addMachineTask } from "./activity-rows.ts";
import { type Calendar, companyCalendar, instantText } from "./calendar.ts";
import { planCampaigns } from "./campaigns.ts";
import { addLead, type LeadTrace, type Prospect } from "./lead-rows.ts";
import { drawInstant, drawRep, leadStory, listStory } from "./lead-story.ts";
import { findLicenses } from "./licenses.ts";
import { FIRM_COUNT, FIRST_NAMES, firm, LAST_NAMES } from "./names.ts";
import { addOpportunity } from "./opportunity-rows.ts";
import { cumulate, RandomStream } from "./random.ts";
import { type Loader, type RowBuffer, rowBuffer, type SeedableOrg } from "./row-buffer.ts";
import { businessHoursRows, currencyRows, holidayRows, leadStatusRows, stageRows } from "./setup-rows.ts";
import { hireStaff, type Staff } from "./staff.ts";
import type { CompanyWorld } from "./story.ts";

export interface SeedOptions {
  /** Lead records, deleted and merged ones included. */
  readonly leads: number;
  readonly seed: number;
  /** Last instant of the company's history; default Monday 2026-06-01 08:00 UTC, ten in the morning in its office. */
  readonly now?: Date;
}

export interface SeededCompany {
  /** Midnight (company zone) of the day its history begins, about a year before `now`: for `rot.start_from`. */
  readonly firstDay: Date;
  readonly now: Date;
  readonly leads: number;
  /** Tasks and events. */
  readonly activities: number;
  readonly opportunities: number;
  readonly reps: number;
}

export const DEFAULT_NOW = new Date("2026-06-01T08:00:00Z");
const PAST_DAYS = 364;
const BATCH = 2_000;
/** A sync user is told from a rep by creating and keeping more than 200 leads in 30 days. */
const LIST_LEADS = 215;

/** The org's rows without the fields it does not have: CurrencyIsoCode exists only beside a second currency. */
function forOrg(org: SeedableOrg, withCurrencies: boolean): Loader {
  if (withCurrencies) return org;
  const strip = function* (rows: Iterable<FieldValues>): Iterable<FieldValues> {
    for (const { CurrencyIsoCode: _, ...row } of rows) yield row;
  };
  return { load: (object, rows) => org.load(object, strip(rows)) };
}

function hasCurrencies(org: SeedableOrg): boolean {
  const admin = { userId: org.adminUser.id, username: org.adminUser.username, isAdmin: true };
  const { fields } = org.describe(admin, "Lead");
  return Array.isArray(fields) && fields.some((field: unknown) => isNamed(field, "CurrencyIsoCode"));
}

function isNamed(field: unknown, name: string): boolean {
  return typeof field === "object" && field !== null && "name" in field && field.name === name;
}

function loadSetup(org: Loader, staff: Staff, calendar: Calendar, withCurrencies: boolean): void {
  if (withCurrencies) org.load("CurrencyType", currencyRows());
  org.load("LeadStatus", leadStatusRows());
  org.load("OpportunityStage", stageRows());
  org.load("BusinessHours", businessHoursRows());
  const year = new Date(calendar.now).getUTCFullYear();
  org.load("Holiday", holidayRows(year - 1, year + 1));
  org.load("Profile", staff.rows.profiles);
  org.load("UserRole", staff.rows.roles);
  org.load("User", staff.rows.users);
  org.load("Group", staff.rows.groups);
  org.load("GroupMember", staff.rows.members);
  org.load("QueueSobject", staff.rows.queueObjects);
}

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

/** Business that comes through no lead: repeat orders, renewals, a rep's own finds. */
function addOtherOpportunity(rows: RowBuffer, world: CompanyWorld, day: number, random: RandomStream): void {
  const { calendar, staff, plan } = world;
  const at = calendar.atWork(drawInstant(calendar, day, random), random.next());
  const created = Math.min(at, calendar.now - 10 * MINUTE_MS);
  const owner = drawRep(staff, created, random, null);
  const where = firm(random.whole(0, FIRM_COUNT - 1));
  const [first, last] = [random.pick(FIRST_NAMES), random.pick(LAST_NAMES)];
  const email = `${first}.${last}@${where.domain}`.toLowerCase();
  const draw = random.next();
  const type =
    draw < 0.42
      ? "Existing Business"
      : draw < 0.68
        ? "Renewal"
        : draw < 0.75
          ? "Early Renewal"
          : "New Business";
  const since = type === "New Business" ? created : created - random.between(200, 900) * DAY_MS;
  const currency = owner.team === 2 ? "USD" : "EUR";
  const audit = {
    OwnerId: owner.id,
    CurrencyIsoCode: currency,
    CreatedDate: instantText(since),
    CreatedById: owner.id,
    LastModifiedDate: instantText(created),
    LastModifiedById: owner.id,
    SystemModstamp: instantText(created),
  };
  const accountId = rows.add("Account", {
    Name: where.name,
    Type: type === "New Business" ? "Prospect" : "Customer - Direct",
    ...audit,
  });
  const contactId = rows.add("Contact", {
    AccountId: accountId,
    FirstName: first,
    LastName: last,
    Email: email,
    ...audit,
  });
  const running = plan.byDay[calendar.dayOf(created)];
  const campaign = random.chance(0.18) ? running?.campaigns[random.weighted(running.totals)] : undefined;
  addOpportunity(
    rows,
    {
      id: rows.reserve("Opportunity"),
      at: created,
      owner,
      accountId,
      accountName: where.name,
      contactId,
      contactEmail: email,
      type,
      source: type === "New Business" ? random.pick(["Outbound", "Referral", null]) : null,
      // Events sell to customers too; the cheap and the dear campaign stay what they are.
      campaignId: campaign?.source === "Trade Show" || campaign?.source === "Webinar" ? campaign.id : null,
      amount: type.includes("Renewal") ? 9_000 : 7_000,
      winRate: type.includes("Renewal") ? 0.82 : 0.4,
      currency,
      hasContactRole: random.chance(0.6),
    },
    world,
    random,
  );
}

/**
 * Fills an org with Alder Works, a firm of two hundred that sells monitoring for production lines.
 *
 * Three teams and twelve reps (at 5,000 leads) work what website, searches, fairs and partners bring in. Most call
 * within hours; one leaves leads lying; one gets nearly three times the others' leads and is jammed; two have left and
 * their leads with them. Leads arrive in queues or straight on a rep's desk, are taken, moved when nobody calls, and
 * end converted, unqualified, recycled or swept out; some wait in a queue for good. A website integration (API only)
 * writes most of them, and a list loader on a person's licence keeps more than 200 of its own (from 2,000 leads on).
 * Syndicated leads are cheap and buy little; dinners are dear and buy much. Costs are missing, zero, or on a parent in
 * places; sources are blank or misspelt in places; one worked lead in fourteen leaves no trace.
 *
 * `leads` lead records come with three times as many tasks and events and a fifth as many opportunities. Everything
 * follows from `seed` and `now`; rows are made and loaded in batches, so that memory is the org's alone.
 */
export function seedCompany(org: SeedableOrg, options: SeedOptions): SeededCompany {
  const { leads, seed } = options;
  const now = options.now ?? DEFAULT_NOW;
  const calendar = companyCalendar(now, PAST_DAYS);
  const firstDay = new Date(calendar.days[0]?.midnight ?? now);
  const staff = hireStaff({
    leads,
    seed,
    start: firstDay.getTime(),
    now: now.getTime(),
    licenses: findLicenses(org),
  });
  const listLeads = leads < 2_000 ? 0 : Math.max(LIST_LEADS, Math.round(leads * 0.043));
  const told = leads - listLeads;
  const plan = planCampaigns(calendar, told * 0.7, staff.marketer.id);
  const world: CompanyWorld = { calendar, staff, plan };
  const withCurrencies = hasCurrencies(org);
  const target = forOrg(org, withCurrencies);

  loadSetup(target, staff, calendar, withCurrencies);
  target.load("Campaign", plan.rows);
  target.load("CampaignMemberStatus", plan.statusRows);

  const totals = dayTotals(calendar);
  const rows = rowBuffer(target);
  const activities = (): number => rows.count("Task") + rows.count("Event");
  let previous: Prospect | null = null;
  for (let start = 0; start < leads; start += BATCH) {
    const end = Math.min(start + BATCH, leads);
    const batch = new RandomStream(seed, 2, start);
    const traces: LeadTrace[] = [];
    for (let index = start; index < end; index += 1) {
      const random = new RandomStream(seed, 3, index);
      const day = dayAt(totals, (index + 0.5) / told);
      const story = index < told ? leadStory(world, day, random) : listStory(world, random);
      const trace = addLead(rows, world, story, previous, random);
      if (story.removal === null) previous = trace.prospect;
      traces.push(trace);
    }
    while (rows.count("Opportunity") < Math.floor(end / 5)) {
      const day = dayAt(totals, Math.min(batch.between(start, end) / told, 0.9999));
      addOtherOpportunity(rows, world, day, batch);
    }
    while (activities() < end * 3) {
      const trace = traces[batch.whole(0, traces.length - 1)];
      if (trace === undefined) break;
      const at = Math.min(trace.from + batch.between(0.01, 60) * DAY_MS, trace.until - 2 * MINUTE_MS);
      addMachineTask(rows, Math.max(at, trace.from), trace.rep, trace.subject, staff, batch);
    }
    rows.flush();
  }
  return {
    firstDay,
    now,
    leads,
    activities: activities(),
    opportunities: rows.count("Opportunity"),
    reps: staff.reps.length,
  };
}
