import type { Clock } from "../../src/core/time.ts";
import type { Pacing } from "../shared/retry.ts";

/** Which of the vendor's short windows a call falls into. */
export type Bucket = "plain" | "search" | "associations";

interface Window {
  /** Calls that we send within `lengthMs`. */
  size: number;
  readonly lengthMs: number;
  /** When the last `size` calls were or will be sent, milliseconds. */
  readonly sent: number[];
  heldUntil: number;
}

export interface RateBuckets {
  /** Waits until a call may be sent. */
  take(bucket: Bucket, pacing: Pacing): Promise<void>;
  /** Sizes and rests that came with an answer. */
  observe(headers: Headers): void;
  /** The vendor refused: nothing of this bucket is sent for so long. */
  hold(bucket: Bucket, milliseconds: number): void;
}

/** Of the app's calls in ten seconds: other processes with the same token have to live too. */
const OUR_SHARE = 0.9;
/** The smallest plan's, until an answer tells: 100 in 10 seconds. */
const PLAIN = 90;
/** Five a second for all apps of the portal together. */
const SEARCH = 4;
/** 100 in 10 seconds on the smallest plan, and no header tells. */
const ASSOCIATIONS = 90;

/**
 * Keeps calls under the vendor's short limits, by places in sliding windows that are given out in order: a call that has
 * to wait knows for how long, so nothing is polled. Searches have a window of their own and are exempt from that of ten
 * seconds; association reads count in both.
 */
export function createRateBuckets(clock: Clock): RateBuckets {
  const window = (size: number, lengthMs: number): Window => ({ size, lengthMs, sent: [], heldUntil: 0 });
  const windows: Readonly<Record<Bucket, Window>> = {
    plain: window(PLAIN, 10_000),
    search: window(SEARCH, 1_000),
    associations: window(ASSOCIATIONS, 10_000),
  };
  const counted = { plain: ["plain"], search: ["search"], associations: ["associations", "plain"] } as const;

  function hold(bucket: Bucket, milliseconds: number): void {
    const held = windows[bucket];
    held.heldUntil = Math.max(held.heldUntil, clock.now().getTime() + milliseconds);
  }

  return {
    async take(bucket, pacing) {
      const now = clock.now().getTime();
      const concerned = counted[bucket].map((name) => windows[name]);
      const at = Math.max(
        now,
        ...concerned.map(({ sent, size, lengthMs, heldUntil }) =>
          Math.max(heldUntil, (sent.at(-size) ?? Number.NEGATIVE_INFINITY) + lengthMs),
        ),
      );
      for (const { sent, size } of concerned) {
        sent.push(at);
        sent.splice(0, sent.length - Math.max(size, 1));
      }
      if (at > now) await pacing.sleep(at - now);
    },
    observe(headers) {
      const max = Number(headers.get("x-hubspot-ratelimit-max") ?? "");
      const length = Number(headers.get("x-hubspot-ratelimit-interval-milliseconds") ?? "");
      if (!(max > 0) || length !== windows.plain.lengthMs) return;
      windows.plain.size = Math.max(1, Math.floor(max * OUR_SHARE));
      const remaining = headers.get("x-hubspot-ratelimit-remaining");
      // Others use the same token: leave them the rest of this window.
      if (remaining === "0" || remaining === "1") hold("plain", 1_000);
    },
    hold,
  };
}

/** Lets at most so many pieces of work run at one time, in the order in which they came. */
export function createGate(places: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = places;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
