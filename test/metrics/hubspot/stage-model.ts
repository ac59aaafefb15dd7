import { z } from "zod";
import type { Database } from "../../../src/database/database.ts";
import { loadSql } from "../../../src/database/load-sql.ts";
import { type Sql, type SqlValue, sql } from "../../../src/database/sql.ts";

const key = ["w", "hubspot"] as const;

/** The instant that the tests of staging compute for. */
export const asOf = "2026-03-31T12:00:00Z";

function model(name: string) {
  return loadSql(new URL(`../../../src/metrics/models/staging/hubspot/${name}.sql`, import.meta.url));
}

/** Puts the rows of staging models into their tables, in this order, as a compute at `instant` does. */
export async function stage(db: Database, names: readonly string[], instant = asOf): Promise<void> {
  for (const name of names) {
    const columns = await db.any(
      z.object({ name: z.string() }),
      sql`select column_name::text as name from information_schema.columns
          where table_schema = 'metrics' and table_name = ${name} order by ordinal_position`,
    );
    const list = sql.join(
      columns.map((column) => sql.identifier([column.name])),
      sql`, `,
    );
    const table = sql.identifier(["metrics", name]);
    await db.execute(sql`delete from ${table}`);
    await db.execute(
      sql`insert into ${table} (${list}) select ${list} from (${model(name).bind(...key, instant)}) as model`,
    );
  }
}

const anyRow = z.record(z.string(), z.unknown());

/** Chosen columns of a staging table, in the order of the first ones. Instants as ISO text. */
export async function staged(
  db: Database,
  table: string,
  columns: readonly string[],
): Promise<readonly (readonly unknown[])[]> {
  const names = sql.join(
    columns.map((name) => sql.identifier([name])),
    sql`, `,
  );
  const rows = await db.any(
    anyRow,
    sql`select ${names} from metrics.${sql.identifier([table])} order by ${names}`,
  );
  return rows.map((row) => columns.map((name) => plain(row[name])));
}

function plain(value: unknown): unknown {
  return value instanceof Date ? value.toISOString().replace(".000Z", "Z") : value;
}

/** The one row of `circumstances`. */
export async function circumstances(
  db: Database,
  instant = asOf,
): Promise<Readonly<Record<string, unknown>>> {
  const row = await db.one(anyRow, model("circumstances").bind(...key, instant));
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]));
}

/** Parameters as a compute writes them: the defaults of ripeline.yaml in UTC. */
export async function writeRun(
  db: Database,
  unit: "leads" | "contacts",
  more: { readonly run?: Readonly<Record<string, SqlValue>>; readonly home?: string | null } = {},
): Promise<void> {
  const run: Readonly<Record<string, SqlValue>> = {
    workspace_id: "w",
    workspace_name: "Acme",
    as_of: asOf,
    time_zone: "UTC",
    today: asOf.slice(0, 10),
    restart: "untouched",
    cold_after: "14 days",
    delivery_expiry: "24 hours",
    max_unlogged: 0.2,
    touch_by: "anyone",
    task_types: ["call", "email"],
    disqualified_statuses: ["unqualified", "disqualified"],
    recycled_statuses: ["recycled", "nurture"],
    record_types: [],
    excluded_email_domains: ["acme.example"],
    excluded_creators: [],
    rep_profiles: [],
    rep_roles: [],
    rep_users: [],
    ignored_owners: [],
    robot_above: 200,
    handoff_weight: 1,
    opportunity_weight: 1,
    pipeline_types: ["new", "expansion"],
    type_map: "{}",
    investment_parents: "{}",
    orphan_after_days: 30,
    first_month: "2026-01-01",
    rep_plan: "{}",
    ...more.run,
  };
  const names = Object.keys(run).map((name) => sql.identifier([name]));
  const values = Object.values(run).map((value): Sql => sql`${value}`);
  await db.execute(
    sql`insert into metrics.run (${sql.join(names, sql`, `)}) values (${sql.join(values, sql`, `)})`,
  );
  const { converted_statuses, default_statuses } = await circumstances(db);
  const words = z.array(z.string());
  await db.execute(sql`
    insert into metrics.run_connection (
      workspace_id, connection_id, crm, position, unit, tracks_owner_history, tracks_status_history, converted_statuses,
      default_statuses, currency_rule, home_currency
    ) values (
      'w', 'hubspot', 'hubspot', 0, ${unit}, true, true, ${[...words.parse(converted_statuses)]}::text[],
      ${[...words.parse(default_statuses)]}::text[], 'home', ${more.home ?? null}
    )`);
}
