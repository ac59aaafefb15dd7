import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { BusyError } from "../../src/core/errors.ts";
import { withLease } from "../../src/database/lease.ts";
import { sql } from "../../src/database/sql.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";

let store: TestDatabase;
beforeAll(async () => {
  store = await openTestDatabase();
});
beforeEach(() => store.empty());
afterAll(() => store.close());

function lease(name = "push", ttlMs = 60_000) {
  return { database: store.database, workspaceId: "acme", name, ttlMs };
}

test("work of one name is done by one at a time, other names and workspaces are free", async () => {
  const done = await withLease(lease(), async () => {
    await expect(withLease(lease(), () => Promise.resolve())).rejects.toThrow(BusyError);
    await withLease({ ...lease(), workspaceId: "other" }, () => Promise.resolve());
    return withLease(lease("pull"), () => Promise.resolve("both"));
  });
  expect(done).toBe("both");
});

test("a lease is free again after its work, also when the work failed", async () => {
  await expect(withLease(lease(), () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await withLease(lease(), () => Promise.resolve("again"))).toBe("again");
});

test("a lease whose holder died can be taken when its time is over", async () => {
  await store.database.execute(
    sql`insert into ripeline.lease (workspace_id, name, holder, expires_at)
        values ('acme', 'push', 'dead', clock_timestamp() - interval '1 second')`,
  );
  expect(await withLease(lease(), () => Promise.resolve("taken"))).toBe("taken");
});

test("a lease is renewed while its work goes on", async () => {
  await withLease(lease("push", 300), async (signal) => {
    await wait(700);
    expect(signal.aborted).toBe(false);
    await expect(withLease(lease(), () => Promise.resolve())).rejects.toThrow(BusyError);
  });
});

test("work is told when another process has taken its lease", async () => {
  const reason = await withLease(lease("push", 150), async (signal) => {
    const aborted = new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));
    await store.database.execute(sql`update ripeline.lease set holder = 'other', expires_at = 'infinity'`);
    return aborted;
  });
  expect(String(reason)).toContain('"push" was lost');
});
