import { streams } from "../../connectors/registry.ts";
import { RipelineError } from "../core/errors.ts";
import { HOUR_MS } from "../core/time.ts";
import { noteDailyCallLimit, readConnection } from "../mirror/connection-record.ts";
import type { ChosenCadence, WantedCadence } from "../provision/cadence.ts";
import { cadenceOfStore } from "../provision/plan.ts";
import type { Parts } from "./parts.ts";

/** The cadence costs a count of report rows: worked out hourly, and anew when the quota becomes known. */
export function rememberCadence(
  { store, key, settings, crm }: Parts,
  wanted: WantedCadence,
): () => Promise<ChosenCadence> {
  let last:
    | { readonly at: number; readonly limit: number | null; readonly chosen: ChosenCadence }
    | undefined;
  return async () => {
    const record = await readConnection(store, key);
    const limit = record?.daily_call_limit ?? null;
    if (last !== undefined && last.limit === limit && Date.now() - last.at < HOUR_MS) return last.chosen;
    const org = {
      streams: streams[crm],
      dailyLimit: limit,
      automation: record?.automation ?? [],
    };
    const chosen = await cadenceOfStore(store, settings, org, wanted);
    last = { at: Date.now(), limit, chosen };
    return chosen;
  };
}

/** See `App.learnQuota`. */
export async function learnQuota({ store, key, connect, log, crm }: Parts): Promise<void> {
  const known = await readConnection(store, key);
  if (known?.daily_call_limit != null) return;
  try {
    const connection = await connect();
    // Any metered answer names the calls a day.
    if (connection.usage().dailyLimit === null)
      await connection.count(crm === "salesforce" ? "User" : "contacts");
    const { dailyLimit } = connection.usage();
    if (dailyLimit !== null) await noteDailyCallLimit(store, key, dailyLimit);
  } catch (error) {
    if (!(error instanceof RipelineError)) throw error;
    log.warn(
      { connection: key.connectionId, code: error.code },
      "the CRM did not tell its calls a day; the usual cadence applies",
    );
  }
}

/** How often there is something to be read: at the fastest cadence of any connection. Each then decides by its own. */
export async function fastestCadence(
  cadences: readonly (() => Promise<ChosenCadence>)[],
): Promise<ChosenCadence> {
  const [first, ...rest] = await Promise.all(cadences.map((cadence) => cadence()));
  if (first === undefined) throw new RangeError("a workspace without a connection");
  return rest.reduce((best, each) => (each.minutes.fast < best.minutes.fast ? each : best), first);
}
