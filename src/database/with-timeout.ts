import { StuckError, TimedOutError } from "../core/errors.ts";
import { MINUTE_MS, SECOND_MS } from "../core/time.ts";
import type { Database } from "./database.ts";

/** How long a piece of work may take, what it is called, and who may end it earlier. */
export interface Timeout {
  readonly database: Database;
  readonly name: string;
  readonly timeoutMs: number;
  /** Ends the work before its time, for its own reason. */
  readonly stop?: AbortSignal;
  /**
   * Told of work that does not end although its signal has aborted and the store was interrupted. The call is still
   * pending then, since the work could still be writing: whoever is told should end the process.
   */
  readonly onStuck?: (error: StuckError) => void;
  /** @default 2 minutes */
  readonly graceMs?: number;
}

/**
 * Until the store is interrupted. Work that waits for the network ends at once and still has its end to write down; a
 * statement under way when somebody asks to stop may well end by itself.
 */
const AFTER_TIMEOUT_MS = SECOND_MS;
const AFTER_STOP_MS = 5 * SECOND_MS;
/** A large embedded store takes its time to open again after its thread was ended. */
const GRACE_MS = 2 * MINUTE_MS;

/**
 * Does `work`; when its time is up or `stop` aborts, `signal` aborts, and where that is not enough what the store is
 * doing is stopped (`Database.interrupt`): PGlite knows no statement_timeout, so there a statement that never ends can
 * only be ended with its thread. The call ends when the work has ended, not before.
 * @throws TimedOutError when the time was up; the reason of `stop` when that came first
 */
export async function withTimeout<T>(
  { database, name, timeoutMs, stop, onStuck, graceMs = GRACE_MS }: Timeout,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const later = (ms: number, then: () => void): void => {
    timers.push(setTimeout(then, ms));
  };
  const end = (reason: unknown, patienceMs: number): void => {
    if (ending.signal.aborted) return;
    ending.abort(reason);
    // A store that cannot be interrupted leaves the work stuck, which is told below.
    later(patienceMs, () => void database.interrupt().catch(() => undefined));
    later(patienceMs + graceMs, () => onStuck?.(stuck(name, patienceMs + graceMs)));
  };
  const onStop = (): void => end(stop?.reason, AFTER_STOP_MS);
  later(timeoutMs, () => end(timedOut(name, timeoutMs), AFTER_TIMEOUT_MS));
  stop?.addEventListener("abort", onStop);
  try {
    stop?.throwIfAborted();
    return await work(ending.signal);
  } catch (error) {
    // Ended under it, the work fails with an error of its own; the reason is the time, or who stopped it.
    throw ending.signal.aborted ? ending.signal.reason : error;
  } finally {
    stop?.removeEventListener("abort", onStop);
    for (const timer of timers) clearTimeout(timer);
  }
}

function timedOut(name: string, timeoutMs: number): TimedOutError {
  return new TimedOutError(
    `"${name}" took longer than ${inWords(timeoutMs)} and was stopped; what it had finished before is kept. It is tried again.`,
  );
}

function stuck(name: string, afterMs: number): StuckError {
  return new StuckError(
    `"${name}" was told to stop and had not ended ${inWords(afterMs)} later, so this process ends; nothing that was ` +
      "confirmed is lost. Start it again (a supervisor does), and if it comes back, check that the database answers.",
  );
}

function inWords(ms: number): string {
  const minutes = ms / MINUTE_MS;
  if (minutes >= 1) return `${Math.round(minutes)} minutes`;
  return ms >= SECOND_MS ? `${Math.round(ms / SECOND_MS)} s` : `${ms} ms`;
}
