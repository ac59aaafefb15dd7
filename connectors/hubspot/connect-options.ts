import type { SharedGrants } from "../../src/core/grants.ts";
import type { CallLedger } from "../../src/core/ports.ts";
import type { Clock } from "../../src/core/time.ts";
import type { ConnectorLog } from "../shared/connector-log.ts";
import type { HttpLimits } from "../shared/http.ts";
import type { Pacing } from "../shared/retry.ts";

/**
 * What it takes to reach a portal: a private app's token or a service key, which live until somebody revokes them, or an
 * app's client with a refresh token.
 */
export interface HubspotOptions {
  /** @default https://api.hubapi.com */
  readonly baseUrl?: string;
  /** Hosts outside HubSpot's domains that tokens and secrets may be sent to. */
  readonly allowedHosts?: readonly string[];
  readonly accessToken?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly refreshToken?: string;
  /** A sign-in that the processes on a store share; `clientId` and `clientSecret` are the app's. */
  readonly grants?: SharedGrants;
  /** Called with a refresh token that HubSpot put in the place of ours, before the new access token is used. */
  readonly storeRefreshToken?: (refreshToken: string) => Promise<void>;
  /** Date version of the paths. */
  readonly apiVersion?: string;
  readonly log: ConnectorLog;
  /** Our share of the portal's daily calls, 0..1. */
  readonly ceilingShare?: number;
  /** Where calls are counted beyond this process. */
  readonly ledger?: CallLedger;
  readonly http?: HttpLimits;
  readonly pacing?: Pacing;
  readonly clock?: Clock;
}

export const DEFAULT_BASE_URL = "https://api.hubapi.com";

/** The newest date version this connector was written against; each lives for 18 months at least. */
export const NEWEST_KNOWN_VERSION = "2026-09";
