import type { CallPurpose } from "../shared/rate-governor.ts";

/** Objects that carry the flags reps work by; a handoff row is the flag where nothing may be written on leads. */
const FLAGGED: ReadonlySet<string> = new Set(["Lead", "Opportunity", "Ripeline_Handoff__c"]);

/** Flags may use the reserve of the day's calls; numbers wait. */
export function writePurpose(object: string): CallPurpose {
  return FLAGGED.has(object) ? "flag" : "write";
}
