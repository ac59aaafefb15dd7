import fc from "fast-check";
import { expect, test } from "vitest";
import { jobId, wholeDelayMs } from "../../../jobs/queue-kit/job-options.ts";
import { ConfigError } from "../../../src/core/errors.ts";

test("an id is its parts", () => {
  expect(jobId("pull", "salesforce", "Lead")).toBe("pull-salesforce-Lead");
});

test.each([[["12"]], [[""]], [["pull", "a:b"]], [[]]])("the id of %j is refused", (parts) => {
  expect(() => jobId(...parts)).toThrow(ConfigError);
});

test("a delay is whole, not negative, and not shorter than asked", () => {
  fc.assert(
    fc.property(fc.double({ min: -1e6, max: 1e9, noNaN: true }), (ms) => {
      const whole = wholeDelayMs(ms);
      expect(Number.isInteger(whole) && whole >= Math.max(0, ms) && whole - Math.max(0, ms) <= 1).toBe(true);
    }),
  );
  expect(() => wholeDelayMs(Number.NaN)).toThrow(RangeError);
});
