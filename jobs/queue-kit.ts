import {
  type BackendFactory,
  createPostgresBackend,
  createRedisBackend,
  FlowProducer,
  type IQueueBackend,
  type PgPool,
  type Processor,
  Queue,
  QueueEvents,
  runMigrations,
  Worker,
  type WorkerOptions,
} from "bullmq";
import { ConfigError } from "../src/core/errors.ts";
import { defaultJobOptions } from "./queue-kit/job-options.ts";
import type { JobEvents, JobFlow, JobQueue, JobWorker } from "./queue-kit/job-queue.ts";
import type { QueueStore } from "./queue-kit/queue-store.ts";
import { connectRedis } from "./queue-kit/redis-connection.ts";
import { reconcileSchedules, type Schedule } from "./queue-kit/schedules.ts";

/**
 * Makes the parts of BullMQ on one backend. Nothing else knows which: the same code runs on PGlite, Postgres and Redis.
 * What a kit has made it also closes.
 */
export interface QueueKit {
  readonly backend: "pglite" | "postgres" | "redis";
  queue<D, R>(name: string): JobQueue<D, R>;
  /**
   * A worker that takes one job at a time: two streams of one connection share its API budget and its watermark order, so
   * a queue per connection with one worker each is the unit of concurrency (BullMQ's own global limit polls the store
   * 2,000 times a second while it is reached).
   */
  worker<D, R>(name: string, processor: Processor<D, R, string>, settings?: WorkerSettings): JobWorker<D, R>;
  events<R>(name: string): JobEvents<R>;
  flow(): JobFlow;
  /**
   * Makes a queue's schedules exactly `wanted`: those that are there keep their next time, others are added, changed or
   * removed. Processes take turns, so that each schedule and its next job exist once however many start together.
   */
  reconcileSchedules<D, R>(queue: JobQueue<D, R>, wanted: readonly Schedule<D>[]): Promise<void>;
  /** Waits for the jobs under way, then closes everything. `abandon` leaves them; they are taken up again later. */
  close(how?: "wait" | "abandon"): Promise<void>;
}

/** What a worker may be told. */
export interface WorkerSettings
  extends Pick<
    WorkerOptions,
    "autorun" | "limiter" | "maxStalledCount" | "stalledInterval" | "drainDelay" | "settings" | "lockDuration"
  > {
  /** Shown in the list of workers. */
  readonly name?: string;
}

export interface QueueKitOptions {
  readonly store: QueueStore;
  /** See `connectRedis` for the forms. Without it the queue lives in the store. */
  readonly redisUrl?: string | undefined;
  /** Keeps the queues of several installations on one Redis apart. In a store they are apart by their database. */
  readonly prefix?: string;
  /** Hears of lost connections and the like; BullMQ goes on by itself. */
  readonly onError: (error: Error) => void;
}

/** A lock shorter than this would lapse while a large COPY holds PGlite, and the job would be taken up twice. */
const shortestLockMs = 60_000;

/** Our jobs may be begun again at any time; one that ends its process every time is given up after this many. */
const maxStalledCount = 10;

interface Closable {
  close(): Promise<unknown>;
}

interface Parts {
  readonly backend: QueueKit["backend"];
  /** Has its connection already, so that a queue's type does not depend on the backend. */
  readonly factory: BackendFactory<IQueueBackend, unknown>;
  /** The same connection; BullMQ wants to see that there is one. */
  readonly connection: unknown;
  readonly prefix: string;
  readonly onError: (error: Error) => void;
  readonly disconnect: () => Promise<void>;
  readonly inTurn: (work: () => Promise<void>) => Promise<void>;
}

/**
 * @throws ConfigError for an address of Redis without one of Postgres, a Redis that does not answer, or one that may
 * throw keys away.
 */
