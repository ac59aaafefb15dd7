/** The bearer token of one connection. */
export interface TokenSource {
  /** The token in use; fetched on first need. */
  current(): Promise<string>;
  /**
   * Replaces `refused`, the token that the server did not take. Callers that were refused with the same token share one
   * renewal: a refresh token used twice at once revokes its whole family.
   */
  renew(refused: string): Promise<string>;
}

/**
 * @param fetchToken gets another token than the refused one (null: any); throws AuthError where there is no means to
 */
export function createTokenSource(
  fetchToken: (refused: string | null) => Promise<string>,
  initial: string | null,
): TokenSource {
  let token = initial;
  let renewal: Promise<string> | null = null;

  function fetchOnce(refused: string | null): Promise<string> {
    renewal ??= fetchToken(refused)
      .then((fresh) => {
        token = fresh;
        return fresh;
      })
      .finally(() => {
        renewal = null;
      });
    return renewal;
  }

  return {
    current: async () => token ?? (await fetchOnce(null)),
    renew: async (refused) => (token !== null && token !== refused ? token : await fetchOnce(refused)),
  };
}
