import { createHash } from "node:crypto";
import { z } from "zod";
import type { Checkpoint, PullRequest, StreamField, StreamSpec } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import { MINUTE_MS } from "../core/time.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";

/** Which rows of the store a pull belongs to. */
export interface MirrorKey {
  readonly workspaceId: string;
  readonly connectionId: string;
}

const checkpointSchema = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

const StreamStateRow = z.object({
  stream: z.string(),
  watermark: z.date().nullable(),
  history_begins_at: z.date().nullable(),
  pull_since: z.date().nullable(),
  pull_queried_at: z.date().nullable(),
  checkpoint: checkpointSchema.nullable(),
  spec_hash: z.string().nullable(),
  hidden_fields: z.array(z.string()),
  is_absent: z.boolean(),
});

/** How far one stream has been read. Grain: one a stream. */
export interface StreamState {
  readonly stream: string;
  /** The CRM's clock at the start of the last complete pull; null before the first. */
  readonly watermark: Date | null;
  readonly historyBeginsAt: Date | null;
  /** Present while a pull is under way: its lower bound, and where it goes on. */
  readonly interrupted: { readonly since: Date | null; readonly checkpoint: Checkpoint } | null;
  readonly specHash: string | null;
  readonly hiddenFields: readonly string[];
  readonly isAbsent: boolean;
}

/** States of all streams that were ever read, by stream name. */
export async function readStreamStates(
  db: Database,
  key: MirrorKey,
): Promise<ReadonlyMap<string, StreamState>> {
  const rows = await db.any(
    StreamStateRow,
    sql`
      select stream, watermark, history_begins_at, pull_since, pull_queried_at, checkpoint, spec_hash,
        hidden_fields, is_absent
      from mirror.stream_state
      where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}`,
  );
  return new Map(
    rows.map((row) => [
      row.stream,
      {
        stream: row.stream,
        watermark: row.watermark,
        historyBeginsAt: row.history_begins_at,
        interrupted: row.checkpoint === null ? null : { since: row.pull_since, checkpoint: row.checkpoint },
        specHash: row.spec_hash,
        hiddenFields: row.hidden_fields,
        isAbsent: row.is_absent,
      },
    ]),
  );
}

/**
 * Digest of what decides a stream's stored content: its fields and, where a subject is judged, the patterns. When it
 * changes (a field was granted, a pattern edited) the stream is loaded anew, so old rows get the new content too.
 */
export function specHash(fields: readonly StreamField[], settings: Settings["touch"]): string {
  const judged = fields.some((field) => field.keep === "subject");
  const content = {
    fields: fields.map((field) => [field.name, field.type, field.keep ?? "plain"]),
    patterns: judged ? [settings.automatedSubjects, settings.cancelledSubjects] : [],
  };
  return createHash("sha256").update(JSON.stringify(content)).digest("hex");
}

/** Whether a stream's cadence has passed on the CRM's clock since its last complete pull. */
export function isDue(
  stream: StreamSpec,
  state: StreamState | undefined,
  now: Date,
  cadenceMinutes: Readonly<Record<StreamSpec["cadence"], number>>,
): boolean {
  const last = state?.watermark ?? null;
  if (last === null || state?.interrupted != null) return true;
  const cadence = Math.max(cadenceMinutes[stream.cadence], stream.atMostEveryMinutes ?? 0) * MINUTE_MS;
  // The last query was sent a little after its tick, and ticks come on time: without slack every second one would skip.
  return now.getTime() - last.getTime() >= cadence - Math.min(30_000, cadence / 2);
}

/** What to ask the connector for: a first load, a delta with overlap, or the rest of an interrupted pull. */
export function pullRequest(
  stream: StreamSpec,
  fields: readonly StreamField[],
  state: StreamState | undefined,
  hash: string,
): PullRequest {
  const isSameContent = state?.specHash === hash;
  if (state?.interrupted != null && isSameContent) {
    return { stream, fields, since: state.interrupted.since, resume: state.interrupted.checkpoint };
  }
  const watermark = isSameContent && stream.cursor !== "none" ? (state?.watermark ?? null) : null;
  const since = watermark === null ? null : new Date(watermark.getTime() - stream.overlapMinutes * MINUTE_MS);
  return { stream, fields, since, resume: null };
}
