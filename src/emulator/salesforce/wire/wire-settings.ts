import { z } from "zod";

const settingsPatch = z.strictObject({
  /** Rows of a Bulk result page where the client names no number; also the most it may ask for. */
  bulkPageRows: z.int().min(1).optional(),
  /** How many looks at a Bulk job find it in progress before it is complete. */
  bulkPolls: z.int().min(0).optional(),
  /** Emulated seconds before a Bulk job is complete. */
  bulkDelaySeconds: z.number().min(0).optional(),
  /** How many looks at a deployment find it in progress before it is done. */
  deployPolls: z.int().min(0).optional(),
  /** Most rows of a REST query page, whatever the client asks. */
  queryPageRows: z.int().min(1).max(2000).optional(),
  /** The org's allowance for 24 hours. */
  dailyApiRequests: z.int().min(0).optional(),
  /** What other clients of the org have used of it. */
  apiRequestsUsedByOthers: z.int().min(0).optional(),
  /** The header wavers by up to this much, as real orgs' does. */
  limitInfoJitter: z.int().min(0).optional(),
  /** Emulated seconds an issued access token lives. */
  tokenLifeSeconds: z.number().positive().optional(),
  /** Ends sessions now: those issued by the token endpoint, or the standing ones too. */
  expireSessions: z.enum(["issued", "all"]).optional(),
  /** The app's approval is taken back: sessions end, refresh tokens and new grants are refused, until it is false. */
  appRevoked: z.boolean().optional(),
  /** How far the Date header is off the org's clock. */
  dateSkewSeconds: z.number().optional(),
  /** Settings of the org behind the wire, by the names it gives them. */
  org: z.record(z.string(), z.unknown()).optional(),
});

export type SettingsPatch = z.infer<typeof settingsPatch>;

/** What `POST control/faults` can set under `salesforce`. Read afresh at every use. */
export interface WireSettings {
  bulkPageRows: number;
  bulkPolls: number;
  bulkDelaySeconds: number;
  deployPolls: number;
  queryPageRows: number;
  dailyApiRequests: number;
  apiRequestsUsedByOthers: number;
  limitInfoJitter: number;
  tokenLifeSeconds: number;
  appRevoked: boolean;
  dateSkewSeconds: number;
}

/** An Enterprise org with 50 licences: 100,000 + 50 x 1,000 calls a day. */
export const defaultWireSettings: Readonly<WireSettings> = {
  bulkPageRows: 50_000,
  bulkPolls: 0,
  bulkDelaySeconds: 0,
  deployPolls: 0,
  queryPageRows: 2_000,
  dailyApiRequests: 150_000,
  apiRequestsUsedByOthers: 0,
  limitInfoJitter: 0,
  tokenLifeSeconds: 7_200,
  appRevoked: false,
  dateSkewSeconds: 0,
};

/** @throws z.ZodError naming the key that is unknown or has a wrong value. */
export const readSettingsPatch = (value: unknown): SettingsPatch => settingsPatch.parse(value);

export function mergeSettings(settings: WireSettings, patch: SettingsPatch): void {
  const { expireSessions: _sessions, org: _org, ...values } = patch;
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) Object.assign(settings, { [name]: value });
  }
}
