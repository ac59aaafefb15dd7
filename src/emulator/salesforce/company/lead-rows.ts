import { DAY_MS, MINUTE_MS } from "../../../core/time.ts";
import { addMeeting, addTouch, type Subject } from "./activity-rows.ts";
import { dateText, instantText } from "./calendar.ts";
import { INDUSTRIES, JOB_TITLES } from "./names.ts";
import { addOpportunity } from "./opportunity-rows.ts";
import type { RandomStream } from "./random.ts";
import type { RowBuffer } from "./row-buffer.ts";
import { LEAD_STATUSES } from "./setup-rows.ts";
import { COUNTRIES, drawSomebody, type Somebody } from "./somebody.ts";
import type { Person } from "./staff.ts";
import type { CompanyWorld, LeadStory } from "./story.ts";

/** The person a lead is about. */
export interface Prospect extends Somebody {
  readonly leadId: string;
}

/** What the machines of the same batch need to know to write to this lead. */
export interface LeadTrace {
  readonly prospect: Prospect;
  readonly subject: Subject;
  readonly from: number;
  readonly until: number;
  readonly rep: Person;
  /** Contact that it was converted to; null = not converted. */
  readonly contactId: string | null;
  readonly story: LeadStory;
}

function addHistory(rows: RowBuffer, leadId: string, story: LeadStory): void {
  const row = (
    at: number,
    by: Person,
    field: string,
    type: string,
    from: string | null,
    to: string | null,
  ): void => {
    const stamp = instantText(at);
    rows.add("LeadHistory", {
      LeadId: leadId,
      Field: field,
      DataType: type,
      OldValue: from,
      NewValue: to,
      CreatedById: by.id,
      CreatedDate: stamp,
    });
  };
  for (const { at, by, from, to, isAcceptance } of story.owners) {
    // An owner change is two rows, one of names and one of ids; taking from a queue adds a third.
    row(at, by, "Owner", "Text", from.name, to.name);
    row(at, by, "Owner", "EntityId", from.id, to.id);
    if (isAcceptance) row(at, by, "ownerAccepted", "EntityId", from.id, to.id);
  }
  for (const { at, by, from, to } of story.statuses) {
    row(at, by, "Status", "Text", from, to);
  }
  if (story.conversion !== null) {
    row(story.conversion.at, story.conversion.rep, "leadConverted", "Text", null, null);
  }
}

/** Account, contact and opportunity of a converted lead, and the ids the lead keeps of them. */
function addConversion(
  rows: RowBuffer,
  world: CompanyWorld,
  story: LeadStory,
  prospect: Prospect,
  random: RandomStream,
): { readonly accountId: string; readonly contactId: string; readonly opportunityId: string } | null {
  const { conversion, campaign } = story;
  if (conversion === null) return null;
  const { at, rep } = conversion;
  const stamp = instantText(at);
  const currency = story.isAmerican ? "USD" : "EUR";
  const audit = {
    OwnerId: rep.id,
    CurrencyIsoCode: currency,
    CreatedDate: stamp,
    CreatedById: rep.id,
    LastModifiedDate: stamp,
    LastModifiedById: rep.id,
    SystemModstamp: stamp,
  };
  const accountId = rows.add("Account", {
    Name: prospect.firm.name,
    Type: "Prospect",
    AccountSource: story.source,
    ...audit,
  });
  const contactId = rows.add("Contact", {
    AccountId: accountId,
    FirstName: prospect.first,
    LastName: prospect.last,
    Email: prospect.email,
    LeadSource: story.source,
    ...audit,
  });
  const opportunityId = rows.reserve("Opportunity");
  addOpportunity(
    rows,
    {
      id: opportunityId,
      at,
      owner: rep,
      accountId,
      accountName: prospect.firm.name,
      contactId,
      contactEmail: prospect.email,
      type: random.chance(0.1) ? null : "New Business",
      source: story.source,
      campaignId: campaign !== null && world.keepsCampaign(campaign.id) ? campaign.id : null,
      amount: campaign?.amount ?? 8_000,
      winRate: 0.27 * rep.style.skill,
      currency,
      hasContactRole: random.chance(0.93),
    },
    world,
    random,
  );
  return { accountId, contactId, opportunityId };
}

