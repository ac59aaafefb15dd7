import { DateTime } from "luxon";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/core/errors.ts";
import { openIntervals, type WeeklyCalendar } from "../../src/metrics/calendar.ts";
import { fallsOn, type Holiday, type Recurrence } from "../../src/metrics/holiday.ts";

const HOUR = 3_600;

function weekly(
  open: number,
  close: number,
  weekdays: readonly number[],
  more: Partial<WeeklyCalendar> = {},
) {
  return {
    name: "test",
    timeZone: "UTC",
    days: new Map(weekdays.map((day) => [day, { open: open * 60, close: close * 60 }])),
    holidays: [],
    ...more,
  } satisfies WeeklyCalendar;
}

function allDay(startsOn: string, recurrence: Recurrence | null = null): Holiday {
  return { startsOn, fromMinute: 0, toMinute: 1440, recurrence };
}

function texts(calendar: WeeklyCalendar, from: string, asOf: string, seconds = 0) {
  return openIntervals(calendar, new Date(from), new Date(asOf), seconds).map(
    (one) => `${one.opensAt.toISOString().slice(0, 16)}/${one.closesAt.toISOString().slice(0, 16)}`,
  );
}

const everyDay = [1, 2, 3, 4, 5, 6, 7];

describe("opening times", () => {
  test("nine to five in New York moves by an hour in UTC when the clocks go forward", () => {
    const calendar = weekly(9, 17, everyDay, { timeZone: "America/New_York" });
    // 8 March 2026 is the change: EST is UTC-5, EDT UTC-4.
    expect(texts(calendar, "2026-03-07T12:00:00Z", "2026-03-08T21:00:00Z", HOUR)).toEqual([
      "2026-03-07T14:00/2026-03-07T22:00",
      "2026-03-08T13:00/2026-03-08T21:00",
      "2026-03-09T13:00/2026-03-09T21:00",
    ]);
  });

  test("a day open around the clock has 23 hours in spring and 25 in autumn", () => {
    const calendar = weekly(0, 24, [7], { timeZone: "Europe/Berlin" });
    const spring = openIntervals(
      calendar,
      new Date("2026-03-29T00:00:00Z"),
      new Date("2026-03-29T00:00:00Z"),
      HOUR,
    );
    const autumn = openIntervals(
      calendar,
      new Date("2026-10-25T00:00:00Z"),
      new Date("2026-10-25T00:00:00Z"),
      HOUR,
    );
    expect(spring[0]?.openSecondsAfter).toBe(23 * HOUR);
    expect(autumn[0]?.openSecondsAfter).toBe(25 * HOUR);
  });

  test("zones off by half an hour keep their wall times", () => {
    const calendar = weekly(9, 17, everyDay, { timeZone: "Asia/Kolkata" });
    expect(texts(calendar, "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z")).toEqual([
      "2026-03-02T03:30/2026-03-02T11:30",
    ]);
  });

  test("open seconds run on from stretch to stretch and nothing is open at the weekend", () => {
    const intervals = openIntervals(
      weekly(9, 17, [1, 2, 3, 4, 5]),
      new Date("2026-03-06T00:00:00Z"), // a Friday
      new Date("2026-03-09T17:00:00Z"),
      0,
    );
    // Friday 8 h, Monday 8 h; the search ends at the first stretch that closes after as_of, Tuesday.
    expect(intervals.map((one) => [one.openSecondsBefore / HOUR, one.openSecondsAfter / HOUR])).toEqual([
      [0, 8],
      [8, 16],
      [16, 24],
    ]);
  });

  test("a holiday of an afternoon closes only the afternoon", () => {
    const holiday: Holiday = {
      startsOn: "2026-12-24",
      fromMinute: 13 * 60,
      toMinute: 1440,
      recurrence: null,
    };
    expect(
      texts(
        weekly(9, 17, everyDay, { holidays: [holiday] }),
        "2026-12-24T00:00:00Z",
        "2026-12-24T09:00:00Z",
        HOUR,
      ),
    ).toEqual(["2026-12-24T09:00/2026-12-24T13:00"]);
  });

  test("a holiday at noon splits the day", () => {
    const holiday: Holiday = {
      startsOn: "2026-12-24",
      fromMinute: 12 * 60,
      toMinute: 13 * 60,
      recurrence: null,
    };
    expect(
      texts(weekly(9, 17, everyDay, { holidays: [holiday] }), "2026-12-24T00:00:00Z", "2026-12-24T12:30:00Z"),
    ).toEqual(["2026-12-24T09:00/2026-12-24T12:00", "2026-12-24T13:00/2026-12-24T17:00"]);
  });

  test("a calendar that never opens is refused with its name", () => {
    const closed = weekly(9, 17, []);
    const open = () => openIntervals(closed, new Date("2026-01-01"), new Date("2026-01-01"), HOUR);
    expect(open).toThrow(ConfigError);
    expect(open).toThrow(/calendar "test" is open for less than 1 hours/);
  });
});

