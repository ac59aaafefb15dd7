import type { ComputeSummary, CycleRequest, PushSummary } from "../src/core/cycle.ts";
import type { StepContext } from "./step-context.ts";

/** Writes what differs from what the CRM confirmed, in the publishing classes that are due (or all of them). */
export async function runPush(
  { app, report, signal }: StepContext,
  request: CycleRequest,
  computed: ComputeSummary,
): Promise<PushSummary> {
  const asOf = new Date(computed.asOf);
  if (await app.isSuperseded(asOf)) return { objects: {}, removed: {}, apiCalls: 0, seconds: 0 };
  // Somebody may have computed another instant in between, or have died doing so: only today's numbers are written.
  if (!(await app.isComputed(asOf))) await app.compute(asOf, report, signal);
  return app.push(request.classes, asOf, report, signal);
}
