import { describe, expect, it } from "vitest";
import { nextTry, type Refusal } from "../../src/writeback/retry-policy.ts";

const AS_OF = new Date("2026-06-01T08:00:00Z");
const RULE: Refusal = {
  code: "FIELD_CUSTOM_VALIDATION_EXCEPTION",
  retryable: false,
  isClear: false,
  canVanish: true,
  attempts: 1,
};

describe("a refused row", () => {
  it("goes into quarantine at once when a rule refuses it, and is tried the next day", () => {
    expect(nextTry(RULE, AS_OF)).toEqual({ state: "quarantined", at: new Date("2026-06-02T08:00:00Z") });
  });

  it("is tried five times, later and later, when a lock refuses it", () => {
    const lock = { ...RULE, code: "UNABLE_TO_LOCK_ROW", retryable: true };
    const tries = [1, 2, 3, 4, 5, 6].map((attempts) => nextTry({ ...lock, attempts }, AS_OF));
    expect(tries.map((next) => `${next.state} ${next.at.toISOString().slice(8, 16)}`)).toEqual([
      "retry 01T08:00",
      "retry 01T08:05",
      "retry 01T08:15",
      "retry 01T09:00",
      "retry 01T14:00",
      "quarantined 02T08:00",
    ]);
  });

  it("is tried hourly for ever when it would clear a flag", () => {
    expect(nextTry({ ...RULE, isClear: true, attempts: 40 }, AS_OF)).toEqual({
      state: "retry",
      at: new Date("2026-06-01T09:00:00Z"),
    });
  });

  it.each(["ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "CANNOT_UPDATE_CONVERTED_LEAD"])(
    "counts as vanished on %s, a clear too",
    (code) => {
      expect(nextTry({ ...RULE, code, isClear: true }, AS_OF).state).toBe("vanished");
    },
  );

  it("of an object of ours does not vanish by a bad reference: it is quarantined", () => {
    expect(nextTry({ ...RULE, code: "INVALID_CROSS_REFERENCE_KEY", canVanish: false }, AS_OF).state).toBe(
      "quarantined",
    );
  });
});
