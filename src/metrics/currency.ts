import { z } from "zod";
import { ConfigError } from "../core/errors.ts";
import type { Queries } from "../database/database.ts";
import { sql } from "../database/sql.ts";

/** How a connection's amounts come into the workspace's currency: see `metrics.run_connection.currency_rule`. */
export type CurrencyRule = "corporate" | "static" | "dated" | "home";

const currencies = z.object({
  codes: z.array(z.string()),
  active_codes: z.array(z.string()),
  has_dated_rates: z.boolean(),
});

export type Currencies = z.infer<typeof currencies>;

/** ISO codes of the connection's currencies, from `metrics.stg_currency`. */
export async function readCurrencies(
  db: Queries,
  workspaceId: string,
  connectionId: string,
): Promise<Currencies> {
  return db.one(
    currencies,
    sql`select
          coalesce(array_agg(code order by code) filter (where not is_dated), '{}') as codes,
          coalesce(array_agg(code order by code) filter (where not is_dated and is_active), '{}') as active_codes,
          coalesce(bool_or(is_dated), false) as has_dated_rates
        from metrics.stg_currency
        where workspace_id = ${workspaceId} and connection_id = ${connectionId}`,
  );
}

/** The workspace's currency: the configured one, else that of the first CRM that names its own. */
export function chooseCurrency(
  configured: string | null,
  homeCurrencies: readonly (string | null)[],
): string | null {
  return configured ?? homeCurrencies.find((code) => code !== null) ?? null;
}

/** @throws ConfigError where the workspace's currency is none of the org's active ones */
export function currencyRule(
  wanted: string | null,
  connection: { readonly keeps_home_amounts: boolean },
  { codes, active_codes: active, has_dated_rates: hasDatedRates }: Currencies,
): CurrencyRule {
  // Where a rate is missing the amount is null and counted, as anywhere.
  if (connection.keeps_home_amounts) return "home";
  if (codes.length === 0) return "corporate";
  if (wanted === null || !active.includes(wanted)) {
    throw new ConfigError(
      `workspace.currency is ${wanted ?? "not set"}, but the org's active currencies are ` +
        `${active.join(", ") || "none"}; set workspace.currency to one of them, or activate it in the org`,
    );
  }
  return hasDatedRates ? "dated" : "static";
}
