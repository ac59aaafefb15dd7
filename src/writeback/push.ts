import type { Settings } from "../core/settings.ts";
import { type PushContext, type PushOptions, type PushOutcome, pushTargets } from "./push-targets.ts";
import { writtenTargets } from "./targets/provisioned.ts";

/** Writes what changed to the CRM: see {@link pushTargets}. */
export async function push(ctx: PushContext, settings: Settings, options: PushOptions): Promise<PushOutcome> {
  return pushTargets(ctx, settings, await writtenTargets(ctx.db, settings, ctx.connection.crm), options);
}
