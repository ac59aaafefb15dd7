import { openApp } from "../app.ts";
import { ConfigError } from "../core/errors.ts";
import { type CommonOptions, print } from "./command-line.ts";
import { cyclesOf } from "./runtime.ts";
import { stopInOrder } from "./stop-in-order.ts";

/**
 * `ripeline worker`: takes jobs beside other workers until SIGINT or SIGTERM; schedules are made by `start`.
 * @throws ConfigError without DATABASE_URL and REDIS_URL: the embedded store belongs to one process
 */
export async function runWorker(options: CommonOptions): Promise<void> {
  const opened = await openApp({
    ...(options.config === undefined ? {} : { configFile: options.config }),
    ...(options.env === undefined ? {} : { envFile: options.env }),
  });
  if ("visitor" in opened || opened.app.redisUrl === undefined) {
    if ("app" in opened) await opened.app.close();
    throw new ConfigError(
      "A worker beside others needs a store and a queue that all can reach: set DATABASE_URL and REDIS_URL. " +
        "With the embedded ones `ripeline start` does all the work.",
    );
  }
  const cycles = cyclesOf(opened.app);
  try {
    await cycles.work();
    await print("ripeline worker waits for jobs; stop it with Ctrl-C");
    await stopInOrder(cycles);
  } finally {
    await cycles.close();
    await opened.app.close();
  }
}
