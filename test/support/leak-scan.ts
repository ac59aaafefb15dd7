import type { Redis } from "ioredis";
import { z } from "zod";
import type { Database } from "../../src/database/database.ts";
import { sql } from "../../src/database/sql.ts";

/** A text in which nothing secret may stand, and where it comes from. */
export interface Seen {
  readonly where: string;
  readonly text: string;
}

export interface Forbidden {
  readonly what: string;
  readonly text: string;
}

/** Where each forbidden text stands; never the text itself. */
export function scan(seen: readonly Seen[], forbidden: readonly Forbidden[]): readonly string[] {
  return seen.flatMap(({ where, text }) => {
    const lower = text.toLowerCase();
    const found = forbidden.filter((each) => lower.includes(each.text.toLowerCase()));
    const tokens = TOKENS.filter(({ pattern }) => pattern.test(text));
    return [...found, ...tokens].map(({ what }) => `${where}: ${what}`);
  });
}

export const hexOf = (text: string): string => Buffer.from(text, "utf8").toString("hex");

/** What any token begins with, also where bytes are printed as hex. */
const TOKENS = [
  { what: "an access token", pattern: /00D\w{9,15}![\w.]{10,}/ },
  { what: "a refresh token", pattern: /5Aep861\w{10,}/ },
  {
    what: "an access token as bytes",
    pattern: new RegExp(`${hexOf("00D")}[0-9a-f]{18,30}${hexOf("!")}[0-9a-f]{20}`),
  },
  { what: "a refresh token as bytes", pattern: new RegExp(hexOf("5Aep861")) },
];

/** The secrets of a sign-in to the emulator. */
export function secretsOf(
  salesforce: {
    readonly clientSecret: string;
    readonly accessToken: string;
    readonly adminAccessToken: string;
  },
  pem: string,
): readonly Forbidden[] {
  return [
    { what: "the client secret", text: salesforce.clientSecret },
    { what: "the access token", text: salesforce.accessToken },
    { what: "the admin's token", text: salesforce.adminAccessToken },
    ...pem
      .split("\n")
      .filter((line) => line.length > 40)
      .map((text) => ({ what: "the private key", text })),
  ];
}

const Person = z.looseObject({ Email: z.string().nullish() });

/** The addresses of an object's records, as NDJSON of the control API. */
export function addressesOf(object: string, ndjson: string): readonly Forbidden[] {
  return ndjson
    .split("\n")
    .filter((line) => line !== "")
    .flatMap((line) => {
      const { Email } = Person.parse(JSON.parse(line));
      return Email == null || Email === "" ? [] : [{ what: `the address of a ${object}`, text: Email }];
    });
}

/** Every table of the store as text: the mirror, the write log, and the payloads of all jobs. */
export async function storeAsText(db: Database): Promise<readonly Seen[]> {
  const tables = await db.any(
    z.object({ schema: z.string(), name: z.string() }),
    sql`select table_schema::text as schema, table_name::text as name from information_schema.tables
        where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  );
  const seen: Seen[] = [];
  for (const { schema, name } of tables) {
    const rows = await db.any(
      z.object({ text: z.string() }),
      sql`select row_in_it::text as text from ${sql.identifier([schema, name])} as row_in_it`,
    );
    seen.push({ where: `table ${schema}.${name}`, text: rows.map(({ text }) => text).join("\n") });
  }
  return seen;
}

/** Every key of a Redis database as text: the payloads of all jobs, their results, events and failures. */
export async function redisAsText(redis: Redis): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  for (const key of await redis.keys("*")) {
    seen.push({ where: `redis ${key}`, text: `${key} ${JSON.stringify(await readKey(redis, key))}` });
  }
  return seen;
}

async function readKey(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key);
  switch (type) {
    case "string":
      return redis.get(key);
    case "hash":
      return redis.hgetall(key);
    case "list":
      return redis.lrange(key, "0", "-1");
    case "set":
      return redis.smembers(key);
    case "zset":
      return redis.zrange(key, "0", "-1");
    case "stream":
      return redis.xrange(key, "-", "+");
    default:
      throw new RangeError(`${key}: a ${type} is not read`);
  }
}
