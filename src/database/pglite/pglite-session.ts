import { Worker } from "node:worker_threads";
import { ScrubbedPgError, StatementInterruptedError, StoreClosedError } from "../errors.ts";
import type { QueueNotification } from "../queue-pool.ts";
import type { ThreadReply, ThreadRequest, ThreadResult } from "./thread-messages.ts";

/** Where the store lives: a folder, or memory, filled from a dump of another store if one is given. */
export interface PgliteLocation {
  readonly folder: string | undefined;
  readonly dump: Uint8Array | undefined;
}

type Question = ThreadRequest extends infer R
  ? R extends { readonly id: number }
    ? Omit<R, "id">
    : never
  : never;

interface Waiting {
  readonly resolve: (result: ThreadResult) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
  readonly ended: Promise<void>;
}

/** Compiled, this file and the thread's end in .js; in a clone in .ts. */
const threadFile = new URL(
  import.meta.url.endsWith(".ts") ? "./pglite-thread.ts" : "./pglite-thread.js",
  import.meta.url,
);

/**
 * PGlite's one session, in a thread of its own. When the thread ends under a statement (interrupted, or PGlite crashed)
 * a store in a folder gets a new thread with the next statement; `epoch` then differs, so that what was begun in the old
 * session is not carried on in the new one.
 */
export class PgliteSession {
  readonly #location: PgliteLocation;
  readonly #notified = new Set<(notification: QueueNotification) => void>();
  readonly #channels = new Set<string>();
  #thread: Promise<Thread> | undefined;
  #epoch = 0;
  #nextId = 1;
  #closed: string | undefined;

  private constructor(location: PgliteLocation) {
    this.#location = location;
  }

  static async open(location: PgliteLocation): Promise<PgliteSession> {
    const session = new PgliteSession(location);
    await session.#running();
    return session;
  }

  /** Changes whenever a new session has begun. */
  get epoch(): number {
    return this.#epoch;
  }

  query(text: string, values: readonly unknown[], epoch?: number): Promise<ThreadResult> {
    return this.#ask({ kind: "query", text, values }, epoch);
  }

  /** Several statements, without values. */
  script(text: string, epoch?: number): Promise<ThreadResult> {
    return this.#ask({ kind: "script", text }, epoch);
  }

  /** A COPY from '/dev/blob', which reads `bytes`. */
  copy(text: string, bytes: Uint8Array, epoch?: number): Promise<ThreadResult> {
    return this.#ask({ kind: "copy", text, bytes }, epoch);
  }

  /** The whole store as a tar, to open another one from. */
  async dump(): Promise<Uint8Array> {
    const { dump } = await this.#ask({ kind: "dump" });
    if (dump === undefined) throw new Error("PGlite gave no dump");
    return dump;
  }

  /** Subscribes the session; each subscriber gets every notification and picks its channels. */
  async listen(channel: string): Promise<void> {
    if (this.#channels.has(channel)) return;
    this.#channels.add(channel);
    await this.script(`listen "${channel.replaceAll('"', '""')}"`);
  }

  async unlisten(channel: string): Promise<void> {
    if (this.#channels.delete(channel)) await this.script(`unlisten "${channel.replaceAll('"', '""')}"`);
  }

  /** Returns what ends the subscription. */
  onNotification(listener: (notification: QueueNotification) => void): () => void {
    this.#notified.add(listener);
    return () => this.#notified.delete(listener);
  }

  /** Ends the thread, whatever it is doing. */
  async interrupt(): Promise<void> {
    if (this.#closed !== undefined || this.#thread === undefined) return;
    const thread = await this.#thread;
    if (this.#location.folder === undefined) {
      this.#closed = "The store was in memory and ended when a statement took too long; open a new one.";
    }
    await thread.worker.terminate();
    await thread.ended;
  }

  async close(): Promise<void> {
    if (this.#closed !== undefined) return;
    const running = this.#thread;
    const closing =
      running === undefined ? Promise.resolve() : this.#ask({ kind: "close" }).then(() => undefined);
    this.#closed = "The store is closed.";
    try {
      await closing;
    } finally {
      const thread = await running;
      await thread?.worker.terminate();
    }
  }

  async #ask(question: Question, epoch?: number): Promise<ThreadResult> {
    const thread = await this.#running();
    if (epoch !== undefined && epoch !== this.#epoch) throw interrupted();
    return this.#post(thread, question);
  }

  #running(): Promise<Thread> {
    if (this.#closed !== undefined) return Promise.reject(new StoreClosedError(this.#closed));
    if (this.#thread === undefined) {
      const starting = this.#start();
      this.#thread = starting;
      // A start that failed must not answer for the next one; its error goes to who asked.
      starting.catch(() => {
        if (this.#thread === starting) this.#thread = undefined;
      });
    }
    return this.#thread;
  }

  async #start(): Promise<Thread> {
    this.#epoch += 1;
    const waiting = new Map<number, Waiting>();
    const worker = new Worker(threadFile, { name: "ripeline-store" });
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const thread: Thread = { worker, waiting, ended };
    let crash: Error | undefined;
    worker.on("message", (reply: ThreadReply) => this.#take(thread, reply));
    worker.on("error", (error: Error) => {
      crash = error;
    });
    worker.on("exit", () => {
      this.#thread = undefined;
      if (this.#location.folder === undefined)
        this.#closed ??= "The store was in memory and its thread ended.";
      for (const { reject } of waiting.values()) reject(interrupted(crash));
      waiting.clear();
      end();
    });
    const { folder, dump } = this.#location;
    await this.#post(thread, { kind: "open", folder, dump });
    for (const channel of this.#channels) {
      await this.#post(thread, { kind: "script", text: `listen "${channel.replaceAll('"', '""')}"` });
    }
    return thread;
  }

  #post(thread: Thread, question: Question): Promise<ThreadResult> {
    const id = this.#nextId;
    this.#nextId += 1;
    const { promise, resolve, reject } = Promise.withResolvers<ThreadResult>();
    thread.waiting.set(id, { resolve, reject });
    thread.worker.postMessage({ ...question, id });
    return promise;
  }

  #take(thread: Thread, reply: ThreadReply): void {
    if (reply.kind === "notification") {
      for (const listener of this.#notified) listener(reply);
      return;
    }
    const waiting = thread.waiting.get(reply.id);
    thread.waiting.delete(reply.id);
    if (reply.kind === "done") waiting?.resolve(reply.result);
    else waiting?.reject(new ScrubbedPgError(reply.error));
  }
}

function interrupted(cause?: Error): StatementInterruptedError {
  return new StatementInterruptedError(
    cause === undefined
      ? "The statement was stopped because it took too long; nothing of it was stored. It is tried again with the next run."
      : `The store's thread ended (${cause.name}); nothing of the statement was stored. It is tried again with the next run.`,
  );
}