describe("holidays that come back", () => {
  const rule = (type: Recurrence["type"], more: Partial<Recurrence> = {}): Recurrence => ({
    type,
    interval: 1,
    dayOfWeekMask: 0,
    dayOfMonth: null,
    instance: null,
    month: null,
    endsOn: null,
    ...more,
  });
  const days = (holiday: Holiday, from: string, count: number) =>
    Array.from({ length: count }, (_, index) => DateTime.fromISO(from, { zone: "UTC" }).plus({ days: index }))
      .filter((day) => fallsOn(holiday, day))
      .map((day) => day.toISODate());

  test("every year on the 25th of December, from its first year on and not after its last", () => {
    const holiday = allDay(
      "2025-12-25",
      rule("RecursYearly", { month: 12, dayOfMonth: 25, endsOn: "2026-12-31" }),
    );
    expect(days(holiday, "2024-12-20", 1200)).toEqual(["2025-12-25", "2026-12-25"]);
  });

  test("the fourth Thursday of November", () => {
    const holiday = allDay(
      "2025-01-01",
      rule("RecursYearlyNth", { month: 11, instance: "Fourth", dayOfWeekMask: 16 }),
    );
    expect(days(holiday, "2025-11-01", 400)).toEqual(["2025-11-27", "2026-11-26"]);
  });

  test("the last Monday of May", () => {
    const holiday = allDay(
      "2026-01-01",
      rule("RecursYearlyNth", { month: 5, instance: "Last", dayOfWeekMask: 2 }),
    );
    expect(days(holiday, "2026-05-01", 31)).toEqual(["2026-05-25"]);
  });

  test("the first working day of every second month", () => {
    const holiday = allDay(
      "2026-01-01",
      rule("RecursMonthlyNth", { interval: 2, instance: "First", dayOfWeekMask: 62 }),
    );
    expect(days(holiday, "2026-01-01", 150)).toEqual(["2026-01-01", "2026-03-02", "2026-05-01"]);
  });

  test("every second week on Wednesday and Friday, weeks counted from Sunday", () => {
    const holiday = allDay("2026-03-04", rule("RecursWeekly", { interval: 2, dayOfWeekMask: 8 + 32 }));
    expect(days(holiday, "2026-03-01", 28)).toEqual(["2026-03-04", "2026-03-06", "2026-03-18", "2026-03-20"]);
  });

  test("every third day; the 31st of every month; every weekday", () => {
    expect(days(allDay("2026-03-01", rule("RecursDaily", { interval: 3 })), "2026-03-01", 8)).toEqual([
      "2026-03-01",
      "2026-03-04",
      "2026-03-07",
    ]);
    expect(days(allDay("2026-01-31", rule("RecursMonthly", { dayOfMonth: 31 })), "2026-01-01", 120)).toEqual([
      "2026-01-31",
      "2026-03-31",
    ]);
    expect(days(allDay("2026-03-06", rule("RecursEveryWeekday")), "2026-03-06", 4)).toEqual([
      "2026-03-06",
      "2026-03-09",
    ]);
  });
});
