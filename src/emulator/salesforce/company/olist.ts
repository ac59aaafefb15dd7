import type { FieldValues } from "../org.ts";
import { dateText, instantText } from "./calendar.ts";
import { findLicenses } from "./licenses.ts";
import { type OlistDeal, type OlistLead, readOlist } from "./olist-files.ts";
import { idSequence, recordId } from "./record-ids.ts";
import { rowBuffer, type SeedableOrg } from "./row-buffer.ts";
import { LEAD_STATUSES, leadStatusRows, stageRows } from "./setup-rows.ts";

export interface OlistOptions {
  /** Folder with the two CSV files. */
  readonly dataDirectory: string;
  /** Deals won at or after this instant, and leads first met then, are not loaded. Default 2018-06-01 00:00 UTC. */
  readonly asOf?: Date;
}

export interface OlistCompany {
  /** Midnight UTC of the first contact. */
  readonly firstDay: Date;
  readonly asOf: Date;
  readonly leads: number;
  /** Converted leads, each with one closed-won opportunity. */
  readonly deals: number;
  readonly reps: number;
  readonly campaigns: number;
}

export const OLIST_AS_OF = new Date("2018-06-01T00:00:00Z");
const BATCH = 2_000;

interface OlistRep {
  readonly id: string;
  readonly name: string;
  readonly role: "SDR" | "SR";
  readonly since: number;
}

const short = (key: string): string => key.slice(0, 8);

/**
 * One user per id, whichever column it stands in: thirteen people of the data are SDR in one deal and SR in another.
 * Their number is the order of their first deal: "SDR 01 a8387c01".
 */
function hireReps(deals: readonly OlistDeal[]): ReadonlyMap<string, OlistRep> {
  const nextId = idSequence("User");
  const reps = new Map<string, OlistRep>();
  const counts = { SDR: 0, SR: 0 };
  const hire = (key: string, role: "SDR" | "SR", since: number): void => {
    if (reps.has(key)) return;
    counts[role] += 1;
    const name = `${role} ${String(counts[role]).padStart(2, "0")} ${short(key)}`;
    reps.set(key, { id: nextId(), name, role, since });
  };
  for (const deal of deals) {
    hire(deal.sdrId, "SDR", deal.wonAt);
    hire(deal.srId, "SR", deal.wonAt);
  }
  return reps;
}

function loadPeople(org: SeedableOrg, reps: Iterable<OlistRep>, firstDay: number, queueId: string): void {
  const stamp = instantText(firstDay);
  const profileId = recordId("Profile", 1);
  const roleIds = { SDR: recordId("UserRole", 1), SR: recordId("UserRole", 2) };
  org.load("Profile", [
    { Id: profileId, Name: "Sales Rep", UserType: "Standard", UserLicenseId: findLicenses(org).sales },
  ]);
  org.load("UserRole", [
    { Id: roleIds.SDR, Name: "Sales Development", DeveloperName: "Sales_Development" },
    { Id: roleIds.SR, Name: "Sales", DeveloperName: "Sales" },
  ]);
  const users: FieldValues[] = [];
  for (const rep of reps) {
    const [first = "", ...rest] = rep.name.split(" ");
    const address = `${rep.name.toLowerCase().replaceAll(" ", ".")}@olist.example`;
    users.push({
      Id: rep.id,
      Username: address,
      FirstName: first,
      LastName: rest.join(" "),
      Email: address,
      Alias: rep.name.slice(-8),
      Title: rep.role === "SDR" ? "Sales Development Representative" : "Sales Representative",
      IsActive: true,
      UserType: "Standard",
      ProfileId: profileId,
      UserRoleId: roleIds[rep.role],
      TimeZoneSidKey: "GMT",
      LocaleSidKey: "en_US",
      EmailEncodingKey: "UTF-8",
      LanguageLocaleKey: "en_US",
      CreatedDate: stamp,
      LastModifiedDate: stamp,
      SystemModstamp: stamp,
    });
  }
  org.load("User", users);
  org.load("Group", [
    { Id: queueId, Name: "Unassigned leads", DeveloperName: "Unassigned_leads", Type: "Queue" },
  ]);
  org.load("QueueSobject", [{ QueueId: queueId, SobjectType: "Lead" }]);
}

