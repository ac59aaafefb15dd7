import { randomUUID } from "node:crypto";
import { z } from "zod";
import { QuotaExhaustedError } from "../core/errors.ts";
import type { Json } from "../core/json.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import type { MirrorKey } from "./stream-state.ts";

export type RunStep = "pull" | "compute" | "push" | "sweep" | "reconcile" | "apply" | "undo" | "forget";

/** Outcome of a run that did nothing, or not all, since the day's calls are spent. */
export const WAITING = "waiting: QUOTA_EXHAUSTED";

interface RunEnd<T> {
  readonly result: T;
  readonly asOf: Date | null;
  readonly detail: Json;
  /** @default done */
  readonly outcome?: typeof WAITING;
}

/**
 * Opens a line, runs the work and closes the line as done (or as the work says), waiting where the day's calls are spent,
 * or failed with the error's code; the work's error goes on.
 * @param signal what ends the work early: its reason then stands for whatever the work threw
 */
export async function recordRun<T>(
  db: Database,
  key: MirrorKey,
  step: RunStep,
  work: (runId: string) => Promise<RunEnd<T>>,
  signal?: AbortSignal,
): Promise<T> {
  const runId = randomUUID();
  await db.execute(sql`
    insert into mirror.run (workspace_id, run_id, connection_id, step, started_at)
    values (${key.workspaceId}, ${runId}, ${key.connectionId}, ${step}, ${new Date()})`);
  const close = (outcome: string, asOf: Date | null, detail: Json) =>
    db.execute(sql`
      update mirror.run set finished_at = ${new Date()}, outcome = ${outcome}, as_of = ${asOf},
        detail = ${sql.json(detail)}::jsonb
      where workspace_id = ${key.workspaceId} and run_id = ${runId}`);
  try {
    const { result, asOf, detail, outcome = "done" } = await work(runId);
    await close(outcome, asOf, detail);
    return result;
  } catch (thrown) {
    const error: unknown = signal?.aborted === true ? signal.reason : thrown;
    const code = error instanceof Error && "code" in error ? String(error.code) : "FAULT";
    // The store may be what failed; then the open line itself tells that the run did not end.
    const outcome = error instanceof QuotaExhaustedError ? WAITING : `failed: ${code}`;
    await close(outcome, null, {}).catch(() => undefined);
    throw error;
  }
}

const NewestRow = z.object({ as_of: z.date() });

/**
 * The CRM's clock at the end of the newest complete pull; null before the first. The newest is the one that ended last:
 * by the CRM's clock, one that was ahead for a moment would make every later pull an old one until it has passed.
 */
export async function newestPull(db: Database, key: MirrorKey): Promise<Date | null> {
  const row = await db.maybeOne(
    NewestRow,
    sql`
      select as_of from mirror.run
      where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}
        and step = 'pull' and outcome = 'done' and as_of is not null
      order by finished_at desc
      limit 1`,
  );
  return row?.as_of ?? null;
}

/** The connection that a run was on; undefined for a run that the ledger does not know. */
export async function connectionOfRun(
  db: Database,
  workspaceId: string,
  runId: string,
): Promise<string | undefined> {
  const row = await db.maybeOne(
    z.object({ connection_id: z.string() }),
    sql`select connection_id from mirror.run where workspace_id = ${workspaceId} and run_id::text = ${runId}`,
  );
  return row?.connection_id;
}
