import { DateTime } from "luxon";
import { z } from "zod";
import type { Settings } from "../core/settings.ts";
import type { Transaction } from "../database/database.ts";
import { sql } from "../database/sql.ts";

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
  /** Rows held as current at as_of, by stream. */
  readonly mirrorRows: Readonly<Record<string, number>>;
}

/** Reads the state of the streams at as_of and keeps it in `metrics.run.trust`. */
export async function writeTrust(
  tx: Transaction,
  settings: Settings,
  scope: { readonly workspaceId: string; readonly connectionId: string; readonly asOf: Date },
): Promise<Trust> {
  const states = await tx.any(
    stateRow,
    sql`select stream, watermark, history_begins_at, hidden_fields, is_absent
        from mirror.stream_state
        where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
        order by stream`,
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
    mirrorRows: await countMirror(tx, scope),
  };
  await tx.execute(
    sql`update metrics.run set trust = ${sql.json(trust)} where workspace_id = ${scope.workspaceId}`,
  );
  return trust;
}

/** Streams whose counts `verify` and the report compare with the CRM's, and the tables that hold them. */
const countedTables = [
  ["salesforce.Lead", "salesforce_lead"],
  ["salesforce.Contact", "salesforce_contact"],
  ["salesforce.Opportunity", "salesforce_opportunity"],
  ["salesforce.Campaign", "salesforce_campaign"],
  ["salesforce.CampaignMember", "salesforce_campaign_member"],
  ["salesforce.Task", "salesforce_task"],
  ["salesforce.Event", "salesforce_event"],
] as const;

async function countMirror(
  tx: Transaction,
  scope: { readonly workspaceId: string; readonly connectionId: string; readonly asOf: Date },
): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const [stream, table] of countedTables) {
    const { rows } = await tx.one(
      z.object({ rows: z.number() }),
      sql`select count(*) as rows from ${sql.identifier(["mirror", table])}
          where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}
            and valid_from <= ${scope.asOf} and (valid_to is null or valid_to > ${scope.asOf})
            and isdeleted is not true`,
    );
    counts[stream] = rows;
  }
  return counts;
}
