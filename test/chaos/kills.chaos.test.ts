import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LaunchedEmulator, launchEmulator } from "../../src/cli/launch-emulator.ts";
import { createServerDatabase } from "../support/test-database.ts";
import { liveTwoHours, post } from "./company-days.ts";
import { differences, type OrgState, readOrgState } from "./org-state.ts";
import type { Setup } from "./step.ts";

/**
 * Processes are killed with SIGKILL at random instants of apply and sync, and started again. In the end the org must be
 * what a run without kills makes of it. `RIPELINE_CHAOS_KILLS` kills a pair of store and queue; a failure prints its seed,
 * and `RIPELINE_CHAOS_SEED` with one kill replays it (as far as the machine's timing allows).
 */
const kills = Number(process.env["RIPELINE_CHAOS_KILLS"] ?? 6);
const firstSeed = Number(process.env["RIPELINE_CHAOS_SEED"] ?? Date.now() % 2 ** 31);
const LEADS = 200;
const KILLS_A_CASE = 3;
/** A killed process on Postgres is missed after its lease; a job of it in the queue after the lock. */
const MOST_TRIES = 40;

const step = join(import.meta.dirname, "step.ts");
const NOW = new Date("2026-06-01T08:00:00Z");

interface Pair {
  readonly name: string;
  readonly database: string | undefined;
  readonly redis: string | undefined;
}

const server = process.env["TEST_DATABASE_URL"];
const redis = process.env["TEST_REDIS_URL"];
const pairs: readonly Pair[] = [
  { name: "the embedded store", database: undefined, redis: undefined },
  ...(server === undefined || server === ""
    ? []
    : [{ name: "Postgres", database: server, redis: undefined }]),
  ...(server === undefined || redis === undefined || redis === ""
    ? []
    : [{ name: "Postgres and Redis", database: server, redis }]),
];

/** Numbers of a seed, the same on every machine (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Ended {
  readonly code: number | null;
  readonly wasKilled: boolean;
  readonly milliseconds: number;
  readonly err: string;
}

async function runStep(command: string, file: string, killAfterMs?: number): Promise<Ended> {
  const started = performance.now();
  const child = spawn(process.execPath, [step, command, file], { stdio: ["ignore", "ignore", "pipe"] });
  let err = "";
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString("utf8");
  });
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  const { promise, resolve } = Promise.withResolvers<Ended>();
  child.once("close", (code, signal) => {
    clearTimeout(timer);
    resolve({ code, wasKilled: signal === "SIGKILL", milliseconds: performance.now() - started, err });
  });
  return promise;
}

/** Again and again until it has ended well, as a supervisor does. */
async function untilDone(command: string, file: string): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const { code, err, milliseconds } = await runStep(command, file);
    if (code === 0) return milliseconds;
    if (code !== 75 || tries === MOST_TRIES) throw new Error(`${command} ended with ${code}: ${err}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

describe.each(pairs)("processes killed on $name", ({ name, database, redis: redisUrl }) => {
  let launched: LaunchedEmulator;
  let folder: string;
  let wanted: OrgState;
  /** How long each step takes undisturbed. */
  const usual = new Map<string, number>();

  beforeAll(async () => {
    launched = await launchEmulator({ port: 0, leads: LEADS, now: NOW });
    folder = await mkdtemp(join(tmpdir(), "ripeline-chaos-"));
    await launched.emulator.writeEnvFile(join(folder, "emulator.env"));
    wanted = await inStoreOf("reference", async (file) => {
      for (const command of ["apply", "sync"]) usual.set(command, await untilDone(command, file));
      await liveTwoHours(launched, NOW);
      usual.set("second sync", await untilDone("sync", file));
      return await readOrgState(launched.emulator.ready.control);
    });
    expect(Object.keys(wanted).length).toBeGreaterThan(LEADS);
  }, 300_000);

  afterAll(async () => {
    await launched.emulator.close();
    await rm(folder, { recursive: true, force: true });
  });

  function setup(workspaceId: string, store: string, url?: string): Setup {
    const { salesforce } = launched.emulator.ready;
    return {
      workspaceId,
      startFrom: launched.firstDay.toISOString(),
      variables: {
        SALESFORCE_LOGIN_URL: salesforce.loginUrl,
        SALESFORCE_CLIENT_ID: salesforce.clientId,
        SALESFORCE_USERNAME: salesforce.username,
        SALESFORCE_PRIVATE_KEY_FILE: join(folder, "emulator.env.key.pem"),
        RIPELINE_DATA_DIR: store,
        RIPELINE_LOG_LEVEL: "silent",
        ...(url === undefined ? {} : { DATABASE_URL: url }),
        ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
      },
    };
  }

  /** An org as it was in the beginning, with its clock stopped, and an empty store. */
  async function inStoreOf<T>(
    label: string,
    work: (file: string, workspaceId: string) => Promise<T>,
  ): Promise<T> {
    const { control } = launched.emulator.ready;
    await post(`${control}/reset`);
    await post(`${control}/clock`, { now: NOW.toISOString(), stopped: true });
    const store = join(folder, label);
    const onServer = database === undefined ? undefined : await createServerDatabase(database);
    const workspaceId = "chaos";
    const file = join(folder, `${label}.json`);
    await writeFile(file, JSON.stringify(setup(workspaceId, store, onServer?.url)));
    if (redisUrl !== undefined) await forget(redisUrl, workspaceId);
    try {
      return await work(file, workspaceId);
    } finally {
      await onServer?.drop();
      await rm(store, { recursive: true, force: true });
    }
  }

  const cases = Array.from({ length: Math.ceil(kills / KILLS_A_CASE) }, (_, index) => firstSeed + index);

  it.each(cases)("end in the same org, seed %i", { timeout: 600_000 }, async (seed) => {
    const random = randomOf(seed);
    const story: string[] = [];
    const found = await inStoreOf(`case-${seed}`, async (file, workspaceId) => {
      const steps = ["apply", "sync", "second sync"] as const;
      const hits = Array.from(
        { length: KILLS_A_CASE },
        () => steps[Math.floor(random() * steps.length)] ?? "sync",
      );
      for (const which of steps) {
        if (which === "second sync") await liveTwoHours(launched, NOW);
        const command = which === "apply" ? "apply" : "sync";
        for (const _ of hits.filter((hit) => hit === which)) {
          const after = Math.round(random() * (usual.get(which) ?? 0));
          const { wasKilled, code } = await runStep(command, file, after);
          story.push(`${which} killed after ${after} ms${wasKilled ? "" : ` (had ended with ${code})`}`);
          // Redis may be lost with everything in it.
          if (redisUrl !== undefined && random() < 0.5) {
            await forget(redisUrl, workspaceId);
            story.push("Redis lost");
          }
        }
        await untilDone(command, file);
      }
      return await readOrgState(launched.emulator.ready.control);
    });
    expect(differences(found, wanted), `${name}, seed ${seed}: ${story.join("; ")}`).toEqual([]);
    console.log(`${name}, seed ${seed}: ${story.join("; ")}: same org`);
  });
});

/** Takes every key of the workspace's queue away. */
async function forget(url: string, workspaceId: string): Promise<void> {
  const client = new Redis(url, { maxRetriesPerRequest: null });
  try {
    const keys = await client.keys(`*${workspaceId}*`);
    if (keys.length > 0) await client.del(...keys);
  } finally {
    client.disconnect();
  }
}
