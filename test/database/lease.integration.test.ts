import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BusyError } from "../../src/core/errors.ts";
import type { Database } from "../../src/database/database.ts";
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

describe("a store that does not answer", () => {
  /** The store as `kind`, which gives the lease and then answers no renewal until it is told to. */
  function silent(kind: "postgres" | "pglite") {
    const answer = Promise.withResolvers<void>();
    let asked = 0;
    const database: Database = {
      ...store.database,
      kind,
      maybeOne: async (schema, query) => {
        asked += 1;
        if (asked > 1) await answer.promise;
        return store.database.maybeOne(schema, query);
      },
    };
    return { database, answer, asked: () => asked };
  }

  test("ends the work on Postgres when the lease has run out: another process may have it", async () => {
    const { database, answer } = silent("postgres");
    const began = Date.now();
    const reason = await withLease({ ...lease("push", 200), database }, async (signal) => {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      signal.addEventListener("abort", () => resolve(signal.reason));
      const ended = await promise;
      expect(Date.now() - began).toBeGreaterThanOrEqual(200);
      answer.resolve();
      return ended;
    });
    expect(reason).toBeInstanceOf(BusyError);
    expect(String(reason)).toContain('"push" was lost to another process');
  });

  test("does not end it on PGlite, where a renewal waits behind a long statement and nobody else can come", async () => {
    const { database, answer, asked } = silent("pglite");
    await withLease({ ...lease("push", 90), database }, async (signal) => {
      await wait(400);
      expect(asked()).toBe(2);
      answer.resolve();
      await wait(100);
      expect(signal.aborted).toBe(false);
      expect(asked()).toBeGreaterThan(2);
    });
  });

  test("is asked again after a failure, and the work goes on when it answers in time", async () => {
    let asked = 0;
    const database: Database = {
      ...store.database,
      kind: "postgres",
      maybeOne: (schema, query) => {
        asked += 1;
        return asked === 2
          ? Promise.reject(new Error("the line broke"))
          : store.database.maybeOne(schema, query);
      },
    };
    await withLease({ ...lease("push", 600), database }, async (signal) => {
      while (asked < 4) await wait(20);
      expect(signal.aborted).toBe(false);
    });
  });

  test("ends the work once it has failed for as long as the lease lasts", async () => {
    let asked = 0;
    const database: Database = {
      ...store.database,
      kind: "postgres",
      maybeOne: (schema, query) => {
        asked += 1;
        return asked === 1
          ? store.database.maybeOne(schema, query)
          : Promise.reject(new Error("the line broke"));
      },
    };
    await withLease({ ...lease("push", 150), database }, async (signal) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => resolve());
      await promise;
      expect(signal.reason).toBeInstanceOf(BusyError);
    });
    // Tried at a third and two thirds of its life first.
    expect(asked).toBeGreaterThanOrEqual(3);
  });
});
