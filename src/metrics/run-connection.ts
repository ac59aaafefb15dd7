import { z } from "zod";
import type { ConnectionSettings, Settings } from "../core/settings.ts";
import type { Transaction } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import type { CurrencyRule } from "./currency.ts";
import { circumstancesOf } from "./models.ts";

const circumstances = z.object({
  unit: z.string(),
  tracks_owner_history: z.boolean(),
  tracks_status_history: z.boolean(),
  oldest_owner_row_at: z.date().nullable(),
  oldest_status_row_at: z.date().nullable(),
  converted_statuses: z.array(z.string()),
  default_statuses: z.array(z.string()),
  home_currency: z.string().nullable(),
  keeps_home_amounts: z.boolean(),
});

/** What a CRM says of itself, as of the compute. */
export type Circumstances = z.infer<typeof circumstances>;

/** Of a CRM that nobody has models for. */
const nothingKnown: Circumstances = {
  unit: "none",
  tracks_owner_history: false,
  tracks_status_history: false,
  oldest_owner_row_at: null,
  oldest_status_row_at: null,
  converted_statuses: [],
  default_statuses: [],
  home_currency: null,
  keeps_home_amounts: false,
};

export async function readCircumstances(
  tx: Transaction,
  workspaceId: string,
  connection: ConnectionSettings,
  asOf: Date,
): Promise<Circumstances> {
  const text = circumstancesOf(connection.crm);
  if (text === undefined) return nothingKnown;
  return tx.one(circumstances, text.bind(workspaceId, connection.id, asOf));
}

interface ConnectionRow {
  readonly position: number;
  readonly connection: ConnectionSettings;
  readonly circumstances: Circumstances;
  readonly rule: CurrencyRule;
}

/** Writes the connection's row of `metrics.run_connection`; gate and calendar come later. */
export async function writeConnection(
  tx: Transaction,
  settings: Settings,
  row: ConnectionRow,
): Promise<void> {
  const { connection, circumstances: found } = row;
  const workspaceId = settings.workspace.id;
  const { startFrom } = settings.rot;
  const applied = await tx.maybeOne(
    z.object({ applied_at: z.date().nullable() }),
    sql`select applied_at from mirror.connection
        where workspace_id = ${workspaceId} and connection_id = ${connection.id}`,
  );
  await tx.execute(sql`
    insert into metrics.run_connection (
      workspace_id, connection_id, crm, position, unit, tracks_owner_history, tracks_status_history,
      oldest_owner_row_at, oldest_status_row_at, converted_statuses, default_statuses, currency_rule, home_currency,
      start_from
    ) values (
      ${workspaceId}, ${connection.id}, ${connection.crm}, ${row.position}, ${found.unit},
      ${found.tracks_owner_history}, ${found.tracks_status_history}, ${found.oldest_owner_row_at},
      ${found.oldest_status_row_at}, ${found.converted_statuses}, ${found.default_statuses}, ${row.rule},
      ${found.home_currency}, ${startFrom === null ? (applied?.applied_at ?? null) : new Date(startFrom)}
    )`);
}
