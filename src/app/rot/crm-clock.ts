import { SECOND_MS } from "../../core/time.ts";

/** The CRM's clock as far as its answers tell, moved on by ours between them. */
export interface CrmClock {
  /**
   * Notes the Date of an answer; asked for and heard at these instants of our clock.
   * @param askedAt null where the answer may be older
   */
  hear(date: Date, heardAt: number, askedAt: number | null): void;
  /** Never ahead of the CRM's clock while that runs at the pace of ours. */
  now(): Date;
}

/**
 * A Date has whole seconds, cut off: each answer says that the clock is not behind it. The latest such bound of many answers
 * is closer than a second to the truth, so that a flag comes a few milliseconds after its instant and never before it. An
 * answer that proves the bound wrong (the clock was set or stopped) makes a new start.
 * @param ourNow milliseconds
 */
export function createCrmClock(ourNow: () => number = Date.now): CrmClock {
  let ahead: number | null = null;
  return {
    hear: (date, heardAt, askedAt) => {
      const bound = date.getTime() - heardAt;
      // When it was asked, the CRM's clock stood before the end of the second that it then named.
      const isWrong = ahead !== null && askedAt !== null && askedAt + ahead >= date.getTime() + SECOND_MS;
      ahead = ahead === null || isWrong ? bound : Math.max(ahead, bound);
    },
    now: () => new Date(ourNow() + (ahead ?? 0)),
  };
}
