import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../core/time.ts";
import { FIRM_COUNT, FIRST_NAMES, firm, JOB_TITLES, LAST_NAMES } from "../../salesforce/company/names.ts";
import { RandomStream } from "../../salesforce/company/random.ts";
import { loadRows } from "../engine/load/load-rows.ts";
import type { Portal } from "../engine/portal.ts";
import { type PlannedCampaign, planCampaigns } from "./plan-campaigns.ts";
import { planDeal } from "./plan-deal.ts";
import { planEngagements, type Target } from "./plan-engagements.ts";

export interface PortalSeed {
  /** Contacts; everything else follows from it: a third as many leads, a fifth deals, three engagements each. */
  readonly leads: number;
  readonly seed: number;
  readonly now: Date;
}

/** How far the company's history reaches back. */
const HISTORY_DAYS = 365;
/** Contacts told before their rows are handed over, so that a large company is never held twice. */
const GROUP = 2_000;

const FIRST_CONTACT = 100_001;
const FIRST_COMPANY = 5_000_001;
const FIRST_OWNER = 70_001;

/** People who sell; the last one has left. */
const ownerCount = (leads: number) => Math.max(4, Math.ceil(leads / 150));

function owners(count: number, since: number): readonly Record<string, unknown>[] {
  return Array.from({ length: count }, (_, index) => ({
    id: String(FIRST_OWNER + index),
    firstName: FIRST_NAMES[index % FIRST_NAMES.length],
    lastName: LAST_NAMES[(index * 7) % LAST_NAMES.length],
    email: `rep${index + 1}@vendor.example`,
    teams: [
      { id: String(1 + (index % 3)), name: ["North", "South", "Enterprise"][index % 3], primary: true },
    ],
    archived: index === count - 1,
    createdAt: new Date(since).toISOString(),
  }));
}

interface Person {
  readonly id: string;
  readonly owner: string;
  readonly company: string;
  readonly companyName: string;
  readonly at: number;
  readonly stage: string;
  readonly campaign: PlannedCampaign | undefined;
}

const STAGES = [
  "subscriber",
  "lead",
  "marketingqualifiedlead",
  "salesqualifiedlead",
  "opportunity",
  "customer",
];
const SOURCES = [
  "ORGANIC_SEARCH",
  "PAID_SEARCH",
  "PAID_SOCIAL",
  "EMAIL_MARKETING",
  "REFERRALS",
  "DIRECT_TRAFFIC",
  "OFFLINE",
] as const;

function contactRow(person: Person, index: number, random: RandomStream): Record<string, unknown> {
  const first = random.pick(FIRST_NAMES);
  const last = random.pick(LAST_NAMES);
  const iso = new Date(person.at).toISOString();
  const source = person.campaign?.source ?? random.pick(SOURCES);
  return {
    id: person.id,
    createdAt: iso,
    properties: {
      firstname: first,
      lastname: last,
      email: `${first}.${last}.${index + 1}@${person.company}.example`
        .toLowerCase()
        .replace(/[^a-z0-9.@-]/g, ""),
      jobtitle: random.pick(JOB_TITLES),
      company: person.companyName,
      lifecyclestage: person.stage,
      hs_lead_status: random.pick([
        "NEW",
        "OPEN",
        "IN_PROGRESS",
        "ATTEMPTED_TO_CONTACT",
        "CONNECTED",
        "UNQUALIFIED",
      ]),
      hubspot_owner_id: person.owner,
      hubspot_owner_assigneddate: new Date(person.at + 5 * MINUTE_MS).toISOString(),
      hs_analytics_source: source,
      hs_analytics_first_timestamp: iso,
      ...(person.campaign === undefined
        ? {}
        : {
            hs_analytics_first_touch_converting_campaign: person.campaign.guid,
            hs_analytics_last_touch_converting_campaign: person.campaign.guid,
          }),
    },
    associations: { companies: [person.company] },
  };
}

/** Some days before now more often than long ago: the company grows. */
const dayOf = (random: RandomStream) => Math.floor(HISTORY_DAYS * (1 - Math.sqrt(random.next())));

function tellPerson(
  seed: PortalSeed,
  index: number,
  reps: number,
  companies: number,
  campaigns: readonly PlannedCampaign[],
): { readonly person: Person; readonly random: RandomStream } {
  const random = new RandomStream(seed.seed, 2, index);
  const last = seed.now.getTime() - HOUR_MS;
  const at = Math.min(last, last - dayOf(random) * DAY_MS - random.whole(0, 20 * 60) * MINUTE_MS);
  const running = campaigns.filter((campaign) => campaign.startsAt <= at && at < campaign.endsAt);
  const campaign = random.chance(0.6) ? running[random.whole(0, Math.max(0, running.length - 1))] : undefined;
  const company = random.whole(0, companies - 1);
  const age = (last - at) / DAY_MS;
  const reached = Math.min(STAGES.length - 1, 1 + Math.floor(random.next() * Math.min(5, 1 + age / 20)));
  return {
    random,
    person: {
      id: String(FIRST_CONTACT + index),
      owner: String(FIRST_OWNER + random.whole(0, reps - 1)),
      company: String(FIRST_COMPANY + company),
      companyName: firm(company % FIRM_COUNT).name,
      at,
      stage: random.chance(0.1) ? "subscriber" : (STAGES[reached] ?? "lead"),
      campaign,
    },
  };
}

