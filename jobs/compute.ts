import type { App } from "../src/app.ts";
import type { ComputeSummary, CycleProgress, PullSummary } from "../src/core/cycle.ts";

/** Computes every model as of the instant at which the pull ended, on the CRM's clock. */
export async function runCompute(
  app: App,
  pulled: PullSummary,
  onProgress: (progress: CycleProgress) => void,
): Promise<ComputeSummary> {
  const asOf = new Date(pulled.asOf);
  // A step that a dead process left behind: a later cycle has read more, and its numbers must stay.
  if (await app.isSuperseded(asOf)) return { asOf: pulled.asOf, models: {}, seconds: 0 };
  return app.compute(asOf, onProgress);
}
