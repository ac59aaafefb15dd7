import { createPrivateKey, type KeyObject } from "node:crypto";
import { SignJWT } from "jose";
import { AuthError, ConfigError } from "../../src/core/errors.ts";
import type { TokenGrant } from "../../src/core/grants.ts";
import { systemClock } from "../../src/core/time.ts";
import type { Http } from "../shared/http.ts";
import { DEFAULT_LOGIN_URL, type SalesforceOptions } from "./connect-options.ts";
import { requestTokens, type TokenEndpoint, TokenRefused } from "./token-endpoint.ts";
import { trustedOrigin } from "./trusted-address.ts";

/** A usable session: where and with what. */
interface Session {
  readonly accessToken: string;
  readonly instanceUrl: string;
}

/** Gets a session with another token than the refused one; null: any. */
type SessionSource = (refused: string | null) => Promise<Session>;

/** Salesforce takes at most three minutes; the rest is room for clocks that differ. */
const JWT_LIFE_SECONDS = 150;
const SKEW_WORTH_A_SECOND_TRY_SECONDS = 30;

/**
 * How this connection gets tokens, or null where only a ready access token was given.
 *
 * A grant of the store comes first, for the caller gives it only where it is to be used; then what cannot expire: JWT
 * bearer, client credentials. These two bring no refresh token, and each process keeps its access tokens in memory.
 * @throws ConfigError when the private key is not readable
 * @throws AuthError naming the variable to check; TransientHttpError when the login host is down
 * @see https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_flows.htm
 */
export function sessionSource(options: SalesforceOptions, http: Http): SessionSource | null {
  const { clientId, clientSecret, username, privateKey, grants, allowedHosts = [] } = options;
  if (grants !== undefined) {
    return async (refused) =>
      refused === null
        ? await grants.newest()
        : await grants.renewed(refused, (grant, lostSince) => refresh(options, http, grant, lostSince));
  }
  if (clientId === undefined) return null;
  const loginUrl = loginOrigin(options.loginUrl, allowedHosts);
  const clock = options.clock ?? systemClock;
  const endpoint: TokenEndpoint = { loginUrl, clientId, allowedHosts };

  if (username !== undefined && privateKey !== undefined) {
    const key = readPrivateKey(privateKey);
    // The assertion identifies the client by its signature: no secret goes with it.
    const request = async (now: Date): Promise<Session> =>
      requestTokens(endpoint, http, {
        grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
        assertion: await signAssertion(key, { clientId, username, audience: loginUrl, now }),
      });
    return async () => {
      const now = clock.now();
      try {
        return await request(now);
      } catch (error) {
        // A machine whose clock is off signs assertions that are void at the server: once more by the server's clock.
        const serverDate =
          error instanceof TokenRefused && error.refusal === "invalid_grant" ? error.serverDate : null;
        const skew = serverDate === null ? 0 : Math.abs(serverDate.getTime() - now.getTime()) / 1000;
        if (serverDate === null || skew < SKEW_WORTH_A_SECOND_TRY_SECONDS) throw error;
        return await request(serverDate);
      }
    };
  }
  if (clientSecret === undefined) return null;
  return () => requestTokens({ ...endpoint, clientSecret }, http, { grant_type: "client_credentials" });
}

/** @throws ConfigError where secrets may not go there */
export function loginOrigin(loginUrl: string | undefined, allowedHosts: readonly string[]): string {
  return trustedOrigin(loginUrl ?? DEFAULT_LOGIN_URL, {
    name: "SALESFORCE_LOGIN_URL",
    allowedHosts,
    mayBeLoopback: true,
  });
}

/** The vendor replaces a refresh token when it is used; one that is used twice revokes all that came from it. */
async function refresh(
  { clientId, clientSecret, allowedHosts = [] }: SalesforceOptions,
  http: Http,
  grant: TokenGrant,
  lostSince: Date | null,
): Promise<TokenGrant> {
  const endpoint: TokenEndpoint = {
    loginUrl: loginOrigin(grant.loginUrl, allowedHosts),
    clientId: grant.clientId,
    allowedHosts,
    ...(clientSecret === undefined || clientId !== grant.clientId ? {} : { clientSecret }),
  };
  try {
    const tokens = await requestTokens(endpoint, http, {
      grant_type: "refresh_token",
      refresh_token: grant.refreshToken,
    });
    return { ...grant, ...tokens, refreshToken: tokens.refreshToken ?? grant.refreshToken };
  } catch (error) {
    const isVoid = error instanceof TokenRefused && error.refusal === "invalid_grant";
    if (lostSince === null || !isVoid) throw error;
    throw new AuthError(
      "salesforce",
      `${error.message} A refresh that began at ${lostSince.toISOString()} did not end: its process died or lost the connection, and the token that was on its way is lost with it.`,
    );
  }
}

function readPrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause is left out: it may quote the key.
    throw new ConfigError(
      "SALESFORCE_PRIVATE_KEY_FILE: the file holds no readable private key; expected PEM text that starts with -----BEGIN PRIVATE KEY----- and has no passphrase.",
    );
  }
}

async function signAssertion(
  key: KeyObject,
  claims: {
    readonly clientId: string;
    readonly username: string;
    readonly audience: string;
    readonly now: Date;
  },
): Promise<string> {
  const seconds = Math.floor(claims.now.getTime() / 1000);
  return await new SignJWT()
    .setProtectedHeader({ alg: "RS256" })
    .setIssuer(claims.clientId)
    .setSubject(claims.username)
    .setAudience(claims.audience)
    .setExpirationTime(seconds + JWT_LIFE_SECONDS)
    .sign(key);
}
