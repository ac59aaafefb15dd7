import { setTimeout } from "node:timers/promises";
import {
  BusyError,
  ConfigError,
  ConnectorError,
  type RipelineError,
  SealBrokenError,
  type StuckError,
} from "../core/errors.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../core/time.ts";
import { type Lease, withLease } from "../database/lease.ts";
import { withTimeout } from "../database/with-timeout.ts";
import type { Parts, Workspace } from "./parts.ts";

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

/** One piece of work at a time on the workspace's connections, over all processes. */
export function exclusivelyOn({ store, leaseMs, connections }: Workspace): Exclusively {
  const leases = connections.map(({ key }) => ({
    database: store,
    workspaceId: key.workspaceId,
    name: `connection ${key.connectionId}`,
    ttlMs: leaseMs,
  }));
  return (work, { stop, ...bounds } = A_DAY) =>
    holding(leases, (lost) => {
      const ended = AbortSignal.any(stop === undefined ? lost : [...lost, stop]);
      return settled(connections, () => withTimeout({ ...bounds, database: store, stop: ended }, work));
    });
}

/** Takes the leases one after the other, in the same order in every process, and does the work under all of them. */
function holding<T>(
  [lease, ...rest]: readonly Lease[],
  work: (lost: AbortSignal[]) => Promise<T>,
): Promise<T> {
  if (lease === undefined) return work([]);
  return withLease(lease, (lost) => holding(rest, (others) => work([lost, ...others])));
}

/** Does the work; whatever became of it, calls that it booked and did not send are given back. */
async function settled<T>(connections: readonly Parts[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    for (const parts of connections) await settle(parts);
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

/** Does the work when the connections are free, waiting a while for it. @throws BusyError when it stays taken */
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

/** Trouble with one CRM or with the way in to it; not with the store, the time or the process. */
export function isOfConnection(error: unknown): error is RipelineError {
  return error instanceof ConnectorError || error instanceof ConfigError || error instanceof SealBrokenError;
}

/**
 * Does the work on every connection in turn: trouble with one of them does not keep the others waiting.
 * @throws the failure, after all had their turn (one that may pass by itself, where there are several); anything that is no
 *   trouble of a connection at once
 */
export async function eachInTurn(
  connections: readonly Parts[],
  signal: AbortSignal,
  work: (parts: Parts) => Promise<void>,
): Promise<void> {
  const failures: RipelineError[] = [];
  for (const parts of connections) {
    try {
      await work(parts);
    } catch (error) {
      if (signal.aborted || !isOfConnection(error)) throw error;
      failures.push(error);
    }
  }
  const failure = failures.find(({ retryable }) => retryable) ?? failures[0];
  if (failure !== undefined) throw failure;
}