/** One campaign per landing page, without cost or dates: the data has none. */
function loadCampaigns(org: SeedableOrg, leads: readonly OlistLead[]): ReadonlyMap<string, string> {
  const nextId = idSequence("Campaign");
  const campaigns = new Map<string, { readonly id: string; first: number }>();
  for (const { landingPageId, contactedAt } of leads) {
    const known = campaigns.get(landingPageId);
    if (known === undefined) campaigns.set(landingPageId, { id: nextId(), first: contactedAt });
    else known.first = Math.min(known.first, contactedAt);
  }
  org.load(
    "Campaign",
    [...campaigns].map(([page, { id, first }]) => ({
      Id: id,
      Name: `Landing page ${short(page)}`,
      Type: "Other",
      Status: "In Progress",
      IsActive: true,
      StartDate: null,
      EndDate: null,
      ActualCost: null,
      BudgetedCost: null,
      OwnerId: org.adminUser.id,
      ...audit(first, org.adminUser.id),
    })),
  );
  const nextStatus = idSequence("CampaignMemberStatus");
  org.load(
    "CampaignMemberStatus",
    [...campaigns.values()].flatMap(({ id }) =>
      ["Sent", "Responded"].map((label, index) => ({
        Id: nextStatus(),
        CampaignId: id,
        Label: label,
        SortOrder: index + 1,
        IsDefault: index === 0,
        HasResponded: index === 1,
      })),
    ),
  );
  return new Map([...campaigns].map(([page, { id }]) => [page, id]));
}

function audit(created: number, by: string, changed = created, changedBy = by): FieldValues {
  return {
    CreatedDate: instantText(created),
    CreatedById: by,
    LastModifiedDate: instantText(changed),
    LastModifiedById: changedBy,
    SystemModstamp: instantText(changed),
  };
}

/**
 * Fills an org with the real funnel of the Brazilian marketplace Olist, as it stood at `asOf`: 8,000 marketing
 * qualified leads and the 665 deals won before 2018-06-01.
 *
 * A lead is created at 00:00 UTC of its first contact date, or at its won date if that is earlier. A lead of a deal is
 * born on its SDR's desk, goes to the SR (an Owner row) and is converted at `won_date`, with account, contact and one
 * closed-won opportunity without amount; where SDR and SR are one person no owner row is written. All others, deals
 * still to come included, wait in a queue. The landing page is the campaign, `origin` the source; a blank one is no
 * source. The data has no costs, amounts, names or activities, and none are made up.
 * @throws OlistDataError naming file, reason and what to do
 */
