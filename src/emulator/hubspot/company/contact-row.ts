import type { CompanyCampaign } from "../../salesforce/company/campaigns.ts";
import { historyRows, type Step } from "./portal-history.ts";
import type { PortalOwners } from "./portal-owners.ts";
import { filled, instantText, type PortalRow } from "./portal-rows.ts";

/** Where HubSpot says somebody came from: ten words for what a company calls by twenty. */
const SOURCES: Readonly<Record<string, string>> = {
  "Paid Search": "PAID_SEARCH",
  Social: "PAID_SOCIAL",
  Newsletter: "EMAIL_MARKETING",
  Web: "ORGANIC_SEARCH",
  "Content Syndication": "OTHER_CAMPAIGNS",
  Podcast: "OTHER_CAMPAIGNS",
  Webinar: "OTHER_CAMPAIGNS",
  Partner: "REFERRALS",
  Referral: "REFERRALS",
};

/** Somebody who filled in a form of the campaign's; at a fair or a dinner people are written down by others. */
const HAS_FORM: readonly string[] = [
  "Paid Search",
  "Social",
  "Newsletter",
  "Web",
  "Content Syndication",
  "Podcast",
  "Webinar",
];

export const hasForm = ({ source }: CompanyCampaign): boolean => HAS_FORM.includes(source);

export function analyticsSource(campaign: CompanyCampaign | null, source: string | null): string {
  const known = campaign?.source ?? source ?? "";
  return SOURCES[known] ?? "OFFLINE";
}

/** A campaign somebody answered, and when. */
export interface Answered {
  readonly campaign: CompanyCampaign;
  readonly guid: string;
  readonly record: string;
  readonly at: number;
}

export interface ContactStory {
  readonly id: string;
  readonly created: number;
  readonly first: string;
  readonly last: string;
  readonly email: string;
  readonly title: string | null;
  readonly country: string | null;
  readonly companyId: string;
  readonly companyName: string;
  readonly source: string;
  /** By when; the first made the contact known. */
  readonly answered: readonly Answered[];
  readonly lifecycle: readonly Step[];
  readonly leadStatus: readonly Step[];
  readonly owners: readonly Step[];
  readonly madeBy: "CRM_UI" | "INTEGRATION" | "IMPORT" | "API";
  /** Contacts merged into this one. */
  readonly merged: readonly string[];
  /** Ids that the Salesforce integration has written on it. */
  readonly salesforce: Readonly<Record<string, string>>;
  readonly changed: number;
  readonly removedAt: number | null;
}

const latest = (steps: readonly Step[]): string | null => steps.at(-1)?.value ?? null;

/** What forms and campaigns leave on a contact. */
function conversions(answered: readonly Answered[]): Readonly<Record<string, string | null>> {
  const forms = answered.filter(({ campaign }) => hasForm(campaign));
  const [first, last] = [forms.at(0), forms.at(-1)];
  const nameOf = (one: Answered | undefined) => (one === undefined ? null : `${one.campaign.name}: form`);
  const dateOf = (one: Answered | undefined) => (one === undefined ? null : instantText(one.at));
  return {
    hs_analytics_first_touch_converting_campaign: answered.at(0)?.guid ?? null,
    hs_analytics_last_touch_converting_campaign: answered.at(-1)?.guid ?? null,
    first_conversion_date: dateOf(first),
    first_conversion_event_name: nameOf(first),
    recent_conversion_date: dateOf(last),
    recent_conversion_event_name: nameOf(last),
    num_conversion_events: forms.length === 0 ? null : String(forms.length),
    num_unique_conversion_events: forms.length === 0 ? null : String(forms.length),
  };
}

/** The contact as the vendor's API would print it. */
export function contactRow(story: ContactStory, owners: PortalOwners): PortalRow {
  const { lifecycle, leadStatus } = story;
  const histories = Object.entries({
    lifecyclestage: lifecycle,
    hs_lead_status: leadStatus,
    hubspot_owner_id: story.owners,
  }).filter(([, steps]) => steps.length > 0);
  return {
    id: story.id,
    createdAt: instantText(story.created),
    updatedAt: instantText(story.changed),
    properties: filled({
      firstname: story.first,
      lastname: story.last,
      email: story.email,
      jobtitle: story.title,
      country: story.country,
      company: story.companyName,
      associatedcompanyid: story.companyId,
      lifecyclestage: latest(lifecycle),
      hs_lead_status: latest(leadStatus),
      hubspot_owner_id: latest(story.owners),
      hs_analytics_source: story.source,
      hs_analytics_first_timestamp: instantText(story.created),
      hs_object_source: story.madeBy,
      hs_marketable_status: "true",
      ...conversions(story.answered),
      hs_merged_object_ids: story.merged.length === 0 ? null : story.merged.join(";"),
      ...story.salesforce,
    }),
    propertiesWithHistory: Object.fromEntries(
      histories.map(([name, steps]) => [name, historyRows(steps, owners)]),
    ),
    associations: {
      companies: [story.companyId],
      // Whom a campaign influenced; being sent something leaves no trace of that kind.
      campaigns: [...new Set(story.answered.map(({ record }) => record))],
    },
    ...(story.removedAt === null ? {} : { archived: true, archivedAt: instantText(story.removedAt) }),
  };
}
