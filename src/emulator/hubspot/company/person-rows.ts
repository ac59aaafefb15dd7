import { DAY_MS, MINUTE_MS } from "../../../core/time.ts";
import { JOB_TITLES } from "../../salesforce/company/names.ts";
import type { RandomStream } from "../../salesforce/company/random.ts";
import { LEAD_STATUSES } from "../../salesforce/company/setup-rows.ts";
import { COUNTRIES, drawSomebody } from "../../salesforce/company/somebody.ts";
import type { Owner as Holder, LeadStory } from "../../salesforce/company/story.ts";
import { type Answered, analyticsSource, type ContactStory, contactRow } from "./contact-row.ts";
import { addDeal } from "./deal-row.ts";
import { addEngagement, type Logged } from "./engagement-rows.ts";
import { leadRow, leadStatusSteps } from "./lead-row.ts";
import { ownerSteps, type Step } from "./portal-history.ts";
import { instantText } from "./portal-rows.ts";
import type { Known, PortalWorld } from "./portal-world.ts";

/** What is needed to log more on a lead. */
export interface PersonTrace {
  readonly known: Known;
  readonly on: Logged;
  readonly from: number;
  readonly until: number;
  readonly rep: Holder;
}

/** Campaigns that a person of this story answered, the one it came by first. */
export function answeredBy(
  story: LeadStory,
  { company, campaigns }: PortalWorld,
  random: RandomStream,
): readonly Answered[] {
  const { plan, calendar } = company.world;
  const answer = (campaign: LeadStory["campaign"], at: number): readonly Answered[] => {
    const guid = campaign === null ? null : campaigns.guidOf(campaign.id);
    const record = campaign === null ? null : campaigns.recordOf(campaign.id);
    return campaign === null || guid === null || record === null ? [] : [{ campaign, guid, record, at }];
  };
  // A purchased list brings names, not answers.
  if (story.campaign?.id === plan.listCampaign.id) return [];
  const first = answer(story.campaign, story.created);
  if (!random.chance(0.3)) return first;
  const at = story.created + random.between(1, 70) * DAY_MS;
  const running = plan.byDay[calendar.dayOf(at)];
  const other = running?.campaigns[random.weighted(running.totals)] ?? null;
  const isNothing = at >= calendar.now || other?.id === story.campaign?.id || other?.isWebsite === true;
  // Most of what is sent is not answered.
  return isNothing || !random.chance(0.4) ? first : [...first, ...answer(other, Math.floor(at))];
}

/** A person's way through the funnel; a list brings nobody further than a name. */
export function lifecycleOf(story: LeadStory, isList: boolean, wonAt: number | null): readonly Step[] {
  const worked = story.statuses.find(({ to }) => to === LEAD_STATUSES.working);
  const { conversion, created } = story;
  return [
    { value: isList ? "subscriber" : "lead", at: created, by: null },
    ...(isList ? [] : [{ value: "marketingqualifiedlead", at: created + MINUTE_MS, by: null }]),
    ...(worked === undefined ? [] : [{ value: "salesqualifiedlead", at: worked.at, by: worked.by }]),
    ...(conversion === null ? [] : [{ value: "opportunity", at: conversion.at, by: conversion.rep }]),
    ...(wonAt === null ? [] : [{ value: "customer", at: wonAt, by: null }]),
  ];
}

function addContact(
  world: PortalWorld,
  story: LeadStory,
  known: Known,
  facts: Pick<ContactStory, "answered" | "lifecycle">,
  random: RandomStream,
): void {
  const { rows, owners, company } = world;
  const isList = story.createdBy.id === company.world.staff.loader.id;
  const ownedBy = ownerSteps(story, owners);
  const leadStatus = isList ? [] : leadStatusSteps(story);
  const steps = [...ownedBy, ...leadStatus, ...facts.lifecycle, ...facts.answered];
  const changed = Math.max(story.created, story.removal?.at ?? 0, ...steps.map(({ at }) => at));
  const contact: ContactStory = {
    ...facts,
    id: known.contact,
    created: story.created,
    first: known.first,
    last: known.last,
    email: known.email,
    title: random.pick(JOB_TITLES),
    country: story.isAmerican ? "United States" : random.pick(COUNTRIES),
    companyId: known.company,
    companyName: known.firm.name,
    source: analyticsSource(story.campaign, story.source),
    leadStatus,
    owners: ownedBy,
    madeBy: isList ? "IMPORT" : story.createdBy.id === company.world.staff.robot.id ? "API" : "CRM_UI",
    merged: [],
    salesforce: {},
    changed,
    removedAt: story.removal?.at ?? null,
  };
  rows.add("contacts", contactRow(contact, owners));
}

