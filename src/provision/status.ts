import { z } from "zod";
import type { Settings } from "../core/settings.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { readQuestions } from "./questions.ts";

export interface StreamStatus {
  readonly stream: string;
  /** ISO UTC, the CRM's clock; null before the first complete pull. */
  readonly watermark: string | null;
  readonly rows: number | null;
  readonly isUnderWay: boolean;
  readonly isAbsent: boolean;
  readonly hiddenFields: readonly string[];
}

export interface RunStatus {
  readonly step: string;
  readonly outcome: string;
  readonly startedAt: string;
  readonly asOf: string | null;
  readonly seconds: number | null;
}

/** What `ripeline status` shows. No secret, and ids but no names. */
export interface StatusReport {
  readonly store: "pglite" | "postgres";
  readonly orgId: string | null;
  readonly appliedAt: string | null;
  readonly runs: readonly RunStatus[];
  readonly streams: readonly StreamStatus[];
  /** What only the org's people can judge, one sentence each. */
  readonly questions: readonly string[];
}

const StreamRow = z.object({
  stream: z.string(),
  watermark: z.date().nullable(),
  last_rows: z.number().nullable(),
  is_under_way: z.boolean(),
  is_absent: z.boolean(),
  hidden_fields: z.array(z.string()),
});
const RunRow = z.object({
  step: z.string(),
  outcome: z.string().nullable(),
  started_at: z.date(),
  finished_at: z.date().nullable(),
  as_of: z.date().nullable(),
});
const ConnectionRow = z.object({ org_id: z.string(), applied_at: z.date().nullable() });

/** How far each stream is read and how the last run of each step ended. */
export async function readStatus(db: Database, settings: Settings): Promise<StatusReport> {
  const workspaceId = settings.workspace.id;
  const { connectionId } = settings;
  const connection = await db.maybeOne(
    ConnectionRow,
    sql`select org_id, applied_at from mirror.connection
      where workspace_id = ${workspaceId} and connection_id = ${connectionId}`,
  );
  const streams = await db.any(
    StreamRow,
    sql`select stream, watermark, last_rows, checkpoint is not null as is_under_way, is_absent, hidden_fields
      from mirror.stream_state
      where workspace_id = ${workspaceId} and connection_id = ${connectionId} order by stream`,
  );
  const runs = await db.any(
    RunRow,
    sql`select distinct on (step) step, outcome, started_at, finished_at, as_of from mirror.run
      where workspace_id = ${workspaceId} and connection_id = ${connectionId} order by step, started_at desc`,
  );
  return {
    store: db.kind,
    orgId: connection?.org_id ?? null,
    appliedAt: connection?.applied_at?.toISOString() ?? null,
    runs: runs.map((run) => ({
      step: run.step,
      outcome: run.outcome ?? "did not end",
      startedAt: run.started_at.toISOString(),
      asOf: run.as_of?.toISOString() ?? null,
      seconds:
        run.finished_at === null ? null : (run.finished_at.getTime() - run.started_at.getTime()) / 1000,
    })),
    streams: streams.map((stream) => ({
      stream: stream.stream,
      watermark: stream.watermark?.toISOString() ?? null,
      rows: stream.last_rows,
      isUnderWay: stream.is_under_way,
      isAbsent: stream.is_absent,
      hiddenFields: stream.hidden_fields,
    })),
    questions: await readQuestions(db, settings),
  };
}
