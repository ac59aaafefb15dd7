import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { connectRedis } from "../../../jobs/queue-kit/redis-connection.ts";
import { createQueueKit } from "../../../jobs/queue-kit.ts";
import { ConfigError } from "../../../src/core/errors.ts";
import { openQueuePair } from "../../support/queue-pairs.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Speaks as much of Redis' protocol as a client needs to connect and to read its memory settings. */
async function redisWithPolicy(policy: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      const commands = bytes.toString("utf8").match(/\*\d+\r\n(?:\$\d+\r\n[^\r]*\r\n)+/g) ?? [];
      for (const command of commands) {
        const words = command.split("\r\n").filter((_, index) => index > 0 && index % 2 === 0);
        const info = `# Memory\r\nmaxmemory_policy:${policy}\r\nredis_version:7.2.0\r\nloading:0\r\n`;
        if (words[0]?.toLowerCase() === "info") socket.write(`$${info.length}\r\n${info}\r\n`);
        else if (words[0]?.toLowerCase() === "hello") socket.write("-ERR unknown command 'HELLO'\r\n");
        else socket.write("+OK\r\n");
      }
    });
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // listen() on a port gives an address with a port; the other kinds belong to pipes
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `redis://127.0.0.1:${address.port}`;
}

test("a Redis that may throw jobs away is refused", async () => {
  const failure = connectRedis(await redisWithPolicy("volatile-lru"), () => undefined);
  await expect(failure).rejects.toThrow(ConfigError);
  await expect(failure).rejects.toThrow("maxmemory-policy volatile-lru");
});

test("a Redis that keeps what it is given is taken", async () => {
  const redis = await connectRedis(await redisWithPolicy("noeviction"), () => undefined);
  // BullMQ refuses to make a worker on a connection that gives up.
  expect(redis.client.options).toMatchObject({ maxRetriesPerRequest: null });
  await redis.close();
});

test("a Redis that does not answer is reported with the reason", async () => {
  const failure = connectRedis("redis://:secret@127.0.0.1:1", () => undefined, 300);
  await expect(failure).rejects.toThrow(ConfigError);
  await expect(failure).rejects.toThrow(/ECONNREFUSED.*REDIS_URL/);
});

test("an address of Redis without one of Postgres is refused", async () => {
  const store = {
    kind: "pglite" as const,
    queuePool: () => {
      throw new Error("not reached");
    },
  };
  const failure = createQueueKit({ store, redisUrl: "redis://127.0.0.1:6379", onError: () => undefined });
  await expect(failure).rejects.toThrow("REDIS_URL is set but DATABASE_URL is not");
});

test("what the kit guards against is real: a fraction as a delay, a number or a colon as an id", async () => {
  const pair = await openQueuePair();
  try {
    const kit = await pair.kit();
    const queue = kit.queue<object, void>("raw");
    // Redis rounds by itself; the store's function takes whole numbers only.
    if (kit.backend !== "redis")
      await expect(queue.add("x", {}, { delay: 1.5 })).rejects.toThrow(/integer|bigint/);
    await expect(queue.add("x", {}, { jobId: "12" })).rejects.toThrow(/integer/i);
    await expect(queue.add("x", {}, { jobId: "a:b" })).rejects.toThrow(/:/);
    expect(() => kit.queue("a:b")).toThrow(ConfigError);
    const worker = kit.worker<object, void>("raw", () => Promise.resolve(), {
      lockDuration: 10,
      autorun: false,
    });
    expect(worker.opts).toMatchObject({ concurrency: 1, lockDuration: 60_000 });
  } finally {
    await pair.close();
  }
});
