import { DelayedError, type Job } from "bullmq";
import type { FlagKeeper } from "../src/app.ts";
import { RipelineError } from "../src/core/errors.ts";
import type { Json } from "../src/core/json.ts";
import { MINUTE_MS, SECOND_MS } from "../src/core/time.ts";
import { verdict } from "./error-policy.ts";
import { addJob } from "./queue-kit/job-options.ts";
import type { QueueKit } from "./queue-kit.ts";

/** The timer of one connection: one delayed job, for the instant at which the next flag changes. */
export interface RotTimer {
  /**
   * Sees to it that the job is there and comes in time. Call it when rows were written, when a webhook named records, and
   * at the start: the store knows the next instant, so nothing has to be rebuilt.
   */
  readonly wake: () => Promise<void>;
  /** Takes no more jobs; the one under way ends, and its next comes after a restart. */
  readonly stop: (reason: RipelineError) => Promise<void>;
}

export interface RotTimerOptions {
  readonly workspaceId: string;
  /** Told of a run that failed; the next one is set by then. */
  readonly onFailure: (code: string, error: unknown) => void;
}

const JOB = "flags";
/** After a failure that may pass, and after another. */
const RETRY_MS = 15 * SECOND_MS;
const FAILED_MS = 5 * MINUTE_MS;
/** BullMQ keeps one job of this id: a delayed one is replaced by a newer, and one that runs is followed by the last asked for. */
const DEDUPLICATION = { id: JOB, replace: true, keepLastIfActive: true } as const;

/** A queue of its own: a pull of hours must not stand before a flag. */
export function rotQueueName(workspaceId: string, connectionId: string): string {
  return `flags-${workspaceId}-${connectionId}`;
}

/** Takes the timer's jobs of one connection, in as many processes as like; a lease lets one of them work. */
export function startRotTimer(kit: QueueKit, keeper: FlagKeeper, options: RotTimerOptions): RotTimer {
  const name = rotQueueName(options.workspaceId, keeper.connectionId);
  const queue = kit.queue<Json, Json>(name);
  const stopping = new AbortController();
  const schedule = async (atLeastMs: number): Promise<void> => {
    const inMs = await keeper.nextIn();
    if (inMs === null) return;
    await addJob(
      queue,
      JOB,
      {},
      {
        delayMs: Math.max(inMs, atLeastMs),
        deduplication: DEDUPLICATION,
        removeOnComplete: true,
        removeOnFail: { count: 20 },
      },
    );
  };
  const run = async (job: Job<Json, Json>, token: string | undefined): Promise<Json> => {
    try {
      const summary = await keeper.keep(stopping.signal);
      await schedule(0);
      return { ...summary };
    } catch (error) {
      const decision = verdict(error, JOB);
      if (decision.action === "wait") {
        await job.moveToDelayed(Date.now() + decision.delayMs, token);
        throw new DelayedError();
      }
      await schedule(decision.action === "retry" ? RETRY_MS : FAILED_MS);
      const code = error instanceof RipelineError ? error.code : "FAULT";
      options.onFailure(code, error);
      // The queue keeps the reason for the operator: the class alone, since a message may name records.
      throw new Error(`the flags were not brought up to date [${code}]`, { cause: error });
    }
  };
  const worker = kit.worker<Json, Json>(name, run);
  return {
    wake: () => schedule(0),
    stop: (reason) => {
      const closed = worker.close();
      stopping.abort(reason);
      return closed;
    },
  };
}
