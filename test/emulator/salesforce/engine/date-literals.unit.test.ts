import { describe, expect, test } from "vitest";
import { dateRange } from "../../../../src/emulator/salesforce/engine/soql/date-literals.ts";
import { column, engineFixture } from "./engine-fixture.ts";

/** Wednesday 3 June 2026, ten in the morning in Berlin (UTC+2). */
const calendar = { now: new Date("2026-06-03T08:00:00Z"), zone: "Europe/Berlin", fiscalStartMonth: 1 };

function days(name: string, count = 1, fiscalStartMonth = 1): readonly [string, string] | undefined {
  const range = dateRange(name, count, { ...calendar, fiscalStartMonth });
  if (range === undefined) return undefined;
  const text = (day: number) => new Date(day * 86_400_000).toISOString().slice(0, 10);
  return [text(range.fromDay), text(range.untilDay)];
}

describe("date literals as half-open ranges of days", () => {
  test.each([
    ["TODAY", 1, "2026-06-03", "2026-06-04"],
    ["YESTERDAY", 1, "2026-06-02", "2026-06-03"],
    ["TOMORROW", 1, "2026-06-04", "2026-06-05"],
    // Weeks begin on Sunday: 31 May 2026 was one.
    ["THIS_WEEK", 1, "2026-05-31", "2026-06-07"],
    ["LAST_WEEK", 1, "2026-05-24", "2026-05-31"],
    ["THIS_MONTH", 1, "2026-06-01", "2026-07-01"],
    ["LAST_MONTH", 1, "2026-05-01", "2026-06-01"],
    ["NEXT_MONTH", 1, "2026-07-01", "2026-08-01"],
    ["THIS_QUARTER", 1, "2026-04-01", "2026-07-01"],
    ["LAST_YEAR", 1, "2025-01-01", "2026-01-01"],
    ["LAST_90_DAYS", 1, "2026-03-05", "2026-06-04"],
    // The last n days include today, the last n months end before this one.
    ["LAST_N_DAYS", 2, "2026-06-01", "2026-06-04"],
    ["NEXT_N_DAYS", 2, "2026-06-04", "2026-06-06"],
    ["N_DAYS_AGO", 2, "2026-06-01", "2026-06-02"],
    ["LAST_N_WEEKS", 1, "2026-05-24", "2026-05-31"],
    ["LAST_N_MONTHS", 2, "2026-04-01", "2026-06-01"],
    ["N_MONTHS_AGO", 2, "2026-04-01", "2026-05-01"],
    ["LAST_N_QUARTERS", 1, "2026-01-01", "2026-04-01"],
    ["N_YEARS_AGO", 1, "2025-01-01", "2026-01-01"],
  ])("%s:%i is from %s until %s", (name, count, from, until) => {
    expect(days(name, count)).toEqual([from, until]);
  });

  test("fiscal periods follow the month the fiscal year starts in", () => {
    // A fiscal year from February: quarters begin in February, May, August and November.
    expect(days("THIS_FISCAL_QUARTER", 1, 2)).toEqual(["2026-05-01", "2026-08-01"]);
    expect(days("LAST_FISCAL_YEAR", 1, 2)).toEqual(["2025-02-01", "2026-02-01"]);
    expect(days("THIS_FISCAL_YEAR", 1, 1)).toEqual(["2026-01-01", "2027-01-01"]);
  });

  test("instants begin at midnight of the user's zone, also across the change of clocks", () => {
    const range = dateRange("TODAY", 1, calendar);
    expect(new Date(range?.from ?? 0).toISOString()).toBe("2026-06-02T22:00:00.000Z");
    // 29 March 2026 has 23 hours in Berlin.
    const short = dateRange("TODAY", 1, { ...calendar, now: new Date("2026-03-29T10:00:00Z") });
    expect(((short?.until ?? 0) - (short?.from ?? 0)) / 3_600_000).toBe(23);
  });

  test("a literal that does not exist is no range", () => {
    expect(days("LAST_FORTNIGHT")).toBeUndefined();
  });
});

test("a query takes the zone of the user who asks", () => {
  const fixture = engineFixture();
  const { org } = fixture;
  // 23:30 UTC on 2 June is already 3 June in Berlin.
  org.load("Lead", [{ LastName: "Late", Company: "x", CreatedDate: "2026-06-02T23:30:00Z" }]);
  const today = "SELECT LastName FROM Lead WHERE CreatedDate = TODAY";
  expect(column(fixture, today)).toEqual([]);
  org.load("User", [{ Id: org.adminUser.id, TimeZoneSidKey: "Europe/Berlin" }]);
  expect(column(fixture, today)).toEqual(["Late"]);
  expect(column(fixture, "SELECT LastName FROM Lead WHERE CreatedDate < TODAY")).toEqual([]);
  expect(column(fixture, "SELECT LastName FROM Lead WHERE CreatedDate <= TODAY")).toEqual(["Late"]);
});
