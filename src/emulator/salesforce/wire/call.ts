import type { Clock } from "../../../core/time.ts";
import type { Answer } from "../../server/answer.ts";
import type { Incoming } from "../../server/incoming.ts";
import type { RequestLedger } from "../../server/request-ledger.ts";
import type { Org, Session } from "../org.ts";
import type { ApiUsage } from "./api-usage.ts";
import type { IngestJobs } from "./bulk/ingest-jobs.ts";
import type { QueryJobs } from "./bulk/query-jobs.ts";
import type { Deployments } from "./metadata/deployments.ts";
import type { TokenStore } from "./oauth/token-store.ts";
import type { QueryCursors } from "./rest/query-cursors.ts";
import type { WireSettings } from "./wire-settings.ts";

/** Everything the Salesforce handlers share; one per running emulator. */
export interface WireContext {
  readonly org: Org;
  readonly clock: Clock;
  /** `http://127.0.0.1:PORT`: login URL and instance URL in one. */
  readonly url: string;
  readonly settings: WireSettings;
  readonly usage: ApiUsage;
  readonly ledger: RequestLedger;
  readonly tokens: TokenStore;
  readonly cursors: QueryCursors;
  readonly queryJobs: QueryJobs;
  readonly ingestJobs: IngestJobs;
  readonly deployments: Deployments;
}

/** One request to one operation, authenticated. */
export interface Call {
  readonly incoming: Incoming;
  readonly params: Readonly<Record<string, string>>;
  /** `67.0`; empty where the path has none. */
  readonly version: string;
  readonly session: Session;
  /** Answers a request made inside this one (Composite, Composite Batch) without metering it. */
  dispatch(incoming: Incoming): Promise<Answer>;
}

export type OpenCall = Omit<Call, "session">;

export type Handler = (context: WireContext, call: Call) => Answer | Promise<Answer>;
export type OpenHandler = (context: WireContext, call: OpenCall) => Answer | Promise<Answer>;

/** A value of the path; the route table has put it there. */
export function param(call: { readonly params: Readonly<Record<string, string>> }, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the route has no {${name}} in its path`);
  return value;
}

/** `/services/data/v67.0`, the beginning of every address handed out. */
export const dataPath = (call: { readonly version: string }) => `/services/data/v${call.version}`;