export function loadOlist(org: SeedableOrg, options: OlistOptions): OlistCompany {
  const asOf = options.asOf ?? OLIST_AS_OF;
  const read = readOlist(options.dataDirectory);
  const leads = read.leads
    .filter(({ contactedAt }) => contactedAt < asOf.getTime())
    .toSorted((a, b) => a.contactedAt - b.contactedAt || (a.mqlId < b.mqlId ? -1 : 1));
  const deals = read.deals
    .filter(({ wonAt }) => wonAt < asOf.getTime())
    .toSorted((a, b) => a.wonAt - b.wonAt || (a.mqlId < b.mqlId ? -1 : 1));
  const firstDay = leads[0]?.contactedAt ?? asOf.getTime();
  const dealByLead = new Map(deals.map((deal) => [deal.mqlId, deal]));
  const reps = hireReps(deals);
  const queueId = recordId("Group", 1);
  const adminId = org.adminUser.id;

  org.load("LeadStatus", leadStatusRows());
  org.load("OpportunityStage", stageRows());
  loadPeople(org, reps.values(), firstDay, queueId);
  const campaigns = loadCampaigns(org, leads);

  const rows = rowBuffer(org);
  for (const [index, lead] of leads.entries()) {
    const leadId = rows.reserve("Lead");
    const campaignId = campaigns.get(lead.landingPageId) ?? null;
    const deal = dealByLead.get(lead.mqlId);
    const sdr = deal === undefined ? undefined : reps.get(deal.sdrId);
    const sr = deal === undefined ? undefined : reps.get(deal.srId);
    const created = Math.min(lead.contactedAt, deal?.wonAt ?? lead.contactedAt);
    const contactIds =
      deal === undefined || sr === undefined || sdr === undefined
        ? null
        : addDeal({ lead, deal, sdr, sr, leadId, campaignId });
    const changed = deal?.wonAt ?? created;
    rows.addWithId("Lead", leadId, {
      LastName: `MQL ${short(lead.mqlId)}`,
      Company: deal === undefined ? `Prospect ${short(lead.mqlId)}` : `Seller ${short(deal.sellerId)}`,
      LeadSource: lead.origin,
      Status: contactIds === null ? LEAD_STATUSES.fresh : LEAD_STATUSES.converted,
      OwnerId: sr?.id ?? queueId,
      IsConverted: contactIds !== null,
      ConvertedDate: deal === undefined ? null : dateText(deal.wonAt),
      ConvertedAccountId: contactIds?.accountId ?? null,
      ConvertedContactId: contactIds?.contactId ?? null,
      ConvertedOpportunityId: contactIds?.opportunityId ?? null,
      ...audit(created, adminId, changed, sr?.id ?? adminId),
    });
    rows.add("CampaignMember", {
      CampaignId: campaignId,
      LeadId: leadId,
      ContactId: contactIds?.contactId ?? null,
      Type: contactIds === null ? "Lead" : "Contact",
      Status: "Responded",
      HasResponded: true,
      FirstRespondedDate: dateText(lead.contactedAt),
      ...audit(created, adminId),
    });
    if (index % BATCH === BATCH - 1) rows.flush();
  }
  rows.flush();
  return {
    firstDay: new Date(firstDay),
    asOf,
    leads: leads.length,
    deals: rows.count("Opportunity"),
    reps: reps.size,
    campaigns: campaigns.size,
  };

  /** What conversion writes, all at the won date and by the SR. */
  function addDeal(won: {
    readonly lead: OlistLead;
    readonly deal: OlistDeal;
    readonly sdr: OlistRep;
    readonly sr: OlistRep;
    readonly leadId: string;
    readonly campaignId: string | null;
  }): { readonly accountId: string; readonly contactId: string; readonly opportunityId: string } {
    const { lead, deal, sdr, sr, leadId, campaignId } = won;
    const at = deal.wonAt;
    const stamps = { OwnerId: sr.id, ...audit(at, sr.id) };
    const name = `Seller ${short(deal.sellerId)}`;
    const accountId = rows.add("Account", { Name: name, AccountSource: lead.origin, ...stamps });
    const contactId = rows.add("Contact", {
      AccountId: accountId,
      LastName: `MQL ${short(lead.mqlId)}`,
      LeadSource: lead.origin,
      ...stamps,
    });
    const opportunityId = rows.add("Opportunity", {
      Name: name,
      AccountId: accountId,
      ContactId: contactId,
      StageName: "Closed Won",
      IsClosed: true,
      IsWon: true,
      Probability: 100,
      ForecastCategory: "Closed",
      Amount: null,
      CloseDate: dateText(at),
      LeadSource: lead.origin,
      CampaignId: campaignId,
      ...stamps,
    });
    rows.add("OpportunityContactRole", {
      OpportunityId: opportunityId,
      ContactId: contactId,
      IsPrimary: true,
      ...audit(at, sr.id),
    });
    rows.add("OpportunityHistory", {
      OpportunityId: opportunityId,
      StageName: "Closed Won",
      Amount: null,
      Probability: 100,
      ForecastCategory: "Closed",
      CloseDate: dateText(at),
      CreatedById: sr.id,
      CreatedDate: instantText(at),
      SystemModstamp: instantText(at),
    });
    const history = { LeadId: leadId, CreatedById: sr.id, CreatedDate: instantText(at) };
    if (sdr.id !== sr.id) {
      rows.add("LeadHistory", {
        ...history,
        Field: "Owner",
        DataType: "Text",
        OldValue: sdr.name,
        NewValue: sr.name,
      });
      rows.add("LeadHistory", {
        ...history,
        Field: "Owner",
        DataType: "EntityId",
        OldValue: sdr.id,
        NewValue: sr.id,
      });
    }
    rows.add("LeadHistory", {
      ...history,
      Field: "leadConverted",
      DataType: "Text",
      OldValue: null,
      NewValue: null,
    });
    return { accountId, contactId, opportunityId };
  }
}
