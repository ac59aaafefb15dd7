import { z } from "zod";
import type { CallLedger } from "../core/ports.ts";
import { DAY_MS, HOUR_MS } from "../core/time.ts";
import type { Database } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import type { MirrorKey } from "./stream-state.ts";

const HourRow = z.object({ hour_at: z.date(), calls: z.number() });

/**
 * Counts a connection's calls in the store, where every process of it finds them: one statement a booking. Hours older
 * than two days are forgotten.
 */
export function storedCallLedger(db: Database, key: MirrorKey): CallLedger {
  const mine = sql`workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}`;
  return {
    async book({ calls, at, figures }) {
      const hour = new Date(Math.floor(at.getTime() / HOUR_MS) * HOUR_MS);
      const since = new Date(hour.getTime() - DAY_MS);
      const rows = await db.any(
        HourRow,
        sql`
          with booked as (
            insert into mirror.api_call as known (workspace_id, connection_id, hour_at, calls)
            values (${key.workspaceId}, ${key.connectionId}, ${hour}, greatest(${calls}::integer, 0))
            on conflict (workspace_id, connection_id, hour_at)
            do update set calls = greatest(known.calls + ${calls}::integer, 0)
            returning hour_at, calls
          ),
          forgotten as (
            delete from mirror.api_call where ${mine} and hour_at < ${since}::timestamptz - interval '1 day'
          ),
          seen as (
            insert into mirror.api_usage (workspace_id, connection_id, used, daily_limit, seen_at, saved_at)
            select ${key.workspaceId}, ${key.connectionId}, ${figures?.used ?? 0}::bigint,
              ${figures?.limit ?? 0}::bigint, ${figures?.at ?? at}::timestamptz, clock_timestamp()
            where ${figures !== null}::boolean
            on conflict (workspace_id, connection_id) do update set
              used = excluded.used, daily_limit = excluded.daily_limit, seen_at = excluded.seen_at,
              saved_at = excluded.saved_at
          )
          select hour_at, calls from booked
          union all
          select hour_at, calls from mirror.api_call
          where ${mine} and hour_at >= ${since} and hour_at <> ${hour}`,
      );
      return new Map(rows.map((row) => [row.hour_at.getTime(), row.calls]));
    },
  };
}

const BudgetRow = z.object({
  calls: z.number(),
  used: z.number(),
  daily_limit: z.number(),
  seen_at: z.date(),
});

/** Our calls of the last 24 hours beside what they may be. */
export interface CallBudget {
  readonly calls: number;
  /** Our share of the org's calls, `api.ceiling` of its limit. */
  readonly ceiling: number;
  /** The org's own figures, and when it told them (ISO UTC, its clock). */
  readonly orgUsed: number;
  readonly orgLimit: number;
  readonly seenAt: string;
}

/** As of now by the CRM's clock, which is taken from its last answer. Null before the first. */
export async function readCallBudget(
  db: Database,
  key: MirrorKey,
  ceilingShare: number,
): Promise<CallBudget | null> {
  const row = await db.maybeOne(
    BudgetRow,
    sql`
      select
        usage.used, usage.daily_limit, usage.seen_at,
        coalesce((
          select sum(call.calls) from mirror.api_call as call
          where call.workspace_id = usage.workspace_id and call.connection_id = usage.connection_id
            and call.hour_at > usage.seen_at + (clock_timestamp() - usage.saved_at) - interval '25 hours'
        ), 0)::bigint as calls
      from mirror.api_usage as usage
      where usage.workspace_id = ${key.workspaceId} and usage.connection_id = ${key.connectionId}`,
  );
  if (row === undefined) return null;
  return {
    calls: row.calls,
    ceiling: Math.floor(row.daily_limit * ceilingShare),
    orgUsed: row.used,
    orgLimit: row.daily_limit,
    seenAt: row.seen_at.toISOString(),
  };
}
