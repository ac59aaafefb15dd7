import type { ConnectionPull, PullSummary, WorkspacePull } from "../core/cycle.ts";
import type { RipelineError } from "../core/errors.ts";
import type { ChosenCadence } from "../provision/cadence.ts";
import { pullStep, type Watch } from "./cycle-steps.ts";
import type { Parts, Workspace } from "./parts.ts";
import { isOfConnection } from "./turns.ts";

/** How often the streams of one connection are read. */
export type CadenceOf = (parts: Parts) => () => Promise<ChosenCadence>;

/**
 * Reads every connection in turn, each within its own day's calls. One that cannot be reached or signed in to does not keep
 * the others from being read: it stands in `connections` with its failure, and its own line of the run ledger says so, too.
 * @throws the failure where none could be read (one that may pass by itself, if there is one); whatever is no failure of a
 *   connection
 */
export async function pullAll(
  { connections, log }: Workspace,
  which: "due" | "all",
  cadenceOf: CadenceOf,
  watch: Watch,
): Promise<WorkspacePull> {
  const read: PullSummary[] = [];
  const turns: ConnectionPull[] = [];
  const failures: RipelineError[] = [];
  for (const parts of connections) {
    const { key, crm } = parts;
    const own = { connectionId: key.connectionId, crm };
    const { connect } = parts;
    const callsBefore = await callsOf(connect);
    try {
      const summary = await pullStep(parts, which, cadenceOf(parts), watch);
      const { asOf, apiCalls, quota } = summary;
      read.push(summary);
      turns.push({ ...own, asOf, apiCalls, quota, failure: null });
    } catch (error) {
      if (watch.signal.aborted || !isOfConnection(error)) throw error;
      const { code, message } = error;
      log.error({ connection: key.connectionId, code }, `not read: ${message}`);
      failures.push(error);
      const apiCalls = (await callsOf(connect)) - callsBefore;
      turns.push({ ...own, asOf: null, apiCalls, quota: null, failure: { code, message } });
    }
  }
  const failure = failures.find(({ retryable }) => retryable) ?? failures[0];
  if (read.length === 0 && failure !== undefined) throw failure;
  const apiCalls = turns.reduce((sum, turn) => sum + turn.apiCalls, 0);
  return { ...sumOf(read), apiCalls, connections: turns };
}

/** Metered so far; a connection that nobody could open has sent nothing that it could tell. */
async function callsOf({ opened }: Parts["connect"]): Promise<number> {
  const connection = await opened()?.catch(() => undefined);
  return connection?.usage().metered ?? 0;
}

/**
 * Stream names begin with the CRM, and the two CRMs name no object alike. The latest clock is the instant of the numbers: at
 * an earlier one the rows that were just read from the other CRM would not be valid yet.
 */
function sumOf(read: readonly PullSummary[]): Omit<PullSummary, "apiCalls"> {
  return {
    asOf: read.reduce((latest, { asOf }) => (asOf > latest ? asOf : latest), ""),
    streams: Object.fromEntries(read.flatMap(({ streams }) => Object.entries(streams))),
    hiddenFields: Object.fromEntries(read.flatMap(({ hiddenFields }) => Object.entries(hiddenFields))),
    seconds: read.reduce((sum, { seconds }) => sum + seconds, 0),
    quota: read.find(({ quota }) => quota !== null)?.quota ?? null,
  };
}
