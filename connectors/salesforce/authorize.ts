import { createPrivateKey, type KeyObject } from "node:crypto";
import { SignJWT } from "jose";
import { OAuth2 } from "jsforce";
import { z } from "zod";
import { AuthError, ConfigError, TransientHttpError, WireShapeError } from "../../src/core/errors.ts";
import { systemClock } from "../../src/core/time.ts";
import { type Http, readText } from "../shared/http.ts";
import { redact } from "../shared/redact.ts";
import { DEFAULT_LOGIN_URL, type SalesforceOptions } from "./connect-options.ts";
import { type JsforceRequest, type JsforceResponse, jsforceTransport } from "./jsforce-transport.ts";

/** A usable session: where and with what. */
export interface Grant {
  readonly accessToken: string;
  readonly instanceUrl: string;
}

const TokenAnswer = z.looseObject({
  access_token: z.string().min(1),
  instance_url: z.url(),
  refresh_token: z.string().optional(),
});
const TokenRefusal = z.looseObject({ error: z.string(), error_description: z.string().default("") });

/** Salesforce takes at most three minutes; the rest is room for clocks that differ. */
const JWT_LIFE_SECONDS = 150;
const SKEW_WORTH_A_SECOND_TRY_SECONDS = 30;

/** Refused in the token endpoint's words; `date` is the server's clock. */
class TokenRefused extends AuthError {
  readonly refusal: string;
  readonly serverDate: Date | null;
  constructor(refusal: string, message: string, serverDate: Date | null) {
    super("salesforce", message);
    this.name = "AuthError";
    this.refusal = refusal;
    this.serverDate = serverDate;
  }
}

/**
 * How this connection gets tokens, or null where only a ready access token was given.
 *
 * The order is by what cannot expire: JWT bearer, client credentials, refresh token. A rotated refresh token is stored
 * before the access token that came with it is used: the old one is void from then on.
 * @throws ConfigError when the private key is not readable
 * @throws AuthError naming the variable to check; TransientHttpError when the login host is down
 * @see https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_flows.htm
 */
export function grantSource(options: SalesforceOptions, http: Http): (() => Promise<Grant>) | null {
  const { clientId, clientSecret, username, privateKey } = options;
  const loginUrl = (options.loginUrl ?? DEFAULT_LOGIN_URL).replace(/\/+$/, "");
  const clock = options.clock ?? systemClock;
  if (clientId === undefined) return null;
  const oauth2 = new OAuth2({ loginUrl, clientId, ...(clientSecret === undefined ? {} : { clientSecret }) });
  oauth2._transport = jsforceTransport((request) => sendTokenRequest(http, request));

  if (username !== undefined && privateKey !== undefined) {
    const key = readPrivateKey(privateKey);
    // The assertion identifies the client by its signature; jsforce would add the secret if it had one.
    oauth2.clientSecret = null;
    const request = async (now: Date): Promise<Grant> =>
      toGrant(
        await oauth2.requestToken({
          grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
          assertion: await signAssertion(key, { clientId, username, audience: loginUrl, now }),
        }),
      ).grant;
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
  if (options.refreshToken !== undefined) {
    let refreshToken = options.refreshToken;
    return async () => {
      const { grant, rotated } = toGrant(await oauth2.refreshToken(refreshToken));
      if (rotated !== undefined && rotated !== refreshToken) {
        refreshToken = rotated;
        await options.storeRefreshToken?.(rotated);
      }
      return grant;
    };
  }
  if (clientSecret === undefined) return null;
  return async () => toGrant(await oauth2.requestToken({ grant_type: "client_credentials" })).grant;
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

function toGrant(answer: unknown): { readonly grant: Grant; readonly rotated: string | undefined } {
  const parsed = TokenAnswer.safeParse(answer);
  if (!parsed.success) {
    throw new WireShapeError(
      "salesforce",
      "The token answer lacks access_token or instance_url. Check that SALESFORCE_LOGIN_URL is a Salesforce login address.",
    );
  }
  const { access_token: accessToken, instance_url: instanceUrl, refresh_token: rotated } = parsed.data;
  return { grant: { accessToken, instanceUrl }, rotated };
}

async function sendTokenRequest(http: Http, request: JsforceRequest): Promise<JsforceResponse> {
  const host = new URL(request.url).host;
  const body = String(request.body);
  const step = "The Salesforce token request";
  const answer = await http.open({
    method: "POST",
    url: request.url,
    headers: { ...request.headers },
    body,
    step,
  });
  const text = await readText(answer);
  if (answer.status >= 200 && answer.status < 300 && text.trimStart().startsWith("{")) {
    return { statusCode: answer.status, headers: Object.fromEntries(answer.headers), body: text };
  }
  const refused = TokenRefusal.safeParse(parseJson(text));
  if (answer.status >= 500 || !refused.success) {
    throw new TransientHttpError(
      "salesforce",
      `${step} failed: ${host} answered HTTP ${answer.status} and no token. The org is down, or SALESFORCE_LOGIN_URL is not a Salesforce login address.`,
      answer.status,
    );
  }
  const { error, error_description: description } = refused.data;
  const date = new Date(answer.headers.get("date") ?? "");
  throw new TokenRefused(
    error,
    `${step} was refused by ${host}: ${error}: ${redact(description)}. ${whatToCheck(error, description, body)}`,
    Number.isNaN(date.getTime()) ? null : date,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The endpoint has few codes and many causes; the description narrows them. Codes first, words only to be kinder. */
function whatToCheck(error: string, description: string, body: string): string {
  if (error === "invalid_client_id")
    return "Check SALESFORCE_CLIENT_ID (the consumer key of the external client app).";
  if (error === "invalid_client") return "Check SALESFORCE_CLIENT_ID and SALESFORCE_CLIENT_SECRET.";
  if (/approved/i.test(description)) {
    return "Pre-authorise the integration user for the external client app (OAuth policies, admin-approved users).";
  }
  if (/no client credentials user/i.test(description)) {
    return "Set a run-as user for the client credentials flow in the external client app.";
  }
  if (body.includes("jwt-bearer")) {
    return "Check SALESFORCE_USERNAME, that SALESFORCE_PRIVATE_KEY_FILE belongs to the certificate uploaded to the app, and that SALESFORCE_LOGIN_URL is the org's (test.salesforce.com for a sandbox).";
  }
  if (body.includes("grant_type=refresh_token"))
    return "The refresh token is void: run `ripeline connect salesforce` again.";
  return "Check SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET and that SALESFORCE_LOGIN_URL is the org's My Domain.";
}
