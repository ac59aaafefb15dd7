import { Cluster, Redis } from "ioredis";
import { ConfigError } from "../../src/core/errors.ts";

interface RedisOptions {
  readonly host?: string;
  readonly port?: number;
  readonly db?: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: Record<string, never>;
  readonly maxRetriesPerRequest: null;
}

/** Where Redis is, read from REDIS_URL. */
export type RedisAddress =
  | { readonly mode: "single"; readonly options: RedisOptions }
  | {
      readonly mode: "sentinel";
      readonly sentinels: readonly { readonly host: string; readonly port: number }[];
      readonly name: string;
      readonly options: RedisOptions;
    }
  | {
      readonly mode: "cluster";
      readonly nodes: readonly { readonly host: string; readonly port: number }[];
      readonly options: RedisOptions;
    };

/** A connection the queue's parts are made from, and how to end it. */
export interface RedisConnection {
  readonly client: Redis | Cluster;
  readonly close: () => Promise<void>;
}

const forms =
  "redis://[user:password@]host[:port][/db], rediss:// for TLS, redis+sentinel://host:port,host:port/master[/db] or redis+cluster://host:port,host:port";

function fail(reason: string): never {
  throw new ConfigError(`REDIS_URL is wrong: ${reason}. Expected ${forms}.`);
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return fail('its user or password has a "%" that encodes nothing (write %25)');
  }
}

function databaseNumber(text: string | undefined): number {
  if (text === undefined || text === "") return 0;
  return /^\d{1,4}$/.test(text) ? Number(text) : fail("the database after / must be a number");
}

/** Reads REDIS_URL. @throws ConfigError, without the address itself: it can hold a password. */
export function readRedisUrl(url: string): RedisAddress {
  const match = /^(redis|rediss)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^/?#]+)(?:\/([^?#]*))?$/.exec(
    url.trim(),
  );
  if (match === null) return fail("it has another form");
  const [, scheme, kind, credentials, hostList = "", path = ""] = match;
  const colon = credentials?.indexOf(":") ?? -1;
  const username = decoded(colon > 0 ? credentials?.slice(0, colon) : colon === -1 ? credentials : undefined);
  const password = decoded(colon >= 0 ? credentials?.slice(colon + 1) : undefined);
  const hosts = hostList.split(",").map((item) => readHost(item, kind === "sentinel" ? 26_379 : 6379));
  const options: RedisOptions = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(scheme === "rediss" ? { tls: {} } : {}),
    // BullMQ waits for Redis to come back; a command that gave up after a number of tries would fail its job.
    maxRetriesPerRequest: null,
  };
  const parts = path.split("/").filter((part) => part !== "");
  if (kind === "cluster") {
    if (parts.length > 0) return fail("a cluster has no database number");
    return { mode: "cluster", nodes: hosts, options };
  }
  if (kind === "sentinel") {
    const [name, db] = parts;
    if (name === undefined) return fail("the name of the master is missing after the sentinels");
    return { mode: "sentinel", sentinels: hosts, name, options: { ...options, db: databaseNumber(db) } };
  }
  const [host] = hosts;
  if (hosts.length !== 1 || host === undefined) {
    return fail("several hosts need redis+sentinel:// or redis+cluster://");
  }
  return { mode: "single", options: { ...options, ...host, db: databaseNumber(parts[0]) } };
}

function readHost(text: string, defaultPort: number): { readonly host: string; readonly port: number } {
  const match = /^(\[[0-9a-f:.]+\]|[^:\s]+)(?::(\d{1,5}))?$/i.exec(text.trim());
  if (match?.[1] === undefined) return fail("a host is missing or has a wrong port");
  return {
    host: match[1].replace(/^\[|\]$/g, ""),
    port: match[2] === undefined ? defaultPort : Number(match[2]),
  };
}

/** @throws ConfigError when Redis may throw keys away: jobs would vanish without a trace. */
export function refuseEviction(memoryInfo: string): void {
  const policy = /^maxmemory_policy:(\S+)/m.exec(memoryInfo)?.[1];
  if (policy === undefined || policy === "noeviction") return;
  throw new ConfigError(
    `Redis has maxmemory-policy ${policy}: it would throw jobs away when memory is short. Set "maxmemory-policy noeviction" there, or use another Redis for ripeline.`,
  );
}

function connect(address: RedisAddress): Redis | Cluster {
  switch (address.mode) {
    case "single":
      return new Redis(address.options);
    case "sentinel": {
      const { sentinels, name, options } = address;
      return new Redis({ ...options, sentinels: [...sentinels], name });
    }
    case "cluster":
      return new Cluster([...address.nodes], { redisOptions: address.options });
    default:
      return address satisfies never;
  }
}

/**
 * Connects to Redis and checks that it keeps what it is given.
 * @throws ConfigError when it does not answer within `firstAnswerMs`, refuses us, or may throw keys away.
 */
export async function connectRedis(
  url: string,
  onError: (error: Error) => void,
  firstAnswerMs = 10_000,
): Promise<RedisConnection> {
  const client = connect(readRedisUrl(url));
  let reason = "it did not answer";
  const remember = (error: Error) => {
    reason = error.message;
  };
  client.on("error", remember);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("late")), firstAnswerMs);
  try {
    refuseEviction(String(await Promise.race([client.info("memory"), late])));
  } catch (error) {
    client.disconnect();
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(
      `Redis could not be used: ${error instanceof Error && error.message !== "late" ? error.message : reason}. Check REDIS_URL and that Redis runs.`,
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
  }
  client.removeListener("error", remember);
  client.on("error", onError);
  const close = async () => {
    await client.quit().catch(() => client.disconnect());
  };
  return { client, close };
}
