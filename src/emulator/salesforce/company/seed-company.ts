import { DAY_MS, MINUTE_MS } from "../../../core/time.ts";
import type { FieldValues } from "../org.ts";
import { addMachineTask } from "./activity-rows.ts";
import { type Calendar, instantText } from "./calendar.ts";
import { tellCompany } from "./company-world.ts";
import { addLead, type LeadTrace, type Prospect } from "./lead-rows.ts";
import { findLicenses } from "./licenses.ts";
import { addOpportunity } from "./opportunity-rows.ts";
import { type OtherBusiness, otherBusiness, otherTerms } from "./other-business.ts";
import { RandomStream } from "./random.ts";
import { type Loader, type RowBuffer, rowBuffer, type SeedableOrg } from "./row-buffer.ts";
import { businessHoursRows, currencyRows, holidayRows, leadStatusRows, stageRows } from "./setup-rows.ts";
import type { Staff } from "./staff.ts";
import type { CompanyWorld } from "./story.ts";

export interface SeedOptions {
  /** Lead records, deleted and merged ones included. */
  readonly leads: number;
  readonly seed: number;
  /** Last instant of the company's history; default Monday 2026-06-01 08:00 UTC, ten in the morning in its office. */
  readonly now?: Date;
  /** Where another CRM holds a part of the company. */
  readonly beside?: {
    /** Campaigns, by name, that are kept in the org. */
    readonly keepsCampaign: (name: string) => boolean;
    /** Told of every lead, in the order they came. */
    onLead(trace: LeadTrace): void;
    /** Told of whoever is a contact without ever having been a lead. */
    onContact(email: string): void;
  };
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
const BATCH = 2_000;

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

function addOtherOpportunity(
  rows: RowBuffer,
  world: CompanyWorld,
  day: number,
  random: RandomStream,
): OtherBusiness {
  const business = otherBusiness(world, day, random);
  const { at, since, owner, type, currency, firm, first, last, email } = business;
  const audit = {
    OwnerId: owner.id,
    CurrencyIsoCode: currency,
    CreatedDate: instantText(since),
    CreatedById: owner.id,
    LastModifiedDate: instantText(at),
    LastModifiedById: owner.id,
    SystemModstamp: instantText(at),
  };
  const accountId = rows.add("Account", {
    Name: firm.name,
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
  const { source, hasContactRole } = business;
  const isKept = business.campaignId !== null && world.keepsCampaign(business.campaignId);
  const campaignId = isKept ? business.campaignId : null;
  const id = rows.reserve("Opportunity");
  const party = { accountId, accountName: firm.name, contactId, contactEmail: email };
  const terms = { type, source, campaignId, currency, hasContactRole, ...otherTerms(type) };
  addOpportunity(rows, { id, at, owner, ...party, ...terms }, world, random);
  return business;
}

function keptIn(world: CompanyWorld, keeps: ((name: string) => boolean) | undefined): CompanyWorld {
  if (keeps === undefined) return world;
  const kept = new Set(world.plan.facts.filter(({ name }) => keeps(name)).map(({ id }) => id));
  return { ...world, keepsCampaign: (id) => kept.has(id) };
}

/** The campaigns kept here, and the programmes above them. */
function loadCampaigns(org: Loader, { plan, keepsCampaign }: CompanyWorld): void {
  const programs = new Set(
    plan.facts.flatMap(({ id, program }) => (keepsCampaign(id) && program !== null ? [program] : [])),
  );
  const known = new Set(plan.facts.map(({ id }) => id));
  const kept = plan.rows.filter(({ Id, Name }) =>
    typeof Id === "string" && known.has(Id) ? keepsCampaign(Id) : programs.has(String(Name)),
  );
  const ids = new Set(kept.map(({ Id }) => Id));
  org.load("Campaign", kept);
  org.load(
    "CampaignMemberStatus",
    plan.statusRows.filter(({ CampaignId }) => ids.has(CampaignId)),
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
  const company = tellCompany({ leads, seed, now }, findLicenses(org));
  const { firstDay } = company;
  const world = keptIn(company.world, options.beside?.keepsCampaign);
  const { calendar, staff } = world;
  const withCurrencies = hasCurrencies(org);
  const target = forOrg(org, withCurrencies);

  loadSetup(target, staff, calendar, withCurrencies);
  loadCampaigns(target, world);

  const rows = rowBuffer(target);
  const activities = (): number => rows.count("Task") + rows.count("Event");
  let previous: Prospect | null = null;
  for (let start = 0; start < leads; start += BATCH) {
    const end = Math.min(start + BATCH, leads);
    const batch = new RandomStream(seed, 2, start);
    const traces: LeadTrace[] = [];
    for (let index = start; index < end; index += 1) {
      const random = new RandomStream(seed, 3, index);
      const story = company.story(index, random);
      const trace = addLead(rows, world, story, previous, random);
      if (story.removal === null) previous = trace.prospect;
      traces.push(trace);
      options.beside?.onLead(trace);
    }
    while (rows.count("Opportunity") < Math.floor(end / 5)) {
      const day = company.dayOf(Math.min(batch.between(start, end), 0.9999 * company.told));
      const { email } = addOtherOpportunity(rows, world, day, batch);
      options.beside?.onContact(email);
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
