import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { BusyError, ConfigError, TimedOutError } from "../../../src/core/errors.ts";
import type { Database } from "../../../src/database/database.ts";
import { withLease } from "../../../src/database/lease.ts";
import { openDatabase } from "../../../src/database/open-database.ts";
import { refuseOld } from "../../../src/database/postgres/postgres-database.ts";
import { sql } from "../../../src/database/sql.ts";
import { withTimeout } from "../../../src/database/with-timeout.ts";
import { createServerDatabase } from "../../support/test-database.ts";

const server = process.env["TEST_DATABASE_URL"] ?? "";

test("a server that does not answer is named, without user and password", async () => {
  const failure = openDatabase({ url: "postgres://someone:secret@127.0.0.1:1/somewhere" });
  await expect(failure).rejects.toThrow(ConfigError);
  await expect(failure).rejects.toThrow(/127\.0\.0\.1:1.*ECONNREFUSED.*DATABASE_URL/);
  await expect(failure).rejects.not.toThrow(/secret|someone/);
});

test("an address that is none is refused without repeating it", async () => {
  const failure = openDatabase({ url: "mysql://someone:secret@host/db" });
  await expect(failure).rejects.toThrow(ConfigError);
  await expect(failure).rejects.not.toThrow(/secret/);
});

test("a server that is too old is refused with what it has and what is needed", () => {
  expect(() => refuseOld("host/db", 140_012)).toThrow(
    "Postgres at host/db has version 14; ripeline needs 15 or newer",
  );
  expect(() => refuseOld("host/db", 150_000)).not.toThrow();
});

describe.skipIf(server === "")("on a server", () => {
  let database: Database;
  let other: Database;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    const created = await createServerDatabase(server);
    database = await openDatabase({ url: created.url });
    other = await openDatabase({ url: created.url });
    drop = created.drop;
    await database.execute(sql`create schema staging`);
    await database.execute(sql`create table staging.kept (id integer primary key)`);
  });
  afterAll(async () => {
    await database.close();
    await other.close();
    await drop();
  });

  test("a statement that does not end is cancelled, and nobody else's", async () => {
    const Slept = z.object({ slept: z.string() });
    const theirs = other.one(Slept, sql`select pg_sleep(0.5)::text as slept`);
    const ours = withTimeout({ database, name: "compute", timeoutMs: 100 }, () =>
      database.one(Slept, sql`select pg_sleep(60)::text as slept`),
    );
    await expect(ours).rejects.toThrow(TimedOutError);
    expect(await theirs).toEqual({ slept: "" });
  });

  test("a connection that is cut in the middle of a transaction fails it, and the next one works", async () => {
    const failure = database.transaction(async (tx) => {
      const { pid } = await tx.one(z.object({ pid: z.number() }), sql`select pg_backend_pid() as pid`);
      await other.execute(sql`select pg_terminate_backend(${pid})`);
      await tx.execute(sql`insert into staging.kept (id) values (99)`);
    });
    await expect(failure).rejects.toMatchObject({ code: "STATEMENT", retryable: true });
    const count = await database.one(
      z.object({ count: z.number() }),
      sql`select count(*) as count from staging.kept where id = 99`,
    );
    expect(count).toEqual({ count: 0 });
  });

  test("a lease whose renewal the server does not answer in time ends the work", async () => {
    await database.execute(sql`create schema ripeline`);
    await database.execute(sql`
      create table ripeline.lease (
        workspace_id text, name text, holder text, expires_at timestamptz, primary key (workspace_id, name)
      )`);
    const ended = Promise.withResolvers<void>();
    const lease = { database, workspaceId: "acme", name: "push", ttlMs: 300 };
    const reason = await withLease(lease, async (signal) => {
      const aborted = new Promise<unknown>((resolve) => {
        signal.addEventListener("abort", () => resolve(signal.reason));
      });
      // Somebody holds the row: every renewal waits at the server.
      const holding = other.transaction(async (tx) => {
        await tx.execute(sql`select from ripeline.lease for update`);
        await ended.promise;
      });
      const lost = await aborted;
      ended.resolve();
      await holding;
      return lost;
    });
    expect(reason).toBeInstanceOf(BusyError);
  });

  test("an error of the queue's connections carries nothing that was stored", async () => {
    const pool = database.queuePool();
    await pool.query("insert into staging.kept (id) values ($1)", [20]);
    const client = await pool.connect();
    for (const asker of [pool, client]) {
      const failure: unknown = await asker
        .query("insert into staging.kept (id) values ($1)", [20])
        .catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "23505", constraint: "kept_pkey" });
      expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toMatch(/\(20\)|where/);
    }
    client.release();
  });
});
