import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type LaunchedEmulator, launchEmulator } from "../../src/cli/launch-emulator.ts";
import { type Running, startRipeline } from "../support/run-ripeline.ts";
import { prepareDataDirectory } from "../support/test-database.ts";

/** Ctrl-C and `kill` at the command line, in the middle of a request that is not answered. */
describe("a command that is asked to stop", () => {
  let folder: string;
  let launched: LaunchedEmulator;
  const running: Running[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "ripeline-stop-"));
    launched = await launchEmulator({ port: 0, leads: 40 });
    await launched.emulator.writeEnvFile(join(folder, "emulator.env"));
    await prepareDataDirectory(join(folder, "data"));
    const set = await fetch(`${launched.emulator.ready.control}/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ faults: [{ path: "/composite", object: "Lead", stallAfterBytes: 40 }] }),
    });
    expect(set.status).toBe(200);
  });
  afterEach(async () => {
    for (const each of running.splice(0)) {
      each.kill("SIGKILL");
      await each.finished;
    }
    await launched.emulator.close();
    await rm(folder, { recursive: true, force: true });
  });

  function ripeline(...args: readonly string[]): Running {
    const started = startRipeline(folder, [...args, "--env", "emulator.env"], {
      RIPELINE_DATA_DIR: join(folder, "data"),
    });
    running.push(started);
    return started;
  }

  async function untilStalled(): Promise<void> {
    const Faults = z.object({ faults: z.array(z.object({ met: z.number() })) });
    while (true) {
      const answer: unknown = await (await fetch(`${launched.emulator.ready.control}/faults`)).json();
      if (Faults.parse(answer).faults[0]?.met === 1) return;
      await wait(50);
    }
  }

  test("sync: says so, ends with 130, and the next sync neither waits nor works off what was left", async () => {
    const first = ripeline("sync");
    await untilStalled();
    first.kill("SIGINT");
    const stopped = await first.finished;
    expect(stopped.err).toMatch(/^Stopping: the step under way ends, what it has done stays\./m);
    expect(stopped.err).toMatch(
      /^ripeline: Stopped; .* the next `ripeline sync` goes on from there\. \[STOPPED\]/m,
    );
    expect(stopped.code).toBe(130);
    expect(stopped.out).toBe("");

    const began = performance.now();
    const next = await ripeline("sync", "--json").finished;
    expect(next.code, next.err).toBe(0);
    // A step that is still locked by the dead process comes back after a minute.
    expect(performance.now() - began).toBeLessThan(50_000);
    const status = await ripeline("status", "--json").finished;
    const { runs } = z
      .object({ runs: z.array(z.object({ step: z.string(), outcome: z.string() })) })
      .parse(JSON.parse(status.out));
    expect(runs.map((run) => `${run.step} ${run.outcome}`).toSorted()).toEqual([
      "compute done",
      "pull done",
      "push done",
    ]);
  });

  test("start: says which step it gives back, ends with 0, and whoever asked for the cycle gets it done", async () => {
    const first = ripeline("start");
    await first.says(/^ripeline works on /m);
    // Its first tick comes with the cadence; a sync is answered by it at once.
    const asked = ripeline("sync");
    await untilStalled();
    first.kill("SIGTERM");
    const stopped = await first.finished;
    expect(stopped.out).toMatch(/^Stopping: the pull under way ends and goes back into the queue/m);
    expect(stopped.code, stopped.err).toBe(0);
    // Nobody answers the sync any more: it takes the store over, and the step that was given back with it.
    const synced = await asked.finished;
    expect(synced.code, synced.err).toBe(0);
  });
});
