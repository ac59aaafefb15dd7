import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { TimedOutError } from "../../../src/core/errors.ts";
import { StatementInterruptedError, StoreClosedError } from "../../../src/database/errors.ts";
import { type EmbeddedDatabase, openDatabase } from "../../../src/database/open-database.ts";
import type { QueueNotification } from "../../../src/database/queue-pool.ts";
import { sql } from "../../../src/database/sql.ts";
import { withTimeout } from "../../../src/database/with-timeout.ts";
import { migratedDump } from "../../support/test-database.ts";

const Count = z.object({ count: z.number() });
/** Counts for longer than any test waits. */
const endless = sql`select count(*) as count from generate_series(1, 10000000000) as n`;

let folder: string;
let database: EmbeddedDatabase;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "ripeline-pglite-"));
  database = await openDatabase({ dataDirectory: folder });
  await database.execute(sql`create schema staging`);
  await database.execute(sql`create table staging.kept (id integer primary key)`);
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

function kept(id: number): Promise<{ count: number }> {
  return database.one(Count, sql`select count(*) as count from staging.kept where id = ${id}`);
}

describe("the thread", () => {
  test("the main thread stays free during a long statement", async () => {
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }, 5);
    const began = performance.now();
    // About a second of work, more on a slow machine.
    await database.one(
      Count,
      sql`select count(*) as count from generate_series(1, 6000000) as n where n % 3 = 0`,
    );
    const took = performance.now() - began;
    clearInterval(timer);
    expect(took).toBeGreaterThan(300);
    expect(longest).toBeLessThan(took / 2);
  });

  test("a statement that does not end is stopped, and the store goes on with what was committed", async () => {
    await database.execute(sql`insert into staging.kept (id) values (1)`);
    const failure = withTimeout({ database, name: "compute", timeoutMs: 200 }, () =>
      database.transaction(async (tx) => {
        await tx.execute(sql`insert into staging.kept (id) values (2)`);
        await tx.one(Count, endless);
      }),
    );
    await expect(failure).rejects.toThrow(TimedOutError);
    await expect(failure).rejects.toThrow('"compute" took longer than 200 ms');
    expect([await kept(1), await kept(2)]).toEqual([{ count: 1 }, { count: 0 }]);
  });

  test("work of a stopped transaction is not carried on outside of it", async () => {
    const results: PromiseSettledResult<unknown>[] = [];
    const failure = database.transaction(async (tx) => {
      await database.interrupt();
      results.push(
        ...(await Promise.allSettled([tx.execute(sql`insert into staging.kept (id) values (3)`)])),
      );
    });
    await expect(failure).rejects.toThrow(StatementInterruptedError);
    expect(results.map(({ status }) => status)).toEqual(["rejected"]);
    expect(await kept(3)).toEqual({ count: 0 });
  });

  test("a store in memory that was stopped says that it is lost", async () => {
    const memory = await openDatabase({ memory: true, from: await migratedDump() });
    const failure = withTimeout({ database: memory, name: "compute", timeoutMs: 100 }, () =>
      memory.one(Count, endless),
    );
    await expect(failure).rejects.toThrow(TimedOutError);
    await expect(memory.execute(sql`select 1`)).rejects.toThrow(StoreClosedError);
  });

  test("a closed store says that it is closed", async () => {
    const memory = await openDatabase({ memory: true, from: await migratedDump() });
    await memory.close();
    await expect(memory.execute(sql`select 1`)).rejects.toThrow("The store is closed.");
  });
});

describe("the queue's connections", () => {
  test("each hears what it listens to, also after the thread was ended and begun again", async () => {
    const pool = database.queuePool();
    const listener = await pool.connect();
    const deaf = await pool.connect();
    const heard: string[] = [];
    let wake = () => undefined as void;
    const next = () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      });
    listener.on("notification", (message: QueueNotification) => {
      heard.push(`${message.channel} ${message.payload}`);
      wake();
    });
    deaf.on("notification", () => heard.push("deaf"));
    await listener.query("-- a comment\nLISTEN news;\n");
    let woken = next();
    await pool.query("select pg_notify('news', $1)", ["one"]);
    await woken;
    await database.interrupt();
    await database.execute(sql`select 1`);
    woken = next();
    await pool.query("select pg_notify($1, $2)", ["news", "two"]);
    await woken;
    await listener.query("UNLISTEN *");
    await pool.query("select pg_notify('news', 'three')");
    expect(heard).toEqual(["news one", "news two"]);
    listener.release();
    deaf.release();
  });

  test("a transaction of the queue and one of ours do not mix", async () => {
    const client = await database.queuePool().connect();
    await client.query("BEGIN");
    await client.query("insert into staging.kept (id) values (10)");
    const ours = database.execute(sql`insert into staging.kept (id) values (11)`);
    await client.query("ROLLBACK");
    await ours;
    client.release();
    expect([await kept(10), await kept(11)]).toEqual([{ count: 0 }, { count: 1 }]);
  });

  test("an error keeps its code and the library's number, and nothing that was stored", async () => {
    const pool = database.queuePool();
    await pool.query("insert into staging.kept (id) values ($1)", [20]);
    const failure: unknown = await pool
      .query("insert into staging.kept (id) values ($1)", [20])
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "23505", constraint: "kept_pkey" });
    // Postgres' detail would be: Key (id)=(20) already exists.
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toMatch(
      /\(20\)|params|query"|where/,
    );
    const own: unknown = await pool
      .query("do $$ begin raise exception 'x' using errcode = 'BM001', detail = '-2'; end $$")
      .catch((error: unknown) => error);
    expect(own).toMatchObject({ code: "BM001", detail: "-2" });
  });

  test("several statements without values run as one script", async () => {
    const pool = database.queuePool();
    await pool.query("insert into staging.kept (id) values (30); insert into staging.kept (id) values (31);");
    expect([await kept(30), await kept(31)]).toEqual([{ count: 1 }, { count: 1 }]);
  });
});
