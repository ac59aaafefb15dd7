import { SECOND_MS, systemClock } from "../../../core/time.ts";
import { type Answer, jsonAnswer } from "../../server/answer.ts";
import type { EmulatorClock } from "../../server/emulator-clock.ts";
import type { Portal } from "../engine/portal.ts";
import { highestTier } from "../engine/settings.ts";
import { hubspotRefusals } from "../refusals.ts";
import type { App } from "./account/tokens.ts";
import { correlationId } from "./vendor-answer.ts";
import type { WireSettings } from "./wire-settings.ts";

/** Which allowances an operation draws on. */
export type Bucket = "general" | "search" | "associations";

const WINDOW_MS = 10 * SECOND_MS;
const LOCK_MS = 2 * SECOND_MS;

/** Times of calls within a rolling window. */
class Window {
  private times: number[] = [];
  used(now: number, windowMs: number): number {
    const from = this.times.findIndex((time) => time > now - windowMs);
    this.times = from < 0 ? [] : this.times.slice(from);
    return this.times.length;
  }
  add(now: number): void {
    this.times.push(now);
  }
}

export interface RateLimits {
  /** Takes one call from its allowances, or answers as HubSpot does to one too many. */
  charge(app: App, bucket: Bucket): Answer | undefined;
  headers(app: App, bucket: Bucket): Readonly<Record<string, string>>;
  /**
   * Notes rows upserted into an object. Too many within ten seconds lock it for two; the status and the two seconds are
   * documented, what is too many is ours (setting lockAfterUpserts).
   * @returns whether it is locked, and nothing may be written
   */
  isLocked(object: string, rows: number): boolean;
  daily(): { readonly limit: number; readonly used: number; readonly resetsAt: Date };
  clear(): void;
}

/**
 * Time for windows of seconds. It runs at the machine's pace even while the emulated clock stands, or a client could
 * never wait a window out, and jumps with the emulated clock.
 */
function createPace(clock: EmulatorClock): () => number {
  let emulated = clock.now().getTime();
  let machine = systemClock.now().getTime();
  let pace = 0;
  return () => {
    const [nextEmulated, nextMachine] = [clock.now().getTime(), systemClock.now().getTime()];
    pace += Math.max(0, nextEmulated - emulated, nextMachine - machine);
    emulated = nextEmulated;
    machine = nextMachine;
    return pace;
  };
}

/** The account's day, `2026-06-01`, and the instant at which it ends. */
function dayOf(now: Date, timeZone: string): { readonly day: string; readonly end: Date } {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).formatToParts(now);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? "0";
  const passed = Number(part("hour")) * 3_600 + Number(part("minute")) * 60 + Number(part("second"));
  return {
    day: `${part("year")}-${part("month")}-${part("day")}`,
    end: new Date(now.getTime() - (now.getTime() % SECOND_MS) + (86_400 - passed) * SECOND_MS),
  };
}

/** A 429 with a policy: bursts and days. */
function policyAnswer(kind: "rate_ten_secondly" | "rate_daily", group: string, now: number): Answer {
  const { status, words: message } = hubspotRefusals[kind];
  const id = correlationId(now);
  const base = { status: "error", message, errorType: "RATE_LIMIT" };
  const body =
    kind === "rate_daily"
      ? { ...base, correlationId: id, policyName: "DAILY", requestId: id }
      : { ...base, correlationId: id, policyName: "TEN_SECONDLY_ROLLING", groupName: group };
  return jsonAnswer(status, body, { "X-HubSpot-Correlation-Id": id });
}

/** The two forms seen of a search that came too soon. Neither says how long to wait. */
export function searchLimitAnswer(form: "category" | "policy", now: number): Answer {
  const { status, words: message, category } = hubspotRefusals.rate_search;
  const id = correlationId(now);
  const base = { status: "error", message, correlationId: id };
  return jsonAnswer(
    status,
    form === "category"
      ? { ...base, category }
      : { ...base, errorType: "RATE_LIMIT", policyName: "SECONDLY" },
  );
}

export const burstAnswer = (now: number): Answer => policyAnswer("rate_ten_secondly", "publicapi:crm", now);
export const dailyAnswer = (now: number): Answer => policyAnswer("rate_daily", "", now);

