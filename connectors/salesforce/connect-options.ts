import type { SharedGrants } from "../../src/core/grants.ts";
import type { CallLedger } from "../../src/core/ports.ts";
import type { Clock } from "../../src/core/time.ts";
import type { ConnectorLog } from "../shared/connector-log.ts";
import type { HttpLimits } from "../shared/http.ts";
import type { Pacing } from "../shared/retry.ts";

/** What it takes to reach an org. Either a ready access token with its instance, or an OAuth grant. */
export interface SalesforceOptions {
  /** Where tokens come from: https://login.salesforce.com (default), https://test.salesforce.com or a My Domain. */
  readonly loginUrl?: string;
  readonly instanceUrl?: string;
  readonly accessToken?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** With `privateKey`: the JWT bearer grant for this user. */
  readonly username?: string;
  /** PEM text, PKCS#8 or PKCS#1. */
  readonly privateKey?: string;
  /** The grant of `ripeline connect`, which all processes of a store share; it is used in place of every other. */
  readonly grants?: SharedGrants;
  /** Hosts outside the vendor's domains that secrets may go to: `host` or `host:port`. */
  readonly allowedHosts?: readonly string[];
  /** `67.0`; by default the newest that both the org and we know. */
  readonly apiVersion?: string;
  readonly log: ConnectorLog;
  /** First page bigger than this many rows in all: Bulk instead of REST pages. */
  readonly bulkAboveRows?: number;
  /** Rows asked for per Bulk result page; one page is one transaction in the store. */
  readonly bulkPageRows?: number;
  /** More rows of one object than this are written by Bulk jobs, where the object bears full batches. */
  readonly bulkWriteAboveRows?: number;
  /** Our share of the org's daily calls, 0..1. */
  readonly ceilingShare?: number;
  /** Where calls are counted beyond this process. */
  readonly ledger?: CallLedger;
  readonly http?: HttpLimits;
  readonly pacing?: Pacing;
  readonly clock?: Clock;
}

export const DEFAULT_LOGIN_URL = "https://login.salesforce.com";

/** The newest version this connector was written against. */
export const NEWEST_KNOWN_VERSION = "67.0";
