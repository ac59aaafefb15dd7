import { describe, expect, test } from "vitest";
import { verdict } from "../../jobs/error-policy.ts";
import {
  AuthError,
  BusyError,
  QuotaExhaustedError,
  RateLimitedError,
  StoppedError,
  TimedOutError,
  TransientHttpError,
  WireShapeError,
} from "../../src/core/errors.ts";

describe("what happens after an error", () => {
  test("a CRM that asks to wait is waited for, in whole milliseconds", () => {
    expect(verdict(new RateLimitedError("salesforce", 1500.4), "pull")).toEqual({
      action: "wait",
      delayMs: 1501,
    });
  });

  test("another process at the same connection is waited for", () => {
    expect(verdict(new BusyError("taken"), "push")).toEqual({ action: "wait", delayMs: 2_000 });
  });

  test("a step that was stopped with its process goes back into the queue at once", () => {
    expect(verdict(new StoppedError("stopped", "SIGINT"), "pull")).toEqual({ action: "wait", delayMs: 0 });
  });

  test("a night's job waits for the day's calls and looks again in an hour, a cycle's step does not", () => {
    const spent = new QuotaExhaustedError("salesforce", "spent");
    expect(verdict(spent, "reconcile")).toEqual({ action: "wait", delayMs: 3_600_000 });
    expect(verdict(spent, "sweep")).toEqual({ action: "wait", delayMs: 3_600_000 });
    expect(verdict(spent, "push")).toEqual({ action: "fail" });
  });

  test.each([
    ["a step that took too long", new TimedOutError("an hour"), "retry"],
    ["a broken connection", new TransientHttpError("salesforce", "reset", undefined), "retry"],
    ["a wrong client id", new AuthError("salesforce", "client id"), "fail"],
    ["a spent quota", new QuotaExhaustedError("salesforce", "spent"), "fail"],
    ["an answer of the wrong shape", new WireShapeError("salesforce", "shape"), "fail"],
    ["a fault of ours", new TypeError("x is not a function"), "fail"],
    ["something thrown that is no error", "text", "fail"],
  ])("%s: %s", (_, error, action) => {
    expect(verdict(error, "pull")).toEqual({ action });
  });
});