function addMemberships(
  rows: RowBuffer,
  world: CompanyWorld,
  story: LeadStory,
  leadId: string,
  contactId: string | null,
  random: RandomStream,
): void {
  const { calendar, plan, staff } = world;
  const member = (campaignId: string, at: number, responded: boolean): void => {
    if (!world.keepsCampaign(campaignId)) return;
    const stamp = instantText(at);
    rows.add("CampaignMember", {
      CampaignId: campaignId,
      LeadId: leadId,
      ContactId: contactId,
      Type: contactId === null ? "Lead" : "Contact",
      Status: responded ? "Responded" : "Sent",
      HasResponded: responded,
      FirstRespondedDate: responded ? (calendar.days[calendar.dayOf(at)]?.date ?? null) : null,
      CurrencyIsoCode: story.isAmerican ? "USD" : "EUR",
      CreatedDate: stamp,
      CreatedById: staff.robot.id,
      LastModifiedDate: stamp,
      LastModifiedById: staff.robot.id,
      SystemModstamp: stamp,
    });
  };
  const { campaign } = story;
  if (campaign !== null) {
    // A purchased list brings names, not answers.
    member(campaign.id, story.created, campaign.id !== plan.listCampaign.id);
  }
  if (random.chance(0.3)) {
    const at = story.created + random.between(1, 70) * DAY_MS;
    const running = plan.byDay[calendar.dayOf(at)];
    const other = running?.campaigns[random.weighted(running.totals)];
    if (at < calendar.now && other !== undefined && other.id !== campaign?.id && !other.isWebsite) {
      member(other.id, at, random.chance(0.4));
    }
  }
}

/**
 * Cuts a story into records: the lead, its history, memberships, activities, and what conversion made of it.
 * @param previous the last lead that lives, for merges and for people who come back
 */
export function addLead(
  rows: RowBuffer,
  world: CompanyWorld,
  story: LeadStory,
  previous: Prospect | null,
  random: RandomStream,
): LeadTrace {
  const { calendar, staff } = world;
  const { now } = calendar;
  const leadId = rows.reserve("Lead");
  const isMerged = story.removal?.kind === "merged" && previous !== null;
  const prospect: Prospect = { ...drawSomebody(previous, isMerged, random), leadId };
  const converted = addConversion(rows, world, story, prospect, random);
  const subject: Subject =
    converted === null
      ? { whoId: leadId, whoType: "Lead", email: prospect.email }
      : {
          whoId: converted.contactId,
          whoType: "Contact",
          email: prospect.email,
          accountId: converted.accountId,
        };

  const owner = story.owners.at(-1)?.to ?? story.firstOwner;
  const status = story.statuses.at(-1)?.to ?? LEAD_STATUSES.fresh;
  const touches = story.touches.filter(({ at }) => at < now - MINUTE_MS);
  for (const touch of touches) {
    addTouch(rows, touch, subject, staff, random);
  }
  const lastTouch = touches.reduce((latest, { at }) => Math.max(latest, at), 0);
  const lastBy = touches.at(-1)?.by;
  if (lastBy !== undefined && status === LEAD_STATUSES.working && random.chance(0.06)) {
    const ahead = calendar.atWork(now + random.between(0.1, 12) * DAY_MS, random.next());
    addMeeting(rows, ahead, lastTouch, { at: ahead, kind: "meeting", by: lastBy }, subject, random);
  }
  addHistory(rows, leadId, story);
  if (story.removal === null) {
    addMemberships(rows, world, story, leadId, converted?.contactId ?? null, random);
  }

  const changes = [
    ...story.owners,
    ...story.statuses,
    ...(story.conversion === null ? [] : [{ at: story.conversion.at, by: story.conversion.rep }]),
    ...(story.removal === null ? [] : [story.removal]),
  ];
  const lastChange = changes.reduce((latest, change) => (change.at >= latest.at ? change : latest), {
    at: story.created,
    by: story.createdBy,
  });
  rows.addWithId("Lead", leadId, {
    FirstName: prospect.first,
    LastName: prospect.last,
    Company: prospect.firm.name,
    Title: random.pick(JOB_TITLES),
    Email: prospect.email,
    Country: story.isAmerican ? "United States" : random.pick(COUNTRIES),
    Industry: random.pick(INDUSTRIES),
    LeadSource: story.source,
    Status: status,
    OwnerId: owner.id,
    CurrencyIsoCode: story.isAmerican ? "USD" : "EUR",
    HasOptedOutOfEmail: random.chance(0.03),
    IsConverted: converted !== null,
    ConvertedDate:
      story.conversion === null ? null : (calendar.days[calendar.dayOf(story.conversion.at)]?.date ?? null),
    ConvertedAccountId: converted?.accountId ?? null,
    ConvertedContactId: converted?.contactId ?? null,
    ConvertedOpportunityId: converted?.opportunityId ?? null,
    IsDeleted: story.removal !== null,
    MasterRecordId: isMerged ? previous.leadId : null,
    LastActivityDate: lastTouch === 0 ? null : dateText(lastTouch),
    CreatedDate: instantText(story.created),
    CreatedById: story.createdBy.id,
    LastModifiedDate: instantText(lastChange.at),
    LastModifiedById: lastChange.by.id,
    SystemModstamp: instantText(lastChange.at),
  });
  const rep = staff.reps.find(({ id }) => id === owner.id) ?? staff.robot;
  return {
    prospect,
    subject,
    from: story.created,
    until: story.removal?.at ?? now,
    rep,
    contactId: converted?.contactId ?? null,
    story,
  };
}
