import type { SweepSummary } from "../src/core/cycle.ts";
import type { StepContext } from "./step-context.ts";

/** Deletes rows of ours that should not be in the CRM any more; where there are none it sends nothing. */
export function runSweep({ app, signal }: StepContext): Promise<SweepSummary> {
  return app.sweep(signal);
}
