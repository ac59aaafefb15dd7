import { type Clock, systemClock } from "../../core/time.ts";

/**
 * The time the emulated CRMs live in. It runs on from a start instant at the machine's pace; it can be set, moved on
 * and stopped. `Date` headers, token lives and record stamps follow it.
 */
export interface EmulatorClock extends Clock {
  readonly isStopped: boolean;
  /** Jumps to `instant`; a running clock runs on from there. */
  set(instant: Date): void;
  /** Negative values go back. */
  advance(milliseconds: number): void;
  stop(): void;
  resume(): void;
  /** Back to the instant it was made with, and running if it was made running. */
  reset(): void;
}

/** @param machine the clock whose pace it follows; tests bring their own. */
export function createEmulatorClock(
  start: Date,
  options: { readonly stopped?: boolean; readonly machine?: Clock } = {},
): EmulatorClock {
  const machine = options.machine ?? systemClock;
  const tick = () => machine.now().getTime();
  const initial = start.getTime();
  let base = initial;
  let since = tick();
  let isStopped = options.stopped ?? false;
  const present = () => (isStopped ? base : base + tick() - since);
  const rebase = (instant: number) => {
    base = instant;
    since = tick();
  };
  return {
    now: () => new Date(present()),
    get isStopped() {
      return isStopped;
    },
    set: (instant) => rebase(instant.getTime()),
    advance: (milliseconds) => rebase(present() + milliseconds),
    stop: () => {
      rebase(present());
      isStopped = true;
    },
    resume: () => {
      rebase(present());
      isStopped = false;
    },
    reset: () => {
      rebase(initial);
      isStopped = options.stopped ?? false;
    },
  };
}
