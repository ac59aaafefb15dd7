import { z } from "zod";

/** Automation as kept with the connection (`mirror.connection.automation`). */
export const KeptAutomation = z.array(z.object({ object: z.string(), kind: z.string(), name: z.string() }));

type Automation = readonly { readonly object: string; readonly kind: string }[];

/** The vendor's most rows in one collection. */
const FULL_BATCH = 200;
const CAREFUL_BATCH = 50;

/** Kinds that run in the transaction of a write and can exhaust it. */
const HEAVY: ReadonlySet<string> = new Set(["ApexTrigger", "Flow", "WorkflowRule"]);

/**
 * Rows of one transaction to begin with: 200 where nothing runs on the object, 50 where something does or where nobody
 * has looked yet. The connector grows and shrinks it with the org's answers.
 */
export function startingBatchSize(object: string, automation: Automation | null): number {
  if (/^ripeline_/i.test(object)) {
    return automation?.some((found) => found.object === object && HEAVY.has(found.kind))
      ? CAREFUL_BATCH
      : FULL_BATCH;
  }
  if (automation === null) return CAREFUL_BATCH;
  return automation.some((found) => found.object === object && HEAVY.has(found.kind))
    ? CAREFUL_BATCH
    : FULL_BATCH;
}
