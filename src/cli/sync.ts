import { z } from "zod";
import { apiCallsOf, type CycleResult, cycleJson, isOnlyWaiting } from "../core/cycle.ts";
import { toJson } from "../core/json.ts";
import { describeReconciliation } from "./describe-reconciliation.ts";
import { operation } from "./operation.ts";
import { table } from "./text-table.ts";

const syncArgs = z.object({
  all: z.boolean(),
  resumeLeadWrites: z.boolean().default(false),
  resumeWrites: z.boolean().default(false),
  reconcile: z.boolean().default(false),
  acceptVanished: z.boolean().default(false),
});

/**
 * `ripeline sync`: one cycle of the streams that are due, or of all; every publishing class is written, and once a day
 * rows of ours beyond their retention are deleted. With --resume-lead-writes a stop of lead writes is lifted first, with
 * --resume-writes the pause after an undo; with --reconcile ids are compared with the CRM's first. Exit 1 where one of several
 * CRMs could not be read, or the day's calls do not reach for all of it; the answer says what was done and what waits.
 */
export const syncOperation = operation(
  syncArgs,
  async (
    { app, runCycle, onProgress },
    { all, resumeLeadWrites, resumeWrites, reconcile, acceptVanished },
  ) => {
    const compared = reconcile || acceptVanished ? await app.reconcileInTurn({ acceptVanished }) : null;
    const pauseLifted = resumeWrites ? await app.resumeWrites() : null;
    const lifted = resumeLeadWrites ? await app.resumeLeadWrites() : null;
    const result = await runCycle({ streams: all ? "all" : "due", classes: "all" }, onProgress);
    const { connections } = await app.status();
    const stops = connections.flatMap(({ leadWritesStopped: stop }) => (stop === null ? [] : [stop]));
    const pauses = connections.flatMap(({ writesPaused: pause }) => (pause === null ? [] : [pause]));
    const waiting = result.pull.connections.filter(({ quota }) => quota !== null);
    const failed = result.pull.connections.filter(({ failure }) => failure !== null);
    const isAlone = result.pull.connections.length === 1;
    const notes = [
      ...failed.map(
        ({ connectionId, failure }) =>
          `FAILED: ${connectionId} could not be read [${failure?.code}]: ${failure?.message} Nothing was written to it, since its ` +
          "touches are not known as of now; the numbers hold what was read of it before.",
      ),
      ...waiting.map(
        ({ connectionId, quota }) => `WAITING${isAlone ? "" : ` at ${connectionId}`}: ${quota?.message}`,
      ),
      ...(waiting.length > 0 || result.push.waiting.length === 0
        ? []
        : [
            `WAITING for the day's calls: rows of ${result.push.waiting.join(", ")}; \`ripeline status\` tells more`,
          ]),
      ...(compared === null ? [] : describeReconciliation(compared)),
      ...pauses.map(({ message }) => `PAUSED: ${message}`),
      ...(resumeWrites
        ? [
            pauseLifted === null
              ? "Writes were not paused."
              : `Writes resumed: they had been paused since ${pauseLifted.pausedAt.toISOString()}.`,
          ]
        : []),
      ...stops.map(({ message }) => `STOPPED: ${message}`),
      ...(resumeLeadWrites
        ? [
            lifted === null
              ? "Lead writes were not stopped."
              : `Lead writes resumed: they had stopped at ${lifted.stoppedAt.toISOString()}.`,
          ]
        : []),
    ];
    return {
      json: toJson({ ...cycleJson(result), reconciled: compared ?? undefined }),
      text: [...notes, ...(isOnlyWaiting(result.pull) ? [] : [describe(result)])].join("\n"),
      // Not all of what was asked for is done.
      isFailure: waiting.length > 0 || failed.length > 0 || result.push.waiting.length > 0,
    };
  },
);

function describe(result: CycleResult): string {
  const { pull, compute, push } = result;
  const pulled = Object.entries(pull.streams).map(([stream, { rows, calls }]) => [stream, rows, calls]);
  const pushed = Object.entries(push.objects).map(([object, each]) => [
    object,
    each.changed,
    each.written,
    each.rejected,
    each.calls,
  ]);
  const removed = Object.entries(push.removed).map(([object, each]) => [
    object,
    each.due,
    each.removed,
    each.refused,
    each.calls,
  ]);
  const hidden = Object.entries(pull.hiddenFields).flatMap(([object, fields]) =>
    fields.map((field) => `${object}.${field}`),
  );
  return [
    `As of ${pull.asOf}`,
    pulled.length === 0 ? "No stream was due." : table(["read", "rows", "calls"], pulled),
    ...unwritten(result),
    pushed.length === 0
      ? "Nothing was written."
      : table(["wrote", "changed", "written", "rejected", "calls"], pushed),
    ...(removed.length === 0 ? [] : [table(["deleted", "due", "deleted", "refused", "calls"], removed)]),
    ...(hidden.length === 0 ? [] : [`Hidden from ripeline: ${hidden.join(", ")}`]),
    `${pull.apiCalls + push.apiCalls} API calls${byCrm(result)}; pull ${pull.seconds.toFixed(1)} s, ` +
      `compute ${compute.seconds.toFixed(1)} s, push ${push.seconds.toFixed(1)} s`,
  ].join("\n");
}

/** Why a connection got nothing, where that is not said already. */
function unwritten({ pull, push }: CycleResult): readonly string[] {
  const isRead = (id: string): boolean =>
    pull.connections.some(({ connectionId, failure }) => connectionId === id && failure === null);
  return push.connections
    .filter(({ connectionId, skipped }) => skipped !== null && isRead(connectionId))
    .map(({ connectionId, skipped }) => `Nothing is written to ${connectionId}: ${skipped}.`);
}

function byCrm(result: CycleResult): string {
  if (result.pull.connections.length === 1) return "";
  const { salesforce, hubspot } = apiCallsOf(result);
  return ` (${salesforce} Salesforce, ${hubspot} HubSpot)`;
}
