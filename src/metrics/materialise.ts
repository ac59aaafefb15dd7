import { z } from "zod";
import type { ConnectionSettings } from "../core/settings.ts";
import type { Database, Transaction } from "../database/database.ts";
import { type Sql, sql } from "../database/sql.ts";
import type { Model, StagingModel } from "./models.ts";

/** What a compute is of. */
export interface ComputeScope {
  readonly workspaceId: string;
  /** UTC. */
  readonly asOf: Date;
}

/**
 * Puts a model's rows in the place of those of the last compute. Rows of report models are added to `rpt_fact`.
 * @param rules the catalog as JSON, for `metric_value`
 * @returns how many rows it wrote
 */
export async function replace(
  tx: Transaction,
  kind: Database["kind"],
  model: Model,
  scope: ComputeScope,
  rules: string,
): Promise<number> {
  await preparePlanner(tx);
  const rows = model.text.bind(scope.workspaceId, scope.asOf, rules);
  if (model.table === "rpt_fact") {
    return insert(
      tx,
      model.table,
      sql`select ${scope.workspaceId}::text as workspace_id, ${model.name}::text as model_name, fact.* from (${rows}) as fact`,
    );
  }
  await clear(tx, kind, model.table, scope.workspaceId);
  return insert(tx, model.table, rows);
}

/** Puts the rows that each connection's CRM has for a staging table in the place of those of the last compute. */
export async function replaceStaging(
  tx: Transaction,
  kind: Database["kind"],
  model: StagingModel,
  scope: ComputeScope,
  connections: readonly ConnectionSettings[],
): Promise<number> {
  await preparePlanner(tx);
  await clear(tx, kind, model.table, scope.workspaceId);
  let written = 0;
  for (const connection of connections) {
    const text = model.byCrm.get(connection.crm);
    if (text === undefined) continue;
    written += await insert(tx, model.table, text.bind(scope.workspaceId, connection.id, scope.asOf));
  }
  return written;
}

async function preparePlanner(tx: Transaction): Promise<void> {
  // Sorts and hashes of 200,000 leads fit into 64 MB; the default of 4 spills them to disk. JIT costs more than it saves.
  await tx.execute(sql`set local work_mem = '64MB'`);
  await tx.execute(sql`set local jit = off`);
  // The planner takes the rows between two CTEs for few and loops over them: 15 s instead of 0.4 for pipeline cohorts.
  // Every join of a model is over whole tables, where hashing is right; a lateral join still loops, as it must.
  await tx.execute(sql`set local enable_nestloop = off`);
}

async function insert(tx: Transaction, name: string, select: Sql): Promise<number> {
  const columns = await tx.any(
    z.object({ column_name: z.string() }),
    sql`select column_name::text from information_schema.columns
        where table_schema = 'metrics' and table_name = ${name} order by ordinal_position`,
  );
  const names = sql.join(
    columns.map((column) => sql.identifier([column.column_name])),
    sql`, `,
  );
  const table = sql.identifier(["metrics", name]);
  const written = await tx.execute(
    sql`insert into ${table} (${names}) select ${names} from (${select}) as model`,
  );
  return written.rowCount;
}

/**
 * Takes away what the last compute wrote. PGlite has no autovacuum: rows deleted every minute would fill the disk, so a
 * store of one workspace is truncated. Postgres vacuums by itself, and readers go on seeing the old rows until commit.
 */
export async function clear(
  tx: Transaction,
  kind: Database["kind"],
  name: string,
  workspaceId: string,
): Promise<void> {
  const table = sql.identifier(["metrics", name]);
  const { others } = await tx.one(
    z.object({ others: z.number() }),
    sql`select count(*) as others from metrics.run where workspace_id <> ${workspaceId}`,
  );
  if (kind === "pglite" && others === 0) await tx.execute(sql`truncate ${table}`);
  else await tx.execute(sql`delete from ${table} where workspace_id = ${workspaceId}`);
}

/** The mirror's tables whose size has moved since they were last analysed; a planner without statistics joins by loops. */
export async function refreshStatistics(
  db: Database,
  connections: readonly ConnectionSettings[],
): Promise<void> {
  const prefixes = [...new Set(connections.map(({ crm }) => `${crm}\\_%`))];
  const stale = await db.any(
    z.object({ relname: z.string() }),
    sql`select relname::text
        from pg_class
        join pg_namespace on pg_namespace.oid = relnamespace
        where nspname = 'mirror' and relkind = 'r' and relname like any(${prefixes}::text[])
          and (reltuples < 0 or abs(pg_relation_size(pg_class.oid) / 8192.0 - relpages) > 0.2 * relpages + 8)
          and pg_relation_size(pg_class.oid) > 0`,
  );
  for (const { relname } of stale) await db.execute(sql`analyze ${sql.identifier(["mirror", relname])}`);
}
