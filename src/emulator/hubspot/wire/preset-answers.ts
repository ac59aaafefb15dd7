import { type Answer, jsonAnswer, textAnswer } from "../../server/answer.ts";
import { HubSpotRefusal, type RefusalExtras } from "../engine/refusal.ts";
import { type HubSpotRefusalName, hubspotRefusals } from "../refusals.ts";
import { burstAnswer, dailyAnswer, searchLimitAnswer } from "./rate-limits.ts";
import { correlationId, refusalBody } from "./vendor-answer.ts";

/** Faults in HubSpot's own words, by the name `POST control/faults` gives them. */
export const HUBSPOT_PRESETS = [
  "hubspot_ten_secondly",
  "hubspot_search_limit",
  "hubspot_search_limit_policy",
  "hubspot_daily",
  "hubspot_cloudflare",
  "hubspot_cloudflare_untyped",
  "hubspot_unauthenticated",
  "hubspot_missing_scopes",
  "hubspot_missing_scopes_text",
  "hubspot_locked",
  "hubspot_migrating",
  "hubspot_internal",
  "hubspot_bad_gateway",
  "hubspot_gateway_timeout",
  "hubspot_cloudflare_521",
  "hubspot_cloudflare_522",
  "hubspot_cloudflare_523",
  "hubspot_cloudflare_524",
] as const;

export type HubSpotPreset = (typeof HUBSPOT_PRESETS)[number];

export const isHubSpotPreset = (name: string): name is HubSpotPreset =>
  HUBSPOT_PRESETS.some((preset) => preset === name);

function refused(
  kind: HubSpotRefusalName,
  now: number,
  headers: Readonly<Record<string, string>> = {},
  extras: RefusalExtras = {},
): Answer {
  const refusal = new HubSpotRefusal(kind, {}, extras);
  return jsonAnswer(refusal.status, { ...refusalBody(refusal), correlationId: correlationId(now) }, headers);
}

const page = (status: number, title: string): Answer =>
  textAnswer(
    status,
    "text/html; charset=UTF-8",
    `<html>\n<head><title>${status} ${title}</title></head>\n<body>\n<center><h1>${status} ${title}</h1></center>\n<hr><center>cloudflare</center>\n</body>\n</html>\n`,
  );

/** What the preset answers. @param now for its correlation id */
export function hubspotPresetAnswer(preset: HubSpotPreset, now: number): Answer {
  const { status, words } = hubspotRefusals.rate_cloudflare;
  switch (preset) {
    case "hubspot_ten_secondly":
      return burstAnswer(now);
    case "hubspot_search_limit":
      return searchLimitAnswer("category", now);
    case "hubspot_search_limit_policy":
      return searchLimitAnswer("policy", now);
    case "hubspot_daily":
      return dailyAnswer(now);
    case "hubspot_cloudflare":
      return textAnswer(status, "text/plain; charset=UTF-8", words);
    case "hubspot_cloudflare_untyped":
      // Seen live: no body and no Content-Type at all.
      return { status, headers: {}, body: { kind: "none" } };
    case "hubspot_unauthenticated":
      return refused("unauthenticated", now);
    case "hubspot_missing_scopes":
      return refused(
        "missing_scopes",
        now,
        {},
        {
          errors: [
            {
              message: "One or more of the following scopes are required.",
              context: { requiredGranularScopes: ["crm.objects.contacts.read"] },
            },
          ],
        },
      );
    case "hubspot_missing_scopes_text":
      return textAnswer(403, "text/plain;charset=utf-8", "You do not have the required scopes.");
    case "hubspot_locked":
      return refused("locked", now);
    case "hubspot_migrating":
      return refused("migrating", now, { "Retry-After": "60" });
    case "hubspot_internal":
      return refused("internal", now);
    case "hubspot_bad_gateway":
      return page(502, "Bad Gateway");
    case "hubspot_gateway_timeout":
      return refused("gateway_timeout", now);
    case "hubspot_cloudflare_521":
      return page(521, "Web server is down");
    case "hubspot_cloudflare_522":
      return page(522, "Connection timed out");
    case "hubspot_cloudflare_523":
      return page(523, "Origin is unreachable");
    case "hubspot_cloudflare_524":
      return page(524, "A timeout occurred");
  }
}
