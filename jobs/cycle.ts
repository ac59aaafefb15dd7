import type { CycleRequest } from "../src/core/cycle.ts";
import type { Json } from "../src/core/json.ts";

/** What every job of a cycle carries; results travel as return values from a step to the next. */
export interface CycleJobData {
  readonly cycleId: string;
  readonly request: CycleRequest;
}

/** Results are JSON, as both backends keep them. */
export type StepResult = Json;

/** One queue a connection, so that its steps never overlap. */
export function queueName(workspaceId: string, connectionId: string): string {
  return `cycle-${workspaceId}-${connectionId}`;
}
