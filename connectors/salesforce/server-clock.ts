import { MINUTE_MS } from "../../src/core/time.ts";
import type { Session } from "./session.ts";

/** What answers say of one moment agrees to within this: their Dates are whole seconds, and servers differ by some. */
const AGREEMENT_MS = MINUTE_MS;

/** A Date and when it came, on a clock of this process that only moves forward. */
interface Heard {
  readonly date: Date;
  readonly at: number;
}

/**
 * The org's time. One answer with a wrong Date, of a proxy or of one server among many, must not move it: what disagrees
 * with what was known before is asked once more, and what two answers say is true.
 */
export interface ServerClock {
  now(session: Session): Promise<Date>;
}

/**
 * @param ask one request for the time, not metered
 * @param heard a Date from an answer of just now, where there was one
 * @param elapsed milliseconds on a clock that only moves forward
 */
export function createServerClock(
  ask: (session: Session) => Promise<Date>,
  heard: Date | null,
  elapsed: () => number = () => performance.now(),
): ServerClock {
  let known: Heard | null = heard === null ? null : { date: heard, at: elapsed() };
  const listen = async (session: Session): Promise<Heard> => {
    const date = await ask(session);
    return { date, at: elapsed() };
  };
  return {
    now: async (session) => {
      const first = await listen(session);
      known = known === null || agree(known, first) ? first : await listen(session);
      return known.date;
    },
  };
}

/** Whether the time between two answers is that between their Dates. */
function agree(earlier: Heard, later: Heard): boolean {
  const between = later.date.getTime() - earlier.date.getTime();
  return Math.abs(between - (later.at - earlier.at)) <= AGREEMENT_MS;
}
