import type {
  ConnectionPull,
  ConnectionPush,
  PushSummary,
  SweepSummary,
  WorkspacePush,
} from "../core/cycle.ts";
import { readConnection } from "../mirror/connection-record.ts";
import { pushStep, sweepStep, type Watch } from "./cycle-steps.ts";
import type { Parts, Workspace } from "./parts.ts";
import { eachInTurn } from "./turns.ts";

export interface PushAllOptions extends Watch {
  readonly which: "due" | "all" | "flags";
  readonly asOf: Date;
  /** How the pull before it went; a connection that it does not name is written to. */
  readonly pulled: readonly ConnectionPull[];
}

/**
 * Writes to every connection in turn. One that could not be read is left alone: the touches of its leads are older than the
 * numbers, so that a flag computed from them may be wrong. One whose calls are spent gets its flags only.
 * @throws the first failure, after every connection had its turn
 */
export async function pushAll({ connections }: Workspace, options: PushAllOptions): Promise<WorkspacePush> {
  const written: PushSummary[] = [];
  const turns: ConnectionPush[] = [];
  await eachInTurn(connections, options.signal, async (parts) => {
    const own = { connectionId: parts.key.connectionId, crm: parts.crm };
    const pulled = options.pulled.find(({ connectionId }) => connectionId === own.connectionId);
    const unread = reasonUnread(pulled);
    if (unread !== null) {
      turns.push({ ...own, apiCalls: 0, skipped: unread });
      return;
    }
    const which = pulled?.quota == null ? options.which : "flags";
    const summary = await pushStep(parts, { ...options, which });
    written.push(summary);
    const skipped = (await isApplied(parts)) ? null : "`ripeline apply` has not added ripeline's fields";
    turns.push({ ...own, apiCalls: summary.apiCalls, skipped });
  });
  return {
    objects: Object.fromEntries(written.flatMap(({ objects }) => Object.entries(objects))),
    removed: Object.fromEntries(written.flatMap(({ removed }) => Object.entries(removed))),
    waiting: written.flatMap(({ waiting }) => waiting),
    apiCalls: written.reduce((sum, { apiCalls }) => sum + apiCalls, 0),
    seconds: written.reduce((sum, { seconds }) => sum + seconds, 0),
    connections: turns,
  };
}

function reasonUnread(pulled: ConnectionPull | undefined): string | null {
  if (pulled === undefined) return null;
  if (pulled.failure !== null) return `it could not be read (${pulled.failure.code})`;
  return pulled.quota?.mode === "nothing" ? "the day's calls are spent" : null;
}

async function isApplied({ store, key }: Parts): Promise<boolean> {
  return (await readConnection(store, key))?.applied_at != null;
}

/** Sweeps every connection; a portal that nothing was written to is not asked. @throws as `pushAll` */
export async function sweepAll({ connections }: Workspace, signal: AbortSignal): Promise<SweepSummary> {
  const swept: SweepSummary[] = [];
  await eachInTurn(connections, signal, async (parts) => {
    if (parts.crm === "salesforce" || (await isApplied(parts))) swept.push(await sweepStep(parts, signal));
  });
  return {
    asOf: swept.reduce((latest, { asOf }) => (asOf > latest ? asOf : latest), new Date(0).toISOString()),
    removed: Object.fromEntries(swept.flatMap(({ removed }) => Object.entries(removed))),
    apiCalls: swept.reduce((sum, { apiCalls }) => sum + apiCalls, 0),
    seconds: swept.reduce((sum, { seconds }) => sum + seconds, 0),
  };
}
