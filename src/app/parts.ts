import type { Logger } from "pino";
import type { SalesforceRoute } from "../../connectors/registry.ts";
import { type Environment, parseEnvironment, readEnvironment } from "../config/environment.ts";
import type { CrmName } from "../core/errors.ts";
import type { OpenConnection } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import type { MirrorKey } from "../mirror/stream-state.ts";

export interface AppOptions {
  readonly configFile?: string;
  /** File of variables instead of `.env`. */
  readonly envFile?: string;
  /** Used instead of the process's environment; the demo brings its own. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Changes settings after they were read; the demo's company begins on a known day. */
  readonly adjust?: (settings: Settings) => Settings;
  /** File that takes the log lines in place of stderr. */
  readonly logFile?: string;
  /** An open and migrated store instead of the environment's; `close` leaves it open. For tests, which use one often. */
  readonly store?: Database;
  /** How the connection reads and writes, where that is not to be decided by sizes; for tests with few records. */
  readonly route?: SalesforceRoute;
  /** How long another process leaves the connection alone after the last sign of life of one that works on it. */
  readonly leaseMs?: number;
}

/** The variables that these options name. @throws ConfigError as `readEnvironment` */
export function environmentOf(options: AppOptions): Environment {
  return options.variables === undefined
    ? readEnvironment(options.envFile)
    : parseEnvironment(options.variables);
}

/** What a sign-in to one connection needs. */
export interface SignInParts {
  readonly crm: CrmName;
  /** Those of the workspace; `connectionId` is this connection's. */
  readonly settings: Settings;
  readonly key: MirrorKey;
  readonly environment: Environment;
  readonly log: Logger;
  readonly store: Database;
  readonly allowedHosts: readonly string[];
  /** Null: the newest that the connector knows. */
  readonly apiVersion: string | null;
  readonly route: SalesforceRoute;
  readonly leaseMs: number;
}

/** What every step on one connection needs. */
export interface Parts extends SignInParts {
  readonly connect: LazyConnection;
}

/** What every step on the whole workspace needs. */
export interface Workspace {
  /** `connectionId` is the first connection's: lines of the run ledger that are the workspace's stand there. */
  readonly settings: Settings;
  readonly environment: Environment;
  readonly log: Logger;
  readonly store: Database;
  readonly leaseMs: number;
  readonly first: Parts;
  /** The active connections in the order of `settings.connections`: `first` and all others. */
  readonly connections: readonly Parts[];
  /** Also of a connection that is not active: to sign in to it. */
  readonly partsOf: (crm: CrmName) => Parts;
}

/** Signs in at the first call. `opened` is the connection of earlier calls, if there was one. */
export type LazyConnection = (() => Promise<OpenConnection>) & {
  readonly opened: () => Promise<OpenConnection> | undefined;
  /** The next call signs in anew. */
  readonly forget: () => void;
};
