import type { Operation } from "../operations.ts";
import type { Answer } from "./answer.ts";
import type { Incoming } from "./incoming.ts";
import type { EmulatedCrm } from "./request-ledger.ts";
import type { RouteMatch } from "./route-table.ts";

/** What the router made of a request: an operation, the methods the path would take, or no such path. */
export type Found = RouteMatch<Operation> | readonly string[] | undefined;

/** One emulated CRM behind the shared listener. A second one stands beside it with paths of its own. */
export interface Half {
  readonly crm: EmulatedCrm;
  owns(path: string): boolean;
  find(incoming: Incoming): Found;
  /** Objects a request reads or writes, for faults that name an object. */
  objects(incoming: Incoming, found: Found): Promise<readonly string[]>;
  /** Refusals are answers in the vendor's words; what is thrown is a mistake of the emulator. */
  handle(incoming: Incoming, found: Found): Promise<Answer>;
  /** The vendor's answer to a mistake of its own. */
  mishap(error: unknown): Answer;
  /** The vendor's answer to an address or headers beyond its limit: 414 or 431. */
  tooLong(status: 414 | 431): Answer;
  /** Settings of `POST control/faults` under the half's name, validated there. */
  applySettings(settings: unknown): void;
  settings(): Readonly<Record<string, unknown>>;
  /** What `POST control/automation` sends under the half's name, validated there. */
  automate(automation: unknown): void;
  automation(): Readonly<Record<string, unknown>>;
  clearAutomation(): void;
  /** What `POST control/recycle-bin` sends under the half's name: restores or purges deleted records. */
  recycle(command: unknown): Readonly<Record<string, unknown>>;
  /** Ends the session of a request, takes the app's approval back, or drops open query results: faults that last. */
  strike(effect: "end_session" | "revoke_app" | "expire_locators", incoming: Incoming): void;
  /** How far the `Date` header is off, in milliseconds. */
  dateSkewMs(): number;
  /** Forgets jobs, cursors, settings; the org itself is reset by the half too. */
  reset(): void;
  load(object: string, rows: readonly Readonly<Record<string, unknown>>[]): { readonly loaded: number };
  dump(object: string): Iterable<Record<string, unknown>>;
  /** Every write so far, oldest first. */
  writes(): readonly { readonly at: string }[];
}
