import { describe, expect, it } from "vitest";
import { createRateGovernor } from "../../../connectors/shared/rate-governor.ts";
import { QuotaExhaustedError } from "../../../src/core/errors.ts";
import type { CallLedger } from "../../../src/core/ports.ts";
import { HOUR_MS, MINUTE_MS, manualClock } from "../../../src/core/time.ts";

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);
const containing = (text: string): unknown => expect.stringContaining(text);

const midnight = new Date("2026-11-21T00:00:00Z");
const rules = { crm: "salesforce", ceilingShare: 0.25, flagReserve: 0.2 } as const;

/** A ledger that several governors share, with a record of its bookings. */
function sharedLedger(): CallLedger & { readonly bookings: number[]; sum(): number } {
  const hours = new Map<number, number>();
  const bookings: number[] = [];
  return {
    bookings,
    sum: () => [...hours.values()].reduce((sum, calls) => sum + calls, 0),
    book: ({ calls, at }) => {
      bookings.push(calls);
      const hour = Math.floor(at.getTime() / HOUR_MS) * HOUR_MS;
      hours.set(hour, (hours.get(hour) ?? 0) + calls);
      return Promise.resolve(new Map(hours));
    },
  };
}

async function send(governor: ReturnType<typeof createRateGovernor>, calls: number): Promise<void> {
  for (let call = 0; call < calls; call += 1) {
    await governor.admit("flag");
    governor.count();
  }
}

describe("the rate governor", () => {
  it("stops reads and numbers at 80% of our quarter of the day's calls, flags at the whole of it, and goes on a day later", async () => {
    const clock = manualClock(midnight);
    const governor = createRateGovernor({ ...rules, clock });
    governor.observe(5, 100);
    // A quarter of 100 calls is 25, of which 5 are kept for flags.
    await send(governor, 20);
    const refused = await governor.admit("read").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(QuotaExhaustedError);
    expect(refused).toMatchObject({
      // The calls of the hour from midnight count until 25 hours later.
      quota: { used: 5, limit: 100, ours: 20, resetsAt: new Date("2026-11-22T01:00:00Z") },
      message: matching(
        /has sent 20 salesforce calls in 24 hours, its share for reads \(20 of the org's 100, of which 5 are used\).* from 2026-11-22T01:00:00.000Z on.*ripeline\.yaml/,
      ),
    });
    await expect(governor.admit("write")).rejects.toThrow(QuotaExhaustedError);
    await send(governor, 5);
    await expect(governor.admit("flag")).rejects.toThrow(QuotaExhaustedError);
    clock.advance(24.9 * HOUR_MS);
    await expect(governor.admit("flag")).rejects.toThrow(QuotaExhaustedError);
    clock.advance(0.1 * HOUR_MS);
    expect(await governor.admit("read")).toBe(0);
    expect(governor.usage()).toEqual({ metered: 25, dailyUsed: 5, dailyLimit: 100 });
  });

  it("sends no call that is only in part within its share", async () => {
    const governor = createRateGovernor({ ...rules, clock: manualClock(midnight) });
    // A quarter of 175 is 43.75.
    governor.observe(0, 175);
    await send(governor, 43);
    await expect(governor.admit("flag")).rejects.toMatchObject({
      quota: { ours: 43, reserve: 8, reserveLeft: 0 },
    });
  });

  it("counts by the vendor's clock, not by ours", async () => {
    const clock = manualClock(midnight);
    const governor = createRateGovernor({ ...rules, clock });
    governor.observe(5, 100);
    await send(governor, 25);
    await expect(governor.admit("flag")).rejects.toThrow(QuotaExhaustedError);
    governor.hear(new Date("2026-11-22T01:00:00Z"));
    expect(await governor.admit("flag")).toBe(0);
  });

  it("admits everything until the org's limit is known, and follows a limit that shrinks", async () => {
    const governor = createRateGovernor({ ...rules, clock: manualClock(midnight) });
    await send(governor, 1000);
    expect(await governor.admit("read")).toBe(0);
    governor.observe(1000, 100_000);
    expect(await governor.admit("read")).toBe(0);
    governor.observe(1000, 4_000);
    await expect(governor.admit("flag")).rejects.toThrow(/1000 salesforce calls .* \(1000 of the org's 4000/);
  });

  it("spaces reads from three quarters of their share on, up to two seconds, and flags never", async () => {
    const governor = createRateGovernor({ ...rules, clock: manualClock(midnight) });
    governor.observe(0, 1_000);
    // Reads may use 200 of our 250 calls: 150 are three quarters.
    await send(governor, 149);
    expect(await governor.admit("read")).toBe(0);
    await send(governor, 26);
    // 175 of 200: half way from 150 to 200.
    expect(await governor.admit("read")).toBe(1_000);
    expect(await governor.admit("flag")).toBe(0);
  });

  it("leaves the org's last calls to its other clients, flags fewer than reads, and looks again after a quarter of an hour", async () => {
    const clock = manualClock(midnight);
    const governor = createRateGovernor({ ...rules, clock });
    await send(governor, 3);
    governor.observe(94_999, 100_000);
    expect(await governor.admit("read")).toBe(0);
    governor.observe(95_000, 100_000);
    const refused = await governor.admit("read").catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: "QUOTA_EXHAUSTED",
      quota: { used: 95_000, limit: 100_000, ours: 3, resetsAt: null },
      message: containing(
        "used 95000 of its 100000 salesforce calls of 24 hours, 3 of them by ripeline; the last 5000",
      ),
    });
    expect(await governor.admit("flag")).toBe(0);
    governor.observe(99_000, 100_000);
    await expect(governor.admit("flag")).rejects.toThrow(/flags on records wait/);
    clock.advance(15 * MINUTE_MS);
    expect(await governor.admit("read")).toBe(0);
  });

  it("asks an org that refused a call no more for a quarter of an hour, though it never told its limit", async () => {
    const clock = manualClock(midnight);
    const governor = createRateGovernor({ ...rules, clock });
    await send(governor, 1);
    governor.refused();
    await expect(governor.admit("flag")).rejects.toThrow(/used up its salesforce calls/);
    clock.advance(15 * MINUTE_MS);
    expect(await governor.admit("read")).toBe(0);
    governor.refused();
    governor.observe(1, 100_000);
    expect(await governor.admit("read")).toBe(0);
  });

  it("shares one ceiling with other processes, books before it sends and gives back what it did not send", async () => {
    const ledger = sharedLedger();
    const clock = manualClock(midnight);
    const first = createRateGovernor({ ...rules, clock, ledger });
    first.observe(0, 200);
    await send(first, 30);
    // 30 calls, two bookings of 20: a process that dies now has counted ten too many.
    expect(ledger.sum()).toBe(40);
    expect(ledger.bookings).toEqual([0, 20, 20]);
    await first.settle();
    await first.settle();
    expect(ledger.sum()).toBe(30);

    // Of our 50, 40 are for reads.
    const second = createRateGovernor({ ...rules, clock, ledger });
    second.observe(30, 200);
    await send(second, 10);
    await expect(second.admit("read")).rejects.toThrow(/has sent 40 salesforce calls/);
    await second.settle();
    expect(ledger.sum()).toBe(40);
  });
});
