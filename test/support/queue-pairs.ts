import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { createQueueKit, type QueueKit } from "../../jobs/queue-kit.ts";
import { sql } from "../../src/database/sql.ts";
import { openTestDatabase, type TestDatabase } from "./test-database.ts";

/**
 * The store and queue a suite runs on: PGlite by default, Postgres with TEST_DATABASE_URL, Postgres and Redis with
 * TEST_REDIS_URL as well.
 */
export interface QueuePair {
  readonly name: string;
  readonly store: TestDatabase;
  readonly redisUrl: string | undefined;
  /** Another kit on the same backend, as a second process would have. */
  readonly kit: () => Promise<QueueKit>;
  /** Ends the locks on the jobs under way, as time does when their process has died. */
  readonly lapseLocks: (queueName: string) => Promise<void>;
  /** Errors the kits reported. */
  readonly errors: Error[];
  readonly close: () => Promise<void>;
}

export async function openQueuePair(): Promise<QueuePair> {
  const store = await openTestDatabase();
  const redis = process.env["TEST_REDIS_URL"];
  const redisUrl = store.url === undefined || redis === undefined || redis === "" ? undefined : redis;
  const prefix = `ripeline-test-${randomUUID()}`;
  const kits: QueueKit[] = [];
  const errors: Error[] = [];
  return {
    name: redisUrl === undefined ? store.database.kind : "postgres and redis",
    store,
    redisUrl,
    errors,
    async kit() {
      const kit = await createQueueKit({
        store: store.database,
        redisUrl,
        prefix,
        onError: (error) => errors.push(error),
      });
      kits.push(kit);
      return kit;
    },
    async lapseLocks(queueName) {
      if (redisUrl === undefined) {
        await store.database.execute(
          sql`update bullmq.job set locked_until_ms = 1 where queue = ${queueName} and state = 'active'`,
        );
      } else await removeKeys(redisUrl, `{${prefix}}:${queueName}:*:lock`);
    },
    async close() {
      await Promise.all(kits.map((kit) => kit.close("abandon")));
      if (redisUrl !== undefined) await removeKeys(redisUrl, `{${prefix}}*`);
      await store.close();
    },
  };
}

async function removeKeys(redisUrl: string, pattern: string): Promise<void> {
  const redis = new Redis(redisUrl);
  const keys = await redis.keys(pattern);
  if (keys.length > 0) await redis.del(...keys);
  await redis.quit();
}
