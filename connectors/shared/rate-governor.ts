import { type CrmName, QuotaExhaustedError } from "../../src/core/errors.ts";
import { type Clock, DAY_MS, HOUR_MS } from "../../src/core/time.ts";

/** Reads stop first, so that flags can still be set and cleared when the day's share is nearly spent. */
export type CallPurpose = "read" | "write";

export interface RateGovernor {
  /** @throws QuotaExhaustedError when our share of the day's calls is spent for this purpose. */
  admit(purpose: CallPurpose): void;
  /** One metered request was sent. */
  count(): void;
  /** The vendor's own figures. A hint: consecutive answers go up and down, so nothing is derived from differences. */
  observe(used: number, limit: number): void;
  usage(): {
    readonly metered: number;
    readonly dailyUsed: number | null;
    readonly dailyLimit: number | null;
  };
}

export interface RateGovernorOptions {
  readonly crm: CrmName;
  /** Our share of the org's daily calls, 0..1. */
  readonly ceilingShare: number;
  /** Part of our share kept for writes, 0..1. */
  readonly writeReserve: number;
  readonly clock: Clock;
}

/** Counts our metered calls over a rolling day and stops at our share of the vendor's limit, once that is known. */
export function createRateGovernor(options: RateGovernorOptions): RateGovernor {
  const { crm, ceilingShare, writeReserve, clock } = options;
  const callsByHour = new Map<number, number>();
  let metered = 0;
  let dailyUsed: number | null = null;
  let dailyLimit: number | null = null;

  function callsInDay(): number {
    const oldest = Math.floor((clock.now().getTime() - DAY_MS) / HOUR_MS);
    let sum = 0;
    for (const [hour, calls] of callsByHour) {
      if (hour < oldest) callsByHour.delete(hour);
      else sum += calls;
    }
    return sum;
  }

  return {
    admit(purpose) {
      if (dailyLimit === null) return;
      const ceiling = dailyLimit * ceilingShare * (purpose === "read" ? 1 - writeReserve : 1);
      const spent = callsInDay();
      if (spent < ceiling) return;
      throw new QuotaExhaustedError(
        crm,
        `ripeline has sent ${spent} ${crm} calls in 24 hours, its share for ${purpose}s (${Math.floor(ceiling)} of the org's ${dailyLimit}). ` +
          "It goes on as the hours pass; to allow more, raise the API ceiling in ripeline.yaml.",
      );
    },
    count() {
      metered += 1;
      const hour = Math.floor(clock.now().getTime() / HOUR_MS);
      callsByHour.set(hour, (callsByHour.get(hour) ?? 0) + 1);
    },
    observe(used, limit) {
      dailyUsed = used;
      dailyLimit = limit;
    },
    usage: () => ({ metered, dailyUsed, dailyLimit }),
  };
}
