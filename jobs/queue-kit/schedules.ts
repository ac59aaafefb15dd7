import { type JobId, wholeDelayMs } from "./job-options.ts";
import type { JobQueue } from "./job-queue.ts";

/** A job that comes back: every so often, or by a cron pattern in a time zone. */
export interface Schedule<D> {
  readonly id: JobId;
  readonly name: string;
  readonly data: D;
  readonly repeat: { readonly everyMs: number } | { readonly pattern: string; readonly timeZone: string };
  readonly attempts?: number;
}

/**
 * Makes a queue's schedules exactly `wanted`: those that are there stay as they are and keep their next time, others are
 * added, changed or removed. Call it through `QueueKit.reconcileSchedules`, which keeps processes from doing so at once.
 */
export async function reconcileSchedules<D, R>(
  queue: JobQueue<D, R>,
  wanted: readonly Schedule<D>[],
): Promise<void> {
  const ids = new Set<string>(wanted.map(({ id }) => id));
  const present = await queue.getJobSchedulers(0, -1);
  for (const { key } of present) {
    if (!ids.has(key)) await queue.removeJobScheduler(key);
  }
  for (const { id, name, data, repeat, attempts } of wanted) {
    await queue.upsertJobScheduler(
      id,
      "everyMs" in repeat
        ? { every: wholeDelayMs(repeat.everyMs) }
        : { pattern: repeat.pattern, tz: repeat.timeZone },
      { name, data, ...(attempts === undefined ? {} : { opts: { attempts } }) },
    );
  }
}
