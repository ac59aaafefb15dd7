import { setTimeout } from "node:timers/promises";
import { BusyError, type StuckError } from "../core/errors.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../core/time.ts";
import { withLease } from "../database/lease.ts";
import { withTimeout } from "../database/with-timeout.ts";
import type { Parts } from "./parts.ts";

/** What may end a piece of work, and who is told when it does not end. */
export interface WorkBounds {
  /** For messages: `compute`. */
  readonly name: string;
  readonly timeoutMs: number;
  /** Ends the work before its time, for its own reason. */
  readonly stop?: AbortSignal;
  /** See `withTimeout`. */
  readonly onStuck?: (error: StuckError) => void;
}

/** See `App.exclusively`. */
export type Exclusively = <T>(work: (signal: AbortSignal) => Promise<T>, bounds?: WorkBounds) => Promise<T>;

const A_DAY: WorkBounds = { name: "the command", timeoutMs: DAY_MS };

/** One piece of work at a time on the connection, over all processes. */
export function exclusivelyOn(parts: Parts): Exclusively {
  const { store, key, leaseMs } = parts;
  const lease = {
    database: store,
    workspaceId: key.workspaceId,
    name: `connection ${key.connectionId}`,
    ttlMs: leaseMs,
  };
  return (work, { stop, ...bounds } = A_DAY) =>
    withLease(lease, (lost) => {
      const ended = stop === undefined ? lost : AbortSignal.any([lost, stop]);
      return settled(parts, () => withTimeout({ ...bounds, database: store, stop: ended }, work));
    });
}

/** Does the work; whatever became of it, calls that it booked and did not send are given back. */
async function settled<T>(parts: Parts, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await settle(parts);
  }
}

/** The store may be what failed: then a few calls too many stay counted until the next piece of work ends. */
export async function settle({ connect, log }: Parts): Promise<void> {
  try {
    await (await connect.opened())?.settle();
  } catch (error) {
    log.debug({ reason: error instanceof Error ? error.message : "unknown" }, "calls were not given back");
  }
}

/** As long as somebody at a terminal waits for a step to end; longer than the lease of a process that died. */
const TURN_MS = 2 * MINUTE_MS;

/** Does the work when the connection is free, waiting a while for it. @throws BusyError when it stays taken */
export async function inTurn<T>(
  exclusively: Exclusively,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const until = Date.now() + TURN_MS;
  let hasBegun = false;
  for (;;) {
    try {
      return await exclusively((signal) => {
        hasBegun = true;
        return work(signal);
      });
    } catch (error) {
      if (!(error instanceof BusyError) || hasBegun || Date.now() > until) throw error;
      await setTimeout(SECOND_MS);
    }
  }
}
