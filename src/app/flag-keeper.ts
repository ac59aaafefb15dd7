import type { Logger } from "pino";
import type { OpenConnection, OpenReadingConnection } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { withLease } from "../database/lease.ts";
import type { MirrorKey } from "../mirror/stream-state.ts";
import { createCrmClock } from "./rot/crm-clock.ts";
import { readUnit } from "./rot/unit.ts";
import { type FlagsSummary, keepFlags, nextFlagsIn } from "./rot-flags.ts";

/** Keeps the rot flags of one connection whose CRM has no clock in its formulas. */
export interface FlagKeeper {
  readonly connectionId: string;
  /** See `keepFlags`. @throws BusyError where another process does it */
  keep(signal: AbortSignal): Promise<FlagsSummary>;
  /** See `nextFlagsIn`. Asks the store alone. */
  nextIn(): Promise<number | null>;
}

export interface FlagKeeperParts {
  readonly store: Database;
  readonly key: MirrorKey;
  readonly settings: Settings;
  readonly log: Logger;
  readonly leaseMs: number;
  readonly connect: () => Promise<OpenConnection | OpenReadingConnection>;
}

const NOTHING: FlagsSummary = { examined: 0, written: 0, held: 0 };

/**
 * Has a lease of its own beside the connection's: a pull of hours must not keep a flag from its instant. It reads and writes
 * while a push may write the same rows; `recordFlags` says how that comes out right.
 */
export function createFlagKeeper(parts: FlagKeeperParts): FlagKeeper {
  const { store, key, settings, log, leaseMs, connect } = parts;
  const clock = createCrmClock();
  const flagParts = async () => ({ store, key, settings, log, clock, object: await readUnit(store, key) });
  const lease = {
    database: store,
    workspaceId: key.workspaceId,
    name: `flags ${key.connectionId}`,
    ttlMs: leaseMs,
  };
  return {
    connectionId: key.connectionId,
    keep: (signal) =>
      withLease(lease, async (lost) => {
        const ended = AbortSignal.any([lost, signal]);
        const opened = await connect();
        if (!isWritten(opened)) return NOTHING;
        try {
          return await keepFlags(await flagParts(), opened.during(ended, "reserve"), ended);
        } finally {
          await opened.settle();
        }
      }),
    nextIn: async () => nextFlagsIn(await flagParts()),
  };
}

function isWritten(connection: OpenConnection | OpenReadingConnection): connection is OpenConnection {
  return "write" in connection;
}
