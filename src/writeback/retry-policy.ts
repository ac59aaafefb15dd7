import { HOUR_MS, MINUTE_MS } from "../core/time.ts";

/** What becomes of a row the CRM refused. */
export interface NextTry {
  readonly state: "retry" | "quarantined" | "vanished";
  readonly at: Date;
}

export interface Refusal {
  /** The vendor's code. */
  readonly code: string;
  readonly retryable: boolean;
  /** The flag should be off and is not: no formula can undo it. */
  readonly isClear: boolean;
  /** The record belongs to the CRM's people (a lead, a campaign), so it can vanish. */
  readonly canVanish: boolean;
  /** How often the row has been refused, this time included. */
  readonly attempts: number;
}

/** The record is gone or read-only; the next pull takes it out of the desired rows. */
const VANISHED: ReadonlySet<string> = new Set([
  "ENTITY_IS_DELETED",
  "INVALID_CROSS_REFERENCE_KEY",
  "CANNOT_UPDATE_CONVERTED_LEAD",
  "NOT_FOUND",
  // HubSpot's: deleted, and merged into another.
  "OBJECT_NOT_FOUND",
  "MERGED",
]);

/** After the first refusal, the second, ... of a row that may be accepted later (a lock, a time-out). */
const DELAYS_MS = [0, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS];
const QUARANTINE_MS = 24 * HOUR_MS;

/**
 * When a refused row is tried again. A refused clear: hourly, whatever the reason. A lock or a time-out: at the next
 * push, then later and later, five times. Everything else: quarantined at once and tried daily, since somebody may have
 * mended the rule that refused it.
 */
export function nextTry(refusal: Refusal, asOf: Date): NextTry {
  const after = (milliseconds: number): Date => new Date(asOf.getTime() + milliseconds);
  if (refusal.canVanish && VANISHED.has(refusal.code)) return { state: "vanished", at: after(HOUR_MS) };
  if (refusal.isClear) return { state: "retry", at: after(HOUR_MS) };
  const delay = refusal.retryable ? DELAYS_MS[refusal.attempts - 1] : undefined;
  return delay === undefined
    ? { state: "quarantined", at: after(QUARANTINE_MS) }
    : { state: "retry", at: after(delay) };
}
