import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { QueueKit } from "../../jobs/queue-kit.ts";
import { type RotTimer, rotQueueName, startRotTimer } from "../../jobs/rot-timer.ts";
import { BusyError, RateLimitedError, StoppedError } from "../../src/core/errors.ts";
import { openQueuePair, type QueuePair } from "../support/queue-pairs.ts";

let pair: QueuePair;
let kit: QueueKit;
let counter = 0;
let timer: RotTimer | null = null;

beforeAll(async () => {
  pair = await openQueuePair();
  kit = await pair.kit();
});
beforeEach(() => {
  counter += 1;
});
afterAll(() => pair.close());

const NOTHING = { examined: 0, written: 0, held: 0 };

/** A store of instants in the place of ours: each run takes what is due. */
function deadlines(...inMs: readonly number[]) {
  const began = performance.now();
  let left = inMs.map((ms) => began + ms);
  const runs: number[] = [];
  const failures: string[] = [];
  return {
    runs,
    failures,
    add: (ms: number) => left.push(performance.now() + ms),
    left: () => left.length,
    began,
    keeper: {
      connectionId: `hub${counter}`,
      keep: () => {
        const now = performance.now();
        runs.push(now - began);
        left = left.filter((at) => at > now);
        return Promise.resolve(NOTHING);
      },
      nextIn: () =>
        Promise.resolve(left.length === 0 ? null : Math.max(0, Math.min(...left) - performance.now())),
    },
  };
}

const start = (keeper: Parameters<typeof startRotTimer>[1], failures: string[] = []) => {
  timer = startRotTimer(kit, keeper, {
    workspaceId: "w",
    onFailure: (code) => failures.push(code),
  });
  return timer;
};
const jobs = () =>
  kit.queue(rotQueueName("w", `hub${counter}`)).getJobs(["waiting", "active", "delayed", "prioritized"]);

describe("the timer", () => {
  test("wakes at each instant and sets the next itself; at most one job waits", async () => {
    const store = deadlines(300, 800, 1_300);
    const { wake } = start(store.keeper);
    await wake();
    await wake();
    await wake();
    expect(await jobs()).toHaveLength(1);
    await vi.waitFor(() => expect(store.left()).toBe(0), { timeout: 20_000, interval: 20 });
    await wait(200);
    // Never before its instant, and three instants are three runs (a run may find the next one due as well).
    expect(store.runs.length).toBeLessThanOrEqual(3);
    expect(store.runs[0]).toBeGreaterThanOrEqual(300);
    expect(await jobs()).toHaveLength(0);
    await timer?.stop(new StoppedError("the test ends", "SIGTERM"));
  });

  test("an instant that has become the earliest moves the job; one that is gone lets it come for nothing", async () => {
    const store = deadlines(60_000);
    const { wake } = start(store.keeper);
    await wake();
    store.add(200);
    await wake();
    expect(await jobs()).toHaveLength(1);
    await vi.waitFor(() => expect(store.runs).toHaveLength(1), { timeout: 20_000, interval: 20 });
    await vi.waitFor(async () => expect(await jobs()).toHaveLength(1), { timeout: 20_000 });
    expect(store.left()).toBe(1);
    await timer?.stop(new StoppedError("the test ends", "SIGTERM"));
  });

  test("what becomes due while a run is under way is done by a run after it", async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const store = deadlines(0);
    const runs: number[] = [];
    const { wake } = start({
      ...store.keeper,
      keep: async () => {
        runs.push(1);
        const kept = await store.keeper.keep();
        if (runs.length === 1) await gate;
        return kept;
      },
    });
    await wake();
    await vi.waitFor(() => expect(runs).toHaveLength(1), { timeout: 20_000, interval: 20 });
    store.add(0);
    await wake();
    open();
    await vi.waitFor(() => expect(store.left()).toBe(0), { timeout: 20_000, interval: 20 });
    expect(runs.length).toBe(2);
    await timer?.stop(new StoppedError("the test ends", "SIGTERM"));
  });

  test("a CRM that asks to wait, and another process at work, are waited for; a failure is told and tried again", async () => {
    const failures: string[] = [];
    const store = deadlines(0);
    const answers: (() => never)[] = [
      () => {
        throw new RateLimitedError("hubspot", 100);
      },
      () => {
        throw new BusyError("another process");
      },
    ];
    const { wake } = start(
      {
        ...store.keeper,
        keep: () => {
          answers.shift()?.();
          return store.keeper.keep();
        },
      },
      failures,
    );
    await wake();
    await vi.waitFor(() => expect(store.left()).toBe(0), { timeout: 30_000, interval: 50 });
    expect(failures).toEqual([]);
    await timer?.stop(new StoppedError("the test ends", "SIGTERM"));
  });

  test("a failure is told, and the next run is set for later, not at once", async () => {
    const failures: string[] = [];
    const store = deadlines(0);
    let runs = 0;
    const { wake } = start(
      {
        ...store.keeper,
        keep: () => {
          runs += 1;
          throw new TypeError("a fault of ours");
        },
      },
      failures,
    );
    await wake();
    await vi.waitFor(() => expect(failures).toEqual(["FAULT"]), { timeout: 20_000, interval: 20 });
    await vi.waitFor(async () => expect(await jobs()).toHaveLength(1), { timeout: 20_000 });
    await wait(300);
    expect(runs).toBe(1);
    await timer?.stop(new StoppedError("the test ends", "SIGTERM"));
  });

  test("after a restart the store alone says what comes next", async () => {
    const store = deadlines(500);
    await start(store.keeper).wake();
    await timer?.stop(new StoppedError("the process ends", "SIGTERM"));
    expect(store.left()).toBe(1);
    await start(store.keeper).wake();
    expect(await jobs()).toHaveLength(1);
    await vi.waitFor(() => expect(store.left()).toBe(0), { timeout: 20_000, interval: 20 });
    await timer?.stop(new StoppedError("the test ends", "SIGTERM"));
  });
});
