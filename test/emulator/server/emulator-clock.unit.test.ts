import { describe, expect, it } from "vitest";
import { manualClock } from "../../../src/core/time.ts";
import { createEmulatorClock } from "../../../src/emulator/server/emulator-clock.ts";

const START = new Date("2026-06-01T08:00:00Z");

describe("the emulated clock", () => {
  it("runs on from its start at the machine's pace", () => {
    const machine = manualClock(new Date("2030-01-01T00:00:00Z"));
    const clock = createEmulatorClock(START, { machine });
    machine.advance(90_000);
    expect(clock.now().toISOString()).toBe("2026-06-01T08:01:30.000Z");
  });

  it("is set, moved on, stopped and run again", () => {
    const machine = manualClock(new Date(0));
    const clock = createEmulatorClock(START, { machine });
    clock.set(new Date("2027-01-01T00:00:00Z"));
    machine.advance(1_000);
    clock.advance(60_000);
    expect(clock.now().toISOString()).toBe("2027-01-01T00:01:01.000Z");
    clock.stop();
    machine.advance(5_000);
    expect([clock.isStopped, clock.now().toISOString()]).toEqual([true, "2027-01-01T00:01:01.000Z"]);
    clock.advance(1_000);
    clock.resume();
    machine.advance(2_000);
    expect(clock.now().toISOString()).toBe("2027-01-01T00:01:04.000Z");
  });

  it("goes back to its start when reset, running or stopped as it was made", () => {
    const machine = manualClock(new Date(0));
    const clock = createEmulatorClock(START, { machine, stopped: true });
    clock.resume();
    machine.advance(9_000);
    clock.reset();
    machine.advance(9_000);
    expect([clock.isStopped, clock.now().getTime()]).toEqual([true, START.getTime()]);
  });
});
