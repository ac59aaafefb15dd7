import { z } from "zod";
import { MetricIntegrityError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import type { Database, Queries } from "../database/database.ts";
import { sql } from "../database/sql.ts";
import { type CaptureGate, combineGates, decideCaptureGate } from "./capture-gate.ts";
import { catalog } from "./catalog.ts";
import { catalogRules } from "./catalog-rules.ts";
import { type ComputeScope, clear, refreshStatistics, replace, replaceStaging } from "./materialise.ts";
import {
  checks,
  currencyModel,
  factModels,
  historyModels,
  leadModels,
  type Model,
  metricValueModel,
  otherStagingModels,
  reportModels,
  type StagingModel,
} from "./models.ts";
import { writeCalendars } from "./org-calendars.ts";
import { beginCompute, publish } from "./publication.ts";
import { writeRunParameters } from "./run-parameters.ts";
import { writeTrust } from "./trust.ts";

export interface ComputeRequest {
  /** The CRM's clock that the numbers are of. UTC. */
  readonly asOf: Date;
  /** Told after each model: its name, and how many of how many are done. */
  readonly onModel?: (model: string, done: number, total: number) => void;
}

export interface ComputeOutcome {
  readonly asOf: Date;
  /** The worst of the connections'. */
  readonly captureGate: CaptureGate;
  /** Rows that each model wrote. */
  readonly rows: Readonly<Record<string, number>>;
  /** Wall time of each model, in the order in which they ran. */
  readonly models: readonly { readonly name: string; readonly rows: number; readonly milliseconds: number }[];
  readonly milliseconds: number;
}

const problemRow = z.object({ problem: z.string() });

const modelCount = [
  [currencyModel],
  leadModels,
  historyModels,
  otherStagingModels,
  factModels,
  reportModels,
  [metricValueModel],
].reduce((sum, models) => sum + models.length, 0);

/**
 * Computes every metric of the workspace, over all of its connections, from the mirror as it was known at `asOf`, and
 * replaces what the last compute wrote. Each model is a transaction of its own, so that the queue on the same store is
 * never held for long; the report is replaced, checked and published in one, so that a reader has the whole of one
 * compute (`readConsistently`).
 * @throws ConfigError when the settings do not fit a CRM (calendar, currency, policies).
 * @throws MetricIntegrityError when numbers that must agree do not.
 */
export async function compute(
  { db }: { readonly db: Database },
  settings: Settings,
  request: ComputeRequest,
): Promise<ComputeOutcome> {
  const started = performance.now();
  const { connections } = settings;
  const scope: ComputeScope = { workspaceId: settings.workspace.id, asOf: request.asOf };
  const { models, stage, run, timed } = runner(db, settings, scope, request.onModel);
  await refreshStatistics(db, connections);
  // One transaction: settings that do not fit leave the last compute's numbers readable.
  await timed({ name: currencyModel.table, table: currencyModel.table }, () =>
    db.transaction(async (tx) => {
      await beginCompute(tx, scope.workspaceId, scope.asOf);
      const rows = await replaceStaging(tx, db.kind, currencyModel, scope, connections);
      await writeRunParameters(tx, settings, scope.asOf);
      return rows;
    }),
  );
  await stage(leadModels);
  await db.transaction((tx) => writeCalendars(tx, settings, scope.asOf));
  await run(historyModels);
  const gates = await db.transaction(async (tx) => {
    const decided: CaptureGate[] = [];
    for (const { id } of connections) decided.push(await decideCaptureGate(tx, scope.workspaceId, id));
    return decided;
  });
  await stage(otherStagingModels);
  await run(factModels);
  await db.transaction((tx) => clear(tx, db.kind, "rpt_fact", scope.workspaceId));
  await run(reportModels);
  const trust = await db.transaction((tx) => writeTrust(tx, settings, scope));
  const rules = JSON.stringify(catalogRules(catalog, trust));
  await timed(metricValueModel, () =>
    db.transaction(async (tx) => {
      const written = await replace(tx, db.kind, metricValueModel, scope, rules);
      await runChecks(tx, scope, rules);
      await publish(tx, scope.workspaceId, scope.asOf);
      return written;
    }),
  );
  return {
    asOf: request.asOf,
    captureGate: combineGates(gates),
    rows: Object.fromEntries(models.map(({ name, rows }) => [name, rows])),
    models,
    milliseconds: Math.round(performance.now() - started),
  };
}

type Work = () => Promise<number>;

/** Runs models one after the other, each in a transaction, and keeps what each wrote and how long it took. */
function runner(
  db: Database,
  settings: Settings,
  scope: ComputeScope,
  onModel: ComputeRequest["onModel"],
): {
  readonly models: readonly ComputeOutcome["models"][number][];
  readonly stage: (models: readonly StagingModel[]) => Promise<void>;
  readonly run: (models: readonly Model[]) => Promise<void>;
  readonly timed: (model: { readonly name: string; readonly table: string }, work: Work) => Promise<void>;
} {
  const models: ComputeOutcome["models"][number][] = [];
  const timed = async ({ name, table }: { readonly name: string; readonly table: string }, work: Work) => {
    const began = performance.now();
    const rows = await work();
    await db.execute(sql`analyze ${sql.identifier(["metrics", table])}`);
    models.push({ name, rows, milliseconds: Math.round(performance.now() - began) });
    onModel?.(name, models.length, modelCount);
  };
  return {
    models,
    timed,
    stage: async (staged) => {
      for (const model of staged) {
        await timed({ name: model.table, table: model.table }, () =>
          db.transaction((tx) => replaceStaging(tx, db.kind, model, scope, settings.connections)),
        );
      }
    },
    run: async (wanted) => {
      for (const model of wanted) {
        await timed(model, () => db.transaction((tx) => replace(tx, db.kind, model, scope, "[]")));
      }
    },
  };
}

async function runChecks(db: Queries, scope: ComputeScope, rules: string): Promise<void> {
  for (const check of checks) {
    const problems = await db.any(problemRow, check.text.bind(scope.workspaceId, scope.asOf, rules));
    if (problems.length === 0) continue;
    throw new MetricIntegrityError(
      `check ${check.name} of workspace ${scope.workspaceId} at ${scope.asOf.toISOString()}: ` +
        `${problems.map((row) => row.problem).join("; ")}. The numbers are not written to the CRM; ` +
        "run sync again, and report this with the text above if it comes back",
    );
  }
}
