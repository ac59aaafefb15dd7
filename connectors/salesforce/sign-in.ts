import { createHash, randomBytes } from "node:crypto";
import { AuthError } from "../../src/core/errors.ts";
import type { TokenGrant } from "../../src/core/grants.ts";
import { type CallbackServer, openCallback } from "../shared/loopback-callback.ts";
import { loginOrigin } from "./authorize.ts";
import { requestTokens, revokeToken, type TokenEndpoint, tokenHttp } from "./token-endpoint.ts";

/** What the browser brought back, and what proves that it was us who sent it. Worth nothing after one use. */
export interface SignInCode {
  readonly crm: "salesforce";
  readonly loginUrl: string;
  readonly clientId: string;
  readonly code: string;
  readonly codeVerifier: string;
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
  readonly loginUrl?: string;
  readonly clientId: string;
  readonly allowedHosts: readonly string[];
  readonly port: number;
  readonly timeoutMs: number;
}

/** `id` for userinfo, `refresh_token` to go on without anybody. */
const SCOPE = "api id refresh_token";

/**
 * Begins the web server flow with PKCE: the code that passes through the browser is of no use without the verifier,
 * which stays here.
 * @throws ConfigError for a login address that secrets may not go to, or a port that is taken
 * @see https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_web_server_flow.htm
 */
export async function beginSignIn(options: SignInOptions): Promise<SignIn> {
  const { clientId, port, timeoutMs } = options;
  const loginUrl = loginOrigin(options.loginUrl, options.allowedHosts);
  const server: CallbackServer = await openCallback({ crm: "salesforce", port, timeoutMs });
  const { redirectUri } = server;
  const codeVerifier = randomBytes(64).toString("base64url");
  const state = randomBytes(32).toString("base64url");
  const address = new URL("/services/oauth2/authorize", loginUrl);
  address.search = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: SCOPE,
    state,
    code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  return {
    address: address.href,
    finished: async (signal) => {
      const code = await server.code({ state, ...(signal === undefined ? {} : { signal }) });
      return { crm: "salesforce", loginUrl, clientId, code, codeVerifier, redirectUri };
    },
    close: () => server.close(),
  };
}

/**
 * Gets the tokens that were granted.
 * @throws AuthError where the code is void or brings no refresh token; ConfigError where the org's address is one that
 *   secrets may not go to; TransientHttpError
 */
export async function redeemCode(
  sent: SignInCode,
  options: { readonly clientSecret?: string; readonly allowedHosts: readonly string[] },
): Promise<TokenGrant> {
  const loginUrl = loginOrigin(sent.loginUrl, options.allowedHosts);
  const endpoint: TokenEndpoint = { ...options, loginUrl, clientId: sent.clientId };
  const tokens = await requestTokens(endpoint, tokenHttp(), {
    grant_type: "authorization_code",
    code: sent.code,
    code_verifier: sent.codeVerifier,
    redirect_uri: sent.redirectUri,
  });
  const { refreshToken } = tokens;
  if (refreshToken === null) {
    throw new AuthError(
      "salesforce",
      'The org granted no refresh token, so the sign-in would end within hours. Nothing was stored. Add "Perform requests at any time (refresh_token, offline_access)" to the scopes of the external client app and run `ripeline connect salesforce` again.',
    );
  }
  return { ...tokens, refreshToken, loginUrl, clientId: sent.clientId };
}

/** Gives a grant back that will not be used; a vendor that does not answer keeps it until it expires. */
export async function giveBack(grant: TokenGrant): Promise<void> {
  await revokeToken(grant.loginUrl, grant.refreshToken, tokenHttp());
}
