import { DelayedError, type Job, UnrecoverableError } from "bullmq";
import type { App } from "../src/app.ts";
import type { CycleProgress } from "../src/core/cycle.ts";
import { RipelineError, type StuckError, TimedOutError } from "../src/core/errors.ts";
import { toJson } from "../src/core/json.ts";
import { MINUTE_MS } from "../src/core/time.ts";
import { runCompute } from "./compute.ts";
import { ComputeStepResult, type CycleJobData, PullStepResult, queueName, type StepResult } from "./cycle.ts";
import type { CycleQueue } from "./cycle-queue.ts";
import { verdict } from "./error-policy.ts";
import { runPull } from "./pull.ts";
import { runPush } from "./push.ts";
import type { JobWorker } from "./queue-kit/job-queue.ts";
import type { QueueKit } from "./queue-kit.ts";
import { runReconcile } from "./reconcile.ts";
import { type JobName, jobSpec } from "./schedule.ts";
import type { StepContext } from "./step-context.ts";
import { runSweep } from "./sweep.ts";

type CycleJob = Job<CycleJobData, StepResult>;

/** Told of every step that failed, before the queue is. Whoever waits for the cycle hears of it anyway. */
export type StepFailure = (job: string, code: string, error: unknown) => void;

export interface WorkerOptions {
  readonly onFailure: StepFailure;
  /** A step that no longer ends holds the store and the connection: only a new process can go on. */
  readonly onStuck: (error: StuckError) => void;
  /** @default what `schedule.ts` says */
  readonly timeoutMs?: (job: JobName) => number;
}

/** Takes the jobs of one connection. */
export interface CycleWorker {
  readonly worker: JobWorker<CycleJobData, StepResult>;
  /** The step under way. */
  current(): JobName | null;
  /**
   * Takes no more jobs. The step under way ends with `reason` and goes back into the queue, where the next worker finds
   * it; resolves when it is there.
   */
  stop(reason: RipelineError): Promise<void>;
}

/** Sends at most four lines a second: each is a statement on the queue's store. */
const PROGRESS_EVERY_MS = 250;

/**
 * Runs the steps of one connection's cycles, one at a time, each within its time. Errors leave here as the queue's own
 * words, by `error-policy.ts` alone; the text of a failure ends with our code in brackets.
 */
export function startWorker(
  app: App,
  kit: QueueKit,
  cycles: CycleQueue,
  options: WorkerOptions,
): CycleWorker {
  const stopping = new AbortController();
  const run = { app, cycles, options, stop: stopping.signal };
  let current: JobName | null = null;
  const name = queueName(app.settings.workspace.id);
  const worker = kit.worker<CycleJobData, StepResult>(name, async (job, token) => {
    current = jobSpec(job.name).job;
    try {
      return await runJob(run, job);
    } catch (error) {
      throw await judged(error, job, token, options.onFailure);
    } finally {
      current = null;
    }
  });
  return {
    worker,
    current: () => current,
    stop: (reason) => {
      // Closed first: the step that is given back must not be taken up again here.
      const closed = worker.close();
      stopping.abort(reason);
      return closed;
    },
  };
}

interface Run {
  readonly app: App;
  readonly cycles: CycleQueue;
  readonly options: WorkerOptions;
  readonly stop: AbortSignal;
}

function runJob({ app, cycles, options, stop }: Run, job: CycleJob): Promise<StepResult> {
  const { job: name, timeoutMinutes } = jobSpec(job.name);
  const timeoutMs = options.timeoutMs?.(name) ?? timeoutMinutes * MINUTE_MS;
  if (name === "tick") return inTime((late) => tick(cycles, late), timeoutMs);
  const report = throttled(job);
  return app.exclusively((signal) => runStep(name, job, { app, report, signal }), {
    name,
    timeoutMs,
    stop,
    onStuck: options.onStuck,
  });
}

async function runStep(
  name: Exclude<JobName, "tick">,
  job: CycleJob,
  context: StepContext,
): Promise<StepResult> {
  const { request } = job.data;
  switch (name) {
    case "pull":
      return { pull: toJson(await runPull(context, request)) };
    case "compute": {
      const { pull } = PullStepResult.parse(await childResult(job));
      return { pull, compute: { ...(await runCompute(context, pull)) } };
    }
    case "push": {
      const earlier = ComputeStepResult.parse(await childResult(job));
      return { ...earlier, push: toJson(await runPush(context, request, earlier)) };
    }
    case "reconcile":
      return { reconcile: { ...(await runReconcile(context)) } };
    case "sweep":
      return { sweep: { ...(await runSweep(context)) } };
  }
}

async function tick(cycles: CycleQueue, late: AbortSignal): Promise<StepResult> {
  // Once its time is up the next tick looks for itself: this one adds nothing any more.
  if ((await cycles.isUnderWay()) || late.aborted) return { added: false };
  await cycles.add({ streams: "due", classes: "due" });
  return { added: true };
}

/** A tick only waits: for a store that is busy with somebody else's statement, which must not be ended for it. */
async function inTime<T>(work: (late: AbortSignal) => Promise<T>, timeoutMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const ending = new AbortController();
  const timer = setTimeout(() => {
    ending.abort();
    reject(
      new TimedOutError(
        `The queue was busy for ${timeoutMs / MINUTE_MS} minutes; the next tick tries again.`,
      ),
    );
  }, timeoutMs);
  try {
    return await Promise.race([work(ending.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The error as the queue understands it. A job that has to wait is put off here, at the cost of no attempt. */
async function judged(
  error: unknown,
  job: CycleJob,
  token: string | undefined,
  onFailure: StepFailure,
): Promise<Error> {
  const decision = verdict(error, jobSpec(job.name).job);
  if (decision.action === "wait") {
    await job.moveToDelayed(Date.now() + decision.delayMs, token);
    return new DelayedError();
  }
  const code = error instanceof RipelineError ? error.code : "FAULT";
  onFailure(job.name, code, error);
  const reason = `${error instanceof Error ? error.message : String(error)} [${code}]`;
  return decision.action === "fail" ? new UnrecoverableError(reason) : new Error(reason, { cause: error });
}

/** What the step before this one returned: each step has one child. */
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
