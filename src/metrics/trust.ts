import { DateTime } from "luxon";
import { z } from "zod";
import type { Settings } from "../core/settings.ts";
import type { Transaction } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { LEDGER_OVERHEAD } from "./catalog.ts";

const stateRow = z.object({
  stream: z.string(),
  watermark: z.date().nullable(),
  history_begins_at: z.date().nullable(),
  hidden_fields: z.array(z.string()),
  is_absent: z.boolean(),
});

/** What is known of the streams behind the numbers. */
export interface Trust {
  /** Oldest watermark of the streams that were read; null before the first complete pull. */
  readonly dataAsOf: string | null;
  /** `salesforce.Lead.LeadSource`: fields that the org hides from us. */
  readonly hiddenFields: readonly string[];
  /** Stream to the first date (workspace's zone) it is known of, where that is after as_of. */
  readonly noHistoryBefore: Readonly<Record<string, string>>;
  /** Inputs that were never given, with the reason that stands in place of what needs them. */
  readonly missingInputs: Readonly<Record<string, string>>;
}

/** Reads the state of the streams at as_of and keeps it in `metrics.run.trust`. */
export async function writeTrust(
  tx: Transaction,
  settings: Settings,
  scope: { readonly workspaceId: string; readonly asOf: Date },
): Promise<Trust> {
  const states = await tx.any(
    stateRow,
    sql`select stream, watermark, history_begins_at, hidden_fields, is_absent
        from mirror.stream_state
        where workspace_id = ${scope.workspaceId}
          and connection_id = any(${settings.connections.map(({ id }) => id)}::text[])
        order by stream, connection_id`,
  );
  const watermarks = states.flatMap((state) => (state.watermark === null ? [] : [state.watermark.getTime()]));
  const late = states.filter(
    // HTTP dates have no fractions of a second.
    (state) =>
      state.history_begins_at !== null &&
      Math.floor(state.history_begins_at.getTime() / 1000) > Math.floor(scope.asOf.getTime() / 1000),
  );
  const trust: Trust = {
    dataAsOf: watermarks.length === 0 ? null : new Date(Math.min(...watermarks)).toISOString(),
    hiddenFields: states.flatMap((state) => state.hidden_fields.map((field) => `${state.stream}.${field}`)),
    noHistoryBefore: Object.fromEntries(
      late.map((state) => [
        state.stream,
        DateTime.fromJSDate(state.history_begins_at ?? scope.asOf, {
          zone: settings.workspace.timeZone,
        }).toISODate() ?? "",
      ]),
    ),
    missingInputs: (await hasOverhead(tx, scope))
      ? {}
      : { [LEDGER_OVERHEAD]: "no operations or labour in the cost ledger" },
  };
  await tx.execute(
    sql`update metrics.run set trust = ${sql.json(trust)} where workspace_id = ${scope.workspaceId}`,
  );
  return trust;
}

async function hasOverhead(tx: Transaction, scope: { readonly workspaceId: string }): Promise<boolean> {
  const { found } = await tx.one(
    z.object({ found: z.boolean() }),
    sql`select exists (
          select 1
          from metrics.stg_cost_entry as entry
          join metrics.run as run using (workspace_id)
          where entry.workspace_id = ${scope.workspaceId}
            and entry.kind <> 'program' and entry.entry_on <= run.today
        ) as found`,
  );
  return found;
}
