import { type Answer, emptyAnswer, jsonAnswer } from "../../../server/answer.ts";
import type { OpenCall, WireContext } from "../call.ts";
import type { ClientApp } from "./client-app.ts";
import { integrationSession } from "./sessions.ts";

/** What SHA-256 is in base64url. */
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

/** Without any scope in the request the app's own count. */
export function grantsRefresh(scope: string | undefined): boolean {
  return scope === undefined || /(^|\s)(refresh_token|offline_access)(\s|$)/.test(scope);
}

const pageRefusal = (error: string, description: string): Answer =>
  jsonAnswer(400, { error, error_description: description });

/** Anything of this machine, and https elsewhere. */
function mayReturnTo(redirectUri: string): boolean {
  const url = URL.parse(redirectUri);
  if (url === null) return false;
  if (url.protocol === "https:") return true;
  return url.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
}

function backTo(redirectUri: string, values: Readonly<Record<string, string | null>>): Answer {
  const target = new URL(redirectUri);
  for (const [name, value] of Object.entries(values))
    if (value !== null) target.searchParams.set(name, value);
  return emptyAnswer(302, { Location: target.href });
}

/**
 * `GET /services/oauth2/authorize`: the integration user approves at once; the browser goes back with a code. Where the
 * client or its callback is wrong, the browser stays; other refusals go back with it.
 */
export const authorizeEndpoint =
  (app: ClientApp) =>
  (context: WireContext, call: OpenCall): Answer => {
    const { query } = call.incoming;
    const redirectUri = query.get("redirect_uri");
    if (query.get("client_id") !== app.clientId) {
      return pageRefusal("invalid_client_id", "client identifier invalid");
    }
    if (redirectUri === null) return pageRefusal("invalid_request", "redirect_uri is required");
    if (!mayReturnTo(redirectUri)) {
      return pageRefusal("redirect_uri_mismatch", "redirect_uri must match configuration");
    }
    const state = query.get("state");
    const refuse = (error: string, description: string): Answer =>
      backTo(redirectUri, { error, error_description: description, state });
    if (query.get("response_type") !== "code") {
      return refuse("unsupported_response_type", "response type not supported");
    }
    const challenge = query.get("code_challenge") ?? undefined;
    const method = query.get("code_challenge_method") ?? "S256";
    if (challenge !== undefined && (method !== "S256" || !CHALLENGE.test(challenge))) {
      return refuse("invalid_request", "invalid code challenge");
    }
    const code = context.tokens.issueCode({
      session: integrationSession(context.org),
      redirectUri,
      challenge,
      scope: query.get("scope") ?? undefined,
    });
    return backTo(redirectUri, { code, state });
  };
