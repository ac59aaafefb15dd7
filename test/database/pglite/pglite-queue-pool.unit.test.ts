import { expect, test } from "vitest";
import { FifoLock } from "../../../src/database/fifo-lock.ts";
import {
  createPgliteQueuePool,
  type QueueSession,
  stripLeadingComments,
} from "../../../src/database/pglite/pglite-queue-pool.ts";
import { createTransactionScope } from "../../../src/database/transaction-scope.ts";

/** A session that answers at once, without a turn of the event loop. */
function instantSession(statements: string[] = []): QueueSession {
  const answer = (text: string) => {
    statements.push(text);
    return Promise.resolve({ command: "", rows: [], rowCount: 0 });
  };
  return {
    epoch: 1,
    query: answer,
    script: answer,
    listen: (channel) => answer(`listen ${channel}`).then(() => undefined),
    onNotification: () => () => undefined,
  };
}

function poolOn(session: QueueSession) {
  return createPgliteQueuePool({ session, lock: new FifoLock(), scope: createTransactionScope() });
}

test("who asks the queue again and again without pause still lets timers run", async () => {
  const pool = poolOn(instantSession());
  const client = await pool.connect();
  for (const asker of [pool, client]) {
    let rang = false;
    setTimeout(() => {
      rang = true;
    }, 1);
    const began = performance.now();
    // As a worker at its rate limit does. Without a pause only the clock would end this, and the timer would not have run.
    while (!rang && performance.now() - began < 1000) await asker.query("select 1", [1]);
    expect(rang).toBe(true);
  }
});

test.each([
  ["-- Subscribe.\n-- Twice.\nLISTEN bullmq_jobs;\n", "LISTEN bullmq_jobs;\n"],
  ["/* a\n b */ begin", "begin"],
  ["\n\t commit", "commit"],
  ["-- only a comment", ""],
  ["select 1 -- after", "select 1 -- after"],
])("comments before the first word of %j are left out", (text, rest) => {
  expect(stripLeadingComments(text)).toBe(rest);
});

test("a transaction whose BEGIN stands behind a comment keeps others out until it ends", async () => {
  const statements: string[] = [];
  const pool = poolOn(instantSession(statements));
  const one = await pool.connect();
  const two = await pool.connect();
  statements.length = 0;
  await one.query("-- start\nBEGIN");
  const others = Promise.all([pool.query("select 'pool'"), two.query("select 'two'")]);
  await one.query("select 'one'");
  await one.query("/* to a mark */ rollback to savepoint mark");
  await one.query("-- end\nCOMMIT");
  await others;
  expect(statements).toEqual([
    "-- start\nBEGIN",
    "select 'one'",
    "/* to a mark */ rollback to savepoint mark",
    "-- end\nCOMMIT",
    "select 'pool'",
    "select 'two'",
  ]);
});

test("a connection given back in the middle of a transaction rolls it back and lets others in", async () => {
  const statements: string[] = [];
  const pool = poolOn(instantSession(statements));
  const client = await pool.connect();
  await client.query("BEGIN");
  client.release();
  await pool.query("select 'next'");
  expect(statements.slice(-3)).toEqual(["BEGIN", "rollback", "select 'next'"]);
});

test("a pool that has ended says so in the words the queue library looks for", async () => {
  const pool = poolOn(instantSession());
  await pool.end();
  await expect(pool.query("select 1")).rejects.toThrow("after calling end on the pool");
});
