import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { queueName } from "../../jobs/cycle.ts";
import { type CycleQueue, openCycleQueue } from "../../jobs/cycle-queue.ts";
import { createQueueKit, type QueueKit } from "../../jobs/queue-kit.ts";
import type { JobName } from "../../jobs/schedule.ts";
import { startWorker } from "../../jobs/worker.ts";
import { type Cycles, type CyclesOptions, cyclesOf } from "../../src/cli/runtime.ts";
import type { CycleRequest } from "../../src/core/cycle.ts";
import { StoppedError } from "../../src/core/errors.ts";
import { sql } from "../../src/database/sql.ts";
import { type RunningCompany, runCompany } from "../support/running-company.ts";

const MINUTE = 60_000;
const everything = { streams: "all", classes: "all" } as const;
const nobody = (): void => undefined;

let company: RunningCompany;
let began: Date;
const kits: QueueKit[] = [];
const opened: Cycles[] = [];

beforeAll(async () => {
  company = await runCompany({ leads: 40, leaseMs: 3_000 });
});
beforeEach(() => {
  began = new Date();
});
afterEach(async () => {
  await setFaults([]);
  for (const cycles of opened.splice(0)) await cycles.close();
  for (const kit of kits.splice(0)) await kit.close("abandon");
});
afterAll(() => company.close());

/** The queue as a process of its own has it. */
function cyclesWith(options: CyclesOptions = {}): Cycles {
  const cycles = cyclesOf(company.app, options);
  opened.push(cycles);
  return cycles;
}

/** A second look at the queue, as another process would have. */
async function otherProcess() {
  const { app } = company;
  const kit = await createQueueKit({ store: app.store, redisUrl: app.redisUrl, onError: nobody });
  kits.push(kit);
  return openCycleQueue(kit, queueName(app.settings.workspace.id));
}

async function outcomes(step: string): Promise<readonly (string | null)[]> {
  const rows = await company.app.store.any(
    z.object({ outcome: z.string().nullable() }),
    sql`select outcome from mirror.run where step = ${step} and started_at >= ${began} order by started_at`,
  );
  return rows.map((row) => row.outcome);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(50);
}

async function setFaults(faults: readonly unknown[]): Promise<void> {
  const set = await company.control("faults", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ clear: true, faults }),
  });
  if (!set.ok) throw new Error(`the faults were refused: ${await set.text()}`);
}

/** The answer to the next query begins and then stops coming; the connection stays open. */
function stallNextQuery(): Promise<void> {
  return setFaults([{ path: "/composite", object: "Lead", stallAfterBytes: 40 }]);
}

async function isStalled(): Promise<boolean> {
  const answer: unknown = await (await company.control("faults")).json();
  return z.object({ faults: z.array(z.object({ met: z.number() })) }).parse(answer).faults[0]?.met === 1;
}

/** The next compute's first insert never ends, on PGlite and on Postgres alike. */
async function neverEnds(): Promise<() => Promise<void>> {
  const { store } = company.app;
  await store.execute(sql`
    create or replace function staging.never_ends() returns trigger language plpgsql as
    $$ begin loop null; end loop; return new; end $$`);
  await store.execute(sql`
    create trigger never_ends before insert on metrics.run
    for each row execute function staging.never_ends()`);
  return async () => {
    await store.execute(sql`drop trigger never_ends on metrics.run`);
  };
}

function timeouts(own: Partial<Record<JobName, number>>): (job: JobName) => number {
  return (job) => own[job] ?? 10 * MINUTE;
}

describe("a step that takes too long", () => {
  test("a statement that never ends is ended with its time, and the next attempt finds a store that works", async () => {
    const limits: Partial<Record<JobName, number>> = { compute: 500 };
    const mend = await neverEnds();
    const cycle = cyclesWith({ timeoutMs: timeouts(limits) }).run(everything, nobody);
    await until(async () => (await outcomes("compute"))[0] != null);
    limits.compute = 10 * MINUTE;
    await mend();
    const { compute } = await cycle;
    expect(await outcomes("compute")).toEqual(["failed: TIMED_OUT", "done"]);
    expect(compute.models["int_lead"]).toBeGreaterThan(30);
  });

  test("an answer that stops coming ends with the step's time, not with that of the network", async () => {
    // Long enough to reach the query on a slow machine; the network's own patience is 60 s.
    const limits: Partial<Record<JobName, number>> = { pull: 10_000 };
    await stallNextQuery();
    const cycle = cyclesWith({ timeoutMs: timeouts(limits) }).run(everything, nobody);
    await until(isStalled);
    limits.pull = 10 * MINUTE;
    await cycle;
    // On a slow machine an attempt may have been over before it came to the query.
    expect(new Set(await outcomes("pull"))).toEqual(new Set(["failed: TIMED_OUT", "done"]));
  });
});

