import { streams } from "../../connectors/registry.ts";
import { RipelineError } from "../core/errors.ts";
import { HOUR_MS } from "../core/time.ts";
import { noteDailyCallLimit, readConnection } from "../mirror/connection-record.ts";
import type { ChosenCadence, WantedCadence } from "../provision/cadence.ts";
import { cadenceOfStore } from "../provision/plan.ts";
import type { Parts } from "./parts.ts";

/** The cadence costs a count of report rows: worked out hourly, and anew when the quota becomes known. */
export function rememberCadence(
  { store, key, settings }: Parts,
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
      streams: streams.salesforce,
      dailyLimit: limit,
      automation: record?.automation ?? [],
    };
    const chosen = await cadenceOfStore(store, settings, org, wanted);
    last = { at: Date.now(), limit, chosen };
    return chosen;
  };
}

/** See `App.learnQuota`. */
export async function learnQuota({ store, key, connect, log }: Parts): Promise<void> {
  const known = await readConnection(store, key);
  if (known?.daily_call_limit != null) return;
  try {
    const connection = await connect();
    // Any metered answer names the calls a day.
    if (connection.usage().dailyLimit === null) await connection.count("User");
    const { dailyLimit } = connection.usage();
    if (dailyLimit !== null) await noteDailyCallLimit(store, key, dailyLimit);
  } catch (error) {
    if (!(error instanceof RipelineError)) throw error;
    log.warn({ code: error.code }, "the org did not tell its calls a day; the usual cadence applies");
  }
}
