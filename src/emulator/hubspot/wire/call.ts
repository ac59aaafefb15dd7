import type { Answer } from "../../server/answer.ts";
import type { EmulatorClock } from "../../server/emulator-clock.ts";
import type { Incoming } from "../../server/incoming.ts";
import type { Source } from "../engine/changes.ts";
import type { ObjectType } from "../engine/object-types.ts";
import type { Portal } from "../engine/portal.ts";
import { HubSpotRefusal } from "../engine/refusal.ts";
import { HUBS, type Hub, isAtLeast, type Tier } from "../engine/settings.ts";
import type { Journal } from "../webhooks/journal.ts";
import type { Jobs } from "./account/jobs.ts";
import type { App, TokenStore } from "./account/tokens.ts";
import type { RateLimits } from "./rate-limits.ts";
import type { WireSettings } from "./wire-settings.ts";

/** Everything the HubSpot handlers share; one per running emulator. */
export interface HubSpotContext {
  readonly portal: Portal;
  readonly clock: EmulatorClock;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly settings: WireSettings;
  readonly tokens: TokenStore;
  readonly limits: RateLimits;
  readonly jobs: Jobs;
  readonly journal: Journal;
}

export interface OpenCall {
  readonly incoming: Incoming;
  /** The setting assertions: what HubSpot would silently ignore is refused. */
  readonly asserts: boolean;
  readonly params: Readonly<Record<string, string>>;
  /** `v3`, `2026-09`, as in the address. */
  readonly version: string;
  /** Name of the operation, for the write log. */
  readonly operation: string;
}

/** One request, authenticated. */
export interface Call extends OpenCall {
  readonly app: App;
  /** Scopes that the account has taken from every app, by the setting withoutScopes. */
  readonly withoutScopes: readonly string[];
}

export type Handler = (context: HubSpotContext, call: Call) => Answer | Promise<Answer>;
export type OpenHandler = (context: HubSpotContext, call: OpenCall) => Answer | Promise<Answer>;

/** A value of the path; the route table has put it there. */
export function param(call: OpenCall, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`the route has no {${name}} in its path`);
  return value;
}

/** The object type that the path names, where the app may do this with it. */
export function objectType(
  context: HubSpotContext,
  call: Call,
  access: "read" | "write",
  name = "objectType",
): ObjectType {
  const type = context.portal.typeNamed(param(call, name));
  needScope(call, type.scope[access]);
  needTypeTier(context, type);
  return type;
}

/** Whether the app has one of these. */
export function hasScope({ app, withoutScopes }: Call, anyOf: readonly string[]): boolean {
  const { scopes } = app;
  return anyOf.some((scope) => !withoutScopes.includes(scope) && (scopes === null || scopes.includes(scope)));
}

/** @throws HubSpotRefusal missing_scopes where the app has none of these */
export function needScope(call: Call, anyOf: readonly string[]): void {
  if (hasScope(call, anyOf)) return;
  throw new HubSpotRefusal(
    "missing_scopes",
    {},
    {
      errors: [
        {
          message: "One or more of the following scopes are required.",
          context: { requiredGranularScopes: anyOf },
        },
      ],
      links: { scopes: "https://developers.hubspot.com/scopes" },
    },
  );
}

/** Leads come with Sales Hub Professional, custom objects with Enterprise, campaigns with Marketing Hub Professional. */
export function needTypeTier(context: HubSpotContext, type: ObjectType): void {
  if (type.typeId === "0-136") needTier(context, ["sales"], "PROFESSIONAL", "leads");
  if (type.typeId === "0-35") needTier(context, ["marketing"], "PROFESSIONAL", "campaigns");
  if (type.isCustom) needTier(context, HUBS, "ENTERPRISE", "custom objects");
}

/** @throws HubSpotRefusal missing_tier where none of the hubs has this edition */
export function needTier(context: HubSpotContext, hubs: readonly Hub[], tier: Tier, feature: string): void {
  const { tiers } = context.portal.settings;
  if (hubs.some((hub) => isAtLeast(tiers[hub], tier))) return;
  throw new HubSpotRefusal("missing_tier", { feature, tier });
}

/** How histories and webhooks name an app's writes. */
export const sourceOf = ({ app }: Call): Source => ({
  sourceType: "INTEGRATION",
  sourceId: String(app.appId),
  sourceLabel: app.name,
});
