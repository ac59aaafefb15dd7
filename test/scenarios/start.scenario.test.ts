import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type LaunchedEmulator, launchEmulator } from "../../src/cli/launch-emulator.ts";
import { prepareDataDirectory } from "../support/test-database.ts";

const main = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");

/** `start` as a process of its own, with the commands that talk to it. */
describe("ripeline start", () => {
  let folder: string;
  let launched: LaunchedEmulator;
  const running = new Set<ChildProcess>();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "ripeline-start-"));
    await prepareDataDirectory(join(folder, "data"));
    launched = await launchEmulator({ port: 0, leads: 60 });
    await launched.emulator.writeEnvFile(join(folder, "emulator.env"));
  });
  afterEach(async () => {
    for (const child of running) await stop(child);
    await launched.emulator.close();
    await rm(folder, { recursive: true, force: true });
  });

  function ripeline(...args: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [main, ...args, "--env", join(folder, "emulator.env")], {
      cwd: folder,
      env: { PATH: process.env["PATH"], RIPELINE_DATA_DIR: join(folder, "data") },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    child.once("exit", () => running.delete(child));
    return child;
  }

  async function finished(child: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
    let out = "";
    let err = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      out += chunk.toString("utf8");
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      err += chunk.toString("utf8");
    });
    const { promise, resolve } = Promise.withResolvers<number | null>();
    child.once("close", resolve);
    return { code: await promise, out, err };
  }

  async function stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    child.once("close", () => resolve());
    child.kill("SIGTERM");
    await promise;
  }

  async function started(): Promise<ChildProcess> {
    const child = ripeline("start");
    if (child.stdout === null) throw new Error("no output");
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith("ripeline works on")) return child;
    }
    throw new Error("start ended before it was ready");
  }

  test("answers other commands, refuses a second instance, and keeps one schedule over a restart", async () => {
    const first = await started();
    const second = await finished(ripeline("start"));
    expect(second.code).toBe(1);
    expect(second.err).toMatch(/ripeline start runs already on this store/);

    const applied = await finished(ripeline("apply", "--json"));
    expect(applied.code, applied.err).toBe(0);
    const synced = await finished(ripeline("sync", "--all", "--json"));
    expect(synced.code, synced.err).toBe(0);
    const answer = z
      .object({ pulled: z.record(z.string(), z.object({ rows: z.number(), calls: z.number() })) })
      .parse(JSON.parse(synced.out));
    // The first tick may have read the leads already; the stream itself is always in the answer.
    expect(Object.keys(answer.pulled)).toContain("salesforce.Lead");
    await stop(first);

    const again = await started();
    const schedules = await finished(ripeline("status", "--json"));
    const status = z
      .object({ schedules: z.array(z.object({ name: z.string(), everyMinutes: z.number() })) })
      .parse(JSON.parse(schedules.out));
    expect(status.schedules.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
      { name: "reconcile", everyMinutes: 1_440 },
      { name: "sweep", everyMinutes: 1_440 },
      { name: "tick", everyMinutes: 1 },
    ]);
    await stop(again);
  });
});
