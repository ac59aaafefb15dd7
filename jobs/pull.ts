import type { CycleRequest, PullSummary } from "../src/core/cycle.ts";
import { QuotaExhaustedError } from "../src/core/errors.ts";
import type { StepContext } from "./step-context.ts";

/**
 * Reads what is due (or everything) from the CRM into the mirror. Where the day's calls are spent, flags of the last
 * compute that were not written yet still are: the reserve is kept for them.
 * @throws QuotaExhaustedError all the same: what was read stays, and a later pull goes on behind it
 */
export async function runPull(
  { app, report, signal }: StepContext,
  request: CycleRequest,
): Promise<PullSummary> {
  try {
    return await app.pull(request.streams, report, signal);
  } catch (error) {
    if (!(error instanceof QuotaExhaustedError)) throw error;
    const asOf = await app.computedAsOf();
    if (asOf !== null && (await app.isComputed(asOf))) {
      // Flags that fail too change nothing about the pull: the next cycle sends them.
      await app.push("flags", asOf, report, signal).catch((failure: unknown) => {
        app.log.warn(
          { reason: failure instanceof Error ? failure.message : "unknown" },
          "flags were not written from the reserve",
        );
      });
    }
    throw error;
  }
}
