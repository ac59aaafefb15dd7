import type { ToldCompany } from "../../salesforce/company/company-world.ts";
import type { Somebody } from "../../salesforce/company/somebody.ts";
import type { PortalCampaigns } from "./portal-campaigns.ts";
import type { PortalOwners } from "./portal-owners.ts";
import type { PortalRows } from "./portal-rows.ts";

/** Somebody who has a contact record. */
export interface Known extends Somebody {
  readonly contact: string;
  readonly company: string;
  /** When the contact was made, in milliseconds. */
  readonly since: number;
  /** Contacts that were merged into it. */
  readonly merged: readonly string[];
}

/** What everything that is written into a portal draws on. */
export interface PortalWorld {
  readonly company: ToldCompany;
  readonly owners: PortalOwners;
  readonly campaigns: PortalCampaigns;
  readonly rows: PortalRows;
  /** Addresses that are taken, with their contact where it is the portal's: HubSpot keeps one contact an address. */
  readonly people: Map<string, Known | null>;
}
