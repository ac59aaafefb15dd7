import { readFileSync } from "node:fs";
import { z } from "zod";
import { openApp } from "../../src/app.ts";
import { cyclesOf } from "../../src/cli/runtime.ts";
import { BusyError } from "../../src/core/errors.ts";
import { countTicks } from "./ticks.ts";

/**
 * One command as a process of its own, to be killed: `node step.ts apply|sync FILE [TICK MILLISECONDS]`. FILE names the
 * store, the org and the workspace; at TICK the process dies. As the command line does it, but for a lease that ends
 * after a second: else each kill of a process on Postgres would be followed by a minute of waiting. Prints its ticks.
 * Exit 75: another process has the connection, come again.
 */
const Setup = z.object({
  variables: z.record(z.string(), z.string()),
  workspaceId: z.string(),
  startFrom: z.string(),
});
export type Setup = z.infer<typeof Setup>;

const [command, file, tick, afterMs] = process.argv.slice(2);
const setup = Setup.parse(JSON.parse(readFileSync(z.string().parse(file), "utf8")));
const ticks = countTicks(tick === undefined ? null : { tick: Number(tick), afterMs: Number(afterMs) });
const opened = await openApp({
  variables: setup.variables,
  leaseMs: 1_000,
  adjust: (settings) => ({
    ...settings,
    workspace: { ...settings.workspace, id: setup.workspaceId },
    rot: { ...settings.rot, startFrom: setup.startFrom },
  }),
});
if ("visitor" in opened) process.exit(75);
const { app } = opened;
const cycles = cyclesOf(app);
try {
  if (command === "apply") await app.apply({ checkOnly: false });
  else await cycles.run({ streams: "all", classes: "all" }, () => undefined);
  process.stdout.write(`${ticks()}\n`);
} catch (error) {
  if (!(error instanceof BusyError)) throw error;
  process.exitCode = 75;
} finally {
  await cycles.close();
  await app.close();
}
