/** Campaigns that both CRMs know by the same name: HubSpot pays for them, Salesforce repeats the bill. */
const TWIN_CAMPAIGNS: readonly string[] = [
  "Executive dinners",
  "Trade fair Hanover",
  "Webinar: spare parts on time",
];

/** What sales runs by itself and keeps in Salesforce alone. */
const SALES_CAMPAIGNS: readonly string[] = [
  "Customer day",
  "Customer referrals",
  "Partner referrals Benelux",
  "Partner referrals DACH",
  "Phone outreach retail",
  "Purchased list components",
  "Road show Rhine",
  "Trade fair Chicago",
  "Trade fair Leipzig",
  "Trade fair Nuremberg",
];

export const isInSalesforce = (name: string): boolean =>
  TWIN_CAMPAIGNS.includes(name) || SALES_CAMPAIGNS.includes(name);
export const isInHubSpot = (name: string): boolean => !SALES_CAMPAIGNS.includes(name);
