import { describe, expect, it } from "vitest";
import { createServerClock } from "../../../connectors/salesforce/server-clock.ts";
import type { Session } from "../../../connectors/salesforce/session.ts";

const at = (time: string): Date => new Date(`2026-06-01T${time}Z`);
const session: Session = {
  instanceUrl: "https://acme.my.salesforce.com",
  version: "67.0",
  pacing: { sleep: () => Promise.resolve(), random: () => 0 },
  call: () => Promise.reject(new Error("nothing is called")),
  stream: () => Promise.reject(new Error("nothing is called")),
  noteQuotaRefused: () => undefined,
};

/** A clock that was told 08:00:00 a minute ago, and what the org answers from now on. */
function clockHearing(...dates: readonly Date[]) {
  let elapsed = 0;
  let asked = 0;
  const clock = createServerClock(
    () => {
      asked += 1;
      return Promise.resolve(dates[asked - 1] ?? expect.fail("asked too often"));
    },
    at("08:00:00"),
    () => elapsed,
  );
  elapsed = 60_000;
  return { now: () => clock.now(session), asked: () => asked };
}

describe("the org's time", () => {
  it("is what one answer says where that fits what was known", async () => {
    // A minute after 08:00:00, and another minute of tolerance.
    for (const date of [at("08:01:00"), at("08:02:00"), at("08:00:00")]) {
      const clock = clockHearing(date);
      expect(await clock.now()).toEqual(date);
      expect(clock.asked()).toBe(1);
    }
  });

  it("is not that of one answer whose Date is wrong", async () => {
    const clock = clockHearing(at("11:00:00"), at("08:01:01"), at("08:01:02"));
    expect(await clock.now()).toEqual(at("08:01:01"));
    expect(await clock.now()).toEqual(at("08:01:02"));
    expect(clock.asked()).toBe(3);
  });

  it("follows a clock that was set: the second answer says the same", async () => {
    const clock = clockHearing(at("10:00:00"), at("10:00:00"), at("10:00:01"));
    expect(await clock.now()).toEqual(at("10:00:00"));
    expect(await clock.now()).toEqual(at("10:00:01"));
    expect(clock.asked()).toBe(3);
  });
});
