import fc from "fast-check";
import { expect, test } from "vitest";
import { createCrmClock } from "../../../src/app/rot/crm-clock.ts";

const cut = (ms: number) => new Date(Math.floor(ms / 1_000) * 1_000);

test("is never ahead of the CRM's clock, and within 100 ms of it after answers all over the second", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -3_600_000, max: 3_600_000 }),
      fc.integer({ min: 0, max: 400 }),
      (offset, delay) => {
        let ours = 1_790_000_000_000;
        const clock = createCrmClock(() => ours);
        // 40 answers, 1,025 ms apart, walk over the second in steps of 25 ms.
        for (let index = 0; index < 40; index += 1) {
          const askedAt = ours;
          const date = cut(ours + delay / 2 + offset);
          ours += delay;
          clock.hear(date, ours, askedAt);
          expect(clock.now().getTime()).toBeLessThanOrEqual(ours + offset);
          ours += 1_025 - delay;
        }
        expect(ours + offset - clock.now().getTime()).toBeLessThanOrEqual(delay / 2 + 26);
      },
    ),
  );
});

test("begins anew where the CRM's clock was stopped or set back", () => {
  let ours = 1_790_000_000_000;
  const clock = createCrmClock(() => ours);
  clock.hear(new Date(1_790_000_100_000), ours, ours);
  expect(clock.now()).toEqual(new Date(1_790_000_100_000));
  ours += 60_000;
  // It says what it said a minute ago: it stands.
  clock.hear(new Date(1_790_000_100_000), ours, ours);
  expect(clock.now()).toEqual(new Date(1_790_000_100_000));
});

test("an answer of a while ago proves nothing wrong", () => {
  let ours = 1_790_000_000_000;
  const clock = createCrmClock(() => ours);
  clock.hear(new Date(ours), ours, ours);
  ours += 9_000;
  clock.hear(new Date(1_790_000_000_000), ours, null);
  expect(clock.now()).toEqual(new Date(ours));
});
