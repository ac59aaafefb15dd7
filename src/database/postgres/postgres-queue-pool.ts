import pg from "pg";
import { ScrubbedPgError, scrubPgError } from "../errors.ts";
import type { QueueClient, QueueListener, QueuePool, QueueResult } from "../queue-pool.ts";

/** Each worker and each listener to events holds one connection for as long as it lives. */
const maxConnections = 60;

/** The queue's pool; `close` ends it, while `end` is BullMQ's and does nothing: a pool it was given is not its own. */
export interface PostgresQueuePool extends QueuePool {
  close(): Promise<void>;
}

async function scrubbed<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new ScrubbedPgError(scrubPgError(error));
  }
}

function clientOn(connection: pg.PoolClient): QueueClient {
  const client: QueueClient = {
    async query(text, params): Promise<QueueResult> {
      return scrubbed(connection.query<never>(text, params === undefined ? undefined : [...params]));
    },
    on(event, listener) {
      emitterOf(connection).on(event, listener);
      return client;
    },
    removeListener(event, listener) {
      emitterOf(connection).removeListener(event, listener);
      return client;
    },
    removeAllListeners(event) {
      emitterOf(connection).removeAllListeners(event);
      return client;
    },
    release: (destroy) => connection.release(destroy),
  };
  return client;
}

/** pg declares an overload for each of its events; the queue library brings event and listener together itself. */
interface Emitter {
  on(event: string, listener: QueueListener): unknown;
  removeListener(event: string, listener: QueueListener): unknown;
  removeAllListeners(event?: string): unknown;
}
function emitterOf(source: Emitter): Emitter {
  return source;
}

/** A pg.Pool for BullMQ: names are looked up in its schema, and its errors carry no data. */
export function createPostgresQueuePool(url: string): PostgresQueuePool {
  const connections = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    application_name: "ripeline queue",
    options: "-c search_path=bullmq -c timezone=UTC",
    keepAlive: true,
    idleTimeoutMillis: 30_000,
  });
  connections.on("error", () => undefined);
  // The same for one that is in use: the statement under way, or the next one, fails with the reason.
  connections.on("connect", (client) => client.on("error", () => undefined));
  // Each queue, worker and listener to events adds one for errors.
  connections.setMaxListeners(0);
  const pool: PostgresQueuePool = {
    options: { keepAlive: true },
    query: (text, params) =>
      scrubbed(connections.query<never>(text, params === undefined ? undefined : [...params])),
    connect: async () => clientOn(await scrubbed(connections.connect())),
    on(event, listener) {
      emitterOf(connections).on(event, listener);
      return pool;
    },
    removeAllListeners(event) {
      emitterOf(connections).removeAllListeners(event);
      return pool;
    },
    end: async () => undefined,
    close: () => connections.end(),
  };
  return pool;
}
