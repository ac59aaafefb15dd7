import type { App } from "../src/app.ts";
import type { ComputeSummary, CycleProgress, PullSummary } from "../src/core/cycle.ts";

/** Computes every model as of the instant at which the pull ended, on the CRM's clock. */
export function runCompute(
  app: App,
  pulled: PullSummary,
  onProgress: (progress: CycleProgress) => void,
): Promise<ComputeSummary> {
  return app.compute(new Date(pulled.asOf), onProgress);
}
