import { setTimeout as wait } from "node:timers/promises";
import { RateLimitedError } from "../../src/core/errors.ts";

/** Waiting and chance, injected so that tests neither wait nor vary. */
export interface Pacing {
  /** @throws the reason of `signal` when it aborts meanwhile */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** 0..1 */
  random(): number;
}

export const realPacing: Pacing = {
  sleep: async (milliseconds, signal) => {
    try {
      await wait(milliseconds, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
  random: Math.random,
};

/** The same pacing for work that `signal` may end. */
export function pacingDuring(pacing: Pacing, signal: AbortSignal): Pacing {
  return { ...pacing, sleep: (milliseconds) => pacing.sleep(milliseconds, signal) };
}

export interface RetryRules {
  /** Attempts in all, the first one included. */
  readonly tries: number;
  readonly firstDelayMs: number;
  readonly pacing: Pacing;
  isWorthRetrying(error: unknown): boolean;
  /** Told before each wait. */
  onRetry?(error: unknown, delayMs: number): void;
}

/** Longer waits belong to the queue, which holds no connection while it waits. */
const LONGEST_WAIT_MS = 30_000;

/**
 * Runs `work` again while it fails in a way that may pass: exponential back-off, half of each delay jittered so that
 * several workers do not return together. A vendor's own waiting time is kept when it is short, else passed on.
 */
export async function withRetries<T>(work: (attempt: number) => Promise<T>, rules: RetryRules): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt);
    } catch (error) {
      const delay =
        error instanceof RateLimitedError ? error.retryAfterMs : rules.firstDelayMs * 2 ** (attempt - 1);
      if (attempt >= rules.tries || delay > LONGEST_WAIT_MS || !rules.isWorthRetrying(error)) throw error;
      const jittered = Math.round(delay * (0.5 + rules.pacing.random() / 2));
      rules.onRetry?.(error, jittered);
      await rules.pacing.sleep(jittered);
    }
  }
}
