import { describe, expect, it } from "vitest";
import { dueClasses } from "../../src/writeback/due-classes.ts";

/** 1 June 2026 is a Monday; Berlin is two hours ahead of UTC. */
const ZONE = "Europe/Berlin";

function due(now: string, metricRows: string, campaigns = "2026-06-01T00:30:00Z") {
  const published = new Map([
    ["metric_rows", new Date(metricRows)],
    ["campaign_fields", new Date(campaigns)],
  ]);
  return dueClasses(published, new Date(now), ZONE);
}

describe("what a scheduled push writes", () => {
  it("is everything the first time", () => {
    expect(dueClasses(new Map(), new Date("2026-06-01T08:00:00Z"), ZONE)).toEqual([
      "record_flags",
      "campaign_fields",
      "metric_rows",
      "status",
    ]);
  });

  it("is flags and status between the hours", () => {
    expect(due("2026-06-01T08:30:00Z", "2026-06-01T08:05:00Z")).toEqual(["record_flags", "status"]);
  });

  it("has metric rows each hour of a working day", () => {
    expect(due("2026-06-01T09:00:00Z", "2026-06-01T08:59:00Z")).toContain("metric_rows");
  });

  it("has no metric rows late in the evening, and closes the day at 00:15 by the workspace's clock", () => {
    // 21:30 and 00:10 in Berlin: written last at 19:05. 00:15: due.
    expect(due("2026-06-01T19:30:00Z", "2026-06-01T17:05:00Z")).not.toContain("metric_rows");
    expect(due("2026-06-01T22:10:00Z", "2026-06-01T17:05:00Z")).not.toContain("metric_rows");
    expect(due("2026-06-01T22:15:00Z", "2026-06-01T17:05:00Z")).toContain("metric_rows");
  });

  it("has metric rows once a day at the weekend", () => {
    // Saturday 6 June, noon in Berlin; written at 00:20.
    expect(due("2026-06-06T10:00:00Z", "2026-06-05T22:20:00Z")).not.toContain("metric_rows");
    expect(due("2026-06-06T10:00:00Z", "2026-06-05T17:00:00Z")).toContain("metric_rows");
  });

  it("has campaign fields once a night, after one o'clock", () => {
    expect(due("2026-06-01T22:30:00Z", "2026-06-01T22:20:00Z")).not.toContain("campaign_fields");
    expect(due("2026-06-01T23:00:00Z", "2026-06-01T22:20:00Z")).toContain("campaign_fields");
    expect(due("2026-06-02T09:00:00Z", "2026-06-02T08:00:00Z", "2026-06-01T23:05:00Z")).not.toContain(
      "campaign_fields",
    );
  });
});
