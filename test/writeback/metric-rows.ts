import { z } from "zod";
import type { Database } from "../../src/database/database.ts";
import { sql } from "../../src/database/sql.ts";

const WORKSPACE = "acme";
const CONNECTION = "salesforce";

export const REP = "005000000000001AAA";
export const OTHER_REP = "005000000000002AAA";
export const START = new Date("2026-06-01T08:00:00Z");

export function hoursAfter(from: Date, hours: number): Date {
  return new Date(from.getTime() + hours * 3_600_000);
}

/** Ids `00Q…` with the number in them. */
export function leadId(number: number): string {
  return `00Q${String(number).padStart(12, "0")}AAA`;
}

const Column = z.object({ name: z.string() });

/** Lets a test fill in only what write-back reads of the last compute's parameters. */
export async function relaxRun(db: Database): Promise<void> {
  for (const table of ["run", "run_connection"]) {
    const columns = await db.any(
      Column,
      sql`select column_name as name from information_schema.columns
          where table_schema = 'metrics' and table_name = ${table} and is_nullable = 'NO'
            and column_name not in ('workspace_id', 'connection_id')`,
    );
    for (const { name } of columns) {
      await db.execute(
        sql`alter table ${sql.identifier(["metrics", table])} alter column ${sql.identifier([name])} drop not null`,
      );
    }
  }
}

/** The connection and a compute run: without them there is nothing to push. */
export async function insertRun(
  db: Database,
  run: { readonly asOf: Date; readonly gate?: string },
): Promise<void> {
  await db.execute(
    sql`insert into mirror.connection (workspace_id, connection_id, crm, org_id, instance_url, username, facts_read_at)
        values (${WORKSPACE}, ${CONNECTION}, 'salesforce', '00D000000000001AAA', 'https://acme.example', 'u', ${START})
        on conflict do nothing`,
  );
  await db.execute(
    sql`insert into mirror.salesforce_user (workspace_id, connection_id, id, name, isactive, changed_at, valid_from)
        values (${WORKSPACE}, ${CONNECTION}, ${REP}, 'Ann Lee', true, ${START}, ${START})
        on conflict do nothing`,
  );
  await db.execute(sql`delete from metrics.run where workspace_id = ${WORKSPACE}`);
  await db.execute(sql`insert into metrics.run (workspace_id, as_of) values (${WORKSPACE}, ${run.asOf})`);
  await db.execute(sql`delete from metrics.run_connection where workspace_id = ${WORKSPACE}`);
  await db.execute(
    sql`insert into metrics.run_connection (workspace_id, connection_id, capture_gate, start_from)
        values (${WORKSPACE}, ${CONNECTION}, ${run.gate ?? "passed"}, ${START})`,
  );
}

export interface LeadRow {
  readonly lead: string;
  readonly openHandoff?: string | null;
  readonly undelivered?: boolean;
  readonly converted?: boolean;
}

export async function putLead(db: Database, row: LeadRow): Promise<void> {
  await db.execute(
    sql`insert into metrics.int_lead (
            workspace_id, connection_id, lead_id, owner_id, owner_kind, is_qualified, is_undelivered, is_converted,
            created_at, open_handoff_id, is_excluded
        ) values (
            ${WORKSPACE}, ${CONNECTION}, ${row.lead}, ${REP}, 'rep', true, ${row.undelivered ?? false},
            ${row.converted ?? false}, ${START}, ${row.openHandoff ?? null}, false
        )
        on conflict (workspace_id, connection_id, lead_id) do update set
            is_undelivered = excluded.is_undelivered,
            is_converted = excluded.is_converted,
            open_handoff_id = excluded.open_handoff_id`,
  );
}

export interface HandoffRow {
  readonly id: string;
  readonly lead: string;
  readonly owner?: string;
  readonly number?: number;
  readonly handedOffAt?: Date;
  readonly firstTouchAt?: Date | null;
  readonly lastTouchAt?: Date | null;
  readonly endedAt?: Date | null;
  readonly endedBy?: string | null;
  readonly flagged?: boolean;
}

