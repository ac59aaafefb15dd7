import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { pauseWrites } from "./pause.ts";
import type { PushContext } from "./push-context.ts";
import type { TargetObject } from "./targets/target.ts";
import {
  type RefusedWrite,
  SHOWN_ROWS,
  type ShownRows,
  type SkippedWrite,
  skipObject,
  type UndoneObject,
  undoObject,
} from "./undo-object.ts";
import type { UndoScope } from "./undo-page.ts";

export type { UndoneObject } from "./undo-object.ts";

export interface UndoOptions {
  /** The run whose writes are taken back. */
  readonly runId: string;
  /** The run that takes them back; null: nothing is written, the outcome tells what would be. */
  readonly undoRunId: string | null;
  /** The CRM's clock, UTC. */
  readonly asOf: Date;
  readonly onProgress?: (progress: { readonly object: string; readonly done: number }) => void;
}

export interface UndoOutcome {
  readonly runId: string;
  /** Null in a dry run, and where the run wrote nothing. */
  readonly undoRunId: string | null;
  /** Keys are `salesforce.Lead` and so on; only objects that the run wrote to. */
  readonly objects: Readonly<Record<string, UndoneObject>>;
  /** The first of them; `objects` counts all. */
  readonly skipped: readonly SkippedWrite[];
  readonly refused: readonly RefusedWrite[];
  /** False where rows were refused or deferred: the same undo again does the rest. */
  readonly isFinished: boolean;
}

const ObjectRow = z.object({ object: z.string() });
const Count = z.object({ count: z.number() });

/**
 * Takes back what a run wrote, where the CRM still holds what the run put there: fields get the value that stood in them
 * before (blank where we had never written them), records of ours that the run made are deleted, those it deleted are
 * made again. What somebody, or a later run of ours, has changed since is left and named.
 *
 * Nothing else is written until somebody says so (`pauseWrites`): the next push would write the same again. Rows go
 * through the writer of every push: hourly limit, harmless headers, audit. An undo that died is finished by running it
 * again: what it had put back is seen to be so.
 * @param targets what may be written, in the order of writing
 * @throws ConfigError for a run that the ledger does not know
 * @throws ConnectorError of the connection; what was written before it is committed
 */
export async function undoRun(
  ctx: PushContext,
  settings: Settings,
  targets: readonly TargetObject[],
  options: UndoOptions,
): Promise<UndoOutcome> {
  const { db, connection } = ctx;
  const scope = {
    workspaceId: settings.workspace.id,
    connectionId: settings.connectionId,
    asOf: options.asOf,
  };
  await assertKnownRun(db, scope, options.runId);
  const written = await objectsOf(db, scope, options.runId);
  const { runId, undoRunId } = options;
  if (written.length === 0) {
    return { runId, undoRunId: null, objects: {}, skipped: [], refused: [], isFinished: true };
  }
  if (undoRunId !== null) await begin(db, scope, runId, undoRunId);
  const shown: ShownRows = { skipped: [], refused: [] };
  const objects: Record<string, UndoneObject> = {};
  for (const object of written) {
    const target = targets.find((each) => each.object === object);
    const name = `${connection.crm}.${object}`;
    objects[name] =
      target === undefined
        ? await skipObject(db, scope, { object, runId }, shown)
        : await undoObject(ctx, settings, target, {
            runId,
            undoRunId,
            scope,
            shown,
            onProgress: options.onProgress,
          });
    ctx.log.info({ runId: undoRunId, undone: runId, object: name, ...objects[name] }, "undone");
  }
  if (undoRunId !== null) shown.refused.push(...(await refusedBy(db, scope, undoRunId)));
  const isFinished = Object.values(objects).every((each) => each.refused === 0 && each.deferred === 0);
  if (undoRunId !== null && isFinished) await finish(db, scope, runId);
  return {
    runId,
    undoRunId,
    objects,
    skipped: shown.skipped,
    refused: shown.refused.slice(0, SHOWN_ROWS),
    isFinished,
  };
}

async function assertKnownRun(db: Database, scope: UndoScope, runId: string): Promise<void> {
  const { count } = await db.one(
    Count,
    sql`select (
            (select count(*) from mirror.run
             where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId} and run_id = ${runId})
            + (select count(*) from writeback.audit
               where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
                 and run_id = ${runId})
        ) as count`,
  );
  if (count > 0) return;
  throw new ConfigError(
    `undo: this store knows no run "${runId}" of connection "${scope.connectionId}"; ` +
      "`ripeline audit` lists writes with their runs. Nothing was changed",
  );
}

async function objectsOf(db: Database, scope: UndoScope, runId: string): Promise<readonly string[]> {
  const rows = await db.any(
    ObjectRow,
    sql`select distinct object from writeback.audit
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId} and run_id = ${runId}
        order by object`,
  );
  return rows.map((row) => row.object);
}

/** Before the first write: from here on no push writes, whatever becomes of the undo. */
async function begin(db: Database, scope: UndoScope, runId: string, undoRunId: string): Promise<void> {
  await pauseWrites(db, scope, { at: scope.asOf, runId });
  await db.execute(sql`
    insert into writeback.undo (workspace_id, connection_id, run_id, undo_run_id, started_at)
    values (${scope.workspaceId}, ${scope.connectionId}, ${runId}, ${undoRunId}, ${scope.asOf})
    on conflict (workspace_id, connection_id, run_id) do update set
        undo_run_id = excluded.undo_run_id,
        started_at = excluded.started_at,
        finished_at = null`);
}

async function finish(db: Database, scope: UndoScope, runId: string): Promise<void> {
  await db.execute(sql`
    update writeback.undo set finished_at = ${scope.asOf}
    where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId} and run_id = ${runId}`);
}

const RefusedRow = z.object({ object: z.string(), key: z.string(), code: z.string(), message: z.string() });

function refusedBy(db: Database, scope: UndoScope, undoRunId: string): Promise<readonly RefusedWrite[]> {
  return db.any(
    RefusedRow,
    sql`select object, key, code, message from writeback.rejection
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
          and run_id = ${undoRunId}
        order by object, key
        limit ${SHOWN_ROWS}`,
  );
}
