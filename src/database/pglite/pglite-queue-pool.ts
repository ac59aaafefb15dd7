import { EventEmitter } from "node:events";
import { setImmediate } from "node:timers/promises";
import type { FifoLock, Release } from "../fifo-lock.ts";
import type { QueueClient, QueueListener, QueueNotification, QueuePool, QueueResult } from "../queue-pool.ts";
import type { TransactionScope } from "../transaction-scope.ts";
import type { PgliteSession } from "./pglite-session.ts";

/** The part of the session that the queue needs. */
export type QueueSession = Pick<PgliteSession, "epoch" | "query" | "script" | "listen" | "onNotification">;

/** What the connections of the queue share with the rest of the store: its one session, its lock. */
export interface PgliteQueuePoolContext {
  readonly session: QueueSession;
  readonly lock: FifoLock;
  readonly scope: TransactionScope;
}

type Kind = "begin" | "end" | "listen" | "unlisten" | "other";

/** BullMQ's statements begin with comments: they have to go before the first word can be read. */
export function stripLeadingComments(text: string): string {
  return text.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, "");
}

function kindOf(text: string): { readonly kind: Kind; readonly channel: string } {
  const words = /^(\w+)\s*(?:"([^"]+)"|([\w$]+|\*))?/.exec(stripLeadingComments(text));
  const channel = words?.[2] ?? words?.[3]?.toLowerCase() ?? "*";
  switch (words?.[1]?.toLowerCase() ?? "") {
    case "begin":
    case "start":
      return { kind: "begin", channel };
    case "commit":
    case "end":
    case "abort":
      return { kind: "end", channel };
    case "rollback":
      // "rollback to savepoint" goes on with the transaction
      return { kind: channel === "to" ? "other" : "end", channel };
    case "listen":
      return { kind: "listen", channel };
    case "unlisten":
      return { kind: "unlisten", channel };
    default:
      return { kind: "other", channel };
  }
}

/**
 * PGlite in the shape of a pg.Pool, for BullMQ. All connections share the one session: a transaction holds the store's
 * lock from BEGIN to its end, each connection hears the channels it listens to, and each statement first gives way with
 * setImmediate: a worker at its rate limit asks again and again without pause, and answers from the thread alone would
 * never let a timer run.
 */
export function createPgliteQueuePool(context: PgliteQueuePoolContext): QueuePool {
  const events = new EventEmitter();
  // Each queue, worker and listener to events adds one for errors.
  events.setMaxListeners(0);
  const clients = new Set<PgliteQueueClient>();
  let ended = false;
  const refuseEnded = () => {
    // BullMQ knows these words: a statement that races with the end of its pool is not reported as a failure.
    if (ended) throw new Error("Cannot use a pool after calling end on the pool");
  };
  const stopHearing = context.session.onNotification((notification) => {
    for (const client of clients) client.hear(notification);
  });
  const pool: QueuePool = {
    options: { keepAlive: false },
    async query(text, params = []) {
      refuseEnded();
      context.scope.refuseInside();
      await setImmediate();
      return context.lock.run(() => runStatement(context.session, text, params));
    },
    async connect() {
      refuseEnded();
      await context.session.query("select 1", []);
      const client = new PgliteQueueClient(context, (gone) => clients.delete(gone));
      clients.add(client);
      return client;
    },
    on(event, listener) {
      events.on(event, listener);
      return pool;
    },
    removeAllListeners(event) {
      events.removeAllListeners(event);
      return pool;
    },
    async end() {
      ended = true;
      stopHearing();
      for (const client of clients) client.release();
    },
  };
  return pool;
}

/** Without parameters there may be several statements, as in pg. */
function runStatement(
  session: QueueSession,
  text: string,
  params: readonly unknown[],
  epoch?: number,
): Promise<QueueResult> {
  const several = params.length === 0 && /;\s*\S/.test(text);
  return several ? session.script(text, epoch) : session.query(text, params, epoch);
}

class PgliteQueueClient implements QueueClient {
  readonly #context: PgliteQueuePoolContext;
  readonly #forget: (client: PgliteQueueClient) => void;
  readonly #events = new EventEmitter();
  readonly #channels = new Set<string>();
  #held: { readonly release: Release; readonly epoch: number } | undefined;

  constructor(context: PgliteQueuePoolContext, forget: (client: PgliteQueueClient) => void) {
    this.#context = context;
    this.#forget = forget;
    // One listener for each wait under way.
    this.#events.setMaxListeners(0);
  }

  hear(notification: QueueNotification): void {
    if (this.#channels.has(notification.channel)) this.#events.emit("notification", notification);
  }

  async query(text: string, params: readonly unknown[] = []): Promise<QueueResult> {
    await setImmediate();
    const { session, lock, scope } = this.#context;
    const { kind, channel } = kindOf(text);
    if (this.#held !== undefined) {
      if (kind !== "end") return runStatement(session, text, params, this.#held.epoch);
      return this.#endTransaction(text);
    }
    scope.refuseInside();
    switch (kind) {
      case "begin":
        return this.#beginTransaction(text);
      case "listen":
        this.#channels.add(channel);
        await lock.run(() => session.listen(channel));
        return { rows: [], rowCount: null };
      case "unlisten":
        // The session goes on listening: other connections share it, and what nobody hears costs nothing.
        if (channel === "*") this.#channels.clear();
        else this.#channels.delete(channel);
        return { rows: [], rowCount: null };
      case "end":
      case "other":
        return lock.run(() => runStatement(session, text, params));
      default:
        return kind satisfies never;
    }
  }

  async #beginTransaction(text: string): Promise<QueueResult> {
    const { session, lock } = this.#context;
    const release = await lock.acquire();
    try {
      const result = await session.query(text, []);
      this.#held = { release, epoch: session.epoch };
      return result;
    } catch (error) {
      release();
      throw error;
    }
  }

  async #endTransaction(text: string): Promise<QueueResult> {
    const held = this.#held;
    this.#held = undefined;
    try {
      return await this.#context.session.query(text, [], held?.epoch);
    } finally {
      held?.release();
    }
  }

  on(event: string, listener: QueueListener): this {
    this.#events.on(event, listener);
    return this;
  }

  removeListener(event: string, listener: QueueListener): this {
    this.#events.removeListener(event, listener);
    return this;
  }

  removeAllListeners(event?: string): this {
    this.#events.removeAllListeners(event);
    return this;
  }

  release(): void {
    this.#forget(this);
    this.#channels.clear();
    // A rollback that fails has nothing left to undo: the session is gone with its transaction.
    if (this.#held !== undefined) this.#endTransaction("rollback").catch(() => undefined);
  }
}
