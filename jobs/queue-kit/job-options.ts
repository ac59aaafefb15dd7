import type { Job, JobsOptions } from "bullmq";
import { ConfigError } from "../../src/core/errors.ts";
import type { JobQueue } from "./job-queue.ts";

declare const jobIdBrand: unique symbol;

/** An id both backends take: at most one job with it is in a queue. Made by `jobId`. */
export type JobId = string & { readonly [jobIdBrand]: true };

/** Finished jobs are kept for the operator to look at, not for ever. */
export const defaultJobOptions: JobsOptions = {
  removeOnComplete: { age: 3 * 24 * 3600, count: 500 },
  removeOnFail: { age: 14 * 24 * 3600, count: 2000 },
};

/**
 * An id from its parts: `jobId("pull", "salesforce", "Lead")` is `pull-salesforce-Lead`.
 * @throws ConfigError for what a backend would take for something else: a whole number is an id BullMQ counts out itself,
 * and ":" separates the parts of its keys.
 */
export function jobId(...parts: readonly string[]): JobId {
  const id = parts.join("-");
  if (id === "" || /^\d+$/.test(id) || id.includes(":")) {
    throw new ConfigError(
      `"${id}" cannot be the id of a job: it must not be empty, a whole number, or contain ":".`,
    );
  }
  return id as JobId;
}

/** A delay both backends take: whole milliseconds, rounded up, at least 0 (Postgres refuses fractions). */
export function wholeDelayMs(ms: number): number {
  if (Number.isFinite(ms)) return Math.max(0, Math.ceil(ms));
  throw new RangeError(`a delay must be a number of milliseconds, not ${ms}`);
}

/** How one job is to be run. */
export interface AddOptions
  extends Pick<
    JobsOptions,
    "attempts" | "backoff" | "priority" | "removeOnComplete" | "removeOnFail" | "parent" | "deduplication"
  > {
  readonly jobId?: JobId;
  readonly delayMs?: number;
}

/** Adds a job; with a `jobId` that is in the queue already, the one there stays and is given back. */
export function addJob<D, R>(
  queue: JobQueue<D, R>,
  name: string,
  data: D,
  { delayMs, ...options }: AddOptions = {},
): Promise<Job<D, R>> {
  return queue.add(name, data, {
    ...options,
    ...(delayMs === undefined ? {} : { delay: wholeDelayMs(delayMs) }),
  });
}
