import { AuthError } from "../../src/core/errors.ts";
import type { SharedGrants, TokenGrant } from "../../src/core/grants.ts";
import type { Clock } from "../../src/core/time.ts";
import type { Http } from "../shared/http.ts";
import { createTokenSource, type TokenSource } from "../shared/token-source.ts";
import type { HubspotOptions } from "./connect-options.ts";
import { fetchGrant } from "./token-endpoint.ts";

/** A token is renewed this long before it ends. */
const EARLY_MS = 60_000;

interface TokenContext {
  readonly http: Http;
  readonly clock: Clock;
  readonly baseUrl: string;
  readonly version: string;
}

/**
 * The bearer token: a private app's or service key as it is, or an app's, renewed before its `expires_in` has passed, as
 * HubSpot asks for, instead of upon a 401.
 * @see https://developers.hubspot.com/docs/api-reference/oauth
 */
export function tokensOf(options: HubspotOptions, context: TokenContext): TokenSource {
  const { grants } = options;
  return grants === undefined ? ownTokens(options, context) : sharedTokens(options, grants, context);
}

function ownTokens(options: HubspotOptions, { http, clock, baseUrl, version }: TokenContext): TokenSource {
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
    const grant = await fetchGrant(
      http,
      { baseUrl, version },
      {
        grant_type: "refresh_token",
        client_id: clientId,
        client_secret: clientSecret,
        refresh_token: refreshToken,
      },
    );
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

/** A grant that the processes on a store share: one of them renews it, and the others take what it got. */
function sharedTokens(options: HubspotOptions, grants: SharedGrants, context: TokenContext): TokenSource {
  const { clock } = context;
  let endsAt = Number.NEGATIVE_INFINITY;
  const keep = (grant: TokenGrant): string => {
    endsAt = grant.expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(grant.expiresAt);
    return grant.accessToken;
  };
  const source = createTokenSource(
    async (refused) =>
      keep(
        refused === null
          ? await grants.newest()
          : await grants.renewed(refused, (grant, lostSince) => refresh(options, context, grant, lostSince)),
      ),
    null,
  );
  return {
    current: async () => {
      const token = await source.current();
      return clock.now().getTime() < endsAt - EARLY_MS ? token : source.renew(token);
    },
    renew: (refused) => source.renew(refused),
  };
}

/** HubSpot replaces a refresh token when it is used: the new one must be stored before anybody uses what came with it. */
async function refresh(
  { clientId, clientSecret }: HubspotOptions,
  { http, clock, baseUrl, version }: TokenContext,
  grant: TokenGrant,
  lostSince: Date | null,
): Promise<TokenGrant> {
  if (clientSecret === undefined || clientId !== grant.clientId) {
    throw new AuthError(
      "hubspot",
      "The stored sign-in belongs to an app that HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET do not name. Set both to the " +
        "app's, or run `ripeline connect hubspot --browser` again.",
    );
  }
  const asked = clock.now().getTime();
  try {
    const tokens = await fetchGrant(
      http,
      { baseUrl, version },
      {
        grant_type: "refresh_token",
        client_id: clientId,
        client_secret: clientSecret,
        refresh_token: grant.refreshToken,
      },
    );
    return {
      ...grant,
      accessToken: tokens.access_token,
      refreshToken: tokens.refresh_token ?? grant.refreshToken,
      expiresAt: new Date(asked + tokens.expires_in * 1000).toISOString(),
    };
  } catch (error) {
    if (lostSince === null || !(error instanceof AuthError)) throw error;
    throw new AuthError(
      "hubspot",
      `${error.message} A refresh that began at ${lostSince.toISOString()} did not end: its process died or lost the connection, and the token that was on its way is lost with it.`,
    );
  }
}
