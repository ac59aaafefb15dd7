import { setTimeout as wait } from "node:timers/promises";
import { DelayedError, UnrecoverableError } from "bullmq";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addJob, jobId } from "../../jobs/queue-kit/job-options.ts";
import type { JobQueue } from "../../jobs/queue-kit/job-queue.ts";
import type { QueueKit } from "../../jobs/queue-kit.ts";
import { openQueuePair, type QueuePair } from "../support/queue-pairs.ts";

interface Data {
  readonly n: number;
}

let pair: QueuePair;
let kit: QueueKit;
let queueName = "";
let counter = 0;

beforeAll(async () => {
  pair = await openQueuePair();
  kit = await pair.kit();
});
beforeEach(() => {
  counter += 1;
  queueName = `q${counter}`;
});
afterAll(() => pair.close());

/** Calls `done` for each job and resolves when `count` jobs have ended well. */
function work(count: number, processor: (n: number) => Promise<void> = () => Promise.resolve()) {
  const { promise, resolve } = Promise.withResolvers<readonly number[]>();
  const seen: number[] = [];
  const worker = kit.worker<Data, number>(queueName, async (job) => {
    await processor(job.data.n);
    return job.data.n;
  });
  worker.on("completed", (job) => {
    seen.push(job.data.n);
    if (seen.length === count) resolve(seen);
  });
  return { worker, all: promise };
}

function queue(): JobQueue<Data, number> {
  return kit.queue<Data, number>(queueName);
}

describe("jobs", () => {
  test("jobs run one at a time, in the order in which they were added", async () => {
    const jobs = queue();
    let running = 0;
    let most = 0;
    const { all } = work(5, async () => {
      running += 1;
      most = Math.max(most, running);
      await wait(5);
      running -= 1;
    });
    for (const n of [1, 2, 3, 4, 5]) await addJob(jobs, "count", { n });
    expect(await all).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(1);
  });

  test("a waiting worker takes a new job at once, not at its next poll", async () => {
    const jobs = queue();
    const { worker, all } = work(1);
    await worker.waitUntilReady();
    // Long enough for the worker to find the queue empty and wait; it looks again by itself only after 5 s.
    await wait(400);
    const began = performance.now();
    await addJob(jobs, "count", { n: 1 });
    await all;
    expect(performance.now() - began).toBeLessThan(2000);
  });

  test("a job that fails is tried again, and fails for good when told so", async () => {
    const jobs = queue();
    const tries: number[] = [];
    const { promise: failed, resolve } = Promise.withResolvers<string>();
    const { worker, all } = work(1, (n) => {
      tries.push(n);
      if (n === 2) throw new UnrecoverableError("never");
      if (tries.length < 3) throw new Error("not yet");
      return Promise.resolve();
    });
    worker.on("failed", (job, error) => {
      if (job?.data.n === 2) resolve(error.message);
    });
    await addJob(jobs, "count", { n: 1 }, { attempts: 5, backoff: { type: "fixed", delay: 20 } });
    expect(await all).toEqual([1]);
    expect(tries).toEqual([1, 1, 1]);
    await addJob(jobs, "count", { n: 2 }, { attempts: 5 });
    expect(await failed).toBe("never");
    expect(tries).toEqual([1, 1, 1, 2]);
  });

  test("a job can be put off by its processor", async () => {
    const jobs = queue();
    let first = true;
    const worker = kit.worker<Data, string>(queueName, async (job, token) => {
      if (first) {
        first = false;
        await job.moveToDelayed(Date.now() + 50, token);
        throw new DelayedError();
      }
      return "later";
    });
    const done = new Promise((resolve) => worker.on("completed", (_job, result) => resolve(result)));
    await addJob(jobs, "count", { n: 1 });
    expect(await done).toBe("later");
  });

  test("a delay with a fraction is taken", async () => {
    const jobs = queue();
    const { all } = work(1);
    const began = Date.now();
    await addJob(jobs, "count", { n: 1 }, { delayMs: 100.5 });
    expect(await all).toEqual([1]);
    expect(Date.now() - began).toBeGreaterThanOrEqual(100);
  });

  test("a second job of the same id is not added", async () => {
    const jobs = queue();
    const id = jobId("pull", "salesforce", "Lead");
    await addJob(jobs, "count", { n: 1 }, { jobId: id });
    await addJob(jobs, "count", { n: 2 }, { jobId: id });
    expect(await jobs.getJobCounts("waiting")).toEqual({ waiting: 1 });
    expect((await jobs.getJob(id))?.data).toEqual({ n: 1 });
  });

  test("a lost lock is reported as BullMQ's own error", async () => {
    const jobs = queue();
    const job = await addJob(jobs, "count", { n: 1 });
    await expect(job.moveToCompleted(1, "not-the-token", false)).rejects.toThrow(
      /Missing lock|not in the active state/,
    );
  });

  test("a job whose process died is taken up again once its lock has lapsed", async () => {
    const doomed = await pair.kit();
    const { promise: started, resolve } = Promise.withResolvers<void>();
    doomed.worker<Data, number>(queueName, () => {
      resolve();
      return new Promise(() => undefined);
    });
    await addJob(queue(), "count", { n: 1 });
    await started;
    await doomed.close("abandon");
    await pair.lapseLocks(queueName);
    const { promise: done, resolve: finish } = Promise.withResolvers<number>();
    const worker = kit.worker<Data, number>(queueName, (job) => Promise.resolve(job.data.n), {
      stalledInterval: 50,
    });
    worker.on("completed", (job) => finish(job.data.n));
    expect(await done).toBe(1);
  });

  test("events tell another process of a result", async () => {
    const jobs = queue();
    const events = kit.events<number>(queueName);
    await events.waitUntilReady();
    work(1);
    const job = await addJob(jobs, "count", { n: 7 });
    expect(await job.waitUntilFinished(events, 10_000)).toBe(7);
  });

  test("a parent runs after its children", async () => {
    const flow = kit.flow();
    const { all } = work(3);
    await flow.add({
      name: "compute",
      queueName,
      data: { n: 3 },
      children: [
        { name: "pull", queueName, data: { n: 1 } },
        { name: "pull", queueName, data: { n: 2 } },
      ],
    });
    const order = await all;
    expect(order[2]).toBe(3);
    expect(order.slice(0, 2).toSorted((a, b) => a - b)).toEqual([1, 2]);
  });

  test("a queue at its rate limit lets the rest of the process run", async () => {
    const jobs = queue();
    const { promise, resolve } = Promise.withResolvers<void>();
    let done = 0;
    const worker = kit.worker<Data, number>(queueName, (job) => Promise.resolve(job.data.n), {
      limiter: { max: 1, duration: 150 },
    });
    worker.on("completed", () => {
      done += 1;
      if (done === 5) resolve();
    });
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
    }, 10);
    for (const n of [1, 2, 3, 4, 5]) await addJob(jobs, "count", { n });
    await promise;
    clearInterval(ticking);
    // Four windows of 150 ms: about 60 ticks; a process that is livelocked has almost none.
    expect(ticks).toBeGreaterThan(20);
  });
});

