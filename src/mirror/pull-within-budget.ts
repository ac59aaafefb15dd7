import { z } from "zod";
import type { PullSummary, QuotaState } from "../core/cycle.ts";
import { QuotaExhaustedError } from "../core/errors.ts";
import type { ReadingConnection } from "../core/ports.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { type PullCycleContext, type PullCycleOutcome, pullCycle } from "./pull-cycle.ts";
import { type MirrorKey, readStreamStates, type StreamState } from "./stream-state.ts";

export interface BudgetedPullContext extends PullCycleContext {
  /** The same connection, whose reads may take the calls that are kept for flags. */
  readonly reserve: ReadingConnection;
}

/** Two calls read the streams that flags come from, one writes leads, one their handoffs. */
const CALLS_A_CYCLE = 4;
const DAY_MINUTES = 1_440;

/**
 * The pull step within the day's calls: all that is due, or, when those calls are spent, from the reserve what flags on
 * records come from (leads, their owner history, activities, opportunities), no oftener than the reserve lasts a day.
 * What was read before the calls were spent stays, and the next pull goes on behind it.
 *
 * From the reserve nothing is read before every stream was read whole once: a flag on half of what is known would be
 * wrong.
 * @returns `quota` says what waits; where it does and no stream was read, nothing is to be computed or written
 */
export async function pullWithinBudget(
  context: BudgetedPullContext,
  which: "due" | "all",
): Promise<PullCycleOutcome> {
  const { reserve } = context;
  const callsBefore = reserve.usage().metered;
  try {
    return await pullCycle(context, which);
  } catch (error) {
    if (!(error instanceof QuotaExhaustedError)) throw error;
    const { summary, counts } = await pullForFlags(context, which, error);
    return { summary: { ...summary, apiCalls: reserve.usage().metered - callsBefore }, counts };
  }
}

async function pullForFlags(
  context: BudgetedPullContext,
  which: "due" | "all",
  spent: QuotaExhaustedError,
): Promise<PullCycleOutcome> {
  const { db, reserve, settings, cadenceMinutes } = context;
  const key: MirrorKey = { workspaceId: settings.workspace.id, connectionId: settings.connectionId };
  const started = performance.now();
  const earlier = await readQuotaState(db, key);
  const since = earlier?.since ?? (await reserve.serverTime()).toISOString();
  const states = await readStreamStates(db, key);
  const nothing = async (error: QuotaExhaustedError): Promise<PullCycleOutcome> => {
    const summary: PullSummary = {
      asOf: (await reserve.serverTime()).toISOString(),
      streams: {},
      hiddenFields: {},
      apiCalls: 0,
      seconds: (performance.now() - started) / 1000,
      quota: {
        mode: "nothing",
        since,
        until: error.quota?.resetsAt?.toISOString() ?? null,
        message: `nothing is read or written since ${since}: ${error.message}`,
      },
    };
    return { summary, counts: null };
  };
  // The CRM itself refused the last call: it has none for flags either.
  if (spent.quota === null || spent.quota.reserveLeft === 0) return nothing(spent);
  if (!reserve.streams.every((stream) => isReadWhole(states.get(stream.name)))) return nothing(spent);
  const { reserve: kept, resetsAt } = spent.quota;
  const minutes = Math.max(cadenceMinutes.fast, minutesBetween(kept));
  try {
    const { summary } = await pullCycle(
      { ...context, connection: reserve, cadenceMinutes: { ...cadenceMinutes, fast: minutes } },
      which,
      "flags",
    );
    const quota: QuotaState = {
      mode: "flags",
      since,
      until: resetsAt?.toISOString() ?? null,
      message:
        `only flags on records are read and written since ${since}, every ${minutes} minutes, from the calls that are ` +
        `kept for them (${kept} a day); everything else waits: ${spent.message}`,
    };
    return { summary: { ...summary, quota }, counts: null };
  } catch (error) {
    if (!(error instanceof QuotaExhaustedError)) throw error;
    return nothing(error);
  }
}

function isReadWhole(state: StreamState | undefined): boolean {
  return state !== undefined && (state.isAbsent || state.watermark !== null);
}

/** Minutes between cycles at which so many calls last a day. */
export function minutesBetween(reserve: number): number {
  const cycles = Math.floor(reserve / CALLS_A_CYCLE);
  return cycles === 0 ? DAY_MINUTES : Math.ceil(DAY_MINUTES / cycles);
}

const QuotaShape = z.object({
  mode: z.enum(["flags", "nothing"]),
  since: z.string(),
  until: z.string().nullable(),
  message: z.string(),
});
const QuotaRow = z.object({ quota: QuotaShape.nullable() });

/** What waits for the day's calls, as the last pull left it in the run ledger; null where nothing does. */
export async function readQuotaState(db: Database, key: MirrorKey): Promise<QuotaState | null> {
  const row = await db.maybeOne(
    QuotaRow,
    sql`
      select nullif(detail -> 'quota', 'null'::jsonb) as quota from mirror.run
      where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}
        and step = 'pull' and detail -> 'quota' is not null
      order by started_at desc
      limit 1`,
  );
  return row?.quota ?? null;
}
