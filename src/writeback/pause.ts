import { z } from "zod";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";

interface PauseScope {
  readonly workspaceId: string;
  readonly connectionId: string;
}

/** Nothing is written to the CRM from `pausedAt` on, because a run was undone: a push would write the same again. */
export interface WritePause {
  /** The CRM's clock, UTC. */
  readonly pausedAt: Date;
  /** The run that was undone last. */
  readonly runId: string;
  /** False: the undo was cut short, and running it again finishes it. */
  readonly isUndoFinished: boolean;
}

const PauseRow = z.object({ paused_at: z.date(), run_id: z.string(), is_finished: z.boolean() });

/** The pause in force, or null. */
export async function readPause(db: Database, scope: PauseScope): Promise<WritePause | null> {
  const row = await db.maybeOne(
    PauseRow,
    sql`select pause.paused_at, pause.run_id, coalesce(undo.finished_at is not null, false) as is_finished
        from writeback.pause as pause
        left join writeback.undo as undo using (workspace_id, connection_id, run_id)
        where pause.workspace_id = ${scope.workspaceId} and pause.connection_id = ${scope.connectionId}`,
  );
  if (row === undefined) return null;
  return { pausedAt: row.paused_at, runId: row.run_id, isUndoFinished: row.is_finished };
}

/** Pauses all writes until `resumeWrites`; a pause in force keeps its first instant. */
export async function pauseWrites(
  db: Database,
  scope: PauseScope,
  pause: { readonly at: Date; readonly runId: string },
): Promise<void> {
  await db.execute(sql`
    insert into writeback.pause as pause (workspace_id, connection_id, paused_at, run_id)
    values (${scope.workspaceId}, ${scope.connectionId}, ${pause.at}, ${pause.runId})
    on conflict (workspace_id, connection_id) do update set run_id = excluded.run_id`);
}

/** Writes again. @returns the pause that was lifted, or null where none was in force */
export async function resumeWrites(db: Database, scope: PauseScope): Promise<WritePause | null> {
  const pause = await readPause(db, scope);
  await db.execute(sql`
    delete from writeback.pause
    where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}`);
  return pause;
}

/** Why nothing is written, and what to do. */
export function describePause({ pausedAt, runId, isUndoFinished }: WritePause): string {
  const next = isUndoFinished
    ? ""
    : ` The undo has not ended: run \`ripeline undo ${runId}\` again to finish it.`;
  return (
    `nothing has been written to the CRM since ${pausedAt.toISOString()}: run ${runId} was undone, and the next push ` +
    `would write the same values again.${next} When what made them wrong is mended, run \`ripeline sync --resume-writes\``
  );
}
