import { constants } from "node:os";
import { StoppedError } from "../core/errors.ts";

/** Hears SIGINT and SIGTERM until it is closed. */
export interface StopSignals {
  /** Aborts at the first one, with a StoppedError. */
  readonly signal: AbortSignal;
  close(): void;
}

/**
 * The first SIGINT or SIGTERM aborts `signal`; a second one ends the process at once, with the exit code that shells
 * give to a process ended by it (130, 143).
 * @param announce told of the first one
 * @param message of the StoppedError
 */
export function hearStopSignals(
  announce: () => void = () => undefined,
  message = "stopped on request",
): StopSignals {
  const stopping = new AbortController();
  const hear = (name: "SIGINT" | "SIGTERM"): void => {
    if (stopping.signal.aborted) process.exit(exitCodeOfSignal(name));
    announce();
    stopping.abort(new StoppedError(message, name));
  };
  process.on("SIGINT", hear);
  process.on("SIGTERM", hear);
  return {
    signal: stopping.signal,
    close: () => {
      process.off("SIGINT", hear);
      process.off("SIGTERM", hear);
    },
  };
}

/** Resolves with the signal's reason when it aborts. */
export function abortOf(signal: AbortSignal): Promise<StoppedError> {
  const { promise, resolve } = Promise.withResolvers<StoppedError>();
  if (signal.aborted) resolve(signal.reason);
  else signal.addEventListener("abort", () => resolve(signal.reason), { once: true });
  return promise;
}

export function exitCodeOfSignal(name: "SIGINT" | "SIGTERM"): number {
  return 128 + constants.signals[name];
}
