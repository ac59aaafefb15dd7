import { spawn } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openApp } from "../../src/app.ts";
import { type LaunchedEmulator, launchEmulator } from "../../src/cli/launch-emulator.ts";
import { createServerDatabase } from "../support/test-database.ts";
import { liveTwoHours, post } from "./company-days.ts";
import { differences, type OrgState, readOrgState } from "./org-state.ts";
import { randomOf } from "./random-of.ts";
import type { Setup } from "./step.ts";
import type { Death } from "./ticks.ts";

/**
 * Processes are killed with SIGKILL at random instants of apply and sync, and started again. In the end the org must be
 * what a run without kills makes of it. `RIPELINE_CHAOS_KILLS` kills over all pairs of store and queue;
 * `RIPELINE_CHAOS_SEED=N RIPELINE_CHAOS_KILLS=1` replays the case of a seed, which a failure and the summary print.
 */
const kills = Number(process.env["RIPELINE_CHAOS_KILLS"] ?? 12);
const firstSeed = Number(process.env["RIPELINE_CHAOS_SEED"] ?? Date.now() % 2 ** 31);
const LEADS = 60;
/** A full run ends each step of a case, so that many kills a case make a kill cheap. */
const KILLS_A_CASE = 6;
/** Of every so many seeds the embedded store's folder is not there yet: its making may be killed too. */
const BARE_EVERY = 3;
/** A killed process on Postgres is missed after its lease; a job of it in the queue after the lock. */
const MOST_TRIES = 40;
const LONGEST_DELAY_MS = 60;

const step = join(import.meta.dirname, "step.ts");
const NOW = new Date("2026-06-01T08:00:00Z");
const STEPS = ["apply", "sync", "second sync"] as const;
type Step = (typeof STEPS)[number];

interface Pair {
  readonly name: string;
  readonly services: { readonly database: string; readonly redis: string } | null;
}

const database = process.env["TEST_DATABASE_URL"] ?? "";
const redis = process.env["TEST_REDIS_URL"] ?? "";
const hasServices = database !== "" && redis !== "";
const pairs: readonly Pair[] = [
  { name: "the embedded store and queue", services: null },
  ...(hasServices ? [{ name: "Postgres and Redis", services: { database, redis } }] : []),
];
const killsAPair = Math.ceil(kills / pairs.length);

interface Ended {
  readonly code: number | null;
  readonly wasKilled: boolean;
  readonly ticks: number;
  readonly err: string;
}

