import {
  BusyError,
  QuotaExhaustedError,
  RateLimitedError,
  RipelineError,
  StoppedError,
} from "../src/core/errors.ts";
import { HOUR_MS } from "../src/core/time.ts";
import type { JobName } from "./schedule.ts";

/** What happens to a job whose step threw. `wait` costs no attempt. */
export type Verdict =
  | { readonly action: "wait"; readonly delayMs: number }
  | { readonly action: "retry" }
  | { readonly action: "fail" };

const BUSY_MS = 2_000;
/** How often a night's job looks whether there are calls again. */
const QUOTA_MS = HOUR_MS;
/** Jobs that nobody waits for. */
const NIGHTLY: ReadonlySet<JobName | "flags"> = new Set<JobName | "flags">(["reconcile", "sweep"]);

/**
 * The only place that turns an error into a delay, a retry or an end. The queue knows nothing of our errors, and the
 * steps know nothing of the queue.
 *
 * - A CRM that names a time to wait is waited for, and so is another process that works on the same connection; waiting
 *   costs no attempt.
 * - A step that was stopped with its process goes back into the queue at once, for the next process.
 * - What may pass by itself (network, 5xx, a step that took too long) is tried again with the queue's back-off.
 * - A night's job for which the day's calls do not reach waits for an hour and looks again; the steps of a cycle do what
 *   the calls allow, and somebody may be waiting for their end.
 * - Everything else fails at once: a wrong key or a refused query is not mended by asking again.
 */
export function verdict(error: unknown, job: JobName | "flags"): Verdict {
  if (error instanceof RateLimitedError) return { action: "wait", delayMs: Math.ceil(error.retryAfterMs) };
  if (error instanceof BusyError) return { action: "wait", delayMs: BUSY_MS };
  if (error instanceof StoppedError) return { action: "wait", delayMs: 0 };
  if (error instanceof QuotaExhaustedError && NIGHTLY.has(job)) return { action: "wait", delayMs: QUOTA_MS };
  if (error instanceof RipelineError) return { action: error.retryable ? "retry" : "fail" };
  // Not one of ours: a fault in ripeline. Trying again might help and must not hide it, so it ends visibly.
  return { action: "fail" };
}
