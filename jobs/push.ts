import {
  type ComputeSummary,
  type CycleRequest,
  isOnlyWaiting,
  type WorkspacePull,
  type WorkspacePush,
} from "../src/core/cycle.ts";
import type { StepContext } from "./step-context.ts";

/**
 * Writes what differs from what each CRM confirmed, in the publishing classes that are due (or all of them). Where a CRM's
 * calls are spent only flags on its records, from the reserve: numbers over inputs that were not read wait with them. A CRM
 * that could not be read is not written to.
 */
export async function runPush(
  { app, report, signal }: StepContext,
  request: CycleRequest,
  { pull, compute }: { readonly pull: WorkspacePull; readonly compute: ComputeSummary },
): Promise<WorkspacePush> {
  const asOf = new Date(compute.asOf);
  if (isOnlyWaiting(pull) || (await app.isSuperseded(asOf))) {
    return { objects: {}, removed: {}, waiting: [], apiCalls: 0, seconds: 0, connections: [] };
  }
  // Somebody may have computed another instant in between, or have died doing so: only today's numbers are written.
  if (!(await app.isComputed(asOf))) await app.compute(asOf, report, signal);
  return app.push(request.classes, asOf, report, { signal, pulled: pull.connections });
}
