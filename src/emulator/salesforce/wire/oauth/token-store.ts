import { randomBytes } from "node:crypto";
import { type Clock, SECOND_MS } from "../../../../core/time.ts";
import type { Session } from "../../org.ts";
import type { WireSettings } from "../wire-settings.ts";

interface AccessToken {
  readonly session: Session;
  /** Of the refresh token it came with; it ends with that family. */
  readonly family: number | undefined;
  /** Undefined: a standing token, which outlives the clock. */
  readonly expiresAt: number | undefined;
  /** Ended before its time; a standing token comes back with a reset. */
  hasEnded: boolean;
}

interface RefreshToken {
  readonly session: Session;
  readonly family: number;
  isUsed: boolean;
}

interface AuthorizationCode {
  readonly session: Session;
  readonly redirectUri: string;
  readonly challenge: string | undefined;
  /** Undefined: all that the app may ask for. */
  readonly scope: string | undefined;
  readonly expiresAt: number;
}

/** Access tokens, rotating refresh tokens and authorization codes. Secrets live in memory only. */
export interface TokenStore {
  /** Lives until revoked; not bound to the emulated clock. */
  issueStanding(session: Session): string;
  /** @param refreshToken the one it is granted with */
  issueAccess(session: Session, refreshToken?: string): string;
  /** Undefined for an unknown, expired or revoked token. */
  sessionOf(accessToken: string): Session | undefined;
  /** A new family begins where no predecessor is given. */
  issueRefresh(session: Session, family?: number): string;
  /**
   * Uses a refresh token up. A second use revokes every token of its family, access tokens too, and is refused, like an
   * unknown one.
   */
  redeemRefresh(token: string): { readonly session: Session; readonly family: number } | undefined;
  issueCode(code: Omit<AuthorizationCode, "expiresAt">): string;
  redeemCode(code: string): AuthorizationCode | undefined;
  /** True where the token was known. Standing tokens stay. */
  revoke(token: string): boolean;
  expire(which: "issued" | "all"): void;
  /** Ends one session, standing or not. */
  end(accessToken: string): void;
  /** Ends every session and forgets every refresh token and code. */
  revokeAll(): void;
  /** Standing tokens that had ended work again. */
  restore(): void;
}

/** Codes live 15 minutes at the vendor. */
const CODE_LIFE_MS = 15 * 60 * SECOND_MS;

const secret = (characters: number) =>
  [...randomBytes(characters)].map((byte) => (byte % 36).toString(36)).join("");

export function createTokenStore(
  organizationId: string,
  clock: Clock,
  settings: Pick<WireSettings, "tokenLifeSeconds">,
): TokenStore {
  const access = new Map<string, AccessToken>();
  const refresh = new Map<string, RefreshToken>();
  const codes = new Map<string, AuthorizationCode>();
  let families = 0;
  const present = () => clock.now().getTime();
  const issue = (token: AccessToken) => {
    const text = `${organizationId}!AQ${secret(92)}`;
    access.set(text, token);
    return text;
  };
  const revokeFamily = (family: number) => {
    for (const [token, entry] of refresh) if (entry.family === family) refresh.delete(token);
    for (const [token, entry] of access) if (entry.family === family) access.delete(token);
  };
  return {
    issueStanding: (session) => issue({ session, family: undefined, expiresAt: undefined, hasEnded: false }),
    issueAccess: (session, refreshToken) =>
      issue({
        session,
        family: refreshToken === undefined ? undefined : refresh.get(refreshToken)?.family,
        expiresAt: present() + settings.tokenLifeSeconds * SECOND_MS,
        hasEnded: false,
      }),
    sessionOf: (text) => {
      const token = access.get(text);
      if (token === undefined || token.hasEnded) return undefined;
      return token.expiresAt !== undefined && token.expiresAt <= present() ? undefined : token.session;
    },
    issueRefresh: (session, family) => {
      families += 1;
      const text = `5Aep861${secret(80)}`;
      refresh.set(text, { session, family: family ?? families, isUsed: false });
      return text;
    },
    redeemRefresh: (text) => {
      const token = refresh.get(text);
      if (token === undefined) return undefined;
      if (token.isUsed) {
        revokeFamily(token.family);
        return undefined;
      }
      token.isUsed = true;
      return { session: token.session, family: token.family };
    },
    issueCode: (code) => {
      const text = `aPrx${secret(60)}`;
      codes.set(text, { ...code, expiresAt: present() + CODE_LIFE_MS });
      return text;
    },
    redeemCode: (text) => {
      const code = codes.get(text);
      codes.delete(text);
      return code !== undefined && code.expiresAt > present() ? code : undefined;
    },
    revoke: (text) => {
      const family = refresh.get(text)?.family;
      if (family !== undefined) {
        revokeFamily(family);
        return true;
      }
      const token = access.get(text);
      if (token?.expiresAt !== undefined) access.delete(text);
      return token !== undefined;
    },
    expire: (which) => {
      for (const token of access.values()) {
        if (which === "all" || token.expiresAt !== undefined) token.hasEnded = true;
      }
    },
    end: (text) => {
      const token = access.get(text);
      if (token !== undefined) token.hasEnded = true;
    },
    revokeAll: () => {
      for (const token of access.values()) token.hasEnded = true;
      refresh.clear();
      codes.clear();
    },
    restore: () => {
      for (const token of access.values()) if (token.expiresAt === undefined) token.hasEnded = false;
    },
  };
}
