import type { MetricEntry } from "./catalog.ts";
import type { Trust } from "./trust.ts";

/** A catalog entry as the model `metric_value` reads it. */
export interface CatalogRule {
  readonly name: string;
  readonly unit: string;
  readonly row_types: readonly string[];
  readonly bases: readonly string[];
  readonly needs_touch: boolean;
  readonly to_date_only: boolean;
  readonly has_small_denominator: boolean;
  readonly when_absent: number | null;
  readonly when_absent_reason: string;
  readonly when_zero_reason: string;
  /** Why the value cannot be known at this as_of. */
  readonly blocked_reason: string | null;
  /** What is missing from a value that is shown all the same. */
  readonly incomplete_reason: string | null;
}

/** The catalog with what the streams' state means for each metric. */
export function catalogRules(entries: readonly MetricEntry[], trust: Trust): readonly CatalogRule[] {
  return entries.map((entry) => ({
    name: entry.name,
    unit: entry.unit,
    row_types: entry.grain,
    bases: entry.bases,
    needs_touch: entry.needsTouch,
    to_date_only: entry.toDateOnly,
    has_small_denominator: entry.saysSmall,
    when_absent: entry.whenAbsent,
    when_absent_reason: entry.reasonWhenAbsent,
    when_zero_reason: entry.reasonWhenAbsent,
    blocked_reason: blockedReason(entry, trust),
    incomplete_reason: incompleteReason(entry, trust),
  }));
}

function blockedReason(entry: MetricEntry, trust: Trust): string | null {
  const missing = entry.inputs.find((input) => trust.missingInputs[input] !== undefined);
  if (missing !== undefined) return trust.missingInputs[missing] ?? null;
  const dates = entry.inputs.flatMap((input) => trust.noHistoryBefore[input] ?? []);
  const latest = dates.toSorted().at(-1);
  return latest === undefined ? null : `no history before ${latest}`;
}

function incompleteReason(entry: MetricEntry, trust: Trust): string | null {
  const hidden = entry.inputs.filter((input) => trust.hiddenFields.includes(input));
  if (hidden.length === 0) return null;
  return `incomplete: ${hidden.map((field) => field.replace("salesforce.", "")).join(", ")} hidden from the integration user`;
}
