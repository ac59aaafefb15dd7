import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createRateGovernor } from "../../connectors/shared/rate-governor.ts";
import { systemClock } from "../../src/core/time.ts";
import { sql } from "../../src/database/sql.ts";
import { storedCallLedger } from "../../src/mirror/call-ledger.ts";
import { type RunningCompany, runCompany } from "../support/running-company.ts";

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

/**
 * The day's calls run out. Our share is a quarter of the org's calls, a fifth of it is kept for flags: reads and numbers
 * stop at 1/5 of the org's calls, flags at 1/4.
 */
let company: RunningCompany;
beforeEach(async () => {
  company = await runCompany({ leads: 200 });
});
afterEach(() => company.close());

const DAY_AND_A_BIT = 26 * 3_600;

async function set(path: string, salesforce: unknown): Promise<void> {
  const answer = await company.control(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ salesforce }),
  });
  expect(answer.status, await answer.text()).toBe(200);
}

async function metered(): Promise<number> {
  return (await company.requests()).salesforce.metered;
}

/** The mirror has all that the org lists, and nothing else. */
async function expectWholeMirror(): Promise<void> {
  const { objects } = await company.app.reconcileInTurn({ acceptVanished: false });
  expect(objects.find(({ object }) => object === "Lead")?.crm).toBeGreaterThan(150);
  for (const each of objects) {
    expect(each).toMatchObject({ crm: each.mirror, vanished: 0, held: 0, repaired: 0, isComplete: true });
  }
}

const Checkpoints = z.object({ streams: z.number() });

describe("the day's calls", () => {
  test("a quota that shrinks during a pull stops it at the ceiling; it goes on for days where it stopped, and nothing is lost", async () => {
    const { app } = company;
    // Small pages: the first read takes more than two days' calls.
    await set("faults", { queryPageRows: 20 });
    let isShrunk = false;
    const pulled = app.exclusively(() =>
      app.pull("all", () => {
        if (isShrunk) return;
        isShrunk = true;
        // Reads may use 20 of 100 calls. Not waited for: it happens while the pull goes on.
        void set("faults", { dailyApiRequests: 100 });
      }),
    );
    await expect(pulled).rejects.toMatchObject({
      code: "QUOTA_EXHAUSTED",
      message: matching(
        /has sent 20 salesforce calls in 24 hours, its share for reads \(20 of the org's 100/,
      ),
      quota: { ours: 20, limit: 100 },
    });
    expect(await metered()).toBe(20);
    const underWay = sql`select count(*) as streams from mirror.stream_state where checkpoint is not null`;
    expect((await app.store.one(Checkpoints, underWay)).streams).toBeGreaterThan(0);

    // A cycle asks nothing more, and says so; neither would another process.
    await expect(company.sync()).rejects.toMatchObject({ code: "QUOTA_EXHAUSTED" });
    expect(await metered()).toBe(20);
    expect((await app.status()).budget).toMatchObject({ calls: 20, ceiling: 25, orgUsed: 20, orgLimit: 100 });
    const key = { workspaceId: app.settings.workspace.id, connectionId: app.settings.connectionId };
    const other = createRateGovernor({
      crm: "salesforce",
      ceilingShare: 0.25,
      flagReserve: 0.2,
      clock: systemClock,
      ledger: storedCallLedger(app.store, key),
    });
    const seen = new Date((await app.status()).budget?.seenAt ?? "");
    other.hear(seen);
    other.observe(20, 100);
    await expect(other.admit("read")).rejects.toThrow(/has sent 20 salesforce calls/);
    await other.settle();
    expect((await app.status()).budget?.calls).toBe(20);

    let days = 0;
    for (let isDone = false; !isDone; days += 1) {
      expect(days).toBeLessThan(12);
      await company.clock({ advanceSeconds: DAY_AND_A_BIT });
      const before = await metered();
      isDone = await app
        .pull("due", () => undefined)
        .then(
          () => true,
          (error: unknown) => {
            expect(error).toMatchObject({ code: "QUOTA_EXHAUSTED" });
            return false;
          },
        );
      expect((await metered()) - before).toBeLessThanOrEqual(20);
    }
    expect(days).toBeGreaterThan(1);
    await set("faults", { dailyApiRequests: 150_000 });
    await company.clock({ advanceSeconds: DAY_AND_A_BIT });
    await app.pull("all", () => undefined);
    await company.clock({ advanceSeconds: 60 });
    await expectWholeMirror();
  });

  test("an org whose other clients use it up gets no more of our reads, and is looked at again after a quarter of an hour", async () => {
    await company.sync();
    await company.clock({ stopped: true });
    await set("automation", { otherClients: { requestsPerMinute: 10_000 } });
    // 16 minutes at 10,000 calls: more than the org's 150,000.
    await company.clock({ advanceSeconds: 16 * 60 });
    const before = await metered();
    await expect(company.sync("due")).rejects.toThrow(/calls/);
    await expect(company.sync("due")).rejects.toMatchObject({ code: "QUOTA_EXHAUSTED" });
    // The first read finds out, and nobody asks again.
    expect((await metered()) - before).toBeLessThanOrEqual(1);

    await set("automation", { otherClients: null });
    await expect(company.sync("due")).rejects.toThrow(/looks again every 15 minutes/);
    await company.clock({ advanceSeconds: 16 * 60 });
    await company.sync("due");
    expect((await metered()) - before).toBeGreaterThan(1);
  });
});