/** Rolling seconds per app, searches per second and calls per day per account. */
export function createRateLimits(portal: Portal, clock: EmulatorClock, settings: WireSettings): RateLimits {
  const pace = createPace(clock);
  let bursts = new Map<string, Window>();
  let searches = new Window();
  let upserts = new Map<string, { readonly window: Window; lockedUntil: number }>();
  let day = "";
  let used = 0;
  let associationsUsed = 0;

  const tier = () => highestTier(portal.settings.tiers);
  const isPaidHigh = () => tier() === "PROFESSIONAL" || tier() === "ENTERPRISE";
  const burstLimit = (app: App): number => {
    if (settings.tenSecondlyLimit !== null) return settings.tenSecondlyLimit;
    if (app.kind === "oauth") return 110;
    if (settings.limitIncreases > 0) return 250;
    return isPaidHigh() ? 190 : 100;
  };
  const associationLimit = () => settings.associationsTenSecondlyLimit ?? (isPaidHigh() ? 150 : 100);
  const dailyLimit = (): number => {
    if (settings.dailyLimit !== null) return settings.dailyLimit;
    const base = { FREE: 250_000, STARTER: 250_000, PROFESSIONAL: 625_000, ENTERPRISE: 1_000_000 }[tier()];
    return base + settings.limitIncreases * 1_000_000;
  };
  const windowOf = (key: string): Window => {
    const known = bursts.get(key) ?? new Window();
    bursts.set(key, known);
    return known;
  };
  const turnDay = () => {
    const today = dayOf(clock.now(), portal.timeZone).day;
    if (today === day) return;
    day = today;
    used = 0;
    associationsUsed = 0;
  };
  const appKey = (app: App) => `app ${app.appId}`;

  return {
    charge: (app, bucket) => {
      turnDay();
      const now = pace();
      const wall = clock.now().getTime();
      if (app.kind !== "oauth" && used + settings.dailyUsedByOthers >= dailyLimit()) return dailyAnswer(wall);
      if (bucket === "search") {
        if (searches.used(now, SECOND_MS) >= settings.searchesPerSecond) {
          return searchLimitAnswer(settings.searchLimitBody, wall);
        }
        searches.add(now);
      } else {
        const own = windowOf(appKey(app));
        if (own.used(now, WINDOW_MS) >= burstLimit(app)) return burstAnswer(wall);
        if (bucket === "associations") {
          if (associationsUsed >= settings.associationsDailyLimit) return dailyAnswer(wall);
          const links = windowOf("associations");
          if (links.used(now, WINDOW_MS) >= associationLimit()) {
            return policyAnswer("rate_ten_secondly", "publicapi:associations", wall);
          }
          links.add(now);
          associationsUsed += 1;
        }
        own.add(now);
      }
      if (app.kind !== "oauth") used += 1;
      return undefined;
    },
    headers: (app, bucket) => {
      turnDay();
      const headers: Record<string, string> = {};
      if (app.kind !== "oauth") {
        headers["X-HubSpot-RateLimit-Daily"] = String(dailyLimit());
        headers["X-HubSpot-RateLimit-Daily-Remaining"] = String(
          Math.max(0, dailyLimit() - used - settings.dailyUsedByOthers),
        );
      }
      if (bucket === "search") return headers;
      const most = burstLimit(app);
      const left = Math.max(0, most - windowOf(appKey(app)).used(pace(), WINDOW_MS));
      headers["X-HubSpot-RateLimit-Interval-Milliseconds"] = String(WINDOW_MS);
      headers["X-HubSpot-RateLimit-Max"] = String(most);
      headers["X-HubSpot-RateLimit-Remaining"] = String(left);
      headers["X-HubSpot-RateLimit-Secondly"] = String(Math.floor(most / 10));
      headers["X-HubSpot-RateLimit-Secondly-Remaining"] = String(Math.min(left, Math.floor(most / 10)));
      return headers;
    },
    isLocked: (object, rows) => {
      const now = pace();
      const known = upserts.get(object) ?? { window: new Window(), lockedUntil: 0 };
      upserts.set(object, known);
      if (known.lockedUntil > now) return true;
      for (let row = 0; row < rows; row++) known.window.add(now);
      const most = settings.lockAfterUpserts;
      if (most !== null && known.window.used(now, WINDOW_MS) > most) known.lockedUntil = now + LOCK_MS;
      return false;
    },
    daily: () => {
      turnDay();
      return {
        limit: dailyLimit(),
        used: used + settings.dailyUsedByOthers,
        resetsAt: dayOf(clock.now(), portal.timeZone).end,
      };
    },
    clear: () => {
      bursts = new Map();
      searches = new Window();
      upserts = new Map();
      day = "";
    },
  };
}
