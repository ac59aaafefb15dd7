import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { BusyError } from "../core/errors.ts";
import type { Database, Queries, Transaction } from "../database/database.ts";
import { sql } from "../database/sql.ts";

const PublicationRow = z.object({ as_of: z.date().nullable(), computing_as_of: z.date().nullable() });

/** Between two looks whether a compute has ended. */
const LOOK_AGAIN_MS = 250;

/** A compute of a large org takes minutes; whoever asks in between is told so rather than left waiting. */
const PATIENCE_MS = 30_000;

/** From here until `publish` the models belong to two computes. */
export async function beginCompute(db: Queries, workspaceId: string, asOf: Date): Promise<void> {
  await db.execute(sql`
    insert into metrics.publication (workspace_id, computing_as_of, begun_at)
    values (${workspaceId}, ${asOf}, clock_timestamp())
    on conflict (workspace_id) do update set
      computing_as_of = excluded.computing_as_of,
      begun_at = excluded.begun_at`);
}

/** The models are whole again, all of one compute. */
export async function publish(tx: Transaction, workspaceId: string, asOf: Date): Promise<void> {
  await tx.execute(sql`
    update metrics.publication set as_of = ${asOf}, computing_as_of = null, begun_at = null
    where workspace_id = ${workspaceId}`);
}

/** The instant whose numbers are published; null before the first compute has ended. */
export async function publishedAsOf(db: Queries, workspaceId: string): Promise<Date | null> {
  return (await readPublication(db, workspaceId))?.as_of ?? null;
}

/** Whether the models are whole and of this instant: what may be written to a CRM. */
export async function isWhole(db: Queries, workspaceId: string, asOf: Date): Promise<boolean> {
  const found = await readPublication(db, workspaceId);
  return found?.computing_as_of === null && found.as_of?.getTime() === asOf.getTime();
}

/**
 * Reads numbers together with the records behind them, all of one compute: waits for a compute under way, and sees
 * none that begins meanwhile.
 * @throws BusyError when the compute goes on for longer than `patienceMs`, or has died
 */
export async function readConsistently<T>(
  db: Database,
  workspaceId: string,
  read: (queries: Queries) => Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    const found = await db.transaction(async (tx) => {
      await tx.execute(sql`set transaction isolation level repeatable read`);
      const computing = (await readPublication(tx, workspaceId))?.computing_as_of ?? null;
      return computing === null ? { value: await read(tx) } : { computing };
    });
    if ("value" in found) return found.value;
    if (performance.now() > giveUpAt) {
      throw new BusyError(
        `The numbers of workspace ${workspaceId} as of ${found.computing.toISOString()} are being computed; ask again in a ` +
          "minute. If no ripeline process runs, that compute did not finish: run `ripeline sync`, which computes anew.",
      );
    }
    await wait(LOOK_AGAIN_MS);
  }
}

async function readPublication(
  db: Queries,
  workspaceId: string,
): Promise<z.infer<typeof PublicationRow> | undefined> {
  return db.maybeOne(
    PublicationRow,
    sql`select as_of, computing_as_of from metrics.publication where workspace_id = ${workspaceId}`,
  );
}
