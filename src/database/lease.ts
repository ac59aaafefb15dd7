import { randomUUID } from "node:crypto";
import { z } from "zod";
import { BusyError } from "../core/errors.ts";
import type { Database } from "./database.ts";
import { sql } from "./sql.ts";

/** What is to be done by one process at a time. */
export interface Lease {
  readonly database: Database;
  readonly workspaceId: string;
  /** For example `push salesforce`. */
  readonly name: string;
  /** After this long without a sign of life another process may take over. */
  readonly ttlMs: number;
}

const Holder = z.object({ holder: z.string() });

/**
 * Does `work` while no other process does work of the same name. The lease is renewed meanwhile; `signal` aborts when
 * that failed for so long that another process may have taken over. Times are the store's, so clocks of machines may
 * differ.
 * @throws BusyError when another process holds the lease.
 */
export async function withLease<T>(lease: Lease, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const holder = randomUUID();
  if (!(await take(lease, holder))) {
    throw new BusyError(
      `Another process is doing "${lease.name}" for workspace ${lease.workspaceId}; this one leaves it alone. If that process has died, its turn ends ${Math.ceil(lease.ttlMs / 1000)} s after its last sign of life.`,
    );
  }
  const lost = new AbortController();
  const renewal = keep(lease, holder, lost);
  try {
    return await work(lost.signal);
  } finally {
    await renewal.stop();
    await lease.database.execute(
      sql`delete from ripeline.lease
          where workspace_id = ${lease.workspaceId} and name = ${lease.name} and holder = ${holder}`,
    );
  }
}

/** Takes a lease that is free or has lapsed, or renews one's own. */
async function take({ database, workspaceId, name, ttlMs }: Lease, holder: string): Promise<boolean> {
  const row = await database.maybeOne(
    Holder,
    sql`insert into ripeline.lease (workspace_id, name, holder, expires_at)
        values (${workspaceId}, ${name}, ${holder}, clock_timestamp() + ${ttlMs} * interval '1 millisecond')
        on conflict (workspace_id, name) do update
          set holder = excluded.holder, expires_at = excluded.expires_at
          where lease.holder = excluded.holder or lease.expires_at < clock_timestamp()
        returning holder`,
  );
  return row !== undefined;
}

/** Renews a third of the way to its end; what fails once is tried again until the end has passed. */
function keep(lease: Lease, holder: string, lost: AbortController): { stop(): Promise<void> } {
  let lastRenewal = Date.now();
  let running: Promise<void> = Promise.resolve();
  const hasLapsed = (): boolean => Date.now() - lastRenewal > lease.ttlMs;
  const lose = (): void => {
    if (lost.signal.aborted) return;
    lost.abort(new BusyError(`The lease "${lease.name}" was lost to another process; the work stops.`));
  };
  const renew = async () => {
    const began = Date.now();
    const kept = await take(lease, holder).catch(() => undefined);
    // A renewal that had to wait for a long statement is late, and still good: nobody took the lease meanwhile.
    if (kept === true) lastRenewal = began;
    else if (kept === false || hasLapsed()) lose();
  };
  const timer = setInterval(() => {
    // On PGlite a renewal may wait behind a long statement, and nobody else can take the lease. A Postgres that does
    // not answer us may well have given it to another process.
    if (lease.database.kind === "postgres" && hasLapsed()) lose();
    running = running.then(renew);
  }, lease.ttlMs / 3);
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
