import { z } from "zod";
import { MetricIntegrityError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import type { Database, Queries, Transaction } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { type CaptureGate, decideCaptureGate } from "./capture-gate.ts";
import { catalog } from "./catalog.ts";
import { catalogRules } from "./catalog-rules.ts";
import {
  checks,
  factModels,
  historyModels,
  leadModels,
  type Model,
  metricValueModel,
  reportModels,
} from "./models.ts";
import { writeCalendars } from "./org-calendars.ts";
import { beginCompute, publish } from "./publication.ts";
import { writeRunParameters } from "./run-parameters.ts";
import { writeTrust } from "./trust.ts";

export interface ComputeRequest {
  /** The CRM's clock that the numbers are of. UTC. */
  readonly asOf: Date;
  readonly connectionId: string;
  /** Told after each model: its name, and how many of how many are done. */
  readonly onModel?: (model: string, done: number, total: number) => void;
}

export interface ComputeOutcome {
  readonly asOf: Date;
  readonly captureGate: CaptureGate;
  /** Rows that each model wrote. */
  readonly rows: Readonly<Record<string, number>>;
  /** Wall time of each model, in the order in which they ran. */
  readonly models: readonly { readonly name: string; readonly rows: number; readonly milliseconds: number }[];
  readonly milliseconds: number;
}

const columnRow = z.object({ column_name: z.string() });
const problemRow = z.object({ problem: z.string() });

/**
 * Computes every metric of the workspace from the mirror as it was known at `asOf`, and replaces what the last compute
 * wrote. Each model is a transaction of its own, so that the queue on the same store is never held for long; the report
 * is replaced, checked and published in one, so that a reader has the whole of one compute (`readConsistently`).
 * @throws ConfigError when the settings do not fit the org (calendar, currency, policies).
 * @throws MetricIntegrityError when numbers that must agree do not.
 */
export async function compute(
  context: { readonly db: Database },
  settings: Settings,
  request: ComputeRequest,
): Promise<ComputeOutcome> {
  const { db } = context;
  const started = performance.now();
  const outcomes: { name: string; rows: number; milliseconds: number }[] = [];
  const scope = {
    workspaceId: settings.workspace.id,
    connectionId: request.connectionId,
    asOf: request.asOf,
  };
  const mine: Settings = { ...settings, connectionId: request.connectionId };
  const total = leadModels.length + historyModels.length + factModels.length + reportModels.length + 1;
  const note = ({ name }: Model, rows: number, began: number) => {
    outcomes.push({ name, rows, milliseconds: Math.round(performance.now() - began) });
    request.onModel?.(name, outcomes.length, total);
  };
  const run = async (models: readonly Model[]) => {
    for (const model of models) {
      const began = performance.now();
      const rows = await db.transaction((tx) => replace(tx, db.kind, model, scope, "[]"));
      await db.execute(sql`analyze ${sql.identifier(["metrics", model.table])}`);
      note(model, rows, began);
    }
  };
  await refreshStatistics(db);
  await db.transaction(async (tx) => {
    await beginCompute(tx, scope.workspaceId, scope.asOf);
    await writeRunParameters(tx, mine, scope.asOf);
  });
  await run(leadModels);
  await db.transaction(async (tx) => {
    await tx.execute(sql`
      delete from metrics.calendar_interval
      where workspace_id = ${scope.workspaceId} and connection_id = ${scope.connectionId}`);
    const responseCalendar = await writeCalendars(tx, mine, scope);
    await tx.execute(sql`
      update metrics.run set response_calendar = ${responseCalendar} where workspace_id = ${scope.workspaceId}`);
  });
  await run(historyModels);
  const captureGate = await db.transaction((tx) =>
    decideCaptureGate(tx, scope.workspaceId, scope.connectionId),
  );
  await run(factModels);
  await db.transaction((tx) => clear(tx, db.kind, "rpt_fact", scope.workspaceId));
  await run(reportModels);
  const trust = await db.transaction((tx) => writeTrust(tx, mine, scope));
  const rules = JSON.stringify(catalogRules(catalog, trust));
  const began = performance.now();
  const rows = await db.transaction(async (tx) => {
    const written = await replace(tx, db.kind, metricValueModel, scope, rules);
    await runChecks(tx, scope, rules);
    await publish(tx, scope.workspaceId, scope.asOf);
    return written;
  });
  await db.execute(sql`analyze metrics.metric_value`);
  note(metricValueModel, rows, began);
  return {
    asOf: request.asOf,
    captureGate,
    rows: Object.fromEntries(outcomes.map(({ name, rows }) => [name, rows])),
    models: outcomes,
    milliseconds: Math.round(performance.now() - started),
  };
}

interface Scope {
  readonly workspaceId: string;
  readonly connectionId: string;
  readonly asOf: Date;
}

/** Puts a model's rows in the place of those of the last compute. */
async function replace(
  tx: Transaction,
  kind: Database["kind"],
  model: Model,
  scope: Scope,
  rules: string,
): Promise<number> {
  const table = sql.identifier(["metrics", model.table]);
  // Sorts and hashes of 200,000 leads fit into 64 MB; the default of 4 spills them to disk. JIT costs more than it saves.
  await tx.execute(sql`set local work_mem = '64MB'`);
  await tx.execute(sql`set local jit = off`);
  // The planner takes the rows between two CTEs for few and loops over them: 15 s instead of 0.4 for pipeline cohorts.
  // Every join of a model is over whole tables, where hashing is right; a lateral join still loops, as it must.
  await tx.execute(sql`set local enable_nestloop = off`);
  if (model.table !== "rpt_fact") await clear(tx, kind, model.table, scope.workspaceId);
  const columns = await tx.any(
    columnRow,
    sql`select column_name::text from information_schema.columns
        where table_schema = 'metrics' and table_name = ${model.table} order by ordinal_position`,
  );
  const names = sql.join(
    columns.map((column) => sql.identifier([column.column_name])),
    sql`, `,
  );
  const rows = model.text.bind(scope.workspaceId, scope.connectionId, scope.asOf, rules);
  const select =
    model.table === "rpt_fact"
      ? sql`select ${scope.workspaceId}::text as workspace_id, ${model.name}::text as model_name, fact.* from (${rows}) as fact`
      : rows;
  const written = await tx.execute(
    sql`insert into ${table} (${names}) select ${names} from (${select}) as model`,
  );
  return written.rowCount;
}

/**
 * Takes away what the last compute wrote. PGlite has no autovacuum: rows deleted every minute would fill the disk, so a
 * store of one workspace is truncated. Postgres vacuums by itself, and readers go on seeing the old rows until commit.
 */
async function clear(
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
async function refreshStatistics(db: Database): Promise<void> {
  const stale = await db.any(
    z.object({ relname: z.string() }),
    sql`select relname::text
        from pg_class
        join pg_namespace on pg_namespace.oid = relnamespace
        where nspname = 'mirror' and relkind = 'r' and relname like 'salesforce%'
          and (reltuples < 0 or abs(pg_relation_size(pg_class.oid) / 8192.0 - relpages) > 0.2 * relpages + 8)
          and pg_relation_size(pg_class.oid) > 0`,
  );
  for (const { relname } of stale) await db.execute(sql`analyze ${sql.identifier(["mirror", relname])}`);
}

async function runChecks(db: Queries, scope: Scope, rules: string): Promise<void> {
  for (const check of checks) {
    const problems = await db.any(
      problemRow,
      check.text.bind(scope.workspaceId, scope.connectionId, scope.asOf, rules),
    );
    if (problems.length === 0) continue;
    throw new MetricIntegrityError(
      `check ${check.name} of workspace ${scope.workspaceId}, connection ${scope.connectionId} at ${scope.asOf.toISOString()}: ` +
        `${problems.map((row) => row.problem).join("; ")}. The numbers are not written to the CRM; ` +
        "run sync again, and report this with the text above if it comes back",
    );
  }
}
