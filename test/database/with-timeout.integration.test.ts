import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { StoppedError, type StuckError, TimedOutError } from "../../src/core/errors.ts";
import { sql } from "../../src/database/sql.ts";
import { stoppable } from "../../src/database/stoppable.ts";
import { withTimeout } from "../../src/database/with-timeout.ts";
import { openTestDatabase, type TestDatabase } from "../support/test-database.ts";

let store: TestDatabase;
beforeAll(async () => {
  store = await openTestDatabase();
  await store.database.execute(sql`create table staging.kept (id integer primary key)`);
});
afterAll(() => store.close());

const HOUR = 3_600_000;
const Count = z.object({ count: z.number() });

function kept(id: number): Promise<{ count: number }> {
  return store.database.one(Count, sql`select count(*) as count from staging.kept where id = ${id}`);
}

test("a step that is stopped writes nothing more, and a transaction that is open then leaves nothing", async () => {
  const asked = new AbortController();
  const failure = withTimeout(
    { database: store.database, name: "compute", timeoutMs: HOUR, stop: asked.signal },
    (signal) => {
      const db = stoppable(store.database, signal);
      return db.transaction(async (tx) => {
        await tx.execute(sql`insert into staging.kept (id) values (1)`);
        asked.abort(new StoppedError("Ctrl-C", "SIGINT"));
        await tx.execute(sql`insert into staging.kept (id) values (2)`);
      });
    },
  );
  await expect(failure).rejects.toThrow(StoppedError);
  expect([await kept(1), await kept(2)]).toEqual([{ count: 0 }, { count: 0 }]);
});

test("a transaction whose last statement was through when the step was stopped is not committed", async () => {
  const asked = new AbortController();
  const db = stoppable(store.database, asked.signal);
  const failure = db.transaction(async (tx) => {
    await tx.execute(sql`insert into staging.kept (id) values (3)`);
    asked.abort(new StoppedError("Ctrl-C", "SIGINT"));
  });
  await expect(failure).rejects.toThrow(StoppedError);
  expect(await kept(3)).toEqual({ count: 0 });
});

test("a store that was stopped takes no statement of any kind, before it reaches the database", async () => {
  const asked = new AbortController();
  const db = stoppable(store.database, asked.signal);
  const insert = sql`insert into staging.kept (id) values (5)`;
  const reason = new StoppedError("Ctrl-C", "SIGTERM");
  asked.abort(reason);
  const target = { schema: "staging", table: "kept", columns: ["id"], header: ["id"] };
  async function* rows(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("id\n5\n");
  }
  for (const refused of [
    () => db.any(Count, sql`select 1 as count`),
    () => db.one(Count, sql`select 1 as count`),
    () => db.maybeOne(Count, sql`select 1 as count`),
    () => db.execute(insert),
    () => db.copyCsv(target, rows()),
    () => db.transaction((tx) => tx.execute(insert)),
  ]) {
    await expect(refused()).rejects.toBe(reason);
  }
  expect(await kept(5)).toEqual({ count: 0 });
});

test("work that is done before its time is up is not touched", async () => {
  const done = await withTimeout(
    { database: store.database, name: "pull", timeoutMs: HOUR },
    async (signal) => {
      await stoppable(store.database, signal).execute(sql`insert into staging.kept (id) values (4)`);
      return signal.aborted;
    },
  );
  expect(done).toBe(false);
  expect(await kept(4)).toEqual({ count: 1 });
});

test("the reason is the time, whatever the work throws when it is ended", async () => {
  const failure = withTimeout(
    { database: { ...store.database, interrupt: () => Promise.resolve() }, name: "pull", timeoutMs: 20 },
    async (signal) => {
      while (!signal.aborted) await wait(5);
      throw new TypeError("an effect of the end");
    },
  );
  await expect(failure).rejects.toThrow(TimedOutError);
  await expect(failure).rejects.toThrow('"pull" took longer than 20 ms');
});

test("work that goes on although it was ended is reported, and not called over before it is", async () => {
  const reported = Promise.withResolvers<StuckError>();
  const release = Promise.withResolvers<void>();
  const dead = { ...store.database, interrupt: () => Promise.reject(new Error("no way to the server")) };
  let isOver = false;
  const late = withTimeout(
    { database: dead, name: "compute", timeoutMs: 20, graceMs: 50, onStuck: reported.resolve },
    () => release.promise,
  ).finally(() => {
    isOver = true;
  });
  const error = await reported.promise;
  expect(error).toMatchObject({ code: "STUCK", retryable: false });
  expect(error.message).toMatch(/^"compute" was told to stop .* this process ends/);
  expect(isOver).toBe(false);
  release.resolve();
  await late;
});
