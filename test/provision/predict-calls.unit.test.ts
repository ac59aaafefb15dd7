import { describe, expect, it } from "vitest";
import type { Cadence, StreamSpec } from "../../src/core/ports.ts";
import { predictApiCalls, predictFirstWrites } from "../../src/provision/predict-calls.ts";

function streams(count: number, cadence: Cadence): readonly StreamSpec[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `salesforce.${cadence}${index}`,
    crm: "salesforce" as const,
    object: `${cadence}${index}`,
    table: "t",
    fields: [],
    cursor: "SystemModstamp" as const,
    overlapMinutes: 10,
    cadence,
  }));
}

const CADENCE = { fast: 1, money: 15, slow: 60 };

describe("predicted API calls", () => {
  it("are three composite calls a minute for eleven fast streams: 4,320 a day, 3% of 150,000", () => {
    const prediction = predictApiCalls({
      streams: streams(11, "fast"),
      cadenceMinutes: CADENCE,
      writes: [],
      hourlyChecks: 0,
      dailyLimit: 150_000,
    });
    expect(prediction.callsPerDay).toBe(4_320);
    expect(prediction.shareOfLimit).toBeCloseTo(0.0288, 10);
    expect(prediction.lines[0]?.how).toBe("11 streams / 5 a call = 3 calls x 1440 cycles");
  });

  it("tell what the first sync writes, and how long the hourly limit makes it last", () => {
    const writes = [
      { object: "Lead", rowsFirst: 501, batchSize: 50 },
      { object: "Ripeline_Metric__c", rowsFirst: 12_001, batchSize: 200 },
      { object: "Campaign", rowsFirst: 0, batchSize: 200 },
    ];
    // 250 rows a call, 1,000 rows a call; 5,000 rows at once, then 5,000 an hour.
    expect(predictFirstWrites(writes, 5_000)).toEqual([
      { object: "Lead", rows: 501, calls: 3, hours: 0 },
      { object: "Ripeline_Metric__c", rows: 12_001, calls: 13, hours: 2 },
    ]);
  });

  it("count writes by what one call carries, and at least one call a push", () => {
    const prediction = predictApiCalls({
      streams: [],
      cadenceMinutes: CADENCE,
      writes: [
        // 1,000 rows a call at 200 a batch; 250 at 50 a batch.
        { object: "Lead", rowsPerDay: 2_001, batchSize: 200, pushesPerDay: 0 },
        { object: "Campaign", rowsPerDay: 501, batchSize: 50, pushesPerDay: 1 },
        { object: "Ripeline_Status__c", rowsPerDay: 24, batchSize: 200, pushesPerDay: 24 },
        { object: "Ripeline_Metric__c", rowsPerDay: 0, batchSize: 200, pushesPerDay: 13 },
      ],
      hourlyChecks: 8,
      dailyLimit: null,
    });
    expect(prediction.lines.map((line) => [line.purpose, line.callsPerDay])).toEqual([
      ["write Lead", 3],
      ["write Campaign", 3],
      ["write Ripeline_Status__c", 24],
      ["write Ripeline_Metric__c", 0],
      ["look at fields, limits and automation", 192],
    ]);
    expect(prediction.callsPerDay).toBe(222);
    expect(prediction.shareOfLimit).toBeNull();
  });

  it("tell what the comparison of ids costs at night", () => {
    const { lines, callsPerDay } = predictApiCalls({
      streams: [],
      cadenceMinutes: CADENCE,
      writes: [],
      hourlyChecks: 0,
      dailyLimit: null,
      // Six lists: two openings. Further pages: 0, 0, 4 (10,000 rows are five pages), 1: the four come one after the other
      // and carry the fifth. By Bulk: 120,000 rows in 4 + 3 calls, and one uncounted in 4 + 1.
      nightly: [0, 2_000, 10_000, 2_001, 120_000, null],
    });
    expect(lines.at(-1)).toEqual({
      purpose: "compare ids with the mirror's at night",
      callsPerDay: 2 + 4 + 12,
      how: "6 lists / 5 a call = 2 calls, 5 further pages of 2000 in 4, 2 lists above 10000 by Bulk in 12",
    });
    expect(callsPerDay).toBe(18);
  });
});
