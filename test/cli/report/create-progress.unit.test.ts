import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { createProgress } from "../../../src/cli/report/create-progress.ts";
import { manualClock } from "../../../src/core/time.ts";

function capture(): { readonly stream: PassThrough; readonly text: () => string } {
  const stream = new PassThrough();
  return { stream, text: () => String(stream.read() ?? "") };
}

describe("progress in a log", () => {
  it("writes one line when an item is done, and no second one for it", () => {
    const { stream, text } = capture();
    const clock = manualClock(new Date("2026-11-20T14:00:00Z"));
    const progress = createProgress({ stream, isTerminal: false, clock });
    progress.show({ step: "pull", item: "salesforce.Lead", done: 5_000, total: 5_000 });
    progress.show({ step: "pull", item: "salesforce.Lead", done: 5_000, total: 5_000 });
    progress.close();
    expect(text()).toBe("pull: salesforce.Lead 5,000 of 5,000\n");
  });

  it("writes a long item at most once in two seconds", () => {
    const { stream, text } = capture();
    const clock = manualClock(new Date("2026-11-20T14:00:00Z"));
    const progress = createProgress({ stream, isTerminal: false, clock });
    for (let done = 1_000; done <= 5_000; done += 1_000) {
      progress.show({ step: "pull", item: "salesforce.Task", done, total: null });
      clock.advance(800);
    }
    // At 0 s, then not before 2 s have passed: at 2.4 s.
    expect(text()).toBe("pull: salesforce.Task 1,000\npull: salesforce.Task 4,000\n");
  });

  it("writes no control characters", () => {
    const { stream, text } = capture();
    const progress = createProgress({ stream, isTerminal: false, clock: manualClock(new Date(0)) });
    progress.show({ step: "push", item: "Lead\u001b[2J", done: 1, total: 1 });
    progress.say("done");
    expect(text()).toBe("push: Lead 1 of 1\ndone\n");
  });
});

describe("progress on a terminal", () => {
  it("shows a bar a step and leaves it when it ends", () => {
    const { stream, text } = capture();
    const terminal = Object.assign(stream, {
      isTTY: true,
      columns: 100,
      cursorTo: () => true,
      clearLine: () => true,
      moveCursor: () => true,
    });
    const progress = createProgress({ stream: terminal, isTerminal: true, clock: manualClock(new Date(0)) });
    progress.show({ step: "pull", item: "salesforce.Lead", done: 2_500, total: 5_000 });
    progress.show({ step: "compute", item: "int_handoff", done: 3, total: 30 });
    progress.close();
    const shown = text();
    expect(shown).toContain("salesforce.Lead 2,500 of 5,000");
    expect(shown).toContain("[============            ]");
    expect(shown).toContain("int_handoff 3 of 30");
  });
});
