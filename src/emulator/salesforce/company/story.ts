import type { Calendar } from "./calendar.ts";
import type { CampaignPlan, CompanyCampaign } from "./campaigns.ts";
import type { Person, Rep, Staff } from "./staff.ts";

/** One lead's life, told once and then cut into records. Instants are milliseconds, UTC, none after `now`. */
export interface LeadStory {
  readonly created: number;
  readonly createdBy: Person;
  readonly firstOwner: Owner;
  readonly source: string | null;
  readonly campaign: CompanyCampaign | null;
  readonly owners: readonly OwnerChange[];
  readonly statuses: readonly StatusChange[];
  readonly touches: readonly Touch[];
  readonly conversion: { readonly at: number; readonly rep: Rep } | null;
  /** Deleted as rubbish, or merged into the lead before it. */
  readonly removal: { readonly at: number; readonly by: Person; readonly kind: "deleted" | "merged" } | null;
  readonly isAmerican: boolean;
}

export interface Owner {
  readonly id: string;
  readonly name: string;
}

export interface OwnerChange {
  readonly at: number;
  readonly from: Owner;
  readonly to: Owner;
  readonly by: Person;
  /** Taken from a queue by the new owner: the vendor writes another row for that. */
  readonly isAcceptance: boolean;
}

export interface StatusChange {
  readonly at: number;
  readonly from: string;
  readonly to: string;
  readonly by: Person;
}

export type TouchKind =
  | "call"
  | "dialler"
  | "email"
  | "mailed"
  | "linkedin"
  | "meeting"
  | "reply"
  | "inbound call"
  | "cancelled";

export interface Touch {
  readonly at: number;
  readonly kind: TouchKind;
  readonly by: Person;
}

/** What every story draws on. */
export interface CompanyWorld {
  readonly calendar: Calendar;
  readonly staff: Staff;
  readonly plan: CampaignPlan;
  /** Whether a campaign is kept in the CRM that is being filled; a company with two CRMs keeps some in the other. */
  readonly keepsCampaign: (campaignId: string) => boolean;
}
