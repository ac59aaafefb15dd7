import { DAY_MS, MINUTE_MS } from "../../../core/time.ts";
import { tellCompany } from "../../salesforce/company/company-world.ts";
import { type OtherBusiness, otherBusiness, otherTerms } from "../../salesforce/company/other-business.ts";
import { RandomStream } from "../../salesforce/company/random.ts";
import { loadRows } from "../engine/load/load-rows.ts";
import type { Portal } from "../engine/portal.ts";
import { contactRow } from "./contact-row.ts";
import { addDeal, type DealStory } from "./deal-row.ts";
import { addNoise } from "./engagement-rows.ts";
import { addPerson, type PersonTrace } from "./person-rows.ts";
import { portalCampaigns } from "./portal-campaigns.ts";
import { portalOwners } from "./portal-owners.ts";
import { type EngagementType, type PortalRows, portalRows } from "./portal-rows.ts";
import { NO_LICENSES, setUpPortal } from "./portal-setup.ts";
import type { Known, PortalWorld } from "./portal-world.ts";

export interface PortalSeed {
  /** Leads; with them come nearly as many contacts, three times as many engagements and a fifth as many deals. */
  readonly leads: number;
  readonly seed: number;
  readonly now: Date;
}

export interface SeededPortal {
  /** Midnight (company zone) of the day its history begins, about a year before `now`. */
  readonly firstDay: Date;
  readonly leads: number;
}

/** Leads told before their rows are handed over, so that a large company is never held twice. */
const BATCH = 2_000;

const ENGAGEMENTS: readonly EngagementType[] = [
  "calls",
  "emails",
  "meetings",
  "notes",
  "tasks",
  "communications",
];

const DEAL_TYPES: Readonly<Record<OtherBusiness["type"], NonNullable<DealStory["type"]>>> = {
  "Existing Business": "existingbusiness",
  Renewal: "renewal",
  "Early Renewal": "renewal",
  "New Business": "newbusiness",
};

const engagementCount = (rows: PortalRows): number =>
  ENGAGEMENTS.reduce((sum, type) => sum + rows.count(type), 0);

/** A deal without a lead: a customer of long standing, whose contact somebody typed in. */
function addOtherDeal(world: PortalWorld, day: number, random: RandomStream): void {
  const { rows, owners, people, company } = world;
  const business = otherBusiness(company.world, day, random);
  const { since, owner, firm, first, last, email, type } = business;
  const companyId = rows.company(firm, Math.floor(since));
  const known = people.get(email);
  const contact = known?.contact ?? rows.reserve("contacts");
  const source = business.source === "Referral" ? "REFERRALS" : "OFFLINE";
  const deal = addDeal(
    rows,
    {
      at: business.at,
      owner,
      company: companyId,
      companyName: firm.name,
      contact,
      hasContact: business.hasContactRole,
      type: DEAL_TYPES[type],
      source,
      ...otherTerms(type),
      currency: business.currency,
    },
    { calendar: company.world.calendar, owners },
    random,
  );
  if (known !== undefined && known !== null) return;
  const made = Math.floor(since);
  const steps = (value: string) => [{ value, at: made, by: owner }];
  rows.add(
    "contacts",
    contactRow(
      {
        id: contact,
        created: made,
        first,
        last,
        email,
        title: null,
        country: null,
        companyId,
        companyName: firm.name,
        source,
        answered: [],
        lifecycle: steps(type === "New Business" && deal.wonAt === null ? "opportunity" : "customer"),
        leadStatus: [],
        owners: steps(owners.ownerOf(owner) ?? ""),
        madeBy: "CRM_UI",
        merged: [],
        salesforce: {},
        changed: made,
        removedAt: null,
      },
      owners,
    ),
  );
  people.set(email, { ...business, contact, company: companyId, since: made, merged: [] });
}

/** Notes, reminders and mail that reached nobody, until there are three engagements a lead. */
function fillTimelines(
  world: PortalWorld,
  traces: readonly PersonTrace[],
  wanted: number,
  random: RandomStream,
): void {
  while (engagementCount(world.rows) < wanted && traces.length > 0) {
    const trace = traces[random.whole(0, traces.length - 1)];
    if (trace === undefined) break;
    const at = Math.min(trace.from + random.between(0.01, 60) * DAY_MS, trace.until - 2 * MINUTE_MS);
    const what = { at: Math.max(at, trace.from), by: trace.rep, on: trace.on };
    addNoise(world.rows, what, world.owners, random);
  }
}

/**
 * Fills the portal with Alder Works as a company that runs on HubSpot alone: the people, campaigns and lead stories of
 * `tellCompany`, with leads as lead objects of a contact, handed over by their owner's history, and deals in place of
 * opportunities. What HubSpot cannot say is not there: campaigns have no parents, sources are HubSpot's ten, machines
 * are no owners. The same seed, size and `now` give the same portal. It does not mark the start.
 */
export function seedPortal(portal: Portal, { leads, seed, now }: PortalSeed): SeededPortal {
  const company = tellCompany({ leads, seed, now }, NO_LICENSES);
  const { staff, plan } = company.world;
  const since = company.firstDay.getTime();
  setUpPortal(portal, since);
  const owners = portalOwners(staff, since);
  const campaigns = portalCampaigns(plan, { seed, now: now.getTime() });
  const rows = portalRows(portal);
  const world: PortalWorld = { company, owners, campaigns, rows, people: new Map() };
  loadRows(portal, "owners", owners.rows);
  loadRows(portal, "campaigns", campaigns.rows);
  let previous: Known | null = null;
  for (let start = 0; start < leads; start += BATCH) {
    const end = Math.min(start + BATCH, leads);
    const batch = new RandomStream(seed, 2, start);
    const traces: PersonTrace[] = [];
    for (let index = start; index < end; index += 1) {
      const random = new RandomStream(seed, 3, index);
      const story = company.story(index, random);
      const trace = addPerson(world, story, previous, random);
      if (story.removal?.kind !== "deleted") previous = trace.known;
      traces.push(trace);
    }
    while (rows.count("deals") < Math.floor(end / 5)) {
      addOtherDeal(world, company.dayOf(Math.min(batch.between(start, end), 0.9999 * company.told)), batch);
    }
    fillTimelines(world, traces, end * 3, batch);
    rows.flush();
  }
  return { firstDay: company.firstDay, leads };
}
