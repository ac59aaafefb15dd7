import { DAY_MS, MINUTE_MS } from "../../../core/time.ts";
import { drawInstant } from "../../salesforce/company/lead-story.ts";
import { FIRM_COUNT, FIRST_NAMES, firm, JOB_TITLES, LAST_NAMES } from "../../salesforce/company/names.ts";
import type { RandomStream } from "../../salesforce/company/random.ts";
import { LEAD_STATUSES } from "../../salesforce/company/setup-rows.ts";
import type { LeadStory } from "../../salesforce/company/story.ts";
import { type Answered, analyticsSource, type ContactStory, contactRow, hasForm } from "./contact-row.ts";
import { addEngagement } from "./engagement-rows.ts";
import type { SharedPerson } from "./joint-people.ts";
import { answeredBy, lifecycleOf } from "./person-rows.ts";
import { instantText } from "./portal-rows.ts";
import type { PortalWorld } from "./portal-world.ts";

/** Properties that HubSpot's Salesforce integration makes, by their newer and their older names. */
export const INTEGRATION_PROPERTIES = [
  ["hs_salesforceleadid", "salesforceleadid", "Salesforce Lead ID"],
  ["hs_salesforcecontactid", "salesforcecontactid", "Salesforce Contact ID"],
] as const;

/** The same of deals. Its name is known from portals that have it; unconfirmed: HubSpot's own pages were not seen to name it. */
export const INTEGRATION_DEAL_PROPERTY = {
  objectType: "deals",
  name: "hs_salesforceopportunityid",
  label: "Salesforce Opportunity ID",
} as const;

/** The ids as the integration writes them; after a conversion the lead's stays beside the contact's. */
function salesforceIds({ trace, link }: SharedPerson): Readonly<Record<string, string>> {
  if (link !== "ids") return {};
  const { contactId } = trace;
  const values = [trace.prospect.leadId, contactId];
  return Object.fromEntries(
    INTEGRATION_PROPERTIES.flatMap(([newer, older], index) => {
      const value = values[index];
      return value === undefined || value === null
        ? []
        : [
            [newer, value],
            [older, value],
          ];
    }),
  );
}

/** What every contact of marketing's starts from: no owner, no lead status; both are kept in Salesforce. */
const marketingContact = {
  leadStatus: [],
  owners: [],
  merged: [],
  salesforce: {},
  removedAt: null,
  title: null,
  country: null,
} satisfies Partial<ContactStory>;

/**
 * What a rep did from HubSpot: a call where Salesforce shows a lead that was worked and no trace of how, and now and then
 * a mail that both CRMs hold.
 */
function addSalesTouches(world: PortalWorld, story: LeadStory, contact: string, random: RandomStream): void {
  const { rows, owners } = world;
  const on = { contacts: [contact] };
  const worked = story.statuses.find(({ to }) => to === LEAD_STATUSES.working);
  if (worked !== undefined && story.touches.length === 0) {
    addEngagement(rows, { at: worked.at - MINUTE_MS, kind: "call", by: worked.by }, on, owners, random);
    return;
  }
  const mail = story.touches.find(({ kind }) => kind === "mailed");
  if (mail !== undefined && random.chance(0.25)) {
    addEngagement(rows, { ...mail, at: mail.at + MINUTE_MS }, on, owners, random);
  }
}

