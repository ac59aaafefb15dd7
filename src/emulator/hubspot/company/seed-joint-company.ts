import { type CompanySize, tellCompany } from "../../salesforce/company/company-world.ts";
import type { LeadTrace } from "../../salesforce/company/lead-rows.ts";
import { RandomStream } from "../../salesforce/company/random.ts";
import type { SeedableOrg } from "../../salesforce/company/row-buffer.ts";
import { seedCompany } from "../../salesforce/company/seed-company.ts";
import { loadRows } from "../engine/load/load-rows.ts";
import type { Portal } from "../engine/portal.ts";
import { isInHubSpot, isInSalesforce } from "./joint-campaigns.ts";
import { joinPeople } from "./joint-people.ts";
import {
  addReader,
  addShared,
  INTEGRATION_DEAL_PROPERTY,
  INTEGRATION_PROPERTIES,
} from "./marketing-contacts.ts";
import { portalCampaigns } from "./portal-campaigns.ts";
import { portalOwners } from "./portal-owners.ts";
import { portalRows } from "./portal-rows.ts";
import { NO_LICENSES, setUpPortal } from "./portal-setup.ts";
import type { PortalWorld } from "./portal-world.ts";

export interface SeededJointCompany {
  readonly firstDay: Date;
  /** Leads in Salesforce. */
  readonly leads: number;
  readonly people: {
    readonly inBoth: number;
    readonly inHubSpotOnly: number;
  };
}

/** People written down before their rows are handed over. */
const BATCH = 2_000;

/**
 * Alder Works with marketing in HubSpot and sales in Salesforce. Leads, opportunities, reps and what they do are in the
 * org, with the few campaigns that sales runs; all other campaigns, their spend and everybody who answered them are in
 * the portal. Of all people 30% are in both: most linked by the ids that HubSpot's Salesforce integration writes, the
 * others by their address alone. Some contacts are doubles, merged, at another address, or contradict themselves; three
 * campaigns are in both, with the same bill. @param leads those in Salesforce
 */
export function seedJointCompany(
  { org, portal }: { readonly org: SeedableOrg; readonly portal: Portal },
  size: CompanySize,
): SeededJointCompany {
  const leads: LeadTrace[] = [];
  const contacts = new Set<string>();
  const beside = {
    keepsCampaign: isInSalesforce,
    onLead: (trace: LeadTrace) => leads.push(trace),
    onContact: (email: string) => contacts.add(email),
  };
  const { firstDay } = seedCompany(org, { ...size, beside });
  const { shared, hubspotOnly } = joinPeople(leads, contacts);

  const company = tellCompany(size, NO_LICENSES);
  const since = firstDay.getTime();
  setUpPortal(portal, since);
  const integration = INTEGRATION_PROPERTIES.flatMap(([newer, older, label]) =>
    [newer, older].map((name) => ({ objectType: "contacts", name, label })),
  );
  loadRows(portal, "properties", [...integration, INTEGRATION_DEAL_PROPERTY]);
  const owners = portalOwners(company.world.staff, since);
  const now = size.now.getTime();
  const campaigns = portalCampaigns(company.world.plan, { seed: size.seed, now, keeps: isInHubSpot });
  const rows = portalRows(portal);
  const known = new Map(
    [...leads.map(({ prospect }) => prospect.email), ...contacts].map((email) => [email, null]),
  );
  const world: PortalWorld = { company, owners, campaigns, rows, people: known };
  loadRows(portal, "owners", owners.rows);
  loadRows(portal, "campaigns", campaigns.rows);
  shared.forEach((person, index) => {
    addShared(world, person, new RandomStream(size.seed, 4, index));
    if (index % BATCH === BATCH - 1) rows.flush();
  });
  for (let index = 0; index < hubspotOnly; index += 1) {
    const random = new RandomStream(size.seed, 5, index);
    addReader(world, company.dayOf((company.told * (index + 0.5)) / hubspotOnly), random);
    if (index % BATCH === BATCH - 1) rows.flush();
  }
  rows.flush();
  return { firstDay, leads: size.leads, people: { inBoth: shared.length, inHubSpotOnly: hubspotOnly } };
}
