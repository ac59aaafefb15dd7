import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { queueName } from "../../jobs/cycle.ts";
import { type CycleQueue, openCycleQueue } from "../../jobs/cycle-queue.ts";
import { createQueueKit, type QueueKit } from "../../jobs/queue-kit.ts";
import { schedulesOf } from "../../jobs/schedules-of.ts";
import { sql } from "../../src/database/sql.ts";
import { type RunningCompany, runCompany } from "../support/running-company.ts";

describe("the schedules of a connection", () => {
  test("are a tick at the cadence of the fast streams a comparison of ids at half past one and a sweep at half past two in the company's zone", () => {
    const schedules = schedulesOf({ fastMinutes: 5, timeZone: "Europe/Berlin" });
    expect(schedules.map(({ name, repeat }) => [name, repeat])).toEqual([
      ["tick", { everyMs: 300_000 }],
      ["reconcile", { pattern: "30 1 * * *", timeZone: "Europe/Berlin" }],
      ["sweep", { pattern: "30 2 * * *", timeZone: "Europe/Berlin" }],
    ]);
    expect(new Set(schedules.map(({ id }) => id)).size).toBe(3);
  });
});

describe("the night's sweep", () => {
  let company: RunningCompany;
  let kit: QueueKit;
  let queue: CycleQueue;

  beforeAll(async () => {
    company = await runCompany({ leads: 40 });
    await company.app.apply({ checkOnly: false });
    await company.cycles.schedule();
    const { app } = company;
    kit = await createQueueKit({ store: app.store, redisUrl: app.redisUrl, onError: () => undefined });
    queue = openCycleQueue(kit, queueName(app.settings.workspace.id));
  });
  afterAll(async () => {
    await kit.close("abandon");
    await company.close();
  });

  test("waits for its hour without holding back the ticks, and runs on the queue", async () => {
    const schedules = await company.cycles.schedules();
    expect(schedules.toSorted((a, b) => a.name.localeCompare(b.name))).toMatchObject([
      { name: "reconcile", everyMinutes: 1_440 },
      { name: "sweep", everyMinutes: 1_440 },
      { name: "tick", everyMinutes: 1 },
    ]);
    // A schedule keeps its next job among the delayed ones: that is no cycle under way.
    expect(await queue.isUnderWay()).toBe(false);

    await company.sync();
    await queue.queue.add("sweep", { cycleId: "sweep", request: { streams: "due", classes: "due" } });
    const Run = z.object({
      outcome: z.string().nullable(),
      detail: z.object({ apiCalls: z.number().optional() }),
    });
    const runs = () =>
      company.app.store.any(Run, sql`select outcome, detail from mirror.run where step = 'sweep'`);
    while ((await runs())[0]?.outcome == null) await wait(50);
    expect(await runs()).toEqual([{ outcome: "done", detail: { apiCalls: 0 } }]);

    await queue.queue.add("reconcile", {
      cycleId: "reconcile",
      request: { streams: "due", classes: "due" },
    });
    while ((await company.app.status()).reconciliation === null) await wait(50);
    expect((await company.app.status()).reconciliation?.objects).toContainEqual(
      expect.objectContaining({ object: "Lead", vanished: 0, repaired: 0, isComplete: true }),
    );
  });
});
