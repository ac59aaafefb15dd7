import { z } from "zod";
import { queueName } from "../../jobs/cycle.ts";
import { openCycleQueue } from "../../jobs/cycle-queue.ts";
import { createQueueKit } from "../../jobs/queue-kit.ts";
import { schedulesOf } from "../../jobs/schedules-of.ts";
import { startWorker } from "../../jobs/worker.ts";
import { type App, type AppOptions, openApp } from "../app.ts";
import type { CycleProgress, CycleRequest, CycleResult } from "../core/cycle.ts";
import { BusyError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import { MINUTE_MS } from "../core/time.ts";
import type { Answer, Operation, ScheduleStatus } from "./operation.ts";
import { operations } from "./operations.ts";

/** The job queue of an app, made when it is first asked for: commands that only read never touch it. */
export interface Cycles {
  /** Begins to take jobs, and logs those that fail: nobody waits for them. */
  work(): Promise<void>;
  /** Takes jobs, adds a cycle and waits for its end. */
  run(request: CycleRequest, onProgress: (progress: CycleProgress) => void): Promise<CycleResult>;
  /** Makes the schedules exactly those of `jobs/schedule.ts`. */
  schedule(): Promise<void>;
  schedules(): Promise<readonly ScheduleStatus[]>;
  close(): Promise<void>;
}

export function cyclesOf(app: App): Cycles {
  const name = queueName(app.settings.workspace.id, app.settings.connectionId);
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
  const worker = once(async () => {
    const { kit, cycles } = await opened();
    return startWorker(app, kit, cycles, (job, code, error) => {
      if (isUnattended) app.log.error({ job, code, err: error }, "a step failed");
    });
  });
  return {
    work: async () => {
      isUnattended = true;
      await worker();
    },
    run: async (request, onProgress) => {
      await worker();
      return CycleResultSchema.parse(await (await opened()).cycles.run(request, onProgress));
    },
    schedule: async () => {
      const { kit, cycles } = await opened();
      await kit.reconcileSchedules(cycles.queue, schedulesOf(app.cadences.fastMinutes));
    },
    schedules: async () => {
      const present = await (await opened()).cycles.queue.getJobSchedulers(0, -1);
      return present.map((each) => ({
        name: each.name,
        everyMinutes: Number(each.every ?? 0) / MINUTE_MS,
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

const calls = z.object({ rows: z.number(), calls: z.number() });
const CycleResultSchema = z.object({
  pull: z.object({
    asOf: z.string(),
    streams: z.record(z.string(), calls),
    hiddenFields: z.record(z.string(), z.array(z.string())),
    apiCalls: z.number(),
    seconds: z.number(),
  }),
  compute: z.object({ asOf: z.string(), models: z.record(z.string(), z.number()), seconds: z.number() }),
  push: z.object({
    objects: z.record(
      z.string(),
      z.object({ changed: z.number(), written: z.number(), rejected: z.number(), calls: z.number() }),
    ),
    apiCalls: z.number(),
    seconds: z.number(),
  }),
});

const RequestSchema = z.object({ operation: z.string(), args: z.json() });
const ProgressSchema = z.object({
  step: z.enum(["pull", "compute", "push"]),
  item: z.string(),
  done: z.number(),
  total: z.number().nullable(),
});
const AnswerSchema = z.object({ json: z.json(), text: z.string(), isFailure: z.boolean() });

/**
 * Runs a command on the store: here, or in the process that owns the embedded store (then it answers for its own
 * settings and its own connection).
 */
export async function runOperation(
  name: keyof typeof operations,
  args: Json,
  options: AppOptions,
  onProgress: (progress: CycleProgress) => void,
): Promise<Answer> {
  const opened = await openApp(options);
  if ("visitor" in opened) {
    try {
      const reply = await opened.visitor.request({ operation: name, args }, (line) => {
        const progress = ProgressSchema.safeParse(line);
        if (progress.success) onProgress(progress.data);
      });
      return AnswerSchema.parse(reply);
    } catch (error) {
      // The owner was a command that ended before it came to us: now the store is free, or another owner's.
      if (error instanceof BusyError) return runOperation(name, args, options, onProgress);
      throw error;
    }
  }
  const cycles = cyclesOf(opened.app);
  const { app, owner } = opened;
  owner?.serve((request, progress) => answerRequest(app, cycles, request, (line) => progress({ ...line })));
  try {
    return await perform(opened.app, cycles, name, args, onProgress);
  } finally {
    await cycles.close();
    await opened.app.close();
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
  const answer = await perform(app, cycles, operation, args, onProgress);
  return { json: answer.json, text: answer.text, isFailure: answer.isFailure };
}

function perform(
  app: App,
  cycles: Cycles,
  name: string,
  args: Json,
  onProgress: (progress: CycleProgress) => void,
): Promise<Answer> {
  const operation: Operation | undefined = Object.entries(operations).find(([key]) => key === name)?.[1];
  if (operation === undefined) throw new RangeError(`no command is called ${name}`);
  const context = {
    app,
    onProgress,
    schedules: () => cycles.schedules(),
    runCycle: (request: CycleRequest, report: (progress: CycleProgress) => void) =>
      cycles.run(request, report),
  };
  return operation.run(context, args);
}