describe("a tick", () => {
  test("that finds the queue busy ends in its time and adds nothing late; the next one adds a cycle", async () => {
    const { app } = company;
    const kit = await createQueueKit({ store: app.store, redisUrl: app.redisUrl, onError: nobody });
    kits.push(kit);
    // A queue of its own: the worker takes its name from the settings.
    const workspace = { ...app.settings.workspace, id: `${app.settings.workspace.id}-ticks` };
    const settings = { ...app.settings, workspace };
    const cycles = openCycleQueue(kit, queueName(workspace.id));
    const answers = [Promise.withResolvers<boolean>(), Promise.withResolvers<boolean>()];
    const [busy, free] = answers;
    let asked = 0;
    const added: CycleRequest[] = [];
    const failures: string[] = [];
    const watched: CycleQueue = {
      ...cycles,
      isUnderWay: () => {
        asked += 1;
        return answers[asked - 1]?.promise ?? Promise.resolve(true);
      },
      add: (request) => {
        added.push(request);
        return Promise.resolve();
      },
    };
    const worker = startWorker({ ...app, settings }, kit, watched, {
      onFailure: (job, code) => failures.push(`${job}: ${code}`),
      onStuck: nobody,
      timeoutMs: () => 200,
    });
    const data = { cycleId: "tick", request: { streams: "due", classes: "due" } } as const;
    await cycles.queue.add("tick", data);
    // Whoever watches is told before the queue is.
    await until(async () => (await cycles.queue.getJobs(["failed"])).length > 0);
    expect(failures).toEqual(["tick: TIMED_OUT"]);
    const [failed] = await cycles.queue.getJobs(["failed"]);
    expect(failed?.failedReason).toMatch(
      /^The queue was busy for .*; the next tick tries again\. \[TIMED_OUT\]$/,
    );
    busy?.resolve(false);
    free?.resolve(false);
    await cycles.queue.add("tick", data);
    await until(() => Promise.resolve(added.length > 0));
    expect(added).toEqual([data.request]);
    expect(asked).toBe(2);
    await worker.stop(new StoppedError("the test is over", "SIGINT"));
  });
});

describe("a connection that another process works on", () => {
  const takeOver = (seconds: number) =>
    company.app.store.execute(sql`
      insert into ripeline.lease (workspace_id, name, holder, expires_at)
      values (
        ${company.app.settings.workspace.id}, ${`connection ${company.app.settings.connectionId}`}, 'another',
        clock_timestamp() + ${seconds} * interval '1 second'
      )
      on conflict (workspace_id, name) do update set holder = excluded.holder, expires_at = excluded.expires_at`);

  test("a step whose lease was taken stops in the middle of a request, and waits for its turn", async () => {
    await stallNextQuery();
    const cycle = cyclesWith().run(everything, nobody);
    await until(isStalled);
    await takeOver(5);
    await cycle;
    expect(await outcomes("pull")).toEqual(["failed: BUSY", "done"]);
  });

  test("waiting for one's turn costs no attempt", async () => {
    const queue = await otherProcess();
    await takeOver(5);
    await cyclesWith().run(everything, nobody);
    const jobs = await queue.queue.getJobs(["completed"]);
    const pull = jobs.find((job) => job.name === "pull");
    // Begun at 0, 2, 4 and 6 s; only the last attempt counts.
    expect(pull?.attemptsStarted).toBeGreaterThanOrEqual(3);
    expect(pull?.attemptsMade).toBe(1);
  });
});

describe("a process that is asked to stop", () => {
  const stopped = new StoppedError("Ctrl-C", "SIGINT");

  test("in a cycle that somebody waits for: the step ends, the cycle leaves the queue, the next one works", async () => {
    const queue = await otherProcess();
    await stallNextQuery();
    const asked = new AbortController();
    const failure = expect(cyclesWith().run(everything, nobody, asked.signal)).rejects.toThrow(StoppedError);
    await until(isStalled);
    asked.abort(stopped);
    await failure;
    expect(await outcomes("pull")).toEqual(["failed: STOPPED"]);
    expect(await queue.queue.getJobCounts("active", "waiting", "waiting-children", "delayed")).toEqual({
      active: 0,
      waiting: 0,
      "waiting-children": 0,
      delayed: 0,
    });
    await cyclesWith().run(everything, nobody);
    expect(await outcomes("push")).toEqual(["done"]);
  });

  test("as a worker: the step goes back into the queue and the next process ends the cycle", async () => {
    const queue = await otherProcess();
    await stallNextQuery();
    const first = cyclesWith();
    await first.work();
    const cycle = queue.run(everything, nobody);
    await until(isStalled);
    expect(first.current()).toBe("pull");
    await first.stop(stopped);
    expect(first.current()).toBe(null);
    await cyclesWith().work();
    expect(await cycle).toHaveProperty("push");
    expect(await outcomes("pull")).toEqual(["failed: STOPPED", "done"]);
  });
});
