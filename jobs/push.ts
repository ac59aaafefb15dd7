import {
  type ComputeSummary,
  type CycleRequest,
  isOnlyWaiting,
  type PullSummary,
  type PushSummary,
} from "../src/core/cycle.ts";
import type { StepContext } from "./step-context.ts";

/**
 * Writes what differs from what the CRM confirmed, in the publishing classes that are due (or all of them). When the
 * day's calls are spent only flags on records, from the reserve: numbers over inputs that were not read wait with them.
 */
export async function runPush(
  { app, report, signal }: StepContext,
  request: CycleRequest,
  { pull, compute }: { readonly pull: PullSummary; readonly compute: ComputeSummary },
): Promise<PushSummary> {
  const asOf = new Date(compute.asOf);
  if (isOnlyWaiting(pull) || (await app.isSuperseded(asOf))) {
    return { objects: {}, removed: {}, waiting: [], apiCalls: 0, seconds: 0 };
  }
  // Somebody may have computed another instant in between, or have died doing so: only today's numbers are written.
  if (!(await app.isComputed(asOf))) await app.compute(asOf, report, signal);
  return app.push(pull.quota === null ? request.classes : "flags", asOf, report, signal);
}
