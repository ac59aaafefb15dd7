import { type ComputeSummary, isOnlyWaiting, type WorkspacePull } from "../src/core/cycle.ts";
import type { StepContext } from "./step-context.ts";

/** Computes every model over all connections as of the instant at which the pull ended, on the CRM's clock. */
export async function runCompute(
  { app, report, signal }: StepContext,
  pulled: WorkspacePull,
): Promise<ComputeSummary> {
  const asOf = new Date(pulled.asOf);
  // A step that a dead process left behind: a later cycle has read more, and its numbers must stay.
  // With the day's calls spent, too: without a new touch every lead would look rotten.
  if (isOnlyWaiting(pulled) || (await app.isSuperseded(asOf)))
    return { asOf: pulled.asOf, models: {}, seconds: 0 };
  return app.compute(asOf, report, signal);
}
