import { createHash, randomBytes } from "node:crypto";
import { SECOND_MS } from "../../../../core/time.ts";
import type { EmulatorClock } from "../../../server/emulator-clock.ts";
import type { Portal } from "../../engine/portal.ts";
import { HubSpotRefusal } from "../../engine/refusal.ts";
import type { WireSettings } from "../wire-settings.ts";

/** Who is calling. */
export interface App {
  readonly appId: number;
  readonly name: string;
  readonly kind: "private_app" | "service_key" | "oauth" | "oauth_app";
  /** Null: every scope. */
  readonly scopes: readonly string[] | null;
  readonly userId: number;
}

interface Grant {
  readonly app: App;
  readonly expiresAt: number;
}

/** The OAuth app that the emulated account knows. */
export interface OAuthApp {
  readonly appId: number;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface TokenStore {
  readonly oauthApp: OAuthApp;
  /** The standing token: a private app's, or a service key's. */
  readonly accessToken: string;
  /** @throws HubSpotRefusal unauthenticated, expired_token */
  authenticate(token: string | undefined): App;
  issueCode(scopes: readonly string[] | null, redirectUri: string): string;
  /** Scopes of a code, once. */
  takeCode(code: string, redirectUri: string): { readonly scopes: readonly string[] | null } | undefined;
  issue(scopes: readonly string[] | null, kind: "oauth" | "oauth_app"): string;
  issueRefresh(scopes: readonly string[] | null): string;
  /** A refresh token works until another was issued in its place or the app was uninstalled. */
  useRefresh(token: string): { readonly scopes: readonly string[] | null } | undefined;
  find(
    token: string,
  ): { readonly app: App; readonly expiresAt: number; readonly isRefresh: boolean } | undefined;
  end(token: string): void;
  endAll(): void;
  clear(): void;
}

const USER_ID = 61_000_001;

/** The same portal has the same secrets, so that a reset changes nothing for a client. */
const secretOf = (portalId: number, what: string) =>
  createHash("sha256").update(`emulated portal ${portalId} ${what}`).digest("hex");

const uuidLike = (hex: string) =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;

export function createTokenStore(portal: Portal, clock: EmulatorClock, settings: WireSettings): TokenStore {
  const oauthApp: OAuthApp = {
    appId: 4_700_002,
    clientId: uuidLike(secretOf(portal.portalId, "client id")),
    clientSecret: uuidLike(secretOf(portal.portalId, "client secret")),
  };
  const accessToken = `pat-na1-${uuidLike(secretOf(portal.portalId, "access token"))}`;
  const grants = new Map<string, Grant>();
  const refreshes = new Map<string, readonly string[] | null>();
  const codes = new Map<
    string,
    { readonly scopes: readonly string[] | null; readonly redirectUri: string; readonly until: number }
  >();
  let isStandingEnded = false;
  const now = () => clock.now().getTime();

  const standing = (): App => ({
    appId: 4_700_001,
    name: settings.credential === "service_key" ? "Emulated service key" : "Emulated private app",
    kind: settings.credential,
    scopes: settings.scopes,
    userId: USER_ID,
  });
  const find = (token: string) => {
    if (token === accessToken && !isStandingEnded) {
      return { app: standing(), expiresAt: Number.POSITIVE_INFINITY, isRefresh: false };
    }
    const grant = grants.get(token);
    if (grant !== undefined) return { ...grant, isRefresh: false };
    const scopes = refreshes.get(token);
    if (scopes === undefined) return undefined;
    return { app: grantApp(scopes, "oauth"), expiresAt: Number.POSITIVE_INFINITY, isRefresh: true };
  };
  const grantApp = (scopes: readonly string[] | null, kind: "oauth" | "oauth_app"): App => ({
    appId: oauthApp.appId,
    name: "Emulated public app",
    kind,
    scopes,
    userId: USER_ID,
  });
  const clearIssued = () => {
    grants.clear();
    refreshes.clear();
    codes.clear();
  };

  return {
    oauthApp,
    accessToken,
    find,
    authenticate: (token) => {
      const found = token === undefined ? undefined : find(token);
      if (found === undefined || found.isRefresh) throw new HubSpotRefusal("unauthenticated");
      if (found.expiresAt <= now()) {
        throw new HubSpotRefusal("expired_token", {
          seconds: Math.floor((now() - found.expiresAt) / SECOND_MS),
        });
      }
      return found.app;
    },
    issueCode: (scopes, redirectUri) => {
      const code = uuidLike(randomBytes(16).toString("hex"));
      codes.set(code, { scopes, redirectUri, until: now() + 10 * 60 * SECOND_MS });
      return code;
    },
    takeCode: (code, redirectUri) => {
      const known = codes.get(code);
      codes.delete(code);
      if (known === undefined || known.redirectUri !== redirectUri || known.until <= now()) return undefined;
      return known;
    },
    issue: (scopes, kind) => {
      const token = `C${randomBytes(48).toString("base64url")}`;
      grants.set(token, {
        app: grantApp(scopes, kind),
        expiresAt: now() + settings.tokenLifeSeconds * SECOND_MS,
      });
      return token;
    },
    issueRefresh: (scopes) => {
      const token = `na1-${uuidLike(randomBytes(16).toString("hex"))}`;
      refreshes.set(token, scopes);
      return token;
    },
    useRefresh: (token) => {
      const scopes = refreshes.get(token);
      return scopes === undefined ? undefined : { scopes };
    },
    end: (token) => {
      if (token === accessToken) isStandingEnded = true;
      grants.delete(token);
      refreshes.delete(token);
    },
    endAll: clearIssued,
    clear: () => {
      clearIssued();
      isStandingEnded = false;
    },
  };
}
