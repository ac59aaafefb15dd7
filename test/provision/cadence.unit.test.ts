import { describe, expect, it } from "vitest";
import { salesforceStreams } from "../../connectors/salesforce/streams.ts";
import { chooseCadence } from "../../src/provision/cadence.ts";
import { predictApiCalls } from "../../src/provision/predict-calls.ts";

const WRITES = [{ object: "Ripeline_Status__c", rowsPerDay: 24, batchSize: 200, pushesPerDay: 24 }];
const FREE = { fast: null, money: null, slow: null };
const org = { wanted: FREE, streams: salesforceStreams, writes: WRITES, hourlyChecks: 8, ceiling: 0.25 };

function callsAt(minutes: { readonly fast: number; readonly money: number; readonly slow: number }): number {
  const input = { ...org, cadenceMinutes: minutes, dailyLimit: null };
  return predictApiCalls(input).callsPerDay;
}

describe("the cadence of an org", () => {
  it("is every minute where 5% of the calls allow that", () => {
    expect(chooseCadence({ ...org, dailyLimit: 150_000 })).toEqual({
      minutes: { fast: 1, money: 15, slow: 60 },
      share: 0.05,
      isWithinShare: true,
    });
  });

  it("is the fastest that stays under 5% of a small org's calls", () => {
    const { minutes } = chooseCadence({ ...org, dailyLimit: 15_000 });
    // 5% of 15,000 is 750 calls. Eleven fast streams are 3 calls a cycle, 4,320 / n a day; everything else together:
    const others = callsAt({ fast: 1, money: 15, slow: 60 }) - 4_320;
    expect(others).toBeGreaterThan(200);
    const affordable = [1, 2, 3, 4, 5, 6, 8, 10, 12, 15].find((n) => 4_320 / n + others <= 750);
    expect(minutes).toEqual({ fast: affordable, money: 15, slow: 60 });
    expect(minutes.fast).toBeGreaterThan(5);
    expect(callsAt(minutes)).toBeLessThanOrEqual(750);
  });

  it("slows the others too where the fast streams alone are not enough, and says when nothing is", () => {
    const slow = chooseCadence({ ...org, dailyLimit: 7_000 });
    expect(slow.isWithinShare).toBe(true);
    expect(callsAt(slow.minutes)).toBeLessThanOrEqual(350);
    expect(slow.minutes.money).toBeGreaterThan(15);
    // The hourly looks alone are 192 calls: more than 5% of 1,000.
    expect(chooseCadence({ ...org, dailyLimit: 1_000 })).toMatchObject({
      minutes: { fast: 240, money: 240, slow: 240 },
      isWithinShare: false,
    });
  });

  it("stays under the API ceiling where that is lower than 5%", () => {
    const { minutes, share } = chooseCadence({ ...org, dailyLimit: 150_000, ceiling: 0.01 });
    expect(share).toBe(0.01);
    expect(callsAt(minutes)).toBeLessThanOrEqual(1_500);
    expect(minutes.fast).toBeGreaterThan(1);
  });

  it("keeps what ripeline.yaml names, and is the usual one where the quota is unknown", () => {
    const wanted = { fast: 2, money: null, slow: 30 };
    expect(chooseCadence({ ...org, wanted, dailyLimit: 150_000 }).minutes).toEqual({
      fast: 2,
      money: 15,
      slow: 30,
    });
    expect(chooseCadence({ ...org, dailyLimit: null }).minutes).toEqual({ fast: 1, money: 15, slow: 60 });
  });
});
