import { z } from "zod";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { describeLeadStop, readLeadStop } from "./owner-guard.ts";
import { describePause, readPause } from "./pause.ts";
import { type RefusedObject, readRefusedObjects } from "./refused-objects.ts";
import { readRejections } from "./rejections.ts";
import { readWithheldOwners, type WithheldOwners } from "./withheld-owners.ts";

/** Rows of ours that wait to be deleted from the CRM, by why. */
export interface WaitingRemovals {
  readonly object: string;
  readonly reason: "retention" | "gone" | "team_only";
  readonly rows: number;
  /** ISO UTC: when the first of them are deleted, at the sweep after it. */
  readonly dueAt: string;
  /** The CRM's last refusal, code and words; null where it has not been asked. */
  readonly refusal: { readonly code: string; readonly message: string } | null;
}

export interface RefusedRow {
  readonly object: string;
  readonly key: string;
  readonly state: "retry" | "quarantined" | "vanished";
  /** The flag should be off and is not: no formula can undo it. */
  readonly isClear: boolean;
  readonly code: string;
  /** The CRM's own words. */
  readonly message: string;
  readonly attempts: number;
  /** ISO UTC. */
  readonly nextTryAt: string;
}

/** How writing to the CRM goes. Ids, no names. Instants are ISO, UTC, the CRM's clock. */
export interface WritebackStatus {
  /** Nothing at all is written, until somebody says so: a run was undone. Null where nothing stands in the way. */
  readonly writesPaused: {
    readonly since: string;
    /** The run that was undone last. */
    readonly runId: string;
    /** Why, and what to do. */
    readonly message: string;
  } | null;
  /** Nothing is written to leads, until somebody says so; null where nothing stands in the way. */
  readonly leadWritesStopped: {
    readonly since: string;
    readonly leads: number;
    readonly leadIds: readonly string[];
    /** Why, and what to do. */
    readonly message: string;
  } | null;
  /** Objects of which the CRM took no row at the last push. */
  readonly refusedObjects: readonly RefusedObject[];
  /** Flags that could not be cleared first, then the oldest; twenty at most. */
  readonly refusedRows: readonly RefusedRow[];
  readonly withheldOwners: readonly WithheldOwners[];
  readonly sweep: {
    /** Null before the first, or while one goes on. */
    readonly finishedAt: string | null;
    /** By the last one. */
    readonly removed: number;
    readonly waiting: readonly WaitingRemovals[];
  } | null;
}

/** Refused rows shown: enough to see what they have in common. */
const SHOWN_ROWS = 20;

const SweepRow = z.object({ finished_at: z.date().nullable(), removed_count: z.number() });
const WaitingRow = z.object({
  object: z.string(),
  reason: z.enum(["retention", "gone", "team_only"]),
  code: z.string().nullable(),
  message: z.string().nullable(),
  rows: z.number(),
  due_at: z.date(),
});

export async function readWritebackStatus(
  db: Database,
  scope: { readonly workspaceId: string; readonly connectionId: string },
): Promise<WritebackStatus> {
  const stop = await readLeadStop(db, scope);
  const pause = await readPause(db, scope);
  const rejections = await readRejections(db, scope, SHOWN_ROWS);
  return {
    writesPaused:
      pause === null
        ? null
        : { since: pause.pausedAt.toISOString(), runId: pause.runId, message: describePause(pause) },
    leadWritesStopped:
      stop === null
        ? null
        : {
            since: stop.stoppedAt.toISOString(),
            leads: stop.movedLeads,
            leadIds: stop.leadIds,
            message: describeLeadStop(stop),
          },
    refusedObjects: await readRefusedObjects(db, scope),
    refusedRows: rejections.map((row) => ({
      object: row.object,
      key: row.key,
      state: row.state,
      isClear: row.is_clear,
      code: row.code,
      message: row.message,
      attempts: row.attempts,
      nextTryAt: row.next_try_at.toISOString(),
    })),
    withheldOwners: await readWithheldOwners(db, scope),
    sweep: await readSweepStatus(db, scope),
  };
}

async function readSweepStatus(
  db: Database,
  scope: { readonly workspaceId: string; readonly connectionId: string },
): Promise<WritebackStatus["sweep"]> {
  const last = await db.maybeOne(
    SweepRow,
    sql`select finished_at, removed_count from writeback.sweep
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}`,
  );
  if (last === undefined) return null;
  const waiting = await db.any(
    WaitingRow,
    sql`select object, reason, code, max(message) as message, count(*)::integer as rows, min(due_at) as due_at
        from writeback.removal
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
        group by object, reason, code
        order by object, reason, code nulls first`,
  );
  return {
    finishedAt: last.finished_at?.toISOString() ?? null,
    removed: last.removed_count,
    waiting: waiting.map(({ object, reason, code, message, rows, due_at: dueAt }) => ({
      object,
      reason,
      rows,
      dueAt: dueAt.toISOString(),
      refusal: code === null || message === null ? null : { code, message },
    })),
  };
}
