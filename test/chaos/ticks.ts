import { subscribe } from "node:diagnostics_channel";
import { Worker } from "node:worker_threads";
import { Redis } from "ioredis";
import pg from "pg";

/** When a process is to die: after so many ticks, and then so many milliseconds. */
export interface Death {
  readonly tick: number;
  readonly afterMs: number;
}

/**
 * Counts what this process says to the world: statements to the embedded store's thread, to Postgres, commands to Redis,
 * requests and answers of the CRM. An instant told by them is the same on a slow machine and on a fast one, so that a
 * seed brings it back; milliseconds on top of it lead into the middle of a statement or a request.
 * @param death the process kills itself with SIGKILL then, as if somebody else had: no handler of it runs
 * @returns ticks so far
 */
export function countTicks(death: Death | null): () => number {
  let ticks = 0;
  const tick = (): void => {
    ticks += 1;
    if (death === null || ticks !== death.tick) return;
    setTimeout(() => process.kill(process.pid, "SIGKILL"), death.afterMs);
  };
  countCalls(Worker.prototype, "postMessage", tick);
  countCalls(pg.Client.prototype, "query", tick);
  countCalls(Redis.prototype, "sendCommand", tick);
  subscribe("undici:request:create", tick);
  subscribe("undici:request:headers", tick);
  return () => ticks;
}

function countCalls(holder: object, name: string, tick: () => void): void {
  const known: unknown = Reflect.get(holder, name);
  if (typeof known !== "function") throw new Error(`there is no ${name} to count`);
  Reflect.set(holder, name, function (this: unknown, ...args: readonly unknown[]): unknown {
    tick();
    const result: unknown = Reflect.apply(known, this, args);
    return result;
  });
}
