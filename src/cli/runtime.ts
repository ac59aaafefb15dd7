import { z } from "zod";
import { PushStepResult, queueName } from "../../jobs/cycle.ts";
import { openCycleQueue } from "../../jobs/cycle-queue.ts";
import { createQueueKit } from "../../jobs/queue-kit.ts";
import { type RotTimer, startRotTimer } from "../../jobs/rot-timer.ts";
import { schedulesOf } from "../../jobs/schedules-of.ts";
import { type CycleWorker, startWorker, type WorkerOptions } from "../../jobs/worker.ts";
import { type App, type AppOptions, openApp, type Visitor } from "../app.ts";
import type { CycleProgress, CycleRequest, CycleResult } from "../core/cycle.ts";
import { BusyError, type StoppedError, type StuckError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { DAY_MS, MINUTE_MS } from "../core/time.ts";
import { exitAtOnce } from "./command-line.ts";
import type { Answer, Operation, OperationContext, ScheduleStatus } from "./operation.ts";
import { operations } from "./operations.ts";
import { abortOf, hearStopSignals } from "./stop-signals.ts";

/** The job queue of an app, made when it is first asked for: commands that only read never touch it. */
export interface Cycles {
  /** Begins to take jobs, and logs those that fail: nobody waits for them. */
  work(): Promise<void>;
  /**
   * Takes jobs, adds a cycle and waits for its end.
   * @throws the reason of `stop` when it aborts: then the step under way has ended and the cycle is out of the queue
   */
  run(
    request: CycleRequest,
    onProgress: (progress: CycleProgress) => void,
    stop?: AbortSignal,
  ): Promise<CycleResult>;
  /** The step that this process has under way. */
  current(): string | null;
  /** Looks at the flags of every connection that keeps its own: something was named, or written. */
  wakeFlags(): void;
  /** Takes no more jobs; the step under way ends and goes back into the queue. */
  stop(reason: StoppedError): Promise<void>;
  /** Makes the schedules exactly those of `jobs/schedule.ts`. */
  schedule(): Promise<void>;
  schedules(): Promise<readonly ScheduleStatus[]>;
  close(): Promise<void>;
}

export interface CyclesOptions extends Pick<WorkerOptions, "timeoutMs"> {
  /** Ends the process: a step that no longer ends holds its store and its connection. */
  readonly onStuck?: (error: StuckError) => void;
}

export function cyclesOf(app: App, { onStuck = exitAtOnce, ...options }: CyclesOptions = {}): Cycles {
  const name = queueName(app.settings.workspace.id);
  let isClosing = false;
  const opened = once(async () => {
    const kit = await createQueueKit({
      store: app.store,
      redisUrl: app.redisUrl,
      onError: (error) => {
        if (!isClosing) app.log.warn({ err: error }, "the queue lost its store for a moment");
      },
    });
    return { kit, cycles: openCycleQueue(kit, name) };
  });
  let isUnattended = false;
  let working: CycleWorker | null = null;
  let timers: readonly RotTimer[] = [];
  const wakeFlags = (): void => {
    for (const timer of timers) {
      timer.wake().catch((error: unknown) => {
        if (!isClosing)
          app.log.warn({ err: error }, "the timer of rot flags was not set; the next cycle sets it");
      });
    }
  };
  /** Beside the cycles, in every process that works unattended; a command that runs one cycle leaves flags to those. */
  const startTimers = once(async () => {
    const { kit } = await opened();
    timers = app.flags.map((keeper) =>
      startRotTimer(kit, keeper, {
        workspaceId: app.settings.workspace.id,
        onFailure: (code, error) => app.log.error({ job: "flags", code, err: error }, "a step failed"),
      }),
    );
    working?.worker.on("completed", (job) => {
      if (job.name === "push") wakeFlags();
    });
    wakeFlags();
  });
  const worker = once(async () => {
    const { kit, cycles } = await opened();
    working = startWorker(app, kit, cycles, {
      onFailure: (job, code, error) => {
        if (isUnattended) app.log.error({ job, code, err: error }, "a step failed");
      },
      onStuck,
      ...options,
    });
  });
  const stop = async (reason: StoppedError): Promise<void> => {
    isClosing = true;
    await Promise.all([working?.stop(reason), ...timers.map((timer) => timer.stop(reason))]);
  };
  return {
    work: async () => {
      isUnattended = true;
      await worker();
      await startTimers();
    },
    run: async (request, onProgress, signal) => {
      await worker();
      const { cycles } = await opened();
      if (signal === undefined) return PushStepResult.parse(await cycles.run(request, onProgress));
      const stopped = abortOf(signal).then(stop);
      const result = await cycles.run(request, onProgress, { signal, released: () => stopped });
      return PushStepResult.parse(result);
    },
    current: () => working?.current() ?? null,
    wakeFlags,
    stop,
    schedule: async () => {
      const { kit, cycles } = await opened();
      const { minutes } = await app.cadence();
      const { timeZone } = app.settings.workspace;
      await kit.reconcileSchedules(cycles.queue, schedulesOf({ fastMinutes: minutes.fast, timeZone }));
    },
    schedules: async () => {
      const present = await (await opened()).cycles.queue.getJobSchedulers(0, -1);
      return present.map((each) => ({
        name: each.name,
        // A schedule without an interval is a nightly one.
        everyMinutes: (Number(each.every ?? 0) || DAY_MS) / MINUTE_MS,
        nextAt: each.next === undefined ? null : new Date(each.next).toISOString(),
      }));
    },
    close: async () => {
      isClosing = true;
      await (await opened.made())?.kit.close();
    },
  };
}

/** Makes a thing at the first call and gives the same one ever after; `made` does not make it. */
function once<T>(
  make: () => Promise<T>,
): (() => Promise<T>) & { readonly made: () => Promise<T> | undefined } {
  let made: Promise<T> | undefined;
  const get = (): Promise<T> => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  return Object.assign(get, { made: () => made });
}

const RequestSchema = z.object({ operation: z.string(), args: z.json() });
const ProgressSchema = z.object({
  step: z.enum(["pull", "compute", "push"]),
  item: z.string(),
  done: z.number(),
  total: z.number().nullable(),
});
const AnswerSchema = z.object({ json: z.json(), text: z.string(), isFailure: z.boolean() });

/** Where a command tells how far it is. */
export interface OperationView {
  readonly show: (progress: CycleProgress) => void;
  readonly say: (line: string) => void;
}

/**
 * Runs a command on the store: here, or in the process that owns the embedded store (then it answers for its own
 * settings and its own connection).
 * @throws StoppedError when SIGINT or SIGTERM came during a cycle
 */
export async function runOperation(
  name: keyof typeof operations,
  args: Json,
  options: AppOptions,
  view: OperationView,
): Promise<Answer> {
  const opened = await openApp(options);
  if ("visitor" in opened) {
    try {
      return await askOwner(opened.visitor, { operation: name, args }, view);
    } catch (error) {
      // The owner was a command that ended before it came to us: now the store is free, or another owner's.
      if (error instanceof BusyError) return runOperation(name, args, options, view);
      throw error;
    }
  }
  const cycles = cyclesOf(opened.app);
  const { app, owner } = opened;
  owner?.serve((request, progress) => answerRequest(app, cycles, request, (line) => progress({ ...line })));
  const runCycle: OperationContext["runCycle"] = async (request, report) => {
    const signals = hearStopSignals(
      () => view.say("Stopping: the step under way ends, what it has done stays. Ctrl-C again ends at once."),
      "Stopped; what was read and written so far stays, and the next `ripeline sync` goes on from there.",
    );
    try {
      return await cycles.run(request, report, signals.signal);
    } finally {
      signals.close();
    }
  };
  try {
    return await perform(contextOf(app, cycles, view.show, runCycle), name, args);
  } finally {
    await cycles.close();
    await opened.app.close();
  }
}

/** @throws BusyError when the owner has gone away */
async function askOwner(visitor: Visitor, request: Json, view: OperationView): Promise<Answer> {
  const signals = hearStopSignals(
    undefined,
    "Stopped waiting; the process that holds the store goes on with it, and `ripeline status` tells how it ends.",
  );
  try {
    const reply = await visitor.request(
      request,
      (line) => {
        const progress = ProgressSchema.safeParse(line);
        if (progress.success) view.show(progress.data);
      },
      signals.signal,
    );
    return AnswerSchema.parse(reply);
  } finally {
    signals.close();
  }
}

/** Answers a request of another process, in the process that owns the store. */
export async function answerRequest(
  app: App,
  cycles: Cycles,
  request: Json,
  onProgress: (progress: CycleProgress) => void,
): Promise<Json> {
  const { operation, args } = RequestSchema.parse(request);
  const runCycle: OperationContext["runCycle"] = (cycle, report) => cycles.run(cycle, report);
  const answer = await perform(contextOf(app, cycles, onProgress, runCycle), operation, args);
  return { json: answer.json, text: answer.text, isFailure: answer.isFailure };
}

function contextOf(
  app: App,
  cycles: Cycles,
  onProgress: OperationContext["onProgress"],
  runCycle: OperationContext["runCycle"],
): OperationContext {
  return { app, onProgress, runCycle, schedules: () => cycles.schedules() };
}

function perform(context: OperationContext, name: string, args: Json): Promise<Answer> {
  const operation: Operation | undefined = Object.entries(operations).find(([key]) => key === name)?.[1];
  if (operation === undefined) throw new RangeError(`no command is called ${name}`);
  return operation.run(context, args);
}
