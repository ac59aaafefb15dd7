import type { App } from "../src/app.ts";
import type { CycleProgress, CycleRequest, PullSummary } from "../src/core/cycle.ts";

/** Reads what is due (or everything) from the CRM into the mirror. */
export function runPull(
  app: App,
  request: CycleRequest,
  onProgress: (progress: CycleProgress) => void,
): Promise<PullSummary> {
  return app.pull(request.streams, onProgress);
}
