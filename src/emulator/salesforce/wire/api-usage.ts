import { type Clock, DAY_MS, HOUR_MS, MINUTE_MS } from "../../../core/time.ts";
import type { WireSettings } from "./wire-settings.ts";

/** The org's allowance of API requests, rolling over 24 emulated hours. */
export interface ApiUsage {
  readonly max: number;
  used(): number;
  remaining(): number;
  charge(requests: number): void;
  /** Value of `Sforce-Limit-Info`. */
  header(): string;
  clear(): void;
}

/** Other clients of the org, calling at an even pace since an instant in milliseconds. */
export interface OtherClients {
  requestsPerMinute: number;
  since: number;
}

export function createApiUsage(clock: Clock, settings: WireSettings, others: OtherClients): ApiUsage {
  const hours = new Map<number, number>();
  let headers = 0;
  const hour = () => Math.floor(clock.now().getTime() / HOUR_MS);
  const usedByOthers = () => {
    const elapsed = Math.min(DAY_MS, Math.max(0, clock.now().getTime() - others.since));
    const calls = Math.floor((elapsed / MINUTE_MS) * others.requestsPerMinute);
    return settings.apiRequestsUsedByOthers + calls;
  };
  const used = () => {
    const present = hour();
    let sum = usedByOthers();
    for (const [at, count] of hours) {
      if (at <= present - 24) hours.delete(at);
      else if (at <= present) sum += count;
    }
    return sum;
  };
  return {
    get max() {
      return settings.dailyApiRequests;
    },
    used,
    remaining: () => Math.max(0, settings.dailyApiRequests - used()),
    charge: (requests) => {
      hours.set(hour(), (hours.get(hour()) ?? 0) + requests);
    },
    header: () => {
      headers += 1;
      // Real headers come from several nodes that agree late; a fixed zigzag does the same to a reader.
      const waver = settings.limitInfoJitter === 0 ? 0 : (headers * 7) % (settings.limitInfoJitter + 1);
      return `api-usage=${Math.max(0, used() - waver)}/${settings.dailyApiRequests}`;
    },
    clear: () => hours.clear(),
  };
}
