import { type FormulonLiteral, parse } from "formulon";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { STALLED_FORMULA } from "../../../src/writeback/targets/opportunity.ts";

/** formulon is somebody else's reading of Salesforce's formula language: our formula must mean to it what we say. */
const SINCE = new Date("2026-06-15T08:00:00Z");

function stalled(isClosed: boolean, since: Date | null): unknown {
  const instant: FormulonLiteral =
    since === null
      ? { type: "literal", dataType: "null", value: null }
      : { type: "literal", dataType: "datetime", value: since };
  const answer = parse(STALLED_FORMULA, {
    IsClosed: { type: "literal", dataType: "checkbox", value: isClosed },
    Ripeline_Stalled_Since__c: instant,
  });
  if (answer.type === "error") throw new Error(answer.message ?? "formulon refused the formula");
  return answer.value;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("is off one second before the instant and on from the instant", () => {
  vi.setSystemTime(new Date(SINCE.getTime() - 1000));
  expect(stalled(false, SINCE)).toBe(false);
  vi.setSystemTime(SINCE);
  expect(stalled(false, SINCE)).toBe(true);
});

it("is off for a closed opportunity and for one without a date", () => {
  vi.setSystemTime(SINCE);
  expect(stalled(true, SINCE)).toBe(false);
  expect(stalled(false, null)).toBe(false);
});
