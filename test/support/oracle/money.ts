import type { Settings } from "../../../src/core/settings.ts";
import { amount, type CompanyRows, flag, living, must, text, type VendorRow } from "./vendor-rows.ts";

/**
 * An amount field in the workspace's currency by the org's static rates (definitions 10): null where it is blank or a
 * rate is missing.
 */
export function converter(
  rows: CompanyRows,
  settings: Settings,
): (row: VendorRow, field: string) => number | null {
  const currencies = living(rows, "CurrencyType");
  const rates = new Map(
    currencies.map((row) => [must(row, "IsoCode"), amount(row, "ConversionRate") ?? Number.NaN]),
  );
  const corporate = currencies.find((row) => flag(row, "IsCorporate"));
  const target = settings.workspace.currency ?? text(corporate ?? {}, "IsoCode");
  const targetRate = target === null ? undefined : rates.get(target);
  return (row, field) => {
    const value = amount(row, field);
    const currency = text(row, "CurrencyIsoCode") ?? target;
    if (value === null || currency === target) return value;
    const rate = rates.get(currency ?? "");
    // Units of a currency for one of the corporate.
    return rate === undefined || targetRate === undefined ? null : (value / rate) * targetRate;
  };
}
