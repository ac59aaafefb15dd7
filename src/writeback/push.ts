import type { Settings } from "../core/settings.ts";
import { catalog } from "../metrics/catalog.ts";
import { type PushContext, type PushOptions, type PushOutcome, pushTargets } from "./push-targets.ts";
import { targetObjects } from "./targets.ts";

/**
 * Writes what changed to the CRM: see {@link pushTargets}. The closed statuses only shape formulas, which are deployed
 * and never written, so they do not matter here.
 */
export function push(ctx: PushContext, settings: Settings, options: PushOptions): Promise<PushOutcome> {
  return pushTargets(ctx, settings, targetObjects({ closedStatuses: [], catalog }), options);
}
