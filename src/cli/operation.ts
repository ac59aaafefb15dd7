import type { z } from "zod";
import type { App } from "../app.ts";
import type { CycleProgress, CycleRequest, CycleResult } from "../core/cycle.ts";
import type { Json } from "../core/json.ts";

/** A schedule as the queue keeps it. */
export interface ScheduleStatus {
  readonly name: string;
  readonly everyMinutes: number;
  /** ISO UTC, this machine's clock. */
  readonly nextAt: string | null;
}

/** What a command answers: the document of --json, and the same for a reader. */
export interface Answer {
  readonly json: Json;
  readonly text: string;
  /** True where the command did its work and found that something is not as it should be (exit 1). */
  readonly isFailure: boolean;
}

export interface OperationContext {
  readonly app: App;
  /** Runs one cycle on the job queue and waits for its end. */
  readonly runCycle: (
    request: CycleRequest,
    onProgress: (progress: CycleProgress) => void,
  ) => Promise<CycleResult>;
  readonly onProgress: (progress: CycleProgress) => void;
  readonly schedules: () => Promise<readonly ScheduleStatus[]>;
}

/**
 * A command that works on the store. It runs in this process, or in the process that owns the embedded store, which
 * then sends the answer back: arguments and answers are JSON for that reason.
 */
export interface Operation {
  run(context: OperationContext, args: Json): Promise<Answer>;
}

/** An operation that checks its arguments first. */
export function operation<Args>(
  args: z.ZodType<Args>,
  run: (
    context: OperationContext,
    args: Args,
  ) => Promise<Omit<Answer, "isFailure"> & { isFailure?: boolean }>,
): Operation {
  return {
    run: async (context, raw) => ({ isFailure: false, ...(await run(context, args.parse(raw))) }),
  };
}
