import { randomUUID } from "node:crypto";
import type { JobNode, JobsOptions } from "bullmq";
import type { CycleProgress, CycleRequest } from "../src/core/cycle.ts";
import { RipelineError } from "../src/core/errors.ts";
import type { CycleJobData, StepResult } from "./cycle.ts";
import type { JobEvents, JobQueue } from "./queue-kit/job-queue.ts";
import type { QueueKit } from "./queue-kit.ts";
import { type JobName, jobSpec } from "./schedule.ts";

const STEPS: ReadonlySet<string> = new Set<JobName>(["pull", "compute", "push"]);

/** A step of a cycle failed for good; the message and code are the step's own. */
class StepFailedError extends RipelineError {
  readonly code: string;
  readonly retryable = false;
  constructor(reason: string, options?: ErrorOptions) {
    const match = /^(?<message>[\s\S]*) \[(?<code>[A-Z_]+)\]$/.exec(reason);
    super(match?.groups?.["message"] ?? reason, options);
    this.code = match?.groups?.["code"] ?? "STEP_FAILED";
  }
}

/** One connection's queue: pull, compute and push as a flow, each started when the one before it has succeeded. */
export interface CycleQueue {
  readonly queue: JobQueue<CycleJobData, StepResult>;
  add(request: CycleRequest): Promise<void>;
  /** True while a step waits, runs or is delayed. */
  isUnderWay(): Promise<boolean>;
  /**
   * Adds one cycle and waits until it has ended; a worker must be running somewhere.
   * @returns the push step's result, which holds those of the others: `{ pull, compute, push }`
   * @throws StepFailedError with the message and code of the step that failed; the reason of `stop`, and then the cycle
   *   is out of the queue again, unless another process has a step of it under way
   */
  run(
    request: CycleRequest,
    onProgress: (progress: CycleProgress) => void,
    stop?: StopWaiting,
  ): Promise<unknown>;
}

/** Ends the wait for a cycle before its end. */
export interface StopWaiting {
  readonly signal: AbortSignal;
  /** Resolves when this process has given back the step that it had under way. */
  readonly released: () => Promise<void>;
}

/** @param name from `queueName` */
export function openCycleQueue(kit: QueueKit, name: string): CycleQueue {
  const queue = kit.queue<CycleJobData, StepResult>(name);
  const flow = kit.flow();
  let events: JobEvents<StepResult> | undefined;
  const addSteps = async (request: CycleRequest): Promise<CycleSteps> => {
    const data: CycleJobData = { cycleId: randomUUID(), request };
    const step = (job: JobName) => ({ name: job, queueName: name, data, opts: stepOptions(job) });
    return stepsOf(
      await flow.add({ ...step("push"), children: [{ ...step("compute"), children: [step("pull")] }] }),
    );
  };
  return {
    queue,
    add: async (request) => {
      await addSteps(request);
    },
    isUnderWay: async () => {
      const jobs = await queue.getJobs(
        ["waiting", "active", "waiting-children", "delayed", "prioritized"],
        0,
        50,
      );
      // Schedules keep their next job among the delayed: only the steps of a cycle count.
      return jobs.some((job) => STEPS.has(job.name));
    },
    run: async (request, onProgress, stop) => {
      events ??= kit.events<StepResult>(name);
      await events.waitUntilReady();
      const steps = await addSteps(request);
      const ended = waitFor(steps, events, onProgress);
      if (stop === undefined) return ended;
      try {
        return await Promise.race([ended, rejectionOf(stop.signal)]);
      } catch (error) {
        if (stop.signal.aborted) {
          await stop.released();
          await steps.push.remove();
        }
        throw error;
      }
    },
  };
}

/** A job that was added: what can be waited for. */
interface AddedStep {
  readonly id: string | undefined;
  finished(events: JobEvents<StepResult>): Promise<unknown>;
  /** Takes it and the steps before it out of the queue, unless another process works on one of them. */
  remove(): Promise<void>;
}

interface CycleSteps {
  readonly pull: AddedStep;
  readonly compute: AddedStep;
  readonly push: AddedStep;
}

function stepsOf(tree: JobNode): CycleSteps {
  const compute = tree.children?.[0];
  const pull = compute?.children?.[0];
  if (compute === undefined || pull === undefined) throw new Error("the flow came back without its children");
  return { push: addedStep(tree.job), compute: addedStep(compute.job), pull: addedStep(pull.job) };
}

function addedStep(job: JobNode["job"]): AddedStep {
  return {
    id: job.id,
    finished: (events): Promise<unknown> => job.waitUntilFinished(events),
    remove: async () => {
      // Locked by another process: it finishes the step, and the cycle with it.
      await job.remove({ removeChildren: true }).catch(() => undefined);
    },
  };
}

/** Never resolves; rejects with the signal's reason. */
function rejectionOf(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const end = (): void => reject(signal.reason);
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  return promise;
}

function stepOptions(name: JobName): JobsOptions {
  const { attempts } = jobSpec(name);
  return {
    attempts,
    backoff: { type: "exponential", delay: 2_000 },
    failParentOnFailure: true,
    removeOnComplete: { age: 24 * 3600, count: 100 },
    removeOnFail: { age: 14 * 24 * 3600, count: 500 },
  };
}

async function waitFor(
  steps: CycleSteps,
  events: JobEvents<StepResult>,
  onProgress: (progress: CycleProgress) => void,
): Promise<unknown> {
  const ids = new Set([steps.pull.id, steps.compute.id, steps.push.id]);
  const listen = ({ jobId, data }: { readonly jobId: string; readonly data: unknown }): void => {
    if (ids.has(jobId) && isCycleProgress(data)) onProgress(data);
  };
  events.on("progress", listen);
  try {
    await steps.pull.finished(events);
    await steps.compute.finished(events);
    return await steps.push.finished(events);
  } catch (error) {
    throw new StepFailedError(error instanceof Error ? error.message : String(error), { cause: error });
  } finally {
    events.off("progress", listen);
  }
}

function isCycleProgress(data: unknown): data is CycleProgress {
  return typeof data === "object" && data !== null && "step" in data && "item" in data && "done" in data;
}
