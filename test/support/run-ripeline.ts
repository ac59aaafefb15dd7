import { spawn } from "node:child_process";
import { join } from "node:path";

const main = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A command line that runs. */
export interface Running {
  readonly finished: Promise<Finished>;
  /** Resolves with what matched in its output (either stream); @throws when it ends before. */
  says(pattern: RegExp): Promise<string>;
  kill(signal: "SIGINT" | "SIGTERM" | "SIGKILL"): void;
}

/** Starts the command line as a process of its own in `cwd`, with nothing of this process's environment but the path. */
export function startRipeline(
  cwd: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Running {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH: process.env["PATH"], ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  let hear = (): void => undefined;
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString("utf8");
    hear();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString("utf8");
    hear();
  });
  const { promise: finished, resolve } = Promise.withResolvers<Finished>();
  child.once("close", (code) => resolve({ code, out, err }));
  return {
    finished,
    says: async (pattern) => {
      const { promise: heard, resolve: isHeard } = Promise.withResolvers<string>();
      hear = () => {
        const said = pattern.exec(out)?.[0] ?? pattern.exec(err)?.[0];
        if (said !== undefined) isHeard(said);
      };
      hear();
      const end = await Promise.race([heard, finished]);
      if (typeof end === "string") return end;
      throw new Error(`ended with ${end.code} before it said ${pattern}: ${end.err}`);
    },
    kill: (signal) => {
      child.kill(signal);
    },
  };
}

/** Runs the command line to its end. */
export function runRipeline(
  cwd: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  return startRipeline(cwd, args, variables).finished;
}
