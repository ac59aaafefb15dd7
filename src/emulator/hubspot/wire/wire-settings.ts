import { z } from "zod";
import { allTiers, defaultPortalSettings, HUBS, type PortalSettings, TIERS } from "../engine/settings.ts";

const tier = z.enum(TIERS);

const settingsPatch = z.strictObject({
  /** One edition for every hub. */
  tier: tier.optional(),
  /** Editions of single hubs. */
  tiers: z.partialRecord(z.enum(HUBS), tier).optional(),
  assertions: z.boolean().optional(),
  searchIndexLagSeconds: z.number().min(0).optional(),
  batchInvalidValue: z.enum(["whole", "row"]).optional(),
  batchMergedId: z.enum(["omit", "not_found"]).optional(),
  mergeCreatesRecord: z.boolean().optional(),
  searchBodyCharacters: z.int().min(1).nullable().optional(),
  campaignProperties: z.boolean().optional(),
  /** Rows upserted into one object within ten seconds, beyond which it is locked for two; null: never. */
  lockAfterUpserts: z.int().min(0).nullable().optional(),
  /** Calls of one app in ten seconds; null: as the edition gives. */
  tenSecondlyLimit: z.int().min(0).nullable().optional(),
  associationsTenSecondlyLimit: z.int().min(0).nullable().optional(),
  searchesPerSecond: z.int().min(0).optional(),
  /** Calls of all apps in a day; null: as the edition gives. */
  dailyLimit: z.int().min(0).nullable().optional(),
  associationsDailyLimit: z.int().min(0).optional(),
  /** What other apps of the account have used of today's. */
  dailyUsedByOthers: z.int().min(0).optional(),
  /** Increases of the API limit that the account has bought. */
  limitIncreases: z.int().min(0).max(2).optional(),
  /** Which of the two forms seen a refused search has. */
  searchLimitBody: z.enum(["category", "policy"]).optional(),
  /** Scopes of the standing token; null: all. */
  scopes: z.array(z.string()).nullable().optional(),
  /** All scopes but these, of every token. */
  withoutScopes: z.array(z.string()).optional(),
  /** The standing token is a private app's or a service key. */
  credential: z.enum(["private_app", "service_key"]).optional(),
  /** Emulated seconds an OAuth access token lives. */
  tokenLifeSeconds: z.number().positive().optional(),
  /** A refresh on v3 and dated paths gives a new refresh token and ends the old one. */
  rotateRefreshTokens: z.boolean().optional(),
  /** The OAuth app was uninstalled: its tokens end, its refresh tokens are refused, until it is false. */
  appRevoked: z.boolean().optional(),
  associationPageSize: z.int().min(1).optional(),
  /** Exports and imports: how many looks find them at work before they are done. */
  jobPolls: z.int().min(0).optional(),
  dateSkewSeconds: z.number().optional(),
});

export type SettingsPatch = z.infer<typeof settingsPatch>;

/** What `POST control/faults` can set under `hubspot` beside the portal's own settings. */
export interface WireSettings {
  tenSecondlyLimit: number | null;
  associationsTenSecondlyLimit: number | null;
  searchesPerSecond: number;
  dailyLimit: number | null;
  associationsDailyLimit: number;
  dailyUsedByOthers: number;
  limitIncreases: number;
  searchLimitBody: "category" | "policy";
  scopes: readonly string[] | null;
  withoutScopes: readonly string[];
  lockAfterUpserts: number | null;
  credential: "private_app" | "service_key";
  tokenLifeSeconds: number;
  rotateRefreshTokens: boolean;
  appRevoked: boolean;
  associationPageSize: number;
  jobPolls: number;
  dateSkewSeconds: number;
}

export const defaultWireSettings: Readonly<WireSettings> = {
  tenSecondlyLimit: null,
  associationsTenSecondlyLimit: null,
  searchesPerSecond: 5,
  dailyLimit: null,
  associationsDailyLimit: 500_000,
  dailyUsedByOthers: 0,
  limitIncreases: 0,
  searchLimitBody: "category",
  scopes: null,
  withoutScopes: [],
  lockAfterUpserts: 2_000,
  credential: "private_app",
  tokenLifeSeconds: 1_800,
  rotateRefreshTokens: true,
  appRevoked: false,
  associationPageSize: 500,
  jobPolls: 0,
  dateSkewSeconds: 0,
};

/** @throws z.ZodError naming the key that is unknown or has a wrong value */
export const readSettingsPatch = (value: unknown): SettingsPatch => settingsPatch.parse(value);

/** Puts each value where it belongs: the portal's settings, or the wire's. */
export function mergeSettings(portal: PortalSettings, wire: WireSettings, patch: SettingsPatch): void {
  const { tier: all, tiers, ...values } = patch;
  if (all !== undefined) portal.tiers = allTiers(all);
  if (tiers !== undefined) {
    for (const hub of HUBS) {
      const own = tiers[hub];
      if (own !== undefined) portal.tiers = { ...portal.tiers, [hub]: own };
    }
  }
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    Object.assign(name in defaultPortalSettings ? portal : wire, { [name]: value });
  }
}
