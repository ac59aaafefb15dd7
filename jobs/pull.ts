import type { CycleRequest, PullSummary } from "../src/core/cycle.ts";
import type { StepContext } from "./step-context.ts";

/**
 * Reads what is due (or everything) from the CRM into the mirror, as far as the day's calls go; what waits for them is
 * no failure, and stands in `quota`.
 */
export function runPull({ app, report, signal }: StepContext, request: CycleRequest): Promise<PullSummary> {
  return app.pull(request.streams, report, signal);
}
