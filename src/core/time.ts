/** Where the code asks for the present. Tests and the emulator bring their own. */
export interface Clock {
  /** The present instant, UTC. */
  now(): Date;
}

/** The machine's clock. Metrics never use it: they take `as_of` from the CRM's own clock. */
export const systemClock: Clock = { now: () => new Date() };

/** A clock that a test sets by hand. */
export interface ManualClock extends Clock {
  set(instant: Date): void;
  advance(milliseconds: number): void;
}

export function manualClock(start: Date): ManualClock {
  let instant = new Date(start);
  return {
    now: () => new Date(instant),
    set: (next) => {
      instant = new Date(next);
    },
    advance: (milliseconds) => {
      instant = new Date(instant.getTime() + milliseconds);
    },
  };
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
