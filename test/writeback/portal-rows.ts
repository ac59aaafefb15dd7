import { z } from "zod";
import type { Settings } from "../../src/core/settings.ts";
import type { Database } from "../../src/database/database.ts";
import { sql } from "../../src/database/sql.ts";
import { hoursAfter, START } from "./metric-rows.ts";
import { SETTINGS } from "./sample-settings.ts";

/** Rows of a last compute over a HubSpot portal, for what write-back makes of them. */
export const PORTAL: Settings = {
  ...SETTINGS,
  connections: [{ id: "hubspot", crm: "hubspot" }],
  connectionId: "hubspot",
};
const OWNER = "70001";

const W = PORTAL.workspace.id;
const C = PORTAL.connectionId;

const Column = z.object({ table: z.string(), name: z.string() });

/** Lets a test fill in only what write-back reads. */
export async function relaxPortal(db: Database): Promise<void> {
  const columns = await db.any(
    Column,
    sql`select columns.table_name as table, columns.column_name as name
        from information_schema.columns as columns
        where columns.table_schema = 'metrics' and columns.is_nullable = 'NO'
          and columns.table_name in ('run', 'run_connection', 'stg_lead', 'stg_owner')
          and columns.column_name not in ('workspace_id', 'connection_id', 'lead_id', 'owner_id')`,
  );
  for (const { table, name } of columns) {
    await db.execute(
      sql`alter table ${sql.identifier(["metrics", table])} alter column ${sql.identifier([name])} drop not null`,
    );
  }
}

export async function putPortal(db: Database, unit: "leads" | "contacts", asOf: Date): Promise<void> {
  await db.execute(
    sql`insert into mirror.connection (workspace_id, connection_id, crm, org_id, instance_url, username, facts_read_at)
        values (${W}, ${C}, 'hubspot', '24700001', 'https://app.hubspot.com', 'portal 24700001', ${START})
        on conflict do nothing`,
  );
  await db.execute(sql`delete from metrics.run where workspace_id = ${W}`);
  await db.execute(sql`insert into metrics.run (workspace_id, as_of) values (${W}, ${asOf})`);
  await db.execute(sql`delete from metrics.run_connection where workspace_id = ${W}`);
  await db.execute(
    sql`insert into metrics.run_connection (workspace_id, connection_id, crm, unit, capture_gate, start_from)
        values (${W}, ${C}, 'hubspot', ${unit}, 'passed', ${START})`,
  );
}

export interface PortalHandoff {
  /** Lead, or contact where that is the unit. */
  readonly unit: string;
  readonly contact: string;
  readonly at?: Date;
  readonly firstTouchAt?: Date | null;
  readonly endedAt?: Date | null;
}

/** A record with a handoff under the 24-hour policy: at risk after 18 hours, cold 14 days after the first touch. */
export async function putUnit(db: Database, row: PortalHandoff): Promise<void> {
  const at = row.at ?? START;
  const first = row.firstTouchAt ?? null;
  const ended = row.endedAt ?? null;
  const id = `h${row.unit}`;
  await db.execute(
    sql`insert into metrics.stg_lead (workspace_id, connection_id, lead_id, contact_id)
        values (${W}, ${C}, ${row.unit}, ${row.contact}) on conflict do nothing`,
  );
  await db.execute(
    sql`insert into metrics.int_lead (
            workspace_id, connection_id, lead_id, owner_id, owner_kind, is_qualified, is_undelivered, is_converted,
            created_at, open_handoff_id, is_excluded
        ) values (
            ${W}, ${C}, ${row.unit}, ${OWNER}, 'rep', true, false, false, ${START}, ${ended === null ? id : null}, false
        )
        on conflict (workspace_id, connection_id, lead_id) do update set open_handoff_id = excluded.open_handoff_id`,
  );
  await db.execute(
    sql`insert into metrics.int_handoff (
            workspace_id, connection_id, handoff_id, chain_id, lead_id, owner_id, owner_is_active, evidence, policy,
            calendar, handed_off_at, clock_started_at, at_risk_at, rots_at, first_touch_at, first_touch_kind,
            first_touch_by, first_touch_id, last_touch_at, touch_count, cold_at, ended_at, ended_by, state, is_in_scope,
            is_flagged, handoff_number, chain_position
        ) values (
            ${W}, ${C}, ${id}, ${id}, ${row.unit}, ${OWNER}, true, 'history', 'default', 'wall_clock', ${at}, ${at},
            ${hoursAfter(at, 18)}, ${hoursAfter(at, 24)}, ${first}, ${first === null ? null : "call"},
            ${first === null ? null : OWNER}, ${first === null ? null : "9001"}, ${first}, ${first === null ? 0 : 1},
            ${first === null ? null : hoursAfter(first, 14 * 24)}, ${ended}, ${ended === null ? null : "disqualified"},
            'waiting', true, true, 1, 1
        )
        on conflict (workspace_id, connection_id, handoff_id) do update set
            first_touch_at = excluded.first_touch_at,
            first_touch_kind = excluded.first_touch_kind,
            first_touch_by = excluded.first_touch_by,
            first_touch_id = excluded.first_touch_id,
            last_touch_at = excluded.last_touch_at,
            touch_count = excluded.touch_count,
            cold_at = excluded.cold_at,
            ended_at = excluded.ended_at,
            ended_by = excluded.ended_by`,
  );
}

/** An open deal that stalls 14 days after START. */
export async function putDeal(db: Database, deal: string): Promise<void> {
  const Required = z.object({ name: z.string() });
  const required = await db.any(
    Required,
    sql`select column_name as name from information_schema.columns
        where table_schema = 'metrics' and table_name = 'int_opportunity' and is_nullable = 'NO'
          and column_name not in ('workspace_id', 'connection_id', 'opportunity_id')`,
  );
  for (const { name } of required) {
    await db.execute(
      sql`alter table metrics.int_opportunity alter column ${sql.identifier([name])} drop not null`,
    );
  }
  await db.execute(
    sql`insert into metrics.int_opportunity (
            workspace_id, connection_id, opportunity_id, is_open, stalled_since, source
        )
        values (${W}, ${C}, ${deal}, true, ${hoursAfter(START, 14 * 24)}, 'ORGANIC_SEARCH')
        on conflict do nothing`,
  );
}
