import type { LeadTrace } from "../../salesforce/company/lead-rows.ts";
import { isInHubSpot } from "./joint-campaigns.ts";

/** How HubSpot's contact is told to be the same person as Salesforce's lead. */
type Link = "ids" | "e-mail";

/** Somebody who is a lead in Salesforce and a contact in HubSpot. */
export interface SharedPerson {
  readonly trace: LeadTrace;
  readonly link: Link;
  /** HubSpot has another address than Salesforce; only the ids tell. */
  readonly hasOtherAddress: boolean;
  /** A second contact points at the same lead. */
  readonly hasDouble: boolean;
  /** Another contact was merged into this one. */
  readonly hasMerged: boolean;
  /** The ids say this lead, the address is somebody else's in Salesforce: nobody can tell who it is. */
  readonly conflictsWith: string | null;
}

export interface JointPeople {
  readonly shared: readonly SharedPerson[];
  /** People that only HubSpot knows. */
  readonly hubspotOnly: number;
}

/** Of all people of the company, whoever is in both CRMs. */
const SHARE_IN_BOTH = 0.3;
/** Of Salesforce's people, at most those are in HubSpot too; fewer where too few came through a campaign of HubSpot's. */
const SHARE_OF_SALESFORCE = 0.5;

/** One in `every`, beginning with the first few: small companies have each kind too. */
const oneIn = (index: number, every: number, first: number): boolean => index % every === first;

/**
 * Decides who is in HubSpot too: every other person of Salesforce, from those whom a campaign of HubSpot's brought, and
 * as many more whom only HubSpot knows that 30% of all are in both.
 * @param leads every lead in Salesforce, in the order they came @param contacts addresses that never were leads
 */
export function joinPeople(leads: readonly LeadTrace[], contacts: ReadonlySet<string>): JointPeople {
  const firstOf = new Map<string, LeadTrace>();
  for (const trace of leads) {
    const { email } = trace.prospect;
    if (trace.story.removal === null && !firstOf.has(email)) firstOf.set(email, trace);
  }
  const people = new Set([...firstOf.keys(), ...contacts]).size;
  const eligible = [...firstOf.values()].filter(
    ({ story }) => story.campaign !== null && isInHubSpot(story.campaign.name),
  );
  const wanted = Math.min(eligible.length, Math.round(people * SHARE_OF_SALESFORCE));
  const isTaken = (index: number) =>
    Math.floor(((index + 1) * wanted) / eligible.length) > Math.floor((index * wanted) / eligible.length);
  const chosen = eligible.filter((_, index) => isTaken(index));
  const taken = new Set(chosen.map(({ prospect }) => prospect.email));
  const others = [...firstOf.keys()].filter((email) => !taken.has(email));
  const shared = chosen.map((trace, index): SharedPerson => {
    const link = index % 10 < 7 ? "ids" : "e-mail";
    const isLinked = link === "ids";
    const conflicts = isLinked && oneIn(index, 203, 14);
    return {
      trace,
      link,
      hasOtherAddress: isLinked && !conflicts && oneIn(index, 43, 2),
      hasDouble: isLinked && oneIn(index, 97, 11),
      hasMerged: oneIn(index, 61, 8),
      conflictsWith: conflicts ? (others[index % Math.max(1, others.length)] ?? null) : null,
    };
  });
  const all = Math.round(shared.length / SHARE_IN_BOTH);
  return { shared, hubspotOnly: Math.max(0, all - people) };
}