export async function createQueueKit(options: QueueKitOptions): Promise<QueueKit> {
  const { store, redisUrl, onError } = options;
  const prefix = `{${options.prefix ?? "ripeline"}}`;
  if (redisUrl !== undefined && redisUrl !== "") {
    if (store.kind === "pglite") {
      throw new ConfigError(
        "REDIS_URL is set but DATABASE_URL is not: workers on several machines need a Postgres they can all reach. Set DATABASE_URL too, or remove REDIS_URL to use the embedded queue.",
      );
    }
    const redis = await connectRedis(redisUrl, onError);
    return kitOf({
      backend: "redis",
      factory: (name, opts, settings) =>
        createRedisBackend(name, { ...opts, connection: redis.client }, settings),
      connection: redis.client,
      prefix,
      onError,
      disconnect: redis.close,
      // One script of Redis does all of an upsert.
      inTurn: (work) => work(),
    });
  }
  const pool = store.queuePool();
  const client = await pool.connect();
  try {
    await runMigrations(client);
  } finally {
    client.release();
  }
  return kitOf({
    backend: store.kind,
    factory: (name, opts, settings) => createPostgresBackend(name, { ...opts, connection: pool }, settings),
    connection: pool,
    prefix,
    onError,
    disconnect: () => Promise.resolve(),
    inTurn: (work) => (store.kind === "pglite" ? work() : holdingLock(pool, work)),
  });
}

/** Any number that no other program locks by: the letters "ripq". */
const scheduleLock = 0x72697071;

/**
 * BullMQ's upsert of a scheduler is one statement, but two at the same time on Postgres each add a next job (6.7.0; seen
 * in the test of it). PGlite runs one statement at a time and needs no lock.
 */
async function holdingLock(pool: PgPool, work: () => Promise<void>): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [scheduleLock]);
    try {
      await work();
    } finally {
      await client.query("select pg_advisory_unlock($1)", [scheduleLock]);
    }
  } finally {
    client.release();
  }
}

function kitOf({ backend, factory, connection, prefix, onError, disconnect, inTurn }: Parts): QueueKit {
  const workers: { close(force?: boolean): Promise<unknown> }[] = [];
  const others: Closable[] = [];
  const base = { connection, prefix };
  return {
    backend,
    queue<D, R>(name: string) {
      const queue: JobQueue<D, R> = new Queue<D, R, string, D, R, string, IQueueBackend, unknown>(
        checkedName(name),
        { ...base, defaultJobOptions },
        factory,
      );
      queue.on("error", onError);
      others.push(queue);
      return queue;
    },
    worker<D, R>(name: string, processor: Processor<D, R, string>, settings: WorkerSettings = {}) {
      const worker: JobWorker<D, R> = new Worker<
        D,
        R,
        string,
        IQueueBackend,
        object | number | string | boolean,
        unknown
      >(
        checkedName(name),
        processor,
        {
          ...base,
          maxStalledCount,
          ...settings,
          concurrency: 1,
          lockDuration: Math.max(settings.lockDuration ?? 0, shortestLockMs),
        },
        factory,
      );
      worker.on("error", onError);
      workers.push(worker);
      return worker;
    },
    events<R>(name: string) {
      const events: JobEvents<R> = new QueueEvents<R, IQueueBackend, unknown>(
        checkedName(name),
        base,
        factory,
      );
      events.on("error", onError);
      others.push(events);
      return events;
    },
    flow() {
      const flow: JobFlow = new FlowProducer<IQueueBackend, unknown>(base, factory);
      flow.on("error", onError);
      others.push(flow);
      return flow;
    },
    reconcileSchedules: (queue, wanted) => inTurn(() => reconcileSchedules(queue, wanted)),
    async close(how = "wait") {
      await Promise.all(workers.map((worker) => worker.close(how === "abandon")));
      await Promise.all(others.map((other) => other.close()));
      await disconnect();
    },
  };
}

function checkedName(name: string): string {
  if (/^[a-z0-9][a-z0-9_.-]*$/i.test(name)) return name;
  throw new ConfigError(
    `"${name}" cannot be the name of a queue: use letters, digits, "-", "_" and "." (":" separates Redis keys).`,
  );
}
