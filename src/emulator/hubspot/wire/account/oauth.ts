import { SECOND_MS } from "../../../../core/time.ts";
import { type Answer, emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import type { HubSpotContext, OpenCall, OpenHandler } from "../call.ts";
import { correlationId } from "../vendor-answer.ts";
import type { App } from "./tokens.ts";

type Form = URLSearchParams;

/** RFC 6749's error and HubSpot's own, in one body; v1 has the second only. */
function refused(
  context: HubSpotContext,
  call: OpenCall,
  error: string,
  status: string,
  description: string,
): Answer {
  const { status: code, message } = new HubSpotRefusal("grant_refused", { description });
  const legacy = { status, message, correlationId: correlationId(context.portal.now()) };
  return jsonAnswer(
    error === "invalid_client" ? 401 : code,
    call.version === "v1" ? legacy : { error, error_description: message, ...legacy },
  );
}

async function formOf(call: OpenCall): Promise<Form> {
  const type = call.incoming.headers["content-type"] ?? "";
  if (!/^application\/x-www-form-urlencoded\b/i.test(type)) {
    throw new HubSpotRefusal("unsupported_media_type", { type: type === "" ? "none" : type });
  }
  return new URLSearchParams((await call.incoming.body.bytes()).toString("utf8"));
}

const isClient = (context: HubSpotContext, form: Form) =>
  form.get("client_id") === context.tokens.oauthApp.clientId &&
  form.get("client_secret") === context.tokens.oauthApp.clientSecret;

interface Granted {
  readonly scopes: readonly string[] | null;
  readonly refreshToken: string | undefined;
}

function tokenBody(context: HubSpotContext, call: OpenCall, { scopes, refreshToken }: Granted): Answer {
  const kind = refreshToken === undefined ? "oauth_app" : "oauth";
  const token = {
    access_token: context.tokens.issue(scopes, kind),
    expires_in: context.settings.tokenLifeSeconds,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    token_type: "bearer",
  };
  if (call.version === "v1") return jsonAnswer(200, token);
  return jsonAnswer(200, {
    ...token,
    token_use: "access_token",
    hub_id: context.portal.portalId,
    scopes: scopes ?? ["oauth"],
    user_id: 61_000_001,
  });
}

/** A used refresh token makes way for a new one on v3 and dated paths; v1 goes on with the same. */
function refresh(context: HubSpotContext, call: OpenCall, form: Form): Answer {
  const given = form.get("refresh_token") ?? "";
  const known = context.settings.appRevoked ? undefined : context.tokens.useRefresh(given);
  if (known === undefined) {
    return refused(
      context,
      call,
      "invalid_grant",
      "BAD_REFRESH_TOKEN",
      "refresh token is invalid, expired or revoked",
    );
  }
  if (call.version === "v1" || !context.settings.rotateRefreshTokens) {
    return tokenBody(context, call, { ...known, refreshToken: given });
  }
  context.tokens.end(given);
  return tokenBody(context, call, { ...known, refreshToken: context.tokens.issueRefresh(known.scopes) });
}

export const tokenEndpoint: OpenHandler = async (context, call) => {
  const form = await formOf(call);
  if (!isClient(context, form)) {
    return refused(
      context,
      call,
      "invalid_client",
      "BAD_CLIENT_ID",
      "missing or invalid client id or secret",
    );
  }
  const grantType = form.get("grant_type") ?? "none";
  switch (grantType) {
    case "authorization_code": {
      const code = context.tokens.takeCode(form.get("code") ?? "", form.get("redirect_uri") ?? "");
      if (code === undefined || context.settings.appRevoked) {
        return refused(context, call, "invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code");
      }
      return tokenBody(context, call, { ...code, refreshToken: context.tokens.issueRefresh(code.scopes) });
    }
    case "refresh_token":
      return refresh(context, call, form);
    case "client_credentials": {
      const scopes = (form.get("scope") ?? "").split(/[\s,]+/).filter(Boolean);
      if (call.version === "v1") break;
      return tokenBody(context, call, { scopes, refreshToken: undefined });
    }
    default:
  }
  return refused(context, call, "unsupported_grant_type", "BAD_GRANT_TYPE", "missing or unknown grant type");
};

/** Approves at once, and sends the browser back with a code. */
export const authorize: OpenHandler = (context, call) => {
  const { query } = call.incoming;
  const redirectUri = query.get("redirect_uri") ?? "";
  if (query.get("client_id") !== context.tokens.oauthApp.clientId || !URL.canParse(redirectUri)) {
    return refused(context, call, "invalid_request", "BAD_CLIENT_ID", "unknown client id or redirect URI");
  }
  const scopes = (query.get("scope") ?? "").split(/[\s,]+/).filter(Boolean);
  const back = new URL(redirectUri);
  back.searchParams.set("code", context.tokens.issueCode(scopes, redirectUri));
  const state = query.get("state");
  if (state !== null) back.searchParams.set("state", state);
  return emptyAnswer(302, { Location: back.href });
};

function describeToken(context: HubSpotContext, app: App, token: string, expiresAt: number) {
  const seconds = Math.max(0, Math.floor((expiresAt - context.portal.now()) / SECOND_MS));
  return {
    token,
    hub_id: context.portal.portalId,
    app_id: app.appId,
    user_id: app.userId,
    scopes: app.scopes ?? [],
    token_type: "access",
    ...(Number.isFinite(expiresAt) ? { expires_in: seconds } : {}),
  };
}

export const introspect: OpenHandler = async (context, call) => {
  const form = await formOf(call);
  if (!isClient(context, form)) {
    return refused(
      context,
      call,
      "invalid_client",
      "BAD_CLIENT_ID",
      "missing or invalid client id or secret",
    );
  }
  const token = form.get("token") ?? "";
  const found = context.tokens.find(token);
  if (found === undefined || found.expiresAt <= context.portal.now())
    return jsonAnswer(200, { active: false });
  return jsonAnswer(200, {
    active: true,
    ...describeToken(context, found.app, token, found.expiresAt),
    client_id: context.tokens.oauthApp.clientId,
    token_use: found.isRefresh ? "refresh_token" : "access_token",
  });
};

export const revoke: OpenHandler = async (context, call) => {
  const form = await formOf(call);
  if (!isClient(context, form)) {
    return refused(
      context,
      call,
      "invalid_client",
      "BAD_CLIENT_ID",
      "missing or invalid client id or secret",
    );
  }
  context.tokens.end(form.get("token") ?? "");
  return emptyAnswer(200);
};

/** The old way to look at an access token. */
export const accessTokenInfo: OpenHandler = (context, call) => {
  const token = call.params["token"] ?? "";
  const found = context.tokens.find(token);
  if (found === undefined || found.isRefresh) throw new HubSpotRefusal("unauthenticated");
  return jsonAnswer(200, describeToken(context, found.app, token, found.expiresAt));
};

/** Private apps and service keys tell their scopes here. */
export const privateTokenInfo: OpenHandler = async (context, call) => {
  const text = (await call.incoming.body.bytes()).toString("utf8");
  const key = /"tokenKey"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? "";
  const found = context.tokens.find(key);
  if (found === undefined || found.app.kind.startsWith("oauth")) throw new HubSpotRefusal("unauthenticated");
  const { userId, appId, scopes } = found.app;
  return jsonAnswer(200, { userId, hubId: context.portal.portalId, appId, scopes: scopes ?? ["*"] });
};
