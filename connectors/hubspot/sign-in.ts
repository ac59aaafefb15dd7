import { randomBytes } from "node:crypto";
import { AuthError } from "../../src/core/errors.ts";
import type { TokenGrant } from "../../src/core/grants.ts";
import { systemClock } from "../../src/core/time.ts";
import { createHttp } from "../shared/http.ts";
import { openCallback } from "../shared/loopback-callback.ts";
import { isLoopback } from "../shared/trusted-origin.ts";
import { DEFAULT_BASE_URL, NEWEST_KNOWN_VERSION } from "./connect-options.ts";
import { hubspotScopes } from "./scopes.ts";
import { fetchGrant, revokeGrant } from "./token-endpoint.ts";
import { trustedOrigin } from "./trusted-address.ts";

/** What the browser brought back. Worth nothing after one use, nor without the app's secret. */
export interface SignInCode {
  readonly crm: "hubspot";
  /** Origin of the API. */
  readonly loginUrl: string;
  readonly clientId: string;
  readonly code: string;
  readonly redirectUri: string;
}

export interface SignIn {
  /** For the browser; holds no secret. */
  readonly address: string;
  /** Waits for the browser. @throws as `CallbackServer.code` */
  finished(signal?: AbortSignal): Promise<SignInCode>;
  close(): Promise<void>;
}

export interface SignInOptions {
  readonly baseUrl?: string;
  readonly clientId: string;
  readonly allowedHosts: readonly string[];
  readonly port: number;
  readonly timeoutMs: number;
}

/** Where people of every region sign in. */
const SIGN_IN_URL = "https://app.hubspot.com";

/**
 * Begins the authorisation code flow: scopes that a portal's tier may lack are asked for as optional ones, so that no tier
 * blocks the sign-in.
 * @throws ConfigError for an address that secrets may not go to, or a port that is taken
 * @see https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/working-with-oauth
 */
export async function beginSignIn(options: SignInOptions): Promise<SignIn> {
  const { clientId, port, timeoutMs } = options;
  const loginUrl = trustedOrigin(options.baseUrl ?? DEFAULT_BASE_URL, options.allowedHosts);
  const server = await openCallback({ crm: "hubspot", port, timeoutMs });
  const { redirectUri } = server;
  const state = randomBytes(32).toString("base64url");
  // An emulated portal serves both; HubSpot's API host has no page to sign in.
  const isHere = isLoopback(new URL(loginUrl).hostname);
  const address = new URL("/oauth/authorize", isHere ? loginUrl : SIGN_IN_URL);
  const named = (isOptional: boolean): string =>
    hubspotScopes
      .filter(({ set }) => (set === "optional") === isOptional)
      .map(({ name }) => name)
      .join(" ");
  address.search = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: named(false),
    optional_scope: named(true),
    state,
  }).toString();
  return {
    address: address.href,
    finished: async (signal) => {
      const code = await server.code({ state, ...(signal === undefined ? {} : { signal }) });
      return { crm: "hubspot", loginUrl, clientId, code, redirectUri };
    },
    close: () => server.close(),
  };
}

interface RedeemOptions {
  readonly clientSecret: string;
  readonly allowedHosts: readonly string[];
  /** @default the newest that this version knows */
  readonly apiVersion?: string;
}

/**
 * Gets the tokens that were granted.
 * @throws AuthError where the code is void or brings no refresh token; ConfigError for an address that secrets may not go
 *   to; TransientHttpError
 */
export async function redeemCode(sent: SignInCode, options: RedeemOptions): Promise<TokenGrant> {
  const baseUrl = trustedOrigin(sent.loginUrl, options.allowedHosts);
  const asked = systemClock.now().getTime();
  const tokens = await fetchGrant(
    createHttp("hubspot"),
    { baseUrl, version: options.apiVersion ?? NEWEST_KNOWN_VERSION },
    {
      grant_type: "authorization_code",
      client_id: sent.clientId,
      client_secret: options.clientSecret,
      redirect_uri: sent.redirectUri,
      code: sent.code,
    },
  );
  if (tokens.refresh_token === undefined) {
    throw new AuthError(
      "hubspot",
      "The portal granted no refresh token, so the sign-in would end within the hour. Nothing was stored. Check that the app " +
        "signs in by OAuth (connectors/hubspot/app/README.md) and run `ripeline connect hubspot --browser` again.",
    );
  }
  return {
    loginUrl: baseUrl,
    clientId: sent.clientId,
    instanceUrl: baseUrl,
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    expiresAt: new Date(asked + tokens.expires_in * 1000).toISOString(),
  };
}

/** Gives a grant back that will not be used; a vendor that does not answer keeps it until somebody uninstalls the app. */
export async function giveBack(grant: TokenGrant, options: RedeemOptions): Promise<void> {
  await revokeGrant(
    createHttp("hubspot"),
    { baseUrl: grant.loginUrl, version: options.apiVersion ?? NEWEST_KNOWN_VERSION },
    { clientId: grant.clientId, clientSecret: options.clientSecret, token: grant.refreshToken },
  );
}
