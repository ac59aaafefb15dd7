import { type CrmName, QuotaExhaustedError, type QuotaFacts } from "../../src/core/errors.ts";
import type { CallLedger } from "../../src/core/ports.ts";
import { type Clock, DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/time.ts";

/**
 * What a call is for. Reads and writes of numbers stop first; `flag` (the flags on records, which reps look at) may use
 * the reserve.
 */
export type CallPurpose = "read" | "write" | "flag";

export interface RateGovernor {
  /**
   * Asks for one metered call.
   * @returns how long to wait before it is sent, milliseconds; 0 while there is plenty
   * @throws QuotaExhaustedError when our share of the day's calls is spent for this purpose, or the org has hardly any left
   */
  admit(purpose: CallPurpose): Promise<number>;
  /** One metered request was sent. */
  count(): void;
  /** The vendor's own figures. A hint: consecutive answers go up and down, so nothing is derived from differences. */
  observe(used: number, limit: number): void;
  /** The vendor refused a call since the org has none left. */
  refused(): void;
  /** The vendor's clock at an answer: hours are counted by it, not by this machine's. */
  hear(date: Date): void;
  /** Gives back the calls that were booked and not sent. */
  settle(): Promise<void>;
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
  /** Part of our share kept for flags, 0..1. */
  readonly flagReserve: number;
  readonly clock: Clock;
  /** Where calls are counted over processes and restarts. @default in this governor alone */
  readonly ledger?: CallLedger;
}

/** What the vendor said of the whole org. */
interface OrgFigures {
  readonly used: number;
  readonly limit: number;
  readonly at: Date;
}

/** Calls booked at a time: one statement on the store for so many calls. */
const BOOKED_AT_ONCE = 20;
/** Of a purpose's ceiling: from here on calls are spaced. */
const SLOW_FROM = 0.75;
const LONGEST_PAUSE_MS = 2_000;
/** Parts of the org's calls that are left to its other clients: by reads and numbers, and by flags. */
const LEFT_TO_OTHERS = { read: 0.05, write: 0.05, flag: 0.01 } as const;
/** An answer's figures are believed this long; then one call may ask anew, else nobody would notice that others stopped. */
const FIGURES_LIVE_MS = 15 * MINUTE_MS;

/**
 * Keeps our calls under our share of the vendor's limit over a rolling day. Calls are booked in the ledger before they
 * are sent: a process that dies has counted too many, never too few.
 */
export function createRateGovernor(options: RateGovernorOptions): RateGovernor {
  const { crm, ceilingShare, flagReserve, clock, ledger = createMemoryLedger() } = options;
  let metered = 0;
  let figures: OrgFigures | null = null;
  let refusedAt: Date | null = null;
  /** Figures that the ledger was told. */
  let toldFigures: OrgFigures | null = null;
  let offsetMs = 0;
  /** Calls of the last day by the start of their hour, as the ledger told them at the last booking. */
  let booked: ReadonlyMap<number, number> = new Map();
  let bookedAt: Date | null = null;
  /** Of those, not sent yet; below zero where more were sent than booked. */
  let unsent = 0;
  let turn: Promise<unknown> = Promise.resolve();

  /** What is kept for flags, and what is left of it. */
  const reserveOf = (limit: number, used: number): Pick<QuotaFacts, "reserve" | "reserveLeft"> => {
    const ours = Math.floor(limit * ceilingShare) - spentCalls();
    const orgs = Math.ceil(limit * (1 - LEFT_TO_OTHERS.flag)) - used;
    return {
      reserve: Math.floor(limit * ceilingShare * flagReserve),
      reserveLeft: Math.max(0, Math.min(ours, orgs)),
    };
  };
  const now = (): Date => new Date(clock.now().getTime() + offsetMs);

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  }

  async function book(calls: number, at: Date): Promise<void> {
    const told = figures;
    booked = await ledger.book({ calls, at, figures: told });
    toldFigures = told;
    bookedAt = at;
    unsent += calls;
  }

  async function giveBack(): Promise<void> {
    if (bookedAt !== null && (unsent !== 0 || figures !== toldFigures)) await book(-unsent, bookedAt);
  }

  /** Reads the ledger where another hour has begun. */
  async function refresh(): Promise<void> {
    const at = now();
    if (bookedAt !== null && hourOf(bookedAt) === hourOf(at)) return;
    await giveBack();
    await book(0, at);
  }

  function spentCalls(): number {
    const oldest = hourOf(new Date(now().getTime() - DAY_MS));
    let sum = 0;
    for (const [hour, calls] of booked) if (hour >= oldest) sum += calls;
    return sum - unsent;
  }

  function assertOrgHasCalls(purpose: CallPurpose): void {
    const isFresh = (at: Date): boolean => now().getTime() - at.getTime() < FIGURES_LIVE_MS;
    const isRefused = refusedAt !== null && isFresh(refusedAt);
    if (!isRefused && (figures === null || !isFresh(figures.at))) return;
    const { used, limit } = figures ?? { used: 0, limit: 0 };
    const kept = Math.floor(limit * LEFT_TO_OTHERS[purpose]);
    if (!isRefused && limit - used > kept) return;
    const ours = spentCalls();
    if (isRefused) {
      throw new QuotaExhaustedError(
        crm,
        `The org has used up its ${crm} calls of 24 hours, ${ours} of them by ripeline, and refused the last one, so ${WORDS[purpose]} wait. ${AGAIN}`,
        { used: limit, limit, ours, ...reserveOf(limit, limit), resetsAt: null },
      );
    }
    throw new QuotaExhaustedError(
      crm,
      `The org has used ${used} of its ${limit} ${crm} calls of 24 hours, ${ours} of them by ripeline; the last ${kept} are left to its ` +
        `other clients, so ${WORDS[purpose]} wait. ${AGAIN}`,
      { used, limit, ours, ...reserveOf(limit, used), resetsAt: null },
    );
  }

  /** Pause before the next call. @throws QuotaExhaustedError at the ceiling */
  function pauseOf(purpose: CallPurpose): number {
    if (figures === null) return 0;
    const { used, limit } = figures;
    // Whole calls: a share of 43.75 is 43.
    const ceiling = Math.floor(limit * ceilingShare * (purpose === "flag" ? 1 : 1 - flagReserve));
    const ours = spentCalls();
    if (ours < ceiling) {
      const share = ours / ceiling;
      if (purpose === "flag" || share < SLOW_FROM) return 0;
      return Math.round((LONGEST_PAUSE_MS * (share - SLOW_FROM)) / (1 - SLOW_FROM));
    }
    const resetsAt = whenBelow(ceiling);
    throw new QuotaExhaustedError(
      crm,
      `ripeline has sent ${ours} ${crm} calls in 24 hours, its share for ${WORDS[purpose]} (${ceiling} of the org's ${limit}, of which ${used} are used). ` +
        `It goes on where it stopped${resetsAt === null ? " as the hours pass" : ` from ${resetsAt.toISOString()} on`}; to allow more, raise api.ceiling in ripeline.yaml.`,
      { used, limit, ours, ...reserveOf(limit, used), resetsAt },
    );
  }

  /** When enough hours have passed; null where no hour's passing is enough. */
  function whenBelow(ceiling: number): Date | null {
    let sum = spentCalls();
    for (const hour of [...booked.keys()].toSorted((a, b) => a - b)) {
      sum -= booked.get(hour) ?? 0;
      if (sum < ceiling) return new Date(hour + DAY_MS + HOUR_MS);
    }
    return null;
  }

  return {
    admit: (purpose) =>
      inTurn(async () => {
        await refresh();
        assertOrgHasCalls(purpose);
        const pause = pauseOf(purpose);
        if (unsent < 1) await book(BOOKED_AT_ONCE - unsent, now());
        return pause;
      }),
    count() {
      metered += 1;
      unsent -= 1;
    },
    observe(used, limit) {
      figures = { used, limit, at: now() };
      if (used < limit) refusedAt = null;
    },
    refused() {
      refusedAt = now();
    },
    hear(date) {
      offsetMs = date.getTime() - clock.now().getTime();
    },
    settle: () => inTurn(giveBack),
    usage: () => ({ metered, dailyUsed: figures?.used ?? null, dailyLimit: figures?.limit ?? null }),
  };
}

const AGAIN =
  `ripeline looks again every ${FIGURES_LIVE_MS / MINUTE_MS} minutes and goes on where it stopped; ` +
  "ask the admin what else calls the API (Setup, System Overview).";

const WORDS = { read: "reads", write: "writes of numbers", flag: "flags on records" } as const;

function hourOf(at: Date): number {
  return Math.floor(at.getTime() / HOUR_MS) * HOUR_MS;
}

/** A ledger that lives as long as its governor. */
function createMemoryLedger(): CallLedger {
  const hours = new Map<number, number>();
  return {
    book: ({ calls, at }) => {
      hours.set(hourOf(at), (hours.get(hourOf(at)) ?? 0) + calls);
      for (const hour of hours.keys()) if (hour < at.getTime() - 2 * DAY_MS) hours.delete(hour);
      return Promise.resolve(new Map(hours));
    },
  };
}
