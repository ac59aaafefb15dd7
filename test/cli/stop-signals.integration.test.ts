import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";

const module = join(import.meta.dirname, "..", "..", "src", "cli", "stop-signals.ts");

/** A process that hears the first signal and does not end by itself. */
const deaf = `
  import { hearStopSignals } from ${JSON.stringify(module)};
  hearStopSignals(() => console.log("heard"));
  setInterval(() => undefined, 1000);
  console.log("ready");
`;

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("a second %s ends the process at once with exit code %i", async (signal, code) => {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", deaf], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  await once(child.stdout, "data");
  child.kill(signal);
  expect(String((await once(child.stdout, "data"))[0])).toBe("heard\n");
  expect(child.exitCode).toBe(null);
  child.kill(signal);
  expect(await ended).toEqual([code, null]);
});
