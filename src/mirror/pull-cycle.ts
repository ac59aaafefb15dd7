import type { CycleProgress, PullSummary } from "../core/cycle.ts";
import { PermissionError, RequestRefusedError } from "../core/errors.ts";
import type { ReadingConnection } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import { HOUR_MS } from "../core/time.ts";
import type { Database } from "../database/database.ts";
import { noteFirstPull, readConnection, saveFacts } from "./connection-record.ts";
import { readEmailKey } from "./email-key.ts";
import { pageClock } from "./page-clock.ts";
import { pull, type VisibleStream, visibleStreams } from "./pull.ts";
import { compareCounts, type RecordCounts } from "./record-counts.ts";
import { isDue, type MirrorKey, readStreamStates, type StreamState } from "./stream-state.ts";

export interface PullCycleContext {
  readonly db: Database;
  readonly connection: ReadingConnection;
  readonly settings: Settings;
  /** RIPELINE_SECRET_KEY, where it is set. */
  readonly secretKey: string | undefined;
  readonly cadenceMinutes: Readonly<Record<"fast" | "money" | "slow", number>>;
  /** Objects that we write to: what runs on them decides how many rows go at once. */
  readonly writtenObjects: readonly string[];
  readonly onProgress: (progress: CycleProgress) => void;
}

/** What a pull tells: its summary, and the comparison of counts where it made one. */
export interface PullCycleOutcome {
  readonly summary: PullSummary;
  readonly counts: RecordCounts | null;
}

/**
 * Describes, limits and the Tooling API are read this often, and at once when a query names a field that is gone; the
 * CRM is asked for its own counts with them.
 */
const FACTS_EVERY_MS = HOUR_MS;

/**
 * The pull step: finds out which streams are due on the CRM's clock and which of their fields this user sees, and reads
 * them into the mirror.
 * @param part `flags`: only streams that flags on records come from, as they were last described
 * @returns rows and metered calls by stream; `asOf` is the CRM's clock after the last page and the counts
 */
export async function pullCycle(
  context: PullCycleContext,
  which: "due" | "all",
  part: "whole" | "flags" = "whole",
): Promise<PullCycleOutcome> {
  const { db, connection, settings } = context;
  const key: MirrorKey = { workspaceId: settings.workspace.id, connectionId: settings.connectionId };
  const started = performance.now();
  const callsBefore = connection.usage().metered;
  const now = await connection.serverTime();
  const dated = pageClock(now);
  const states = await readStreamStates(db, key);
  const due = new Set(
    connection.streams
      .filter(
        (stream) =>
          (part === "whole" || stream.isForFlags === true) &&
          (which === "all" || isDue(stream, states.get(stream.name), now, context.cadenceMinutes)),
      )
      .map((stream) => stream.name),
  );
  const emailKey = await readEmailKey(db, settings.workspace.id, context.secretKey);
  const read = async (areFactsForced: boolean) => {
    const { streams, areNew } = await streamsToRead(context, key, now, {
      states: areFactsForced ? null : states,
      isOldGoodEnough: part === "flags",
    });
    const toRead = streams.filter(({ stream }) => due.has(stream.name));
    const outcomes = await pull(
      {
        db,
        connection,
        settings,
        emailKey,
        dated,
        onRows: (stream, rows) => context.onProgress({ step: "pull", item: stream, done: rows, total: null }),
      },
      toRead,
    );
    return { outcomes, counts: areNew ? await compareCounts(db, connection, key, toRead) : null };
  };
  const { outcomes, counts } =
    due.size === 0 ? { outcomes: [], counts: null } : await readAgainIfRefused(read);
  const asOf = await connection.serverTime();
  await noteFirstPull(db, key, asOf);
  const after = await readStreamStates(db, key);
  const summary: PullSummary = {
    asOf: asOf.toISOString(),
    streams: Object.fromEntries(
      outcomes
        .filter((outcome) => outcome.route !== "absent")
        .map((outcome) => [outcome.stream, { rows: outcome.rows, calls: outcome.calls }]),
    ),
    hiddenFields: Object.fromEntries(
      connection.streams.flatMap((stream) => {
        const hidden = hiddenOf(after.get(stream.name), stream.optional === true);
        return hidden.length === 0 ? [] : [[stream.object, hidden] as const];
      }),
    ),
    apiCalls: connection.usage().metered - callsBefore,
    seconds: (performance.now() - started) / 1000,
    quota: null,
  };
  return { summary, counts };
}

/** Our own checkbox is hidden until `apply`; an optional object that an org does not have hides nothing. */
function hiddenOf(state: StreamState | undefined, isOptional: boolean): readonly string[] {
  if (state === undefined || (state.isAbsent && isOptional)) return [];
  return state.hiddenFields.filter((field) => !/^ripeline_/i.test(field));
}

/** A field or object can vanish between two describes: then they are read again, once. */
async function readAgainIfRefused<T>(read: (areFactsForced: boolean) => Promise<T>): Promise<T> {
  try {
    return await read(false);
  } catch (error) {
    const isSchemaChange =
      error instanceof PermissionError ||
      (error instanceof RequestRefusedError &&
        (error.vendorCode === "INVALID_FIELD" || error.vendorCode === "INVALID_TYPE"));
    if (!isSchemaChange) throw error;
    return read(true);
  }
}

/** All streams with their visible fields: from the last describe while it is fresh, else from a new one. */
async function streamsToRead(
  { db, connection, writtenObjects }: PullCycleContext,
  key: MirrorKey,
  now: Date,
  last: { readonly states: ReadonlyMap<string, StreamState> | null; readonly isOldGoodEnough: boolean },
): Promise<{ readonly streams: readonly VisibleStream[]; readonly areNew: boolean }> {
  const { states } = last;
  const record = await readConnection(db, key);
  const readAt = record?.facts_read_at ?? null;
  const isFresh =
    last.isOldGoodEnough || (readAt !== null && now.getTime() - readAt.getTime() < FACTS_EVERY_MS);
  const known = connection.streams.every((stream) => states?.has(stream.name) === true);
  if (states !== null && isFresh && known) {
    const streams = connection.streams.map((stream) => {
      const state = states.get(stream.name);
      const hidden = new Set(state?.hiddenFields);
      return {
        stream,
        hidden: [...hidden],
        fields: state?.isAbsent === true ? null : stream.fields.filter((field) => !hidden.has(field.name)),
      };
    });
    return { streams, areNew: false };
  }
  const access = await connection.access(connection.streams.map((stream) => stream.object));
  const facts = await connection.facts(writtenObjects);
  // A user who may not see the limits is told the calls a day with every answer.
  const dailyCallLimit = facts.dailyCallLimit ?? connection.usage().dailyLimit;
  await saveFacts(db, key, { ...facts, dailyCallLimit }, now);
  const readable = new Map(
    access.filter((each) => each.visible).map((each) => [each.object, each.readable] as const),
  );
  return { streams: visibleStreams(connection.streams, readable), areNew: true };
}
