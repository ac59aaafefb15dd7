import { describe, expect, it } from "vitest";
import { createRateGovernor } from "../../../connectors/shared/rate-governor.ts";
import { QuotaExhaustedError } from "../../../src/core/errors.ts";
import { HOUR_MS, manualClock } from "../../../src/core/time.ts";

const clock = manualClock(new Date("2026-11-21T00:00:00Z"));

describe("the rate governor", () => {
  it("stops reads at 80% of our quarter of the day's calls, writes at the whole of it, and goes on a day later", () => {
    const governor = createRateGovernor({ crm: "salesforce", ceilingShare: 0.25, writeReserve: 0.2, clock });
    governor.observe(5, 100);
    // A quarter of 100 calls is 25, of which reads may use 20.
    for (let call = 0; call < 20; call += 1) governor.count();
    expect(() => governor.admit("read")).toThrow(QuotaExhaustedError);
    expect(() => governor.admit("read")).toThrow(
      /has sent 20 salesforce calls in 24 hours, its share for reads \(20 of the org's 100\).*ripeline\.yaml/,
    );
    expect(() => governor.admit("write")).not.toThrow();
    for (let call = 0; call < 5; call += 1) governor.count();
    expect(() => governor.admit("write")).toThrow(QuotaExhaustedError);
    clock.advance(26 * HOUR_MS);
    expect(() => governor.admit("read")).not.toThrow();
    expect(governor.usage()).toEqual({ metered: 25, dailyUsed: 5, dailyLimit: 100 });
  });

  it("admits everything until the org's limit is known", () => {
    const governor = createRateGovernor({ crm: "salesforce", ceilingShare: 0.25, writeReserve: 0.2, clock });
    for (let call = 0; call < 1000; call += 1) governor.count();
    expect(() => governor.admit("read")).not.toThrow();
  });
});
