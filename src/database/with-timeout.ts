import type { Database } from "./database.ts";
import { StatementInterruptedError } from "./errors.ts";

/** How long a piece of work may take, and what it is called. */
export interface Timeout {
  readonly database: Database;
  readonly name: string;
  readonly timeoutMs: number;
}

/**
 * Does `work`; when it takes too long, `signal` aborts and what the store is doing is stopped (`Database.interrupt`):
 * PGlite knows no statement_timeout, so there a statement that never ends can only be ended with its thread.
 * @throws StatementInterruptedError when the time was up.
 */
export async function withTimeout<T>(
  { database, name, timeoutMs }: Timeout,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new StatementInterruptedError(
      `"${name}" took longer than ${timeoutMs} ms and was stopped; nothing of the statement under way was stored. It is tried again with the next run.`,
    );
    controller.abort(error);
    // Only when the store has stopped may the work be called over: until then it could still be writing.
    database.interrupt().then(() => reject(error), reject);
  }, timeoutMs);
  try {
    return await Promise.race([work(controller.signal), late]);
  } catch (error) {
    // Stopped under it, the work fails with an error of its own; the reason is the time.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}