/** The contact of somebody who is a lead in Salesforce: made by a form some minutes before the lead. */
export function addShared(world: PortalWorld, person: SharedPerson, random: RandomStream): void {
  const { rows, owners } = world;
  const { story, prospect } = person.trace;
  const created = Math.floor(story.created - random.between(1, 12) * MINUTE_MS);
  const id = rows.reserve("contacts");
  const merged = person.hasMerged ? [rows.reserve("contacts")] : [];
  const company = rows.company(prospect.firm, created);
  const answered = answeredBy({ ...story, created }, world, random);
  const lifecycle = lifecycleOf({ ...story, created }, false, null);
  const mailbox = `${prospect.first.charAt(0)}.${prospect.last}`.toLowerCase();
  const contact: ContactStory = {
    ...marketingContact,
    id,
    created,
    first: prospect.first,
    last: prospect.last,
    email:
      person.conflictsWith ?? (person.hasOtherAddress ? `${mailbox}.${id}@mail.example` : prospect.email),
    title: random.pick(JOB_TITLES),
    companyId: company,
    companyName: prospect.firm.name,
    source: analyticsSource(story.campaign, story.source),
    answered,
    lifecycle,
    madeBy: "API",
    merged,
    salesforce: salesforceIds(person),
    changed: Math.max(created, ...[...answered, ...lifecycle].map(({ at }) => at)),
  };
  for (const loser of merged) {
    const properties = {
      firstname: prospect.first,
      lastname: prospect.last,
      email: `${mailbox}.${loser}@mail.example`,
    };
    rows.add("contacts", { id: loser, createdAt: instantText(created), properties });
    rows.merge(loser, id);
  }
  rows.add("contacts", contactRow(contact, owners));
  if (person.hasDouble) {
    const twin = rows.reserve("contacts");
    const email = `${mailbox}.${twin}@mail.example`;
    rows.add("contacts", contactRow({ ...contact, id: twin, email, answered: [], merged: [] }, owners));
  }
  addSalesTouches(world, story, id, random);
}

/** A campaign of HubSpot's that had a form open on that day. */
function drawCampaign(
  world: PortalWorld,
  day: number,
  at: number,
  random: RandomStream,
): readonly Answered[] {
  const running = world.company.world.plan.byDay[day];
  for (let attempt = 0; running !== undefined && attempt < 12; attempt += 1) {
    const campaign = running.campaigns[random.weighted(running.totals)];
    const guid = campaign === undefined ? null : world.campaigns.guidOf(campaign.id);
    const record = campaign === undefined ? null : world.campaigns.recordOf(campaign.id);
    if (campaign === undefined || guid === null || record === null || !hasForm(campaign)) continue;
    return [{ campaign, guid, record, at }];
  }
  return [];
}

/** A subscriber; one in a hundred came so far that sales should have had them, and was never sent to Salesforce. */
function readerSteps(created: number, now: number, random: RandomStream): ContactStory["lifecycle"] {
  const qualified = Math.floor(created + random.between(1, 5) * DAY_MS);
  const subscribed = { value: "subscriber", at: created, by: null };
  const isForgotten = random.chance(0.01) && qualified < now;
  return isForgotten
    ? [subscribed, { value: "marketingqualifiedlead", at: qualified, by: null }]
    : [subscribed];
}

/** Somebody who reads and downloads, and was never handed to sales. */
export function addReader(world: PortalWorld, day: number, random: RandomStream): void {
  const { rows, owners, company, people } = world;
  const created = Math.floor(drawInstant(company.world.calendar, day, random));
  const [first, last] = [random.pick(FIRST_NAMES), random.pick(LAST_NAMES)];
  const where = firm(random.whole(0, FIRM_COUNT - 1));
  const id = rows.reserve("contacts");
  // HubSpot keeps one contact an address; whoever shares name and firm with another has a number in it.
  const plain = `${first}.${last}@${where.domain}`.toLowerCase();
  const email = people.has(plain) ? plain.replace("@", `.${id}@`) : plain;
  const companyId = rows.company(where, created);
  people.set(email, {
    first,
    last,
    email,
    firm: where,
    contact: id,
    company: companyId,
    since: created,
    merged: [],
  });
  const arrival = drawCampaign(world, day, created, random);
  const later = created + random.between(2, 60) * DAY_MS;
  const isBack = random.chance(0.2) && later < company.world.calendar.now;
  const again = isBack
    ? drawCampaign(world, company.world.calendar.dayOf(later), Math.floor(later), random)
    : [];
  const answered = [...arrival, ...again];
  rows.add(
    "contacts",
    contactRow(
      {
        ...marketingContact,
        id,
        created,
        first,
        last,
        email,
        companyId,
        companyName: where.name,
        source: analyticsSource(arrival[0]?.campaign ?? null, "Web"),
        answered,
        lifecycle: readerSteps(created, company.world.calendar.now, random),
        madeBy: "API",
        changed: Math.max(created, ...again.map(({ at }) => at)),
      },
      owners,
    ),
  );
}
