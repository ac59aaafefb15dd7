/** Editions of a hub, from least to most. */
export const TIERS = ["FREE", "STARTER", "PROFESSIONAL", "ENTERPRISE"] as const;
export type Tier = (typeof TIERS)[number];
export const HUBS = ["marketing", "sales", "service", "data", "content"] as const;
export type Hub = (typeof HUBS)[number];

export type HubTiers = Readonly<Record<Hub, Tier>>;

/** How the portal behaves where accounts differ, or where nobody has seen what HubSpot does. */
export interface PortalSettings {
  tiers: HubTiers;
  /** Refuses what HubSpot silently ignores: unknown properties in reads, values that are no texts. */
  assertions: boolean;
  /**
   * How long a search goes on answering from before a change. HubSpot says "a few moments", without a bound: the default
   * is ours.
   */
  searchIndexLagSeconds: number;
  /** A batch update with one bad value: refused whole, or 207 with the rest written. */
  batchInvalidValue: "whole" | "row";
  /** A merged id in a batch update: left out without a word, or named as not found. */
  batchMergedId: "omit" | "not_found";
  /** Merging makes a new record in place of the survivor. */
  mergeCreatesRecord: boolean;
  /** Characters that a search body may have; null where only its query counts. */
  searchBodyCharacters: number | null;
  /** Whether properties of our own can be made on campaigns by the API: nobody has said so. */
  campaignProperties: boolean;
}

/**
 * A rule of the account's administrator. Writes on paths of 2026-09 keep them; older ones get past. `when` absent: the
 * property is needed on create. Present: needed on any write to a record that has that value.
 */
export interface ValidationRule {
  readonly objectType: string;
  readonly property: string;
  readonly when?: { readonly property: string; readonly value: string } | undefined;
  readonly message?: string | undefined;
}

export const allTiers = (tier: Tier): HubTiers => ({
  marketing: tier,
  sales: tier,
  service: tier,
  data: tier,
  content: tier,
});

export const defaultPortalSettings: Readonly<PortalSettings> = {
  tiers: allTiers("ENTERPRISE"),
  assertions: true,
  searchIndexLagSeconds: 5,
  batchInvalidValue: "whole",
  batchMergedId: "omit",
  mergeCreatesRecord: false,
  searchBodyCharacters: null,
  campaignProperties: false,
};

export const isAtLeast = (tier: Tier, wanted: Tier): boolean => TIERS.indexOf(tier) >= TIERS.indexOf(wanted);

/** The best edition of any hub. */
export function highestTier(tiers: HubTiers): Tier {
  return HUBS.map((hub) => tiers[hub]).reduce((best, tier) => (isAtLeast(tier, best) ? tier : best), "FREE");
}
