import { print } from "./command-line.ts";
import type { Cycles } from "./runtime.ts";
import { abortOf, hearStopSignals } from "./stop-signals.ts";

/**
 * Waits for SIGINT or SIGTERM, then gives back the step under way: its finished pages stay, and the next process takes
 * it up. A second signal ends the process at once.
 */
export async function stopInOrder(cycles: Cycles): Promise<void> {
  const signals = hearStopSignals();
  const reason = await abortOf(signals.signal);
  const step = cycles.current();
  if (step !== null) {
    await print(
      `Stopping: the ${step} under way ends and goes back into the queue, what it has done stays; Ctrl-C again ends at once`,
    );
  }
  await cycles.stop(reason);
}
