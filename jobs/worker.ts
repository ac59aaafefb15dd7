import { DelayedError, type Job, UnrecoverableError } from "bullmq";
import { z } from "zod";
import type { App } from "../src/app.ts";
import type { CycleProgress } from "../src/core/cycle.ts";
import { BusyError, RipelineError } from "../src/core/errors.ts";
import { MINUTE_MS } from "../src/core/time.ts";
import { runCompute } from "./compute.ts";
import { type CycleJobData, queueName, type StepResult } from "./cycle.ts";
import type { CycleQueue } from "./cycle-queue.ts";
import { verdict } from "./error-policy.ts";
import { runPull } from "./pull.ts";
import { runPush } from "./push.ts";
import type { JobWorker } from "./queue-kit/job-queue.ts";
import type { QueueKit } from "./queue-kit.ts";
import { type JobName, jobSpec } from "./schedule.ts";

type CycleJob = Job<CycleJobData, StepResult>;

/** Told of every step that failed, before the queue is. Whoever waits for the cycle hears of it anyway. */
export type StepFailure = (job: string, code: string, error: unknown) => void;

/** Results of earlier steps, as they come back from the queue. */
const PullResult = z.object({
  asOf: z.string(),
  streams: z.record(z.string(), z.object({ rows: z.number(), calls: z.number() })),
  hiddenFields: z.record(z.string(), z.array(z.string())),
  apiCalls: z.number(),
  seconds: z.number(),
});
const ComputeResult = z.object({
  asOf: z.string(),
  models: z.record(z.string(), z.number()),
  seconds: z.number(),
});

/** Sends at most four lines a second: each is a statement on the queue's store. */
const PROGRESS_EVERY_MS = 250;

/**
 * Runs the steps of one connection's cycles, one at a time. Errors leave here as the queue's own words, by
 * `error-policy.ts` alone; the text of a failure ends with our code in brackets.
 */
export function startWorker(
  app: App,
  kit: QueueKit,
  cycles: CycleQueue,
  onFailure: StepFailure,
): JobWorker<CycleJobData, StepResult> {
  const name = queueName(app.settings.workspace.id, app.settings.connectionId);
  return kit.worker<CycleJobData, StepResult>(name, async (job, token) => {
    try {
      return await withTimeout(app, job, () => runStep(app, cycles, job));
    } catch (error) {
      const decision = verdict(error);
      if (decision.action === "wait") {
        await job.moveToDelayed(Date.now() + decision.delayMs, token);
        throw new DelayedError();
      }
      onFailure(job.name, codeOf(error), error);
      const reason = `${error instanceof Error ? error.message : String(error)} [${codeOf(error)}]`;
      if (decision.action === "fail") throw new UnrecoverableError(reason);
      throw new Error(reason, { cause: error });
    }
  });
}

function codeOf(error: unknown): string {
  return error instanceof RipelineError ? error.code : "FAULT";
}

function runStep(app: App, cycles: CycleQueue, job: CycleJob): Promise<StepResult> {
  const { request } = job.data;
  const report = throttled(job);
  const name = job.name as JobName;
  switch (name) {
    case "tick":
      return tick(cycles);
    case "pull":
      return app.exclusively(async () => ({ ...(await runPull(app, request, report)) }));
    case "compute":
      return app.exclusively(async () => {
        const pull = PullResult.parse(await childResult(job));
        return { pull, compute: { ...(await runCompute(app, pull, report)) } };
      });
    case "push":
      return app.exclusively(async () => {
        const earlier = z.object({ pull: PullResult, compute: ComputeResult }).parse(await childResult(job));
        return { ...earlier, push: { ...(await runPush(app, request, earlier.compute, report)) } };
      });
  }
}

async function tick(cycles: CycleQueue): Promise<StepResult> {
  if (await cycles.isUnderWay()) return { added: false };
  await cycles.add({ streams: "due", classes: "due" });
  return { added: true };
}

async function childResult(job: CycleJob): Promise<unknown> {
  const values: unknown[] = Object.values(await job.getChildrenValues<unknown>());
  return values[0];
}

function throttled(job: CycleJob): (progress: CycleProgress) => void {
  let last = 0;
  return (progress) => {
    const now = Date.now();
    const isEnd = progress.total !== null && progress.done >= progress.total;
    if (!isEnd && now - last < PROGRESS_EVERY_MS) return;
    last = now;
    // A lost line of progress is no reason to fail the step.
    job.updateProgress({ ...progress }).catch(() => undefined);
  };
}

async function withTimeout<T>(app: App, job: CycleJob, run: () => Promise<T>): Promise<T> {
  const { timeoutMinutes } = jobSpec(job.name);
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new BusyError(`${job.name} did not end within ${timeoutMinutes} minutes; it is tried again`));
    void app.interrupt();
  }, timeoutMinutes * MINUTE_MS);
  try {
    return await Promise.race([run(), promise]);
  } finally {
    clearTimeout(timer);
  }
}
