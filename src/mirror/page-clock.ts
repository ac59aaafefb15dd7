import type { Page } from "../core/ports.ts";
import { MINUTE_MS } from "../core/time.ts";

/** Gives a page the instant that it counts as of. */
export type PageClock = (page: Page) => Page;

/**
 * A page whose Date is ahead of the CRM's clock (a proxy's, or one wrong server's) would move the watermark past rows
 * that are still to come, and its rows would count only later: it counts as of the step's beginning. Behind the clock a
 * page may be: then rows are read twice.
 * @param now the CRM's clock just now, at the step's beginning; from there on this process's own tells how late it is
 */
export function pageClock(now: Date): PageClock {
  const heardAt = performance.now();
  return (page) => {
    const latest = now.getTime() + performance.now() - heardAt;
    return page.queriedAt.getTime() - latest > MINUTE_MS ? { ...page, queriedAt: now } : page;
  };
}
