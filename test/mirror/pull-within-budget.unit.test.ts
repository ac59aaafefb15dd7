import { expect, test } from "vitest";
import { minutesBetween } from "../../src/mirror/pull-within-budget.ts";

test("the calls kept for flags last a day, at four a cycle", () => {
  // 25% of 150,000 calls, a fifth of it: 7,500 calls, 1,875 cycles, more than one a minute.
  expect(minutesBetween(7_500)).toBe(1);
  // Of 15,000: 750 calls, 187 cycles, 7.7 minutes.
  expect(minutesBetween(750)).toBe(8);
  expect(minutesBetween(7)).toBe(1_440);
  expect(minutesBetween(3)).toBe(1_440);
});
