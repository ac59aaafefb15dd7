import type { App } from "../src/app.ts";
import type { ComputeSummary, CycleProgress, CycleRequest, PushSummary } from "../src/core/cycle.ts";

/** Writes what differs from what the CRM confirmed, in the publishing classes that are due (or all of them). */
export async function runPush(
  app: App,
  request: CycleRequest,
  computed: ComputeSummary,
  onProgress: (progress: CycleProgress) => void,
): Promise<PushSummary> {
  const asOf = new Date(computed.asOf);
  if (await app.isSuperseded(asOf)) return { objects: {}, apiCalls: 0, seconds: 0 };
  // Somebody may have computed another instant in between: only today's numbers are written.
  if ((await app.computedAsOf())?.getTime() !== asOf.getTime()) await app.compute(asOf, onProgress);
  return app.push(request.classes, asOf, onProgress);
}
