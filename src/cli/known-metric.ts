import type { App } from "../app.ts";
import { UsageError } from "./command-line.ts";

/** @throws UsageError naming the metrics there are, for one that there is not */
export function refuseUnknownMetric(app: App, metric: string | null): void {
  if (metric === null || app.metricNames.includes(metric)) return;
  throw new UsageError(`There is no metric "${metric}". Known: ${app.metricNames.join(", ")}`);
}
