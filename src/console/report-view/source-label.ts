/** HubSpot's original traffic sources, as its own pages call them. */
const HUBSPOT_SOURCES: Readonly<Record<string, string>> = {
  ORGANIC_SEARCH: "Organic search",
  PAID_SEARCH: "Paid search",
  EMAIL_MARKETING: "Email marketing",
  SOCIAL_MEDIA: "Organic social",
  REFERRALS: "Referrals",
  OTHER_CAMPAIGNS: "Other campaigns",
  DIRECT_TRAFFIC: "Direct traffic",
  OFFLINE: "Offline sources",
  PAID_SOCIAL: "Paid social",
  AI_REFERRALS: "AI referrals",
};

/** A source as people read it; `besideOthers` tells that it is HubSpot's word, where another CRM has words of its own. */
export function sourceLabel(source: string, { besideOthers }: { readonly besideOthers: boolean }): string {
  const known = HUBSPOT_SOURCES[source];
  if (known === undefined) return source;
  return besideOthers ? `${known} (HubSpot)` : known;
}
