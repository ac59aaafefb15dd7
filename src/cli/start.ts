import { openApp } from "../app.ts";
import { serveWebhooks, type WebhookServer } from "../console/webhooks.ts";
import { BusyError } from "../core/errors.ts";
import { type CommonOptions, print } from "./command-line.ts";
import { answerRequest, cyclesOf } from "./runtime.ts";
import { stopInOrder } from "./stop-in-order.ts";

/**
 * `ripeline start`: makes the schedules and works on them until SIGINT or SIGTERM. With the embedded store it also
 * answers other commands, since one process owns that store.
 * @throws BusyError when another process owns the embedded store
 */
export async function runStart(options: CommonOptions): Promise<void> {
  const opened = await openApp({
    ...(options.config === undefined ? {} : { configFile: options.config }),
    ...(options.env === undefined ? {} : { envFile: options.env }),
  });
  if ("visitor" in opened) {
    throw new BusyError(
      "ripeline start runs already on this store; `ripeline status` asks it how it is doing",
    );
  }
  const { app, owner } = opened;
  const cycles = cyclesOf(app);
  let webhooks: WebhookServer | null = null;
  try {
    await app.learnQuota();
    await cycles.work();
    await cycles.schedule();
    if (app.webhooks !== null) {
      const hooks = app.webhooks;
      webhooks = await serveWebhooks({
        listen: hooks.listen,
        receive: (request) => hooks.receive(request),
        onRecords: () => cycles.wakeFlags(),
        log: app.log,
      });
    }
    owner?.serve((request, progress) => answerRequest(app, cycles, request, (line) => progress({ ...line })));
    await print(
      `ripeline works on ${app.settings.workspace.name}, every ${(await app.cadence()).minutes.fast} minutes; stop it with Ctrl-C`,
    );
    await stopInOrder(cycles);
  } finally {
    await webhooks?.close();
    await cycles.close();
    await app.close();
  }
}
