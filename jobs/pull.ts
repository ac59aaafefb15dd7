import type { CycleRequest, WorkspacePull } from "../src/core/cycle.ts";
import type { StepContext } from "./step-context.ts";

/**
 * Reads what is due (or everything) from every CRM into the mirror, as far as the day's calls go; what waits for them is
 * no failure, and stands in `quota`.
 */
export function runPull({ app, report, signal }: StepContext, request: CycleRequest): Promise<WorkspacePull> {
  return app.pull(request.streams, report, signal);
}
