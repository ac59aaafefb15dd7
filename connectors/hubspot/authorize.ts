import { z } from "zod";
import { AuthError, TransientHttpError, WireShapeError } from "../../src/core/errors.ts";
import type { Clock } from "../../src/core/time.ts";
import { type Http, readText } from "../shared/http.ts";
import { redact } from "../shared/redact.ts";
import { createTokenSource, type TokenSource } from "../shared/token-source.ts";
import type { HubspotOptions } from "./connect-options.ts";

const Grant = z.looseObject({
  access_token: z.string().min(1),
  expires_in: z.number().positive(),
  refresh_token: z.string().min(1).optional(),
});
const Refused = z.looseObject({ error: z.string().optional(), status: z.string().optional() });

/** A token is renewed this long before it ends. */
const EARLY_MS = 60_000;

/**
 * The bearer token: a private app's or service key as it is, or an app's, renewed before its `expires_in` has passed, as
 * HubSpot asks for, instead of upon a 401.
 * @see https://developers.hubspot.com/docs/api-reference/oauth
 */
export function tokensOf(
  options: HubspotOptions,
  {
    http,
    clock,
    baseUrl,
    version,
  }: {
    readonly http: Http;
    readonly clock: Clock;
    readonly baseUrl: string;
    readonly version: string;
  },
): TokenSource {
  const { clientId, clientSecret } = options;
  let refreshToken = options.refreshToken;
  let endsAt = Number.POSITIVE_INFINITY;

  const source = createTokenSource(async () => {
    if (clientId === undefined || clientSecret === undefined || refreshToken === undefined) {
      throw new AuthError(
        "hubspot",
        "The HubSpot access token is refused, and nothing is set to renew it: put the present token of the private app " +
          "or service key into HUBSPOT_ACCESS_TOKEN.",
      );
    }
    const asked = clock.now().getTime();
    const grant = await fetchGrant(http, `${baseUrl}/oauth/${version}/token`, {
      grant_type: "refresh_token",
      client_id: clientId,
      client_secret: clientSecret,
      refresh_token: refreshToken,
    });
    if (grant.refresh_token !== undefined && grant.refresh_token !== refreshToken) {
      await options.storeRefreshToken?.(grant.refresh_token);
      refreshToken = grant.refresh_token;
    }
    endsAt = asked + grant.expires_in * 1000;
    return grant.access_token;
  }, options.accessToken ?? null);

  return {
    current: async () => {
      const token = await source.current();
      return clock.now().getTime() < endsAt - EARLY_MS ? token : source.renew(token);
    },
    renew: (refused) => source.renew(refused),
  };
}

async function fetchGrant(
  http: Http,
  url: string,
  form: Readonly<Record<string, string>>,
): Promise<z.infer<typeof Grant>> {
  const step = "The token request";
  const answer = await http.open({
    method: "POST",
    url,
    headers: { "Content-Type": "application/x-www-form-urlencoded", Accept: "application/json" },
    body: new URLSearchParams(form).toString(),
    step,
  });
  const text = await readText(answer);
  const body = parseJson(text);
  if (answer.status >= 500 || answer.status === 429) {
    throw new TransientHttpError(
      "hubspot",
      `${step} failed: HubSpot answered HTTP ${answer.status}; it is tried again.`,
      answer.status,
    );
  }
  if (answer.status >= 400) {
    const refused = Refused.safeParse(body);
    const code = refused.success ? (refused.data.status ?? refused.data.error) : undefined;
    throw new AuthError(
      "hubspot",
      `${step} was refused (HTTP ${answer.status}${code === undefined ? "" : `, ${redact(code)}`}): the refresh token or the ` +
        "client is not valid any more. Check HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET, and connect the portal anew.",
    );
  }
  const grant = Grant.safeParse(body);
  if (!grant.success) throw new WireShapeError("hubspot", `${step}: the answer holds no token.`);
  return grant.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
