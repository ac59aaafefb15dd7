import type { CallPurpose } from "../shared/rate-governor.ts";
import { isOurObject } from "./write-guard.ts";

/** The type under which campaigns keep properties; their records are written by an API of their own. */
export const CAMPAIGNS = "0-35";

/** Records of one batch, by the vendor's limits. */
export function batchSizeOf(object: string): number {
  return object === CAMPAIGNS ? 50 : 100;
}

/** How addresses name an object: custom ones by their full name. */
export function addressOf(object: string, portalId: string): string {
  return isOurObject(object) ? `p${portalId}_${object}` : object;
}

/** Objects that carry the flags reps work by; a handoff row is the flag where nothing may be written on leads. */
const FLAGGED: ReadonlySet<string> = new Set(["contacts", "leads", "deals", "ripeline_handoff"]);

/** Flags may use the reserve of the day's calls; numbers wait. */
export function writePurpose(object: string): CallPurpose {
  return FLAGGED.has(object) ? "flag" : "write";
}
