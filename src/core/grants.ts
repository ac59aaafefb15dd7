/** What somebody granted in a browser: tokens of one user, and where they are good. Holds secrets; never logged. */
export interface TokenGrant {
  /** Where tokens are renewed. */
  readonly loginUrl: string;
  readonly clientId: string;
  readonly instanceUrl: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Where the vendor tells: when the access token ends, ISO UTC, this machine's clock. */
  readonly expiresAt?: string | undefined;
}

/** How a grant gets fresh tokens. */
export interface GrantRefresh {
  /**
   * @param lostSince when somebody else began a refresh of this grant of which no end is known; null as a rule. The
   *   refresh token may then be used up, and the one that took its place lost.
   */
  (grant: TokenGrant, lostSince: Date | null): Promise<TokenGrant>;
}

/** The grant of one connection, as all processes on a store share it. */
export interface SharedGrants {
  /** @throws AuthError where there is none any more; ConfigError where its key is missing or another */
  newest(): Promise<TokenGrant>;
  /**
   * A grant with another access token than `refused`: the one that another process got meanwhile, else a fresh one.
   * However many processes ask, one at a time refreshes; what it gets is stored before anybody uses it.
   * @throws as `newest`, whatever `refresh` throws, and BusyError where another process does not get done
   */
  renewed(refused: string, refresh: GrantRefresh): Promise<TokenGrant>;
}
