import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from as copyFrom } from "pg-copy-streams";
import { ConfigError, RipelineError } from "../../core/errors.ts";
import { copyStatement } from "../copy-statement.ts";
import { checkHeader, readCsv } from "../csv-blocks.ts";
import type { CopyTarget, Database, Queries, Transaction } from "../database.ts";
import { StatementError, StatementInterruptedError, scrubPgError, TransactionScopeError } from "../errors.ts";
import { queryMethods } from "../query-methods.ts";
import { swallowedError } from "../swallowed-error.ts";
import { createTransactionScope } from "../transaction-scope.ts";
import { createPostgresQueuePool, type PostgresQueuePool } from "./postgres-queue-pool.ts";
import { postgresTypes } from "./postgres-types.ts";

const copyBlockBytes = 256 * 1024;
const queryCanceled = "57014";
const connectionFailure = "08006";
const oldestMajor = 15;

/** Where Postgres is, and how many connections this process may hold beside those of the queue. */
export interface PostgresLocation {
  /** postgres://user:password@host:port/database?sslmode=... */
  readonly url: string;
  readonly maxConnections?: number;
}

async function typed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RipelineError) throw error;
    const fields = scrubPgError(error);
    if (fields.code === queryCanceled) {
      throw new StatementInterruptedError(
        "The statement was stopped because it took too long; nothing of it was stored. It is tried again with the next run.",
      );
    }
    // What has no SQLSTATE did not come from the server: the connection to it was lost.
    throw new StatementError(fields.code === undefined ? { ...fields, code: connectionFailure } : fields);
  }
}

async function copyInto(
  client: pg.ClientBase,
  target: CopyTarget,
  bytes: AsyncIterable<Uint8Array>,
): Promise<{ readonly rows: number }> {
  const body = await readCsv(bytes, copyBlockBytes);
  checkHeader(body.header, target.header);
  let broken: { readonly error: unknown } | undefined;
  async function* blocks(): AsyncGenerator<Uint8Array> {
    try {
      yield* body.blocks;
    } catch (error) {
      broken = { error };
      throw error;
    }
  }
  return typed(async () => {
    const sink = client.query(copyFrom(copyStatement(target, "stdin")));
    await pipeline(Readable.from(blocks()), sink);
    return { rows: sink.rowCount };
  }).catch((error: unknown) => {
    // A download that broke off is its own error, not one of the store.
    throw broken === undefined ? error : broken.error;
  });
}

function queriesOn(client: pg.ClientBase | pg.Pool): Pick<Queries, "any" | "one" | "maybeOne" | "execute"> {
  return queryMethods(async ({ text, values }) => {
    const result = await typed(() => client.query<never>(text, [...values]));
    return { rows: result.rows, rowCount: result.rowCount ?? 0 };
  });
}

function transactionOn(client: pg.PoolClient): { readonly tx: Transaction; readonly end: () => void } {
  let open = true;
  const refuseEnded = () => {
    if (!open) throw new TransactionScopeError("A statement was given to a transaction that has ended.");
  };
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    refuseEnded();
    return typed(work);
  };
  const queries = queryMethods((statement) =>
    guard(async () => {
      const result = await client.query<never>(statement.text, [...statement.values]);
      return { rows: result.rows, rowCount: result.rowCount ?? 0 };
    }),
  );
  const tx: Transaction = {
    ...queries,
    async copyCsv(target, bytes) {
      refuseEnded();
      return copyInto(client, target, bytes);
    },
    async executeScript(script) {
      await guard(() => client.query(script.text));
    },
  };
  return {
    tx,
    end() {
      open = false;
    },
  };
}

/** Host, port and database of an address, without user and password. @throws ConfigError when it is no address. */
function describeAddress(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new ConfigError(
      "DATABASE_URL is not an address of Postgres. Expected postgres://user:password@host:port/database.",
    );
  }
  return `${parsed.host || "localhost"}${parsed.pathname}`;
}

/** @throws ConfigError for a server older than the oldest the suites run on. */
export function refuseOld(address: string, versionNumber: number): void {
  const major = Math.floor(versionNumber / 10_000);
  if (major >= oldestMajor) return;
  throw new ConfigError(
    `Postgres at ${address} has version ${major}; ripeline needs ${oldestMajor} or newer. Upgrade the server, or use another one.`,
  );
}

/** Opens Postgres. @throws ConfigError when it does not answer: the message says which address and why. */
export async function openPostgresDatabase(location: PostgresLocation): Promise<Database> {
  const address = describeAddress(location.url);
  // Names this process' connections, so that `interrupt` finds them and nobody else's.
  const applicationName = `ripeline ${randomUUID()}`;
  const pool = new pg.Pool({
    connectionString: location.url,
    max: location.maxConnections ?? 10,
    application_name: applicationName,
    // Ours are always written with their schema; an unqualified name is refused here as it would be on PGlite.
    options: "-c search_path=pg_catalog -c timezone=UTC",
    keepAlive: true,
    types: postgresTypes,
  });
  // A connection that drops while idle is replaced; without a listener Node would end the process.
  pool.on("error", () => undefined);
  // The same for one that is in use: the statement under way, or the next one, fails with the reason.
  pool.on("connect", (client) => client.on("error", () => undefined));
  const scope = createTransactionScope();
  let queuePool: PostgresQueuePool | undefined;

  async function transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    scope.refuseInside();
    const client = await typed(() => pool.connect());
    let broken = false;
    try {
      await typed(() => client.query("begin"));
      const { tx, end } = transactionOn(client);
      let result: T;
      try {
        result = await scope.run(() => work(tx));
      } catch (error) {
        end();
        await client.query("rollback").catch(() => {
          broken = true;
        });
        throw error;
      }
      end();
      const committed = await typed(() => client.query("commit"));
      if (committed.command === "ROLLBACK") throw swallowedError();
      return result;
    } finally {
      client.release(broken);
    }
  }

  const direct = queriesOn(pool);
  const outside = <A extends readonly unknown[], R>(call: (...args: A) => R) => {
    return (...args: A): R => {
      scope.refuseInside();
      return call(...args);
    };
  };

  const database: Database = {
    kind: "postgres",
    any: (schema, query) => outside(() => direct.any(schema, query))(),
    one: (schema, query) => outside(() => direct.one(schema, query))(),
    maybeOne: (schema, query) => outside(() => direct.maybeOne(schema, query))(),
    execute: outside(direct.execute),
    transaction,
    copyCsv: (target, bytes) => transaction((tx) => tx.copyCsv(target, bytes)),
    queuePool() {
      queuePool ??= createPostgresQueuePool(location.url);
      return queuePool;
    },
    async interrupt() {
      const canceller = new pg.Client({ connectionString: location.url });
      await canceller.connect();
      try {
        await canceller.query(
          "select pg_cancel_backend(pid) from pg_stat_activity where application_name = $1 and state <> 'idle'",
          [applicationName],
        );
      } finally {
        await canceller.end();
      }
    },
    async close() {
      await queuePool?.close();
      await pool.end();
    },
  };
  try {
    const { rows } = await pool.query<{ version: number }>(
      "select current_setting('server_version_num')::int as version",
    );
    refuseOld(address, rows[0]?.version ?? 0);
  } catch (error) {
    await pool.end();
    if (error instanceof ConfigError) throw error;
    const { message, code } = scrubPgError(error);
    throw new ConfigError(
      `Postgres at ${address} could not be used: ${message || code || "no reason given"}. Check DATABASE_URL and that the server runs.`,
      { cause: error },
    );
  }
  return database;
}
