import type { App } from "../src/app.ts";
import type { ComputeSummary, CycleProgress, CycleRequest, PushSummary } from "../src/core/cycle.ts";

/** Writes what differs from what the CRM confirmed, in the publishing classes that are due (or all of them). */
export function runPush(
  app: App,
  request: CycleRequest,
  computed: ComputeSummary,
  onProgress: (progress: CycleProgress) => void,
): Promise<PushSummary> {
  return app.push(request.classes, new Date(computed.asOf), onProgress);
}