/** The same person by another address, found out and merged. */
function addDuplicate(world: PortalWorld, story: LeadStory, into: Known): Known {
  const { rows } = world;
  const id = rows.reserve("contacts");
  const at = story.removal?.at ?? story.created;
  const created = instantText(story.created);
  rows.add("contacts", {
    id,
    createdAt: created,
    updatedAt: created,
    properties: {
      firstname: into.first,
      lastname: into.last,
      email: `${into.first.charAt(0)}.${into.last}.${id}@mail.example`.toLowerCase(),
    },
  });
  const merged = [...into.merged, id];
  rows.add("contacts", {
    id: into.contact,
    updatedAt: instantText(at),
    properties: { hs_merged_object_ids: merged.join(";") },
  });
  rows.merge(id, into.contact);
  return { ...into, merged };
}

/** What another inquiry changes on a contact that is known already. */
function addReturn({ rows }: PortalWorld, known: Known, answered: readonly Answered[]): void {
  const last = answered.at(-1);
  if (last === undefined) return;
  const at = instantText(last.at);
  rows.add("contacts", {
    id: known.contact,
    updatedAt: at,
    properties: { hs_analytics_last_touch_converting_campaign: last.guid, recent_conversion_date: at },
  });
}

/**
 * Cuts a story into records: contact and company, the lead object, its engagements, and the deal that came of it.
 * @param previous the last person whose contact lives, for merges and for people who come back
 */
export function addPerson(
  world: PortalWorld,
  story: LeadStory,
  previous: Known | null,
  random: RandomStream,
): PersonTrace {
  const { rows, owners, company, people } = world;
  const { staff, calendar } = company.world;
  const isMerged = story.removal?.kind === "merged" && previous !== null;
  const somebody = drawSomebody(previous, isMerged, random);
  const back =
    previous !== null && somebody === previous ? previous : (people.get(somebody.email) ?? undefined);
  if (isMerged) {
    const known = addDuplicate(world, story, previous);
    return {
      known,
      on: { contacts: [known.contact] },
      from: story.created,
      until: calendar.now,
      rep: staff.robot,
    };
  }
  const known: Known = back ?? {
    ...somebody,
    contact: rows.reserve("contacts"),
    company: rows.company(somebody.firm, story.created),
    since: story.created,
    merged: [],
  };
  people.set(known.email, known);
  const owner = story.owners.at(-1)?.to ?? story.firstOwner;
  const rep = staff.reps.find(({ id }) => id === owner.id) ?? staff.marketer;
  const isList = story.createdBy.id === staff.loader.id;
  const lead = isList ? null : rows.reserve("leads");
  const on: Logged = { contacts: [known.contact], ...(lead === null ? {} : { leads: [lead] }) };
  for (const touch of story.touches.filter(({ at }) => at < calendar.now - MINUTE_MS)) {
    addEngagement(rows, touch, on, owners, random);
  }
  const { conversion, campaign } = story;
  const source = analyticsSource(campaign, story.source);
  const deal =
    conversion === null
      ? null
      : addDeal(
          rows,
          {
            at: conversion.at,
            owner: conversion.rep,
            company: known.company,
            companyName: known.firm.name,
            contact: known.contact,
            hasContact: random.chance(0.93),
            type: random.chance(0.1) ? null : "newbusiness",
            source,
            amount: campaign?.amount ?? 8_000,
            winRate: 0.27 * conversion.rep.style.skill,
            currency: story.isAmerican ? "USD" : "EUR",
          },
          { calendar, owners },
          random,
        );
  const answered = answeredBy(story, world, random);
  if (back === undefined) {
    const lifecycle = lifecycleOf(story, isList, deal?.wonAt ?? null);
    addContact(world, story, known, { answered, lifecycle }, random);
  } else addReturn(world, known, answered);
  if (lead !== null) {
    const name = `${known.first} ${known.last}`;
    const whom = { id: lead, name, contact: known.contact, company: known.company };
    rows.add("leads", leadRow(whom, story, owners, calendar.now, random));
  }
  return { known, on, from: story.created, until: story.removal?.at ?? calendar.now, rep };
}
