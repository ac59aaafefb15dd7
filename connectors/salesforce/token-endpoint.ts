import { OAuth2 } from "jsforce";
import { z } from "zod";
import { AuthError, TransientHttpError, WireShapeError } from "../../src/core/errors.ts";
import { createHttp, type Http, type HttpLimits, readText } from "../shared/http.ts";
import { redact } from "../shared/redact.ts";
import { isLoopback } from "../shared/trusted-origin.ts";
import { type JsforceRequest, type JsforceResponse, jsforceTransport } from "./jsforce-transport.ts";
import { trustedOrigin } from "./trusted-address.ts";

const TokenAnswer = z.looseObject({
  access_token: z.string().min(1),
  instance_url: z.url(),
  refresh_token: z.string().min(1).optional(),
});
const TokenRefusal = z.looseObject({ error: z.string(), error_description: z.string().default("") });

/** What the endpoint granted; `instanceUrl` is an origin that the access token may go to. */
export interface Tokens {
  readonly accessToken: string;
  readonly instanceUrl: string;
  readonly refreshToken: string | null;
}

/** Refused in the token endpoint's words; `date` is the server's clock. */
export class TokenRefused extends AuthError {
  readonly refusal: string;
  readonly serverDate: Date | null;
  constructor(refusal: string, message: string, serverDate: Date | null) {
    super("salesforce", message);
    this.name = "AuthError";
    this.refusal = refusal;
    this.serverDate = serverDate;
  }
}

/** Where tokens come from, and as whom. */
export interface TokenEndpoint {
  /** Checked by `trustedOrigin`. */
  readonly loginUrl: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly allowedHosts: readonly string[];
}

/** A refresh ends long before the lease under which it runs may pass to another process. */
const LIMITS: HttpLimits = { answerMs: 30_000, idleMs: 10_000 };

export function tokenHttp(limits: HttpLimits = LIMITS): Http {
  return createHttp("salesforce", {
    answerMs: Math.min(limits.answerMs, LIMITS.answerMs),
    idleMs: Math.min(limits.idleMs, LIMITS.idleMs),
  });
}

/**
 * Sends one request to the token endpoint.
 * @throws AuthError naming what to check; TransientHttpError when the login host is down; ConfigError where the answer
 *   names an instance that secrets may not go to
 * @see https://help.salesforce.com/s/articleView?id=sf.remoteaccess_oauth_flows.htm
 */
export async function requestTokens(
  endpoint: TokenEndpoint,
  http: Http,
  parameters: { readonly grant_type: string; readonly [name: string]: string },
): Promise<Tokens> {
  const { loginUrl, clientId, clientSecret } = endpoint;
  const oauth2 = new OAuth2({ loginUrl, clientId, ...(clientSecret === undefined ? {} : { clientSecret }) });
  oauth2._transport = jsforceTransport((request) => sendTokenRequest(http, request));
  return toTokens(await oauth2.requestToken({ ...parameters }), endpoint);
}

/**
 * Ends a refresh token and what came from it. Does not throw where the vendor does not take it back.
 * @param loginUrl checked by `trustedOrigin`
 * @see https://help.salesforce.com/s/articleView?id=sf.remoteaccess_revoke_token.htm
 */
export async function revokeToken(loginUrl: string, token: string, http: Http): Promise<void> {
  try {
    const answer = await http.open({
      method: "POST",
      url: `${loginUrl}/services/oauth2/revoke`,
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams({ token }).toString(),
      step: "Giving the token back",
    });
    await readText(answer);
  } catch (error) {
    if (!(error instanceof TransientHttpError)) throw error;
  }
}

function toTokens(answer: unknown, { loginUrl, allowedHosts }: TokenEndpoint): Tokens {
  const parsed = TokenAnswer.safeParse(answer);
  if (!parsed.success) {
    throw new WireShapeError(
      "salesforce",
      "The token answer lacks access_token or instance_url. Check that SALESFORCE_LOGIN_URL is a Salesforce login address.",
    );
  }
  const { hostname, host } = new URL(loginUrl);
  const { access_token: accessToken, instance_url: instanceUrl, refresh_token: refreshToken } = parsed.data;
  return {
    accessToken,
    instanceUrl: trustedOrigin(instanceUrl, {
      name: `The token answer of ${host} (instance_url)`,
      allowedHosts,
      mayBeLoopback: isLoopback(hostname),
    }),
    refreshToken: refreshToken ?? null,
  };
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
  if (error === "invalid_grant" && /already being processed/i.test(description)) {
    throw new TransientHttpError(
      "salesforce",
      `${step} was put off by ${host}: another client is using the same refresh token right now. Each ripeline store needs a grant of its own: run \`ripeline connect salesforce\` on each.`,
      answer.status,
    );
  }
  const date = new Date(answer.headers.get("date") ?? "");
  throw new TokenRefused(
    error,
    `${step} was refused by ${host}: ${redact(error)}: ${redact(description)}. ${whatToCheck(error, description, body)}`,
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
  if (body.includes("grant_type=authorization_code")) {
    return "Run `ripeline connect salesforce` again; a code works once and for 15 minutes. If it happens again, check that the app's callback address is the one that connect printed.";
  }
  return "Check SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET and that SALESFORCE_LOGIN_URL is the org's My Domain.";
}