describe.each(pairs)("processes killed on $name", ({ name, services }) => {
  let launched: LaunchedEmulator;
  let folder: string;
  let wanted: OrgState;
  /** How many ticks each step has undisturbed. */
  const usual = new Map<Step, number>();

  beforeAll(async () => {
    launched = await launchEmulator({ port: 0, leads: LEADS, now: NOW });
    folder = await mkdtemp(join(tmpdir(), "ripeline-chaos-"));
    await launched.emulator.writeEnvFile(join(folder, "emulator.env"));
    if (services === null) {
      const opened = await openApp({ variables: variablesOf("template") });
      if ("visitor" in opened) throw new Error("somebody else owns a folder that was just made");
      await opened.app.close();
    }
    wanted = await inStoreOf("reference", { isBare: false }, async (file) => {
      for (const which of STEPS) {
        if (which === "second sync") await liveTwoHours(launched, NOW);
        usual.set(which, await untilDone(which, file));
      }
      return await readOrgState(launched.emulator.ready.control);
    });
    expect(Object.keys(wanted).length).toBeGreaterThan(LEADS);
  }, 300_000);

  afterAll(async () => {
    await launched.emulator.close();
    await rm(folder, { recursive: true, force: true });
  });

  function variablesOf(store: string, url?: string): Readonly<Record<string, string>> {
    const { salesforce } = launched.emulator.ready;
    return {
      SALESFORCE_LOGIN_URL: salesforce.loginUrl,
      SALESFORCE_CLIENT_ID: salesforce.clientId,
      SALESFORCE_USERNAME: salesforce.username,
      SALESFORCE_PRIVATE_KEY_FILE: join(folder, "emulator.env.key.pem"),
      RIPELINE_DATA_DIR: join(folder, store),
      RIPELINE_LOG_LEVEL: "silent",
      ...(url === undefined ? {} : { DATABASE_URL: url }),
      ...(services === null ? {} : { REDIS_URL: services.redis }),
    };
  }

  /** An org as it was in the beginning, with its clock stopped, and an empty store. */
  async function inStoreOf<T>(
    label: string,
    { isBare }: { readonly isBare: boolean },
    work: (file: string, workspaceId: string) => Promise<T>,
  ): Promise<T> {
    const { control } = launched.emulator.ready;
    await post(`${control}/reset`);
    await post(`${control}/clock`, { now: NOW.toISOString(), stopped: true });
    const onServer = services === null ? undefined : await createServerDatabase(services.database);
    if (services === null && !isBare) {
      await cp(join(folder, "template"), join(folder, label), { recursive: true });
    }
    // One Redis is shared with others: the folder's name tells our queue from theirs.
    const workspaceId = `chaos${folder.slice(-6).toLowerCase()}`;
    const file = join(folder, `${label}.json`);
    const setup: Setup = {
      workspaceId,
      startFrom: launched.firstDay.toISOString(),
      variables: variablesOf(label, onServer?.url),
    };
    await writeFile(file, JSON.stringify(setup));
    try {
      return await work(file, workspaceId);
    } finally {
      await onServer?.drop();
      if (services !== null) await forget(services.redis, workspaceId);
      await rm(join(folder, label), { recursive: true, force: true });
    }
  }

  function runStep(which: Step, file: string, death?: Death): Promise<Ended> {
    const command = which === "apply" ? "apply" : "sync";
    const dying = death === undefined ? [] : [String(death.tick), String(death.afterMs)];
    const child = spawn(process.execPath, [step, command, file, ...dying], {
      stdio: ["ignore", "pipe", "pipe"],
      // A second of each process would go into compiling what the last one compiled.
      env: { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled") },
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString("utf8");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      err += chunk.toString("utf8");
    });
    const { promise, resolve } = Promise.withResolvers<Ended>();
    child.once("close", (code, signal) => {
      resolve({ code, wasKilled: signal === "SIGKILL", ticks: Number(out), err });
    });
    return promise;
  }

  /** Again and again until it has ended well, as a supervisor does. @returns the ticks of the last run */
  async function untilDone(which: Step, file: string): Promise<number> {
    for (let tries = 1; ; tries += 1) {
      const { code, err, ticks } = await runStep(which, file);
      if (code === 0) return ticks;
      if (code !== 75 || tries === MOST_TRIES) throw new Error(`${which} ended with ${code}: ${err}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  interface Case {
    readonly found: OrgState;
    readonly killed: number;
    readonly story: readonly string[];
  }

  /** One company's apply and two syncs with deaths drawn from the seed. */
  async function runCase(seed: number): Promise<Case> {
    const random = randomOf(seed);
    const isBare = services === null && seed % BARE_EVERY === 0;
    const story: string[] = isBare ? ["no folder"] : [];
    let killed = 0;
    const found = await inStoreOf(`case-${seed}`, { isBare }, async (file, workspaceId) => {
      const planned = Array.from({ length: KILLS_A_CASE }, () => STEPS[Math.floor(random() * STEPS.length)]);
      if (isBare) planned[0] = "apply";
      for (const which of STEPS) {
        if (which === "second sync") await liveTwoHours(launched, NOW);
        for (const _ of planned.filter((hit) => hit === which)) {
          const death = {
            tick: 1 + Math.floor(random() * (usual.get(which) ?? 1)),
            afterMs: Math.floor(random() * LONGEST_DELAY_MS),
          };
          const isRedisLost = random() < 0.5;
          const { wasKilled, code, err } = await runStep(which, file, death);
          if (!wasKilled && code !== 0 && code !== 75) throw new Error(`seed ${seed}: ${which}: ${err}`);
          if (wasKilled) killed += 1;
          story.push(
            `${which} ${wasKilled ? "killed" : `ended with ${code} before being killed`} at tick ${death.tick} + ${death.afterMs} ms`,
          );
          // Redis may be lost with everything in it.
          if (services !== null && isRedisLost) {
            await forget(services.redis, workspaceId);
            story.push("Redis lost");
          }
        }
        await untilDone(which, file);
      }
      return await readOrgState(launched.emulator.ready.control);
    });
    return { found, killed, story };
  }

  it(`end in the same org after ${killsAPair} kills`, {
    timeout: 120_000 + killsAPair * 60_000,
  }, async () => {
    let killed = 0;
    let cases = 0;
    // Who is to die at a tick that does not come is no kill: then there is a case more.
    for (; killed < killsAPair; cases += 1) {
      const seed = firstSeed + cases;
      const one = await runCase(seed);
      killed += one.killed;
      expect(differences(one.found, wanted), `${name}, seed ${seed}: ${one.story.join("; ")}`).toEqual([]);
      console.log(`${name}, seed ${seed}: ${one.story.join("; ")}: same org`);
      if (cases > killsAPair) throw new Error(`only ${killed} of ${killsAPair} processes could be killed`);
    }
    console.log(
      `chaos: ${name}: ${killed} kills in ${cases} cases, seeds ${firstSeed} to ${firstSeed + cases - 1}: same org each time`,
    );
    if (!hasServices) console.log("chaos: no Postgres with Redis was named: that pair is left out");
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
