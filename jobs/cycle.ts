import { z } from "zod";
import type { CycleRequest } from "../src/core/cycle.ts";
import type { Json } from "../src/core/json.ts";

/** What every job of a cycle carries; results travel as return values from a step to the next. */
export interface CycleJobData {
  readonly cycleId: string;
  readonly request: CycleRequest;
}

/** Results are JSON, as both backends keep them. */
export type StepResult = Json;

/** One queue a workspace, so that its steps never overlap: a compute is over all of its connections. */
export function queueName(workspaceId: string): string {
  return `cycle-${workspaceId}`;
}

const Crm = z.enum(["salesforce", "hubspot"]);
const Quota = z
  .object({
    mode: z.enum(["flags", "nothing"]),
    since: z.string(),
    until: z.string().nullable(),
    message: z.string(),
  })
  .nullable();

const PullResult = z.object({
  asOf: z.string(),
  streams: z.record(z.string(), z.object({ rows: z.number(), calls: z.number() })),
  hiddenFields: z.record(z.string(), z.array(z.string())),
  apiCalls: z.number(),
  seconds: z.number(),
  // Defaults here and below are for a step that an older version left in the queue.
  quota: Quota.default(null),
  connections: z
    .array(
      z.object({
        connectionId: z.string(),
        crm: Crm,
        asOf: z.string().nullable(),
        apiCalls: z.number(),
        quota: Quota,
        failure: z.object({ code: z.string(), message: z.string() }).nullable(),
      }),
    )
    .default([]),
});
const ComputeResult = z.object({
  asOf: z.string(),
  models: z.record(z.string(), z.number()),
  seconds: z.number(),
});
const PushResult = z.object({
  objects: z.record(
    z.string(),
    z.object({ changed: z.number(), written: z.number(), rejected: z.number(), calls: z.number() }),
  ),
  removed: z
    .record(
      z.string(),
      z.object({
        due: z.number(),
        removed: z.number(),
        refused: z.number(),
        deferred: z.number(),
        calls: z.number(),
      }),
    )
    .default({}),
  waiting: z.array(z.string()).default([]),
  apiCalls: z.number(),
  seconds: z.number(),
  connections: z
    .array(
      z.object({
        connectionId: z.string(),
        crm: Crm,
        apiCalls: z.number(),
        skipped: z.string().nullable(),
      }),
    )
    .default([]),
});

/** What each step returns, as it comes back from the queue: its own result beside those of the steps before it. */
export const PullStepResult = z.object({ pull: PullResult });
export const ComputeStepResult = PullStepResult.extend({ compute: ComputeResult });
export const PushStepResult = ComputeStepResult.extend({ push: PushResult });
