import type { CycleProgress } from "../core/cycle.ts";
import { ConfigError, type CrmName } from "../core/errors.ts";
import { toJson } from "../core/json.ts";
import { sql } from "../database/sql.ts";
import { stoppable } from "../database/stoppable.ts";
import { readEmailKey } from "../mirror/email-key.ts";
import { type Forgotten, forgetPeople, isPerson, recordsOfPerson } from "../mirror/forget-people.ts";
import { type Reconciliation, reconcile } from "../mirror/reconcile.ts";
import { recordRun } from "../mirror/run-ledger.ts";
import { type ApplyOptions, type ApplyOutcome, apply } from "../provision/apply.ts";
import { writtenTargets } from "../writeback/targets/provisioned.ts";
import { type UndoOutcome, undoRun } from "../writeback/undo.ts";
import type { Parts, Workspace } from "./parts.ts";

/** Applies to one connection. */
export function applyStep(parts: Parts, options: ApplyOptions, signal: AbortSignal): Promise<ApplyOutcome> {
  const { settings, key, store } = parts;
  return recordRun(
    store,
    key,
    "apply",
    async () => {
      const connection = (await parts.connect()).during(signal);
      const result = await apply({ db: stoppable(store, signal), connection }, settings, options);
      // What our user may see has changed: the next pull describes anew.
      await store.execute(sql`
        update mirror.connection set facts_read_at = null
        where workspace_id = ${key.workspaceId} and connection_id = ${key.connectionId}`);
      return { result, asOf: null, detail: {} };
    },
    signal,
  );
}

export interface UndoStep {
  readonly runId: string;
  readonly isDryRun: boolean;
  readonly onProgress: (progress: CycleProgress) => void;
  readonly signal: AbortSignal;
}

/** See `App.undo`. */
export function undoStep(parts: Parts, step: UndoStep): Promise<UndoOutcome> {
  if (step.isDryRun) return undoAs(parts, null, step);
  return recordRun(
    parts.store,
    parts.key,
    "undo",
    async (undoRunId) => {
      const result = await undoAs(parts, undoRunId, step);
      return { result, asOf: null, detail: { undone: step.runId, isFinished: result.isFinished } };
    },
    step.signal,
  );
}

async function undoAs(parts: Parts, undoRunId: string | null, step: UndoStep): Promise<UndoOutcome> {
  const { runId, signal } = step;
  const db = stoppable(parts.store, signal);
  const connection = (await parts.connect()).during(signal);
  const asOf = await connection.serverTime();
  const targets = await writtenTargets(db, parts.settings, parts.crm);
  return undoRun({ db, connection, log: parts.log }, parts.settings, targets, {
    runId,
    undoRunId,
    asOf,
    onProgress: ({ object, done }) => step.onProgress({ step: "push", item: object, done, total: null }),
  });
}

/** Compares the ids of one connection. */
export function reconcileStep(
  { store, key, settings, environment, log, connect }: Parts,
  options: { readonly acceptVanished: boolean },
  signal: AbortSignal,
): Promise<Reconciliation> {
  return recordRun(
    store,
    key,
    "reconcile",
    async () => {
      const result = await reconcile(
        {
          db: stoppable(store, signal),
          connection: (await connect()).during(signal),
          settings,
          secretKey: environment.RIPELINE_SECRET_KEY,
        },
        options,
      );
      for (const { object, held } of result.objects) {
        if (held > 0) log.warn({ object, held }, "many records vanished at once: `ripeline status` tells");
      }
      return { result, asOf: new Date(result.at), detail: toJson(result) };
    },
    signal,
  );
}

/** See `App.forget`: over all connections. Its line in the run ledger is the first connection's. */
export function forgetStep(workspace: Workspace, person: string, signal: AbortSignal): Promise<Forgotten> {
  return recordRun(
    workspace.store,
    workspace.first.key,
    "forget",
    async () => {
      const result = await forget(workspace, person, signal);
      return { result, asOf: null, detail: { records: result.records, rows: result.rows } };
    },
    signal,
  );
}

async function forget(
  { store, settings, connections, environment }: Workspace,
  person: string,
  signal: AbortSignal,
): Promise<Forgotten> {
  if (!isPerson(person)) {
    throw new ConfigError(
      "forget: expected a lead's or contact's id (15 or 18 letters and digits, beginning with 00Q or 003; HubSpot: " +
        "contact:123 or lead:123) or an e-mail address. Nothing was changed",
    );
  }
  const keyOf = (crm: CrmName) => connections.find((parts) => parts.crm === crm)?.key ?? null;
  const scope = { salesforce: keyOf("salesforce"), hubspot: keyOf("hubspot") };
  const crm = /^(contact|lead):/.test(person) ? "hubspot" : "salesforce";
  if (!person.includes("@") && scope[crm] === null) {
    throw new ConfigError(
      `forget: this is an id of ${crm}'s, which the workspace has no connection to. Nothing was changed`,
    );
  }
  const db = stoppable(store, signal);
  const emails = await readEmailKey(db, settings.workspace.id, environment.RIPELINE_SECRET_KEY);
  return forgetPeople(db, scope, await recordsOfPerson(db, scope, person, emails), new Date());
}
