import { ConfigError } from "../core/errors.ts";
import type { Reconciliation } from "../mirror/reconcile.ts";
import { connectionOfRun } from "../mirror/run-ledger.ts";
import type { ApplyOptions, ApplyOutcome } from "../provision/apply.ts";
import { type LeadStop, resumeLeadWrites } from "../writeback/owner-guard.ts";
import { resumeWrites, type WritePause } from "../writeback/pause.ts";
import type { UndoOutcome } from "../writeback/undo.ts";
import type { Workspace } from "./parts.ts";
import { type PerConnection, perConnection } from "./per-connection.ts";
import { applyStep, reconcileStep, type UndoStep, undoStep } from "./repair-steps.ts";
import { eachInTurn } from "./turns.ts";

/** See `App.apply`. The user that is named is Salesforce's: a portal's token carries its rights itself. */
export function applyAll(
  workspace: Workspace,
  options: ApplyOptions,
  signal: AbortSignal,
): Promise<PerConnection<ApplyOutcome>> {
  return perConnection(workspace.connections, (parts) =>
    applyStep(parts, parts.crm === "salesforce" ? options : { checkOnly: options.checkOnly }, signal),
  );
}

/** See `App.reconcile`. Objects of both CRMs stand in one list: none has the other's name. */
export async function reconcileAll(
  { connections }: Workspace,
  options: { readonly acceptVanished: boolean },
  signal: AbortSignal,
): Promise<Reconciliation> {
  const done: Reconciliation[] = [];
  await eachInTurn(connections, signal, async (parts) => {
    done.push(await reconcileStep(parts, options, signal));
  });
  return sumOfReconciliations(done);
}

/** @returns with the latest instant; that of the epoch where nothing was compared */
function sumOfReconciliations(done: readonly Reconciliation[]): Reconciliation {
  return {
    at: done.reduce((latest, { at }) => (at > latest ? at : latest), new Date(0).toISOString()),
    objects: done.flatMap(({ objects }) => objects),
    apiCalls: done.reduce((sum, { apiCalls }) => sum + apiCalls, 0),
  };
}

/** See `App.undo`: a run was on one connection. */
export async function undoOn(workspace: Workspace, step: UndoStep): Promise<UndoOutcome> {
  const { store, settings, connections, first } = workspace;
  const connectionId = await connectionOfRun(store, settings.workspace.id, step.runId);
  const parts = connections.find(({ key }) => key.connectionId === connectionId);
  if (parts === undefined && connectionId !== undefined) {
    throw new ConfigError(
      `undo: run ${step.runId} wrote to the connection "${connectionId}", which is not part of this workspace any more. ` +
        "Enable it in ripeline.yaml again, or take its values out by hand. Nothing was changed.",
    );
  }
  return undoStep(parts ?? first, step);
}

/** See `App.resumeLeadWrites`: only Salesforce moves owners when something is written. */
export async function resumeLeads({ connections, store }: Workspace): Promise<LeadStop | null> {
  const parts = connections.find(({ crm }) => crm === "salesforce");
  if (parts === undefined) return null;
  return resumeLeadWrites(store, parts.key, await (await parts.connect()).serverTime());
}

/** See `App.resumeWrites`. @returns the first pause that was lifted */
export async function resumeAll({ connections, store }: Workspace): Promise<WritePause | null> {
  let lifted: WritePause | null = null;
  for (const { key } of connections) {
    const pause = await resumeWrites(store, key);
    lifted ??= pause;
  }
  return lifted;
}
