import type { Settings } from "../core/settings.ts";
import { writtenTargets } from "./provisioned.ts";
import { type PushContext, type PushOptions, type PushOutcome, pushTargets } from "./push-targets.ts";

/** Writes what changed to the CRM: see {@link pushTargets}. */
export async function push(ctx: PushContext, settings: Settings, options: PushOptions): Promise<PushOutcome> {
  return pushTargets(ctx, settings, await writtenTargets(ctx.db, settings, ctx.connection.crm), options);
}
