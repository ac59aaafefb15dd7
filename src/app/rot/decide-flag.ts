import type { WireValue } from "../../core/ports.ts";
import { FLAG_PROPERTIES, type FlagState, type RotStatus } from "./flag-state.ts";

/** What the CRM says of a record now. */
export interface RecordNow {
  readonly ownerId: string | null;
  /** A stage or status in which no clock runs: converted, disqualified, recycled. */
  readonly isClosed: boolean;
  /** People took it out. */
  readonly isExcluded: boolean;
}

/** A counting touch: outbound, by a person who counts. UTC. */
export interface Touch {
  readonly at: Date;
}

export interface Question {
  readonly state: FlagState;
  readonly record: RecordNow;
  /** Since the handoff, in any order. */
  readonly touches: readonly Touch[];
  /** The CRM's clock. */
  readonly now: Date;
  readonly coldAfterMs: number;
}

/** Properties to write; none where the CRM says already what is true. */
export type FlagChange = Readonly<Record<string, WireValue>>;

/**
 * What has to be written on a record so that its flag is right at `now`: the same as the next compute finds.
 *
 * - Where the handoff is over (another owner, a closed stage, taken out) no flag stays; what comes instead is the compute's.
 * - The first touch ends the wait: at the deadline it is in time, after it late. Later ones move the day it goes cold.
 * - Without a touch the clock alone decides.
 */
export function decideFlag({ state, record, touches, now, coldAfterMs }: Question): FlagChange {
  if (state.status === null) return {};
  const isOver =
    record.isClosed ||
    record.isExcluded ||
    (state.handedOffTo !== null && record.ownerId !== state.handedOffTo);
  if (isOver) return changes(state, { status: null, isRotting: false });
  const times = touches.map(({ at }) => at.getTime()).toSorted((a, b) => a - b);
  const first = state.firstTouchAt?.getTime() ?? times[0];
  if (first === undefined) {
    const status = untouched(state, now);
    return changes(state, { status, isRotting: status === "rotting" });
  }
  const cold = Math.max((times.at(-1) ?? first) + coldAfterMs, state.coldAt?.getTime() ?? 0);
  const isLate = state.rotsAt !== null && first > state.rotsAt.getTime();
  const worked: RotStatus = isLate ? "worked_late" : "worked";
  return changes(state, {
    status: cold <= now.getTime() ? "gone_cold" : worked,
    isRotting: false,
    firstTouchAt: new Date(first),
    // A later touch alone is no reason to write: the next compute renews the day.
    ...(state.firstTouchAt === null || isPast(state.coldAt, now) ? { coldAt: new Date(cold) } : {}),
  });
}

function untouched({ atRiskAt, rotsAt }: FlagState, now: Date): RotStatus {
  if (isPast(rotsAt, now)) return "rotting";
  return isPast(atRiskAt, now) ? "at_risk" : "waiting";
}

/** From the instant itself on. */
function isPast(instant: Date | null, now: Date): boolean {
  return instant !== null && instant.getTime() <= now.getTime();
}

function changes(state: FlagState, next: Partial<FlagState>): FlagChange {
  const changed: Record<string, WireValue> = {};
  for (const [key, name] of Object.entries(FLAG_PROPERTIES)) {
    if (!isKey(key) || !(key in next)) continue;
    const to = wire(next[key] ?? null);
    if (to !== wire(state[key])) changed[name] = to;
  }
  return changed;
}

function isKey(key: string): key is keyof FlagState {
  return key in FLAG_PROPERTIES;
}

/** As the write-back spells it, so that the next push finds nothing to do. */
function wire(value: Date | string | boolean | null): WireValue {
  return value instanceof Date ? value.toISOString() : value;
}