describe("schedules", () => {
  const every = (id: string, everyMs: number, n = 1) => ({
    id: jobId(id),
    name: "count",
    data: { n },
    repeat: { everyMs },
  });

  test("a schedule brings its job again and again", async () => {
    const jobs = queue();
    const { all } = work(3);
    await kit.reconcileSchedules(jobs, [every("often", 100)]);
    expect(await all).toEqual([1, 1, 1]);
    await kit.reconcileSchedules(jobs, []);
  });

  test("two processes that set the same schedules at once leave one of each", async () => {
    const second = await pair.kit();
    const wanted = [every("fast", 60_000), every("slow", 900_000)];
    const other = second.queue<Data, number>(queueName);
    await Promise.all([kit.reconcileSchedules(queue(), wanted), second.reconcileSchedules(other, wanted)]);
    await second.reconcileSchedules(other, wanted);
    expect((await other.getJobSchedulers()).map(({ key }) => key).toSorted()).toEqual(["fast", "slow"]);
    const counts = await other.getJobCounts("delayed", "waiting");
    expect((counts["delayed"] ?? 0) + (counts["waiting"] ?? 0)).toBe(2);
  });

  test("setting a schedule again does not move its next time", async () => {
    const jobs = queue();
    const wanted = [every("slow", 900_000)];
    await kit.reconcileSchedules(jobs, wanted);
    const before = (await jobs.getJobSchedulers())[0]?.next;
    await wait(30);
    await kit.reconcileSchedules(jobs, wanted);
    expect((await jobs.getJobSchedulers())[0]?.next).toBe(before);
  });

  test("a schedule that is no longer wanted goes, a changed one changes", async () => {
    const jobs = queue();
    await kit.reconcileSchedules(jobs, [every("a", 60_000), every("b", 60_000)]);
    await kit.reconcileSchedules(jobs, [every("b", 120_000, 9)]);
    const schedules = await jobs.getJobSchedulers();
    expect(schedules.map(({ key, every: ms, template }) => [key, Number(ms), template?.data])).toEqual([
      ["b", 120_000, { n: 9 }],
    ]);
  });
});

describe("closing", () => {
  test("close waits for the job under way", async () => {
    const own = await pair.kit();
    const { promise: started, resolve } = Promise.withResolvers<void>();
    let finished = false;
    own.worker<Data, number>(queueName, async (job) => {
      resolve();
      await wait(100);
      finished = true;
      return job.data.n;
    });
    await addJob(queue(), "count", { n: 1 });
    await started;
    await own.close();
    expect(finished).toBe(true);
  });

  test("nothing was reported as an error", () => {
    expect(pair.errors).toEqual([]);
  });
});
