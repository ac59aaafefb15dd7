import { createHash, createHmac } from "node:crypto";
import { compactVerify } from "jose";
import { type Clock, SECOND_MS, systemClock } from "../../../../core/time.ts";
import { type Answer, emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import type { Incoming } from "../../../server/incoming.ts";
import type { Org, Session } from "../../org.ts";
import type { OpenCall, WireContext } from "../call.ts";
import { isJsonObject } from "../read-json.ts";
import { grantsRefresh } from "./authorize-endpoint.ts";
import type { ClientApp } from "./client-app.ts";
import { integrationSession, sessionOfUsername } from "./sessions.ts";

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** Login hosts the vendor accepts as audience besides the org's own. */
const VENDOR_AUDIENCES = ["https://login.salesforce.com", "https://test.salesforce.com"];

/** A refusal of the token endpoint, in the vendor's words: HTTP 400 `{error, error_description}`. */
class OAuthError extends Error {
  readonly error: string;
  constructor(error: string, description: string) {
    super(description);
    this.name = "OAuthError";
    this.error = error;
  }
}

const grantError = (description: string) => new OAuthError("invalid_grant", description);
const unknownClient = () => new OAuthError("invalid_client_id", "client identifier invalid");

interface GrantReply {
  readonly session: Session;
  readonly refreshToken?: string;
  /** JWT replies carry no signature and no issue time. */
  readonly isShort?: true;
}

type Form = URLSearchParams;

function basicCredentials(incoming: Incoming): { readonly id: string; readonly secret: string } | undefined {
  const encoded = /^Basic\s+(\S+)$/i.exec(incoming.headers["authorization"] ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const [id = "", secret = ""] = Buffer.from(encoded, "base64").toString("utf8").split(/:(.*)/s);
  // Both are form-encoded inside Basic; this decoder takes a stray percent sign as it stands.
  const decoded = new URLSearchParams(
    `id=${id.replaceAll("+", "%2B")}&secret=${secret.replaceAll("+", "%2B")}`,
  );
  return { id: decoded.get("id") ?? "", secret: decoded.get("secret") ?? "" };
}

/** `secret`: whether the grant needs it, or only must not have a wrong one. */
function checkClient(app: ClientApp, incoming: Incoming, form: Form, secret: "required" | "optional") {
  const basic = basicCredentials(incoming);
  const id = form.get("client_id") ?? basic?.id;
  const given = form.get("client_secret") ?? basic?.secret;
  if (id !== app.clientId) throw unknownClient();
  if (given === undefined && secret === "optional") return;
  if (given !== app.clientSecret) throw new OAuthError("invalid_client", "invalid client credentials");
}

async function verifiedClaims(app: ClientApp, assertion: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const { payload } = await compactVerify(assertion, app.publicKey, { algorithms: ["RS256"] });
    const claims: unknown = JSON.parse(new TextDecoder().decode(payload));
    if (isJsonObject(claims)) return claims;
  } catch {
    // Whatever is wrong with it, the vendor says the same; which it was would help a forger.
  }
  throw grantError("invalid assertion");
}

/**
 * The vendor's own CLI sends `exp` in milliseconds, so a value that large is read as such. A client signs by its
 * machine's clock while the org may live at another time: either clock may find the assertion alive.
 */
function checkExpiry(exp: unknown, clock: Clock) {
  if (typeof exp !== "number") throw grantError("invalid assertion");
  const expiresAt = exp > 1e11 ? exp : exp * SECOND_MS;
  const isAlive = [clock, systemClock].some((one) => expiresAt > one.now().getTime());
  if (!isAlive) throw grantError("expired authorization code");
}

function checkAudience(aud: unknown, url: string) {
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const accepted = [url, `${url}/services/oauth2/token`, ...VENDOR_AUDIENCES];
  const isMeant = audiences.some(
    (one) =>
      typeof one === "string" && accepted.includes(one.replace(/\/$/, "").replace("localhost", "127.0.0.1")),
  );
  if (!isMeant) throw grantError("Audience validation failed");
}

/** Words of each grant for an app whose approval was taken back. */
const REVOKED: Readonly<Record<string, string>> = {
  [JWT_BEARER]: "user hasn't approved this consumer",
  client_credentials: "no client credentials user enabled",
  refresh_token: "expired access/refresh token",
  authorization_code: "expired authorization code",
};

async function jwtBearer(context: WireContext, app: ClientApp, form: Form): Promise<GrantReply> {
  const assertion = form.get("assertion");
  if (assertion === null) throw new OAuthError("invalid_request", "must include assertion");
  const claims = await verifiedClaims(app, assertion);
  if (claims["iss"] !== app.clientId) throw unknownClient();
  checkAudience(claims["aud"], context.url);
  checkExpiry(claims["exp"], context.clock);
  const session = sessionOfUsername(context.org, String(claims["sub"]));
  if (session === undefined) throw grantError("user hasn't approved this consumer");
  return { session, isShort: true };
}

function refreshGrant(context: WireContext, form: Form): GrantReply {
  const redeemed = context.tokens.redeemRefresh(form.get("refresh_token") ?? "");
  if (redeemed === undefined) throw grantError("expired access/refresh token");
  const { session, family } = redeemed;
  return { session, refreshToken: context.tokens.issueRefresh(session, family) };
}

function codeGrant(context: WireContext, form: Form): GrantReply {
  const code = context.tokens.redeemCode(form.get("code") ?? "");
  if (code === undefined) throw grantError("expired authorization code");
  if (code.redirectUri !== form.get("redirect_uri")) {
    throw new OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration");
  }
  const verifier = form.get("code_verifier");
  const hashed = createHash("sha256")
    .update(verifier ?? "")
    .digest("base64url");
  const isProven = verifier === null ? code.challenge === undefined : hashed === code.challenge;
  if (!isProven) throw grantError("invalid code verifier");
  if (!grantsRefresh(code.scope)) return { session: code.session };
  return { session: code.session, refreshToken: context.tokens.issueRefresh(code.session) };
}

async function grant(context: WireContext, app: ClientApp, incoming: Incoming, form: Form) {
  const revoked = context.settings.appRevoked ? REVOKED[form.get("grant_type") ?? ""] : undefined;
  if (revoked !== undefined) throw grantError(revoked);
  switch (form.get("grant_type") ?? "") {
    case JWT_BEARER:
      return jwtBearer(context, app, form);
    case "client_credentials":
      checkClient(app, incoming, form, "required");
      return { session: integrationSession(context.org) };
    case "refresh_token":
      checkClient(app, incoming, form, "optional");
      return refreshGrant(context, form);
    case "authorization_code":
      checkClient(app, incoming, form, "optional");
      return codeGrant(context, form);
    default:
      throw new OAuthError("unsupported_grant_type", "grant type not supported");
  }
}

const identityUrl = (url: string, org: Org, session: Session) =>
  `${url}/id/${org.organizationId}/${session.userId}`;

function reply(context: WireContext, app: ClientApp, { session, refreshToken, isShort }: GrantReply): Answer {
  const id = identityUrl(context.url, context.org, session);
  const issuedAt = String(context.clock.now().getTime());
  const shared = { instance_url: context.url, id, token_type: "Bearer" };
  const accessToken = context.tokens.issueAccess(session, refreshToken);
  const headers = { "Cache-Control": "no-cache, no-store", Pragma: "no-cache" };
  if (isShort) {
    return jsonAnswer(200, { access_token: accessToken, scope: "web openid api id", ...shared }, headers);
  }
  return jsonAnswer(
    200,
    {
      access_token: accessToken,
      ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
      signature: createHmac("sha256", app.clientSecret).update(`${id}${issuedAt}`).digest("base64"),
      scope: refreshToken === undefined ? "api id" : "refresh_token api id",
      ...shared,
      issued_at: issuedAt,
    },
    headers,
  );
}

const readForm = async (incoming: Incoming) => {
  const form = new URLSearchParams((await incoming.body.bytes()).toString("utf8"));
  // The vendor also takes the values from the address.
  for (const [name, value] of incoming.query) if (!form.has(name)) form.set(name, value);
  return form;
};

/** `POST /services/oauth2/token`, all four grants. */
export const tokenEndpoint = (app: ClientApp) => async (context: WireContext, call: OpenCall) => {
  const form = await readForm(call.incoming);
  try {
    return reply(context, app, await grant(context, app, call.incoming, form));
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    return jsonAnswer(400, { error: error.error, error_description: error.message });
  }
};

/** `POST /services/oauth2/revoke` with `token`. */
export async function revokeEndpoint(context: WireContext, call: OpenCall): Promise<Answer> {
  const form = await readForm(call.incoming);
  return context.tokens.revoke(form.get("token") ?? "")
    ? emptyAnswer(200)
    : jsonAnswer(400, {
        error: "unsupported_token_type",
        error_description: "this token type is not supported",
      });
}