const STAGE_IDS = [
  "new-stage-id",
  "attempting-stage-id",
  "connected-stage-id",
  "qualified-stage-id",
  "unqualified-stage-id",
] as const;

function leadRow(id: string, person: Person, random: RandomStream): Record<string, unknown> {
  return {
    id,
    createdAt: new Date(person.at + MINUTE_MS).toISOString(),
    properties: {
      hs_lead_name: `${person.companyName} ${id}`,
      hs_lead_type: "NEW_BUSINESS",
      hs_lead_label: random.pick(["HOT", "WARM", "COLD"]),
      hs_pipeline: "lead-pipeline-id",
      hs_pipeline_stage: random.pick(STAGE_IDS),
      hubspot_owner_id: person.owner,
    },
    associations: { contacts: [person.id], companies: [person.company] },
  };
}

/** Ids of everything but contacts, companies and owners, in the order it is made. */
const FIRST_OTHER = 20_000_001;

type Rows = Map<string, unknown[]>;

function add(rows: Rows, type: string, row: unknown): void {
  const known = rows.get(type);
  if (known === undefined) rows.set(type, [row]);
  else known.push(row);
}

/** A contact with what hangs on it. @param takeId the next free id */
function tellRows(
  rows: Rows,
  index: number,
  told: ReturnType<typeof tellPerson>,
  now: number,
  takeId: () => string,
) {
  const { person, random } = told;
  const targets: Target[] = [{ type: "contacts", id: person.id }];
  add(rows, "contacts", contactRow(person, index, random));
  if (index % 3 === 0) {
    const id = takeId();
    targets.push({ type: "leads", id });
    add(rows, "leads", leadRow(id, person, random));
  }
  if (index % 5 === 0) {
    const id = takeId();
    targets.push({ type: "deals", id });
    const { id: contact, company, owner, at: from } = person;
    add(rows, "deals", planDeal({ id, contact, company, owner, from }, now, random));
  }
  const story = { owner: person.owner, from: person.at, targets };
  for (const { type, row } of planEngagements(story, now, random, takeId)) add(rows, type, row);
}

/** Records before the engagements that leave something on them. */
const ORDER = [
  "contacts",
  "leads",
  "deals",
  "calls",
  "emails",
  "meetings",
  "notes",
  "tasks",
  "communications",
];

/**
 * Fills the portal with a company's history up to `now`: owners, campaigns with budget and spend, companies, contacts,
 * leads, deals and engagements. The same seed, size and `now` give the same portal. It does not mark the start.
 */
export function seedPortal(portal: Portal, seed: PortalSeed): void {
  const now = seed.now.getTime();
  const reps = ownerCount(seed.leads);
  const companies = Math.max(1, Math.ceil(seed.leads / 4));
  const campaigns = planCampaigns(seed, HISTORY_DAYS);
  loadRows(portal, "owners", owners(reps, now - 2 * HISTORY_DAYS * DAY_MS));
  loadRows(
    portal,
    "campaigns",
    campaigns.map((campaign) => campaign.row),
  );
  for (let from = 0; from < companies; from += GROUP) {
    const count = Math.min(GROUP, companies - from);
    loadRows(
      portal,
      "companies",
      Array.from({ length: count }, (_, index) => companyRow(from + index, now)),
    );
  }
  let nextId = FIRST_OTHER;
  const takeId = () => String(nextId++);
  for (let from = 0; from < seed.leads; from += GROUP) {
    const rows: Rows = new Map();
    for (let index = from; index < Math.min(from + GROUP, seed.leads); index++) {
      tellRows(rows, index, tellPerson(seed, index, reps, companies, campaigns), now, takeId);
    }
    for (const type of ORDER) loadRows(portal, type, rows.get(type) ?? []);
  }
}

function companyRow(index: number, now: number): Record<string, unknown> {
  const id = String(FIRST_COMPANY + index);
  return {
    id,
    createdAt: new Date(now - HISTORY_DAYS * DAY_MS + index * MINUTE_MS).toISOString(),
    properties: { name: firm(index % FIRM_COUNT).name, domain: `${id}.example` },
  };
}
