import type { Settings } from "../../../src/core/settings.ts";
import { defaultBusinessTime } from "./business-time.ts";
import { type CampaignFacts, campaignsOf } from "./campaigns.ts";
import { type Chain, chainsOf, type Handoff, handoffsOf } from "./handoffs.ts";
import { type Histories, historiesOf } from "./lead-history.ts";
import { type LeadFacts, leadsOf, type StatusClass, statusClasses, workingStatuses } from "./leads.ts";
import { converter } from "./money.ts";
import { type OpportunityFacts, opportunitiesOf } from "./opportunities.ts";
import { type Owners, ownersOf } from "./owners.ts";
import { type Person, peopleOf } from "./people.ts";
import { type Response, responsesOf } from "./responses.ts";
import { type Touch, touchesByLead, touchesByRecord } from "./touches.ts";
import { byId, type CompanyRows, everything, mustInstant } from "./vendor-rows.ts";
import { type Period, periodsUntil, type ZoneDates, zoneDates } from "./zone-dates.ts";

/** A company as the definitions see it at one instant, worked from nothing but its CRM records. */
export interface CompanyFacts {
  readonly settings: Settings;
  readonly asOf: number;
  readonly today: string;
  readonly periods: readonly Period[];
  readonly zone: ZoneDates;
  readonly owners: Owners;
  readonly leads: readonly LeadFacts[];
  readonly histories: Histories;
  readonly touches: ReadonlyMap<string, readonly Touch[]>;
  readonly classOf: (status: string) => StatusClass;
  readonly isWorking: (status: string) => boolean;
  readonly handoffs: readonly Handoff[];
  readonly chains: readonly Chain[];
  readonly people: ReadonlyMap<string, Person>;
  readonly responses: readonly Response[];
  readonly campaigns: ReadonlyMap<string, CampaignFacts>;
  readonly opportunities: readonly OpportunityFacts[];
  readonly opportunityCreatedAt: (opportunityId: string) => number | null;
}

/** @param asOf milliseconds UTC: everything was read in one pull then, so that nothing is `observed` between two. */
export function companyFacts(rows: CompanyRows, settings: Settings, asOf: number): CompanyFacts {
  const zone = zoneDates(settings.workspace.timeZone);
  const today = zone.dateOf(asOf);
  const owners = ownersOf(rows, settings, asOf);
  const leads = leadsOf(rows, settings);
  const histories = historiesOf(rows, owners.isRep);
  const touches = touchesByLead(rows, settings, owners, asOf);
  const classOf = statusClasses(rows, settings);
  const created = byId(everything(rows, "Opportunity"));
  const opportunityCreatedAt = (id: string): number | null => {
    const row = created.get(id);
    return row === undefined ? null : mustInstant(row, "CreatedDate");
  };
  const handoffs = handoffsOf({
    leads,
    histories,
    owners,
    touches,
    classOf,
    opportunityCreatedAt,
    addOpenTime: defaultBusinessTime(rows),
    settings,
    asOf,
  });
  const people = peopleOf(rows);
  const responses = responsesOf(rows, people);
  const money = converter(rows, settings);
  return {
    settings,
    asOf,
    today,
    periods: periodsUntil(today, settings.report.months),
    zone,
    owners,
    leads,
    histories,
    touches,
    classOf,
    isWorking: workingStatuses(rows, settings),
    handoffs,
    chains: chainsOf(handoffs, asOf),
    people,
    responses,
    campaigns: campaignsOf(rows, settings, { money, responses, zone, asOf }),
    opportunities: opportunitiesOf(rows, settings, {
      money,
      people,
      zone,
      touches: touchesByRecord(rows, settings, owners, asOf),
    }),
    opportunityCreatedAt,
  };
}
