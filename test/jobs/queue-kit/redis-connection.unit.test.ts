import { expect, test } from "vitest";
import { readRedisUrl, refuseEviction } from "../../../jobs/queue-kit/redis-connection.ts";
import { ConfigError } from "../../../src/core/errors.ts";

test.each([
  [
    "redis://host",
    { mode: "single", options: { host: "host", port: 6379, db: 0, maxRetriesPerRequest: null } },
  ],
  [
    "rediss://user:p%40ss@host:7000/3",
    {
      mode: "single",
      options: {
        username: "user",
        password: "p@ss",
        tls: {},
        host: "host",
        port: 7000,
        db: 3,
        maxRetriesPerRequest: null,
      },
    },
  ],
  [
    "redis://:secret@[::1]:7000",
    {
      mode: "single",
      options: { password: "secret", host: "::1", port: 7000, db: 0, maxRetriesPerRequest: null },
    },
  ],
  [
    "redis+sentinel://a,b:27000/primary/2",
    {
      mode: "sentinel",
      sentinels: [
        { host: "a", port: 26_379 },
        { host: "b", port: 27_000 },
      ],
      name: "primary",
      options: { db: 2, maxRetriesPerRequest: null },
    },
  ],
  [
    "rediss+cluster://a:1,b:2",
    {
      mode: "cluster",
      nodes: [
        { host: "a", port: 1 },
        { host: "b", port: 2 },
      ],
      options: { tls: {}, maxRetriesPerRequest: null },
    },
  ],
])("%s is understood", (url, address) => {
  expect(readRedisUrl(url)).toEqual(address);
});

test.each([
  ["http://user:secret@host", "another form"],
  ["redis://user:secret@a,b", "several hosts need"],
  ["redis+sentinel://user:secret@a", "name of the master"],
  ["redis+cluster://user:secret@a/1", "no database number"],
  ["redis://user:secret@host/x", "must be a number"],
  ["redis://user:secret%@host", "%25"],
])("%s is refused with the reason and without the password", (url, reason) => {
  expect(() => readRedisUrl(url)).toThrow(ConfigError);
  expect(() => readRedisUrl(url)).toThrow(reason);
  expect(() => readRedisUrl(url)).not.toThrow("secret");
});

test("a Redis that may throw keys away is refused with what to set", () => {
  expect(() => refuseEviction("used_memory:1\r\nmaxmemory_policy:allkeys-lru\r\n")).toThrow(
    /maxmemory-policy allkeys-lru.*"maxmemory-policy noeviction"/,
  );
  expect(() => refuseEviction("maxmemory_policy:noeviction\r\n")).not.toThrow();
});