/** A handoff under the 24-hour policy: at risk after 18 hours, cold 14 days after the last touch. */
export async function putHandoff(db: Database, row: HandoffRow): Promise<void> {
  const handedOffAt = row.handedOffAt ?? START;
  const first = row.firstTouchAt ?? null;
  const last = row.lastTouchAt ?? first;
  await db.execute(
    sql`insert into metrics.int_handoff (
            workspace_id, connection_id, handoff_id, chain_id, lead_id, owner_id, owner_is_active, evidence, policy,
            calendar, handed_off_at, clock_started_at, at_risk_at, rots_at, first_touch_at, first_touch_kind,
            first_touch_by, first_touch_id, last_touch_at, touch_count, cold_at, ended_at, ended_by, state, is_in_scope,
            is_flagged, handoff_number, chain_position
        ) values (
            ${WORKSPACE}, ${CONNECTION}, ${row.id}, ${row.id}, ${row.lead}, ${row.owner ?? REP}, true, 'history',
            'default', 'wall_clock', ${handedOffAt}, ${handedOffAt}, ${hoursAfter(handedOffAt, 18)},
            ${hoursAfter(handedOffAt, 24)}, ${first}, ${first === null ? null : "call"}, ${first === null ? null : REP},
            ${first === null ? null : "00T000000000001AAA"}, ${last}, ${last === null ? 0 : 1},
            ${last === null ? null : hoursAfter(last, 14 * 24)}, ${row.endedAt ?? null}, ${row.endedBy ?? null}, 'waiting',
            true, ${row.flagged ?? true}, ${row.number ?? 1}, 1
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
            ended_by = excluded.ended_by,
            is_flagged = excluded.is_flagged`,
  );
}

/** A lead with an open, flagged handoff. */
export async function putOpenLead(
  db: Database,
  number: number,
  change: Partial<HandoffRow> = {},
): Promise<string> {
  const lead = leadId(number);
  const id = `h${number}`;
  await putHandoff(db, { id, lead, ...change });
  await putLead(db, {
    lead,
    openHandoff: change.endedAt === undefined || change.endedAt === null ? id : null,
  });
  return lead;
}

export interface MetricValueRow {
  readonly rowType?: string;
  readonly member?: string | null;
  readonly label?: string;
  readonly period?: "day" | "month" | "lifetime";
  readonly start?: string | null;
  readonly basis?: string;
  readonly metric: string;
  readonly value?: number | null;
  readonly text?: string | null;
  readonly numerator?: number | null;
  readonly denominator?: number | null;
  readonly reason?: string | null;
}

export async function putMetric(db: Database, row: MetricValueRow): Promise<void> {
  await db.execute(
    sql`insert into metrics.metric_value (
            workspace_id, row_type, member, label, period_type, period_start, basis, model, age_days, currency_code, metric,
            value, text_value, numerator, denominator, reason
        ) values (
            ${WORKSPACE}, ${row.rowType ?? "workspace"}, ${row.member ?? null}, ${row.label ?? "Acme"},
            ${row.period ?? "lifetime"}, ${row.start ?? null}, ${row.basis ?? "in_period"}, '', null, 'EUR', ${row.metric},
            ${row.value ?? null}, ${row.text ?? null}, ${row.numerator ?? null}, ${row.denominator ?? null},
            ${row.reason ?? null}
        )
        on conflict (workspace_id, row_type, member, period_type, period_start, basis, model, age_days, metric)
        do update set value = excluded.value, numerator = excluded.numerator, denominator = excluded.denominator,
            reason = excluded.reason, text_value = excluded.text_value`,
  );
}

export async function putCampaign(db: Database, id: string): Promise<void> {
  await db.execute(
    sql`insert into metrics.int_campaign (
            workspace_id, connection_id, campaign_id, name, is_active, family_root, is_probably_entered_twice, is_orphan,
            has_known_cost
        ) values (${WORKSPACE}, ${CONNECTION}, ${id}, 'Webinar', true, ${id}, false, false, true)`,
  );
}
